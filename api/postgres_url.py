"""PostgreSQL URLs, read as libpq reads them. Parameters that cannot be honoured are refused, never dropped.

https://www.postgresql.org/docs/current/libpq-connect.html describes the URLs and their parameters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlencode

SCHEMES = frozenset({"postgres", "postgresql", "postgresql+asyncpg"})
DIRECT_SCHEME = "postgresql+asyncpg"
POOLED_SCHEME = "postgresql+pooled"
"""The application's own mark of a URL behind a pooler in transaction mode. An operator cannot write it."""

SYSTEM_ROOTS = "system"
"""The value of sslrootcert for the certificate authorities that the system trusts."""

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SESSION_ATTRIBUTES = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")

_LOCATION = ("host", "port", "user", "password", "dbname")

_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

_OF_THE_DRIVER = frozenset(
    {
        *("passfile", "sslmode", "sslpassword", "sslnegotiation", *_FILES),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname"),
        *("application_name", "options"),
    }
)
"""asyncpg honours these in its URL. The last two are sent to the server, as libpq does."""

_OF_THE_SOCKET = ("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")

_OWN = frozenset(
    {"connect_timeout", "target_session_attrs", "load_balance_hosts", "fallback_application_name", *_OF_THE_SOCKET}
)

_FIXED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "channel_binding": (("disable", "prefer"), "the driver has no channel binding; sslmode=verify-full protects more"),
    "client_encoding": (("utf8", "utf-8", "unicode", "auto"), "the service speaks UTF-8"),
    "gssencmode": (("disable", "prefer"), "the driver has no GSSAPI encryption; use sslmode=verify-full"),
    "gssdelegation": (("0",), "the driver does not delegate"),
    "sslcompression": (("0",), "TLS is never compressed"),
    "sslsni": (("1",), "the driver always names the host"),
    "sslcertmode": (("allow",), "the driver sends a certificate if there is one"),
    "replication": (("false", "off", "no", "0"), "the service does not replicate"),
}
"""Parameters of which only these values can be honoured, and why."""


class DatabaseUrlError(ValueError):
    """A database URL cannot be used. The message is one line without the password."""


@dataclass(frozen=True)
class PostgresUrl:
    """A parsed URL."""

    dsn: str = field(repr=False)
    """For asyncpg: without hosts and without what the application does itself."""
    hosts: tuple[tuple[str, int], ...]
    """Host names, addresses or folders of Unix sockets, with ports. Empty: asyncpg's default."""
    user: str | None
    database: str | None
    is_pooled: bool
    """Transactions, not sessions, are what a connection keeps."""
    connect_timeout: float | None
    """In seconds, of each host. None: not given. Infinite: given as 0."""
    target_session_attrs: str
    shuffles_hosts: bool
    has_system_roots: bool
    application_name: str | None
    socket_options: Mapping[str, int]
    """Of `_OF_THE_SOCKET`, those that were given."""
    files: Mapping[str, str]
    """The files that must be there: parameter and path."""

    @property
    def place(self) -> str:
        """Where the server is, for messages."""
        return (
            ", ".join(
                f"{host}/.s.PGSQL.{port}" if host.startswith("/") else f"{host}:{port}" for host, port in self.hosts
            )
            or "the default socket"
        )

    def missing_file(self) -> str | None:
        """A file that is named and cannot be read, with its parameter."""
        for name, path in self.files.items():
            if not Path(path).is_file():
                return f"{name}={path}"
        return None


