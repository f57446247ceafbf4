"""Normal form of the web addresses that an operator configures, and origins of browsers' requests."""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

import idna

DEFAULT_PORTS = {"http": 80, "https": 443}

MAX_CHARACTERS = 500
"""`Origin` comes from outside, and decoding an international name takes quadratic time."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*\Z")


class InvalidAddressError(ValueError):
    """The text is not the address of a service. The message is one line and says what to change."""


class Origin(NamedTuple):
    """The origin of a page (RFC 6454). Origins are compared exactly."""

    scheme: str
    host: str
    port: int


def normalized_base_url(text: str) -> str:
    """The normal form of an `http(s)://` address: `scheme://host[:port][/path]`.

    Lower-case scheme and host, IDNA host, no default port, no trailing slash. Raises `InvalidAddressError` if a path
    cannot be appended to the address, or if the address is ambiguous.
    """
    text = text.strip(" \t\r\n")
    if len(text) > MAX_CHARACTERS:
        raise InvalidAddressError(f"use an address of at most {MAX_CHARACTERS} characters")
    if not text.isprintable() or any(character.isspace() for character in text):
        raise InvalidAddressError("use an address without spaces and control characters")
    if "\\" in text:
        raise InvalidAddressError("use an address without backslashes")
    if "?" in text:
        raise InvalidAddressError("use an address without a query (“?…”): paths are appended to it")
    if "#" in text:
        raise InvalidAddressError("use an address without a fragment (“#…”): paths are appended to it")
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in DEFAULT_PORTS:
        raise InvalidAddressError("use an http:// or https:// address")
    if "@" in rest:
        raise InvalidAddressError("use an address without a user name and password")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidAddressError("use a host and a port that are valid") from None
    if not host:
        raise InvalidAddressError("use an address with a host")
    if port == 0:
        raise InvalidAddressError("use a port from 1 to 65535")
    path = parts.path.rstrip("/")
    if not _PATH.match(path) or any(segment in {".", ".."} for segment in path.split("/")):
        raise InvalidAddressError("use a path of plain segments, such as /texting")
    shown_port = "" if port in (None, DEFAULT_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{_normalized_host(host, bracketed=parts.netloc.startswith('['))}{shown_port}{path}"


def _normalized_host(host: str, *, bracketed: bool) -> str:
    if bracketed:
        try:
            return f"[{ipaddress.IPv6Address(host).compressed}]"
        except ValueError:
            raise InvalidAddressError(f"“{host}” is not an IPv6 address") from None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            raise InvalidAddressError(f"“{host}” is not the name of a host") from None
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        raise InvalidAddressError(f"“{host}” is not the name of a host")
    # Browsers read a host that ends in a number as an IPv4 address, in several forms. One form is accepted.
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise InvalidAddressError(f"“{host}” is not an IPv4 address") from None
    return host


def origin_of(base_url: str) -> Origin:
    """The origin of an address in normal form."""
    parts = urlsplit(base_url)
    return Origin(parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])


def parsed_origin(header: str) -> Origin | None:
    """The origin in an `Origin` header. None for `null` and for anything that is not exactly an origin."""
    try:
        base_url = normalized_base_url(header)
    except InvalidAddressError:
        return None
    has_path = "/" in header.partition("://")[2]
    return None if has_path or header != header.strip() else origin_of(base_url)


def is_private_host(host: str) -> bool:
    """Whether the host is this machine or an address that others cannot reach. Names are not resolved."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
