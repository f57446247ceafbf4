"""The service's settings, read once from the environment (prefix `MESSENGER_`) or from `.env`."""

import base64
import os
import re
import secrets
from enum import StrEnum
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.postgres_url import normalized_database_url
from api.urls import Origin, normalized_base_url, origin_of, parsed_origin


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class SettingsError(Exception):
    """The service cannot start with the value of a setting. The message is one line."""


MIN_SECRET_KEY_BYTES = 32

NO_PROXIES = "none"
"""The value of MESSENGER_TRUSTED_PROXIES if clients connect to the service directly."""


Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def _page_origins(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Raises `ValueError` for anything but origins. They are compared exactly, so each is in its normal form."""
    if not isinstance(value, str):
        return value
    given = [each.strip() for each in value.split(",") if each.strip()]
    if any(parsed_origin(each) is None for each in given):
        raise ValueError("use origins separated by commas, such as https://portal.example.com, without a path")
    return tuple(dict.fromkeys(normalized_base_url(each) for each in given))


def _networks(value: str | None, *, every_address: str) -> tuple[Network, ...] | None:
    """Raises `ValueError` unless the value is `none` or networks, and `every_address` for a network of all."""
    if value is None or not value.strip():
        return None
    if value.strip().lower() == NO_PROXIES:
        return ()
    try:
        networks = tuple(ip_network(each.strip(), strict=False) for each in value.split(","))
    except ValueError:
        raise ValueError("use addresses or networks separated by commas, such as 10.0.0.0/8, or none") from None
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError(every_address)
    return networks


_of_proxies = partial(
    _networks, every_address="name the addresses of your proxy: a network of every address trusts anybody"
)
_of_receivers = partial(
    _networks, every_address="name your private networks: a network of every address lets events go anywhere in them"
)


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(host for each in value.split(",") if (host := each.strip().lower()))
    if not all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) for host in hosts):
        raise ValueError("use names of hosts, separated by commas, such as media.example.com")
    return hosts


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(origin for each in value.split(",") if (origin := each.strip().lower().rstrip("/")))
    if not all(re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", origin) for origin in origins):
        raise ValueError("use addresses without a path, separated by commas, such as https://push.example.com")
    return origins


def _contact(value: str | None) -> str | None:
    """An e-mail address as a `mailto:` address. Raises `ValueError` for anything that RFC 9116 does not take."""
    if value is None or not (value := value.strip()):
        return None
    if re.fullmatch(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+", value):
        return f"mailto:{value}"
    if not re.fullmatch(r"(https://|mailto:|tel:)[!-~]{1,500}", value):
        raise ValueError("use an e-mail address, or an https:, mailto: or tel: address")
    return value


BaseUrl = Annotated[str, AfterValidator(normalized_base_url)]
"""The message of an InvalidAddressError, which is a ValueError, is shown to the operator."""


class Settings(BaseSettings):
    """Everything that an operator can decide. `scripts/settings_docs.py` documents it by its docstrings."""

    model_config = SettingsConfigDict(env_prefix="MESSENGER_", env_file=".env", extra="ignore", frozen=True)

    environment: Environment = Environment.DEVELOPMENT
    """`production` requires `secret_key`, `public_url` and `trusted_proxies`, and has neither demo data nor the
    carrier simulator."""
    database_url: str | None = Field(default=None, repr=False)
    """The database, PostgreSQL 15 or newer with UTF-8: `postgresql://user:password@host/name`, with libpq's parameters
    such as `?sslmode=verify-full&sslrootcert=system`. Unset: the embedded server in `data_dir`."""
    direct_database_url: str | None = Field(default=None, repr=False)
    """The same database past a pooler. Set it if `database_url` leads to PgBouncer or another pooler in transaction
    mode: then notifications and migrations go this way, and everything else is kept within transactions."""
    data_dir: Path = Path(".data")
    """Holds the embedded database, the simulator's state, and a secret key made outside production. With a database of
    your own and a `secret_key` nothing is written here."""
    host: str = "127.0.0.1"
    """The address that every port listens on. `0.0.0.0` is all addresses of the machine: let a proxy alone reach it."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The port of the API and the app."""
    public_url: BaseUrl | None = None
    """The address that people open, and that providers call and sign, such as `https://texts.example.com`. Unset:
    `port` of this machine."""
    secret_key: SecretStr | None = None
    """Encrypts the credentials of lines; at least 32 bytes in production (`openssl rand -base64 32`). Keep it: without
    it they cannot be decrypted. Unset outside production: made on first use, in `data_dir`."""
    secret_key_previous: SecretStr | None = None
    """A second key that stored secrets may be encrypted with, while `secret_key` is being replaced."""
    trusted_proxies: Annotated[tuple[Network, ...] | None, NoDecode, BeforeValidator(_of_proxies)] = None
    """The proxies in front, whose `X-Forwarded-For` counts: addresses and networks such as `10.0.0.0/24`, or `none` if
    clients connect directly. If it is wrong, everybody shares the proxy's address."""
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_page_origins)] = ()
    """Origins of other sites whose pages may call the API with a key: `https://portal.example.com`, separated by
    commas. They never get in with somebody's session. Unset: none."""
    security_contact: Annotated[str | None, AfterValidator(_contact)] = None
    """Whom to tell about a vulnerability: an e-mail address, or an `https:`, `mailto:` or `tel:` address. It is
    published at `/.well-known/security.txt`, which is a 404 while this is unset."""
    workers: int = Field(default=1, ge=1, le=64)
    """API processes of one `messenger serve`, behind one port."""
    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(str.lower)] = "info"
    """The least severe lines that are logged."""
    log_format: LogFormat = Field(default=None, validate_default=True)
    """`json` or `console`, for every line of every process. Unset: `json` in production, else `console`."""
    demo: bool = Field(default=None, validate_default=True)
    """Whether demo data is made. Unset: it is, outside production. Production refuses it."""
    simulator_port: int = Field(default=8025, ge=1, le=65535)
    """The port of the carrier simulator on this machine, outside production."""
    twilio_api_url: BaseUrl = "https://api.twilio.com"
    """Twilio's API."""
    telnyx_api_url: BaseUrl = "https://api.telnyx.com"
    """Telnyx's API."""
    bandwidth_api_url: BaseUrl = "https://messaging.bandwidth.com"
    """Bandwidth's API for messages."""
    bandwidth_token_url: BaseUrl = "https://api.bandwidth.com/api/v1/oauth2/token"  # noqa: S105 (an address)
    """The whole address of Bandwidth's tokens. It is on another host, and does not follow `bandwidth_api_url`."""
    plivo_api_url: BaseUrl = "https://api.plivo.com"
    """Plivo's API."""
    viewer_lease_seconds: float = Field(default=30, gt=0, allow_inf_nan=False)
    """Seconds that somebody counts as viewing a conversation after their page was last heard of."""
    seen_deadline_seconds: float = Field(default=20, gt=0, allow_inf_nan=False)
    """Seconds that a viewer's page may take to confirm a new text as seen, before the text counts as unread."""
    send_lease_seconds: float = Field(default=60, gt=0, allow_inf_nan=False)
    """Seconds that a worker may hold a text that it sends, before the text's outcome counts as unknown."""
    session_hours: float = Field(default=24 * 14, gt=0, allow_inf_nan=False)
    """Hours that a person stays signed in without using the service."""
    idempotency_hours: int = Field(default=72, ge=72, le=876_000)
    """Hours that the answer to a request with an `Idempotency-Key` is kept. Integrations count on 72."""
    raw_event_days: int = Field(default=90, ge=0, le=36_500)
    """Days that the raw content of what providers sent is kept once it is applied; 0: for ever."""
    retain_texts_days: int = Field(default=0, ge=0, le=36_500)
    """Days that texts are kept, with their files, and notes; 0: for ever. Older ones become marks. A text that waits to
    be sent, or that nobody has seen in a conversation that is not closed, stays."""
    retain_media_days: int = Field(default=0, ge=0, le=36_500)
    """Days that pictures and other files are kept; 0: as long as their texts."""
    watch_lines_seconds: float = Field(default=300, ge=0, allow_inf_nan=False)
    """Seconds between two looks at a line: texts that no webhook brought are fetched from the provider's list
    (backfill), and an unusual silence is noted; 0: never."""
    media_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts), Field(validate_default=False)] = ()
    """Further hosts from which pictures may be fetched, if a provider has moved its files."""
    push_services: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins), Field(validate_default=False)] = ()
    """Further push services that browsers may name for notifications, such as `https://push.example.com`. Those of
    Chrome, Firefox, Safari and Edge are known."""
    webhook_private_networks: Annotated[tuple[Network, ...] | None, NoDecode, BeforeValidator(_of_receivers)] = None
    """Private networks that events may be posted to (webhook endpoints), with http too: such as `10.0.0.0/8`, separated
    by commas, or `none`. Unset: in production none, else this machine's loopback addresses."""
    database_pool_size: int = Field(default=10, ge=2, le=200)
    """Database connections of each process for its work; a few more are for webhooks and notifications
    (docs/capacity.md). Applying a text takes two at a time."""
    hang_seconds: float = Field(default=15, ge=0, allow_inf_nan=False)
    """A process ends, to be restarted, when its event loop has stood still for so many seconds; 0: never."""
    drain_seconds: float = Field(default=10, gt=0, le=3600, allow_inf_nan=False)
    """Seconds that an API process that stops or is replaced goes on answering what has begun, before it ends."""
    worker_port: int | None = Field(default=None, ge=1, le=65535)
    """The port on `host` where a worker answers `/healthz` and `/metrics`. Unset: none."""
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """The port on `host` where `messenger serve` answers `/metrics` for all of its processes. Unset: none."""
    metrics_dir: Path | None = None
    """A folder on this machine where processes keep their metrics, so that a scrape of one of them counts all, workers
    too. It should be empty after a restart of the machine, such as one under `/run`. Unset: `messenger up` uses a
    temporary one for all of its processes, `messenger serve` one for its own, and a worker none."""
    request_deadline_seconds: float = Field(default=10, gt=0, le=600, allow_inf_nan=False)
    """Seconds that a request's headers may take to arrive, and that its body may pause in all; then 408."""
    open_requests: int = Field(default=500, ge=1, le=100_000)
    """Requests that one API process works on at a time, webhooks not counted; above that it answers 503 with
    `Retry-After`."""
    open_webhooks: int = Field(default=1_000, ge=1, le=100_000)
    """Webhooks that one API process works on at a time; above that it answers 503, and providers try again."""
    streams_per_person: int = Field(default=10, ge=1, le=1_000)
    """Event streams (open pages) of a person or API key at one API process; then 429."""
    requests_per_minute_per_person: int = Field(default=30_000, ge=0, le=1_000_000)
    """Requests of a person, with all their browsers, at one API process; then 429; 0: no limit. Each answer has
    `RateLimit` and `RateLimit-Policy`."""
    requests_per_minute_per_key: int = Field(default=30_000, ge=0, le=1_000_000)
    """Requests of an API key at one API process; then 429; 0: no limit."""
    sentry_dsn: SecretStr | None = None
    """Where errors are reported to: their type, stack trace and ids, without texts, numbers and names. Unset: where
    `SENTRY_DSN` says, or nowhere. Needs the extra `sentry`."""
    crash_at: str | None = Field(default=None, pattern=r"^[a-z_.]+(:[1-9][0-9]{0,5})?$")
    """The point at which the worker dies (`api/kit/crash_points.py`), as `name` or `name:n`. Production refuses it."""
    fault_in_event: str | None = Field(default=None, pattern=r"^(hang|kill):.+$")
    """`hang:text` or `kill:text`: what happens to a process that applies a text with these words. Production refuses
    it."""

    @field_validator("demo", mode="before")
    @classmethod
    def _demo_by_environment(cls, value: object, info: ValidationInfo) -> object:
        return info.data.get("environment") is not Environment.PRODUCTION if value is None else value

    @field_validator("log_format", mode="before")
    @classmethod
    def _log_format_by_environment(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            return value
        is_production = info.data.get("environment") is Environment.PRODUCTION
        return LogFormat.JSON if is_production else LogFormat.CONSOLE

    @field_validator("secret_key", "secret_key_previous", "sentry_dsn")
    @classmethod
    def _empty_is_unset(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value().strip() else None

    @field_validator("database_url", "direct_database_url")
    @classmethod
    def _postgresql(cls, value: str | None) -> str | None:
        return normalized_database_url(value) if value and value.strip() else None

    @model_validator(mode="after")
    def _direct_beside_a_pooler(self) -> Self:
        if self.direct_database_url is not None and self.database_url is None:
            raise ValueError("MESSENGER_DIRECT_DATABASE_URL goes with MESSENGER_DATABASE_URL, the pooler's address")
        return self

    @model_validator(mode="after")
    def _production_needs(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            missing = [
                name
                for name, value in (
                    ("MESSENGER_SECRET_KEY", self.secret_key),
                    ("MESSENGER_PUBLIC_URL", self.public_url),
                    ("MESSENGER_TRUSTED_PROXIES (the addresses of your proxy, or none)", self.trusted_proxies),
                )
                if value is None
            ]
            if missing:
                raise ValueError(f"production needs {' and '.join(missing)}")
            if len(self.resolved_secret_key().strip().encode()) < MIN_SECRET_KEY_BYTES:
                raise ValueError(f"production needs a MESSENGER_SECRET_KEY of at least {MIN_SECRET_KEY_BYTES} bytes")
            if self.demo:
                raise ValueError("production refuses MESSENGER_DEMO: everybody knows the password of the demo")
            if self.crash_at is not None:
                raise ValueError("production refuses MESSENGER_CRASH_AT, which makes workers die")
            if self.fault_in_event is not None:
                raise ValueError("production refuses MESSENGER_FAULT_IN_EVENT, which makes processes hang or die")
        return self

    @property
    def push_contact(self) -> str:
        """How a push service reaches the operator (RFC 8292, `sub`): an https or a `mailto:` address."""
        for address in (self.security_contact, self.public_base_url):
            if address is not None and address.startswith(("https://", "mailto:")):
                return address
        return "mailto:operator@localhost.localdomain"

    @property
    def public_base_url(self) -> str:
        """The address that providers call, without a trailing slash."""
        return self.public_url or f"http://127.0.0.1:{self.port}"

    @property
    def public_origin(self) -> Origin:
        """The origin of the SPA, with which `Origin` headers are compared."""
        return origin_of(self.public_base_url)

    @property
    def webhook_networks(self) -> tuple[Network, ...]:
        """Private networks that webhook endpoints may be in."""
        if self.webhook_private_networks is not None:
            return self.webhook_private_networks
        return () if self.is_production else LOOPBACK

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def secure_cookies(self) -> bool:
        return self.public_origin.scheme == "https"

    def previous_secret_key(self) -> str | None:
        return None if self.secret_key_previous is None else self.secret_key_previous.get_secret_value()

    def resolved_secret_key(self) -> str:
        """The secret key; outside production it is made on first use and kept in `data_dir`, mode 0600."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        path = self.data_dir / "secret-key"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        # Linking a finished file into place lets two processes start at once and agree on one key.
        candidate = path.with_name(f".secret-key.{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            descriptor = os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
            try:
                os.link(candidate, path)
            except FileExistsError:
                pass
            finally:
                candidate.unlink()
        return path.read_text().strip()


def load_settings(**overrides: object) -> Settings:
    """Read the settings, or raise `SettingsError` with one line that names what is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # Overrides are validated like the environment.
    except ValidationError as error:
        problems = "; ".join(
            (f"MESSENGER_{'_'.join(map(str, each['loc'])).upper()}: " if each["loc"] else "")
            + each["msg"].removeprefix("Value error, ")
            for each in error.errors()
        )
        raise SettingsError(f"Settings are not valid: {problems}.") from None


@lru_cache
def get_settings() -> Settings:
    """The process's settings. Tests pass their own to `create_app` instead."""
    return load_settings()