def normalized_database_url(url: str) -> str:
    """The URL with the scheme that the application uses inside. Raises `DatabaseUrlError`."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise DatabaseUrlError("use a postgresql:// address, or leave it unset for the embedded server")
    normalized = f"{DIRECT_SCHEME}://{rest}"
    parse_database_url(normalized)
    return normalized


def pooled_url(url: str) -> str:
    """Mark the URL as one behind a pooler in transaction mode."""
    return f"{POOLED_SCHEME}://{url.partition('://')[2]}"


def plain_url(url: str) -> str:
    """The URL as libpq and asyncpg take it."""
    return f"postgresql://{url.partition('://')[2]}"


def parse_database_url(url: str) -> PostgresUrl:
    """Raises `DatabaseUrlError` if it cannot be read, or has a parameter that is unknown or cannot be honoured."""
    scheme, _, rest = url.partition("://")
    location, _, query = rest.partition("?")
    given = _parameters(query)
    credentials, at, hosts = location.partition("@")
    if not at:
        credentials, hosts = "", location
    _require("@" not in hosts, "write an @ in the user or the password as %40")
    hosts, _, database = hosts.partition("/")
    user, _, password = credentials.partition(":")
    for name, value in (("user", user), ("password", password), ("dbname", database)):
        if value:
            given.setdefault(name, _decoded(value, name))
    mode = given.get("sslmode")
    _require(mode is None or mode in SSL_MODES, f"sslmode is one of {', '.join(SSL_MODES)}, not {mode!r}")
    has_system_roots = given.get("sslrootcert") == SYSTEM_ROOTS
    if has_system_roots:
        _require(mode in (None, "verify-full"), "sslrootcert=system needs sslmode=verify-full")
        del given["sslrootcert"]
    attributes = given.get("target_session_attrs", "any")
    _require(attributes in SESSION_ATTRIBUTES, f"target_session_attrs is one of {', '.join(SESSION_ATTRIBUTES)}")
    balance = given.get("load_balance_hosts", "disable")
    _require(balance in ("disable", "random"), "load_balance_hosts is disable or random")
    return PostgresUrl(
        dsn=_dsn(given, without_tls=has_system_roots),
        hosts=_hosts(hosts, given),
        user=given.get("user"),
        database=given.get("dbname", given.get("user")),
        is_pooled=scheme == POOLED_SCHEME,
        connect_timeout=_timeout(given),
        target_session_attrs=attributes,
        shuffles_hosts=balance == "random",
        has_system_roots=has_system_roots,
        application_name=given.get("application_name") or given.get("fallback_application_name"),
        socket_options={name: _whole(given, name) for name in _OF_THE_SOCKET if name in given},
        files={name: given[name] for name in _FILES if given.get(name)},
    )


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise DatabaseUrlError(message)


def _decoded(value: str, name: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise DatabaseUrlError(f"the {name} is not UTF-8 once its %-escapes are read") from None


def _parameters(query: str) -> dict[str, str]:
    """The parameters, checked. A `+` stays a `+`, as in libpq."""
    given: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        name = _decoded(name, "name of a parameter")
        # `ssl=true` is JDBC's, and libpq's since version 9.
        if (name, value) == ("ssl", "true"):
            name, value = "sslmode", "require"
        # A password with a raw `?` or `&` would show here: only what looks like a name is repeated.
        shown = repr(name) if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "after the question mark"
        _require(bool(equals), f"the parameter {shown} has no value")
        known = name in _LOCATION or name in _OF_THE_DRIVER or name in _OWN or name in _FIXED
        _require(known, f"the parameter {shown} is unknown or not supported")
        _require(name not in given, f"the parameter {name!r} is given twice; separate several hosts by commas")
        given[name] = _decoded(value, name)
    for name, (values, why) in _FIXED.items():
        if name in given and given.pop(name).lower() not in values:
            raise DatabaseUrlError(f"the parameter {name!r} can only be {' or '.join(values)}: {why}")
    return given


def _dsn(given: Mapping[str, str], *, without_tls: bool) -> str:
    """asyncpg's part. `without_tls` leaves sslmode out: the application gives a TLS context instead."""
    # The application's own name and the other server settings are given beside the URL.
    kept = {
        name: value
        for name, value in given.items()
        if name in _OF_THE_DRIVER - {"application_name"} and value and not (without_tls and name == "sslmode")
    }
    for name in ("user", "password"):
        if given.get(name):
            kept[name] = given[name]
    database = quote(given.get("dbname", ""), safe="")
    query = urlencode(kept, quote_via=quote, safe="")
    return f"postgresql:///{database}" + (f"?{query}" if query else "")


def _hosts(netloc: str, given: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    hosts: list[tuple[str, str]] = []
    for part in netloc.split(",") if netloc else ():
        if part.startswith("["):
            host, bracket, port = part[1:].partition("]")
            _require(bool(bracket), f"the host {part!r} lacks its closing bracket")
            hosts.append((host, port.removeprefix(":")))
        else:
            host, _, port = part.partition(":")
            hosts.append((_decoded(host, "host"), port))
    if given.get("host"):
        hosts = [(host, "") for host in given["host"].split(",")]
    ports = given["port"].split(",") if given.get("port") else []
    _require(len(ports) in (0, 1, len(hosts) or 1), f"{len(ports)} ports do not go with {len(hosts)} hosts")
    if ports:
        hosts = hosts or [("localhost", "")]
        ports = ports * len(hosts) if len(ports) == 1 else ports
        hosts = [(host, port or own) for (host, own), port in zip(hosts, ports, strict=True)]
    return tuple((host or "localhost", _port(port)) for host, port in hosts)


def _port(port: str) -> int:
    if not port:
        return 5432
    _require(port.isascii() and port.isdigit() and 0 < int(port) < 65536, f"{port!r} is not a port")
    return int(port)


def _whole(given: Mapping[str, str], name: str) -> int:
    value = given[name]
    _require(value.isascii() and value.isdigit() and len(value) < 10, f"{name} is a whole number, not {value!r}")
    return int(value)


def _timeout(given: Mapping[str, str]) -> float | None:
    """libpq waits for ever if it is 0, negative or empty."""
    value = given.get("connect_timeout")
    if value is None:
        return None
    digits = value.removeprefix("-")
    _require(
        value == "" or (digits.isascii() and digits.isdigit() and len(digits) < 10),
        f"connect_timeout is a whole number of seconds, not {value!r}",
    )
    return float(value) if value and int(value) > 0 else float("inf")
