"""The service's settings, read once from the environment (prefix `MESSENGER_`) or from `.env`."""

import base64
import os
import re
import secrets
from enum import StrEnum
from functools import cached_property, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.urls import Origin, normalized_base_url, origin_of


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class SettingsError(Exception):
    """A setting has a value the service cannot start with. The message is one clear line."""


MIN_SECRET_KEY_BYTES = 32

NO_PROXIES = "none"
"""The value of MESSENGER_TRUSTED_PROXIES that says: clients connect to the service itself."""


def _listed(hosts: str) -> tuple[str, ...]:
    return tuple(host for each in hosts.split(",") if (host := each.strip().lower()))


def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Raises `ValueError` for what is neither `none` nor addresses, and for a network of every address."""
    if value.strip().lower() == NO_PROXIES:
        return ()
    try:
        networks = tuple(ip_network(each.strip(), strict=False) for each in value.split(","))
    except ValueError:
        raise ValueError("use addresses or networks separated by commas, such as 10.0.0.0/8, or none") from None
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError("name the addresses of your proxy: a network of every address trusts anybody")
    return networks


class Settings(BaseSettings):
    """Everything an operator can decide. Durations are in seconds."""

    model_config = SettingsConfigDict(env_prefix="MESSENGER_", env_file=".env", extra="ignore", frozen=True)

    environment: Environment = Environment.DEVELOPMENT
    database_url: str | None = None
    """A PostgreSQL URL. Unset: the embedded server in `data_dir`."""
    data_dir: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str | None = None
    """The address that providers call, and therefore sign. Unset: `http://127.0.0.1:{port}`."""
    secret_key: SecretStr | None = None
    """Encrypts provider credentials. Unset outside production: generated into `data_dir`."""
    secret_key_previous: SecretStr | None = None
    """A second key that stored secrets may be encrypted with, while `secret_key` is being replaced."""
    trusted_proxies: str | None = None
    """Whose `X-Forwarded-For` counts: addresses and networks separated by commas, or `none`."""
    workers: int = Field(default=1, ge=1, le=64)
    """API processes of `messenger serve`."""
    log_level: str = "info"
    log_format: LogFormat = LogFormat.CONSOLE
    demo: bool = Field(default=None, validate_default=True)
    """Whether `messenger up` makes demo data. Unset: outside production."""
    simulator_port: int = Field(default=8025, ge=1, le=65535)
    twilio_api_url: str = "https://api.twilio.com"
    telnyx_api_url: str = "https://api.telnyx.com"
    bandwidth_api_url: str = "https://messaging.bandwidth.com"
    bandwidth_token_url: str = "https://api.bandwidth.com/api/v1/oauth2/token"  # noqa: S105 (an address)
    """The whole address at which Bandwidth gives tokens: it is on another host than `bandwidth_api_url`."""
    plivo_api_url: str = "https://api.plivo.com"
    viewer_lease_seconds: float = Field(default=30, gt=0, allow_inf_nan=False)
    """How long a viewer counts without a renewal (STATUS-VIEWING)."""
    seen_deadline_seconds: float = Field(default=20, gt=0, allow_inf_nan=False)
    """How long a message may wait for a viewer to confirm having seen it (STATUS-SEEN)."""
    send_lease_seconds: float = Field(default=60, gt=0, allow_inf_nan=False)
    """How long a worker may hold a claimed message before its outcome counts as unknown."""
    session_hours: float = Field(default=24 * 14, gt=0, allow_inf_nan=False)
    """How long a signed-in session lives without being used."""
    raw_event_days: int = Field(default=90, ge=0, le=36_500)
    """How long the raw content of applied provider events is kept; 0: for ever."""
    watch_lines_seconds: float = Field(default=300, ge=0, allow_inf_nan=False)
    """How often each line is compared with its provider's list and looked at for silence; 0: never."""
    media_hosts: str = ""
    """Further hosts from which pictures may be fetched, separated by commas, where a provider has moved its files."""
    database_pool_size: int = Field(default=10, ge=2, le=200)
    """Connections of each process. Applying an event takes two: its attempt is committed before it begins."""
    hang_seconds: float = Field(default=15, ge=0, allow_inf_nan=False)
    """A process whose event loop has not turned for so long is ended, to be started again; 0: never."""
    worker_port: int | None = Field(default=None, ge=1, le=65535)
    """Where a worker answers `/healthz`, on `host`. Unset: nowhere."""
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Where `messenger serve` answers `/metrics` for all of its processes, on `host`. Unset: nowhere."""
    request_deadline_seconds: float = Field(default=10, gt=0, le=600, allow_inf_nan=False)
    """How long a request's headers may take to arrive, and how long its body may pause in all."""
    open_requests: int = Field(default=500, ge=1, le=100_000)
    """Requests that one API process works on at a time; webhooks have places of their own."""
    open_webhooks: int = Field(default=1_000, ge=1, le=100_000)
    """Webhooks that one API process works on at a time."""
    streams_per_person: int = Field(default=10, ge=1, le=1_000)
    """Event streams that a person or API key may have open at one API process."""
    requests_per_minute_per_person: int = Field(default=30_000, ge=0, le=1_000_000)
    """Requests of a person, of all their browsers, at one API process; 0: no limit."""
    requests_per_minute_per_key: int = Field(default=30_000, ge=0, le=1_000_000)
    """Requests of an API key at one API process; 0: no limit."""
    crash_at: str | None = Field(default=None, pattern=r"^[a-z_.]+(:[1-9][0-9]{0,5})?$")
    """For tests of crashes: where the worker dies (`api/kit/crash_points.py`), as `name` or `name:n`."""
    fault_in_event: str | None = Field(default=None, pattern=r"^(hang|kill):.+$")
    """For tests of hangs and crashes: what applying an event with this text does to its process."""

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.lower()
        if level not in {"debug", "info", "warning", "error", "critical"}:
            raise ValueError("use debug, info, warning, error or critical")
        return level

    @field_validator(
        "public_url", "twilio_api_url", "telnyx_api_url", "bandwidth_api_url", "bandwidth_token_url", "plivo_api_url"
    )
    @classmethod
    def _base_url(cls, value: str | None) -> str | None:
        # An InvalidAddressError is a ValueError: its message is the line that the operator reads.
        return None if value is None else normalized_base_url(value)

    @field_validator("media_hosts")
    @classmethod
    def _hosts(cls, value: str) -> str:
        if not all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) for host in _listed(value)):
            raise ValueError("use names of hosts, separated by commas, such as media.example.com")
        return value

    @field_validator("demo", mode="before")
    @classmethod
    def _demo_by_environment(cls, value: object, info: ValidationInfo) -> object:
        return info.data.get("environment") is not Environment.PRODUCTION if value is None else value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        _networks(value)
        return value

    @field_validator("secret_key", "secret_key_previous")
    @classmethod
    def _empty_is_unset(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is not None and value.get_secret_value().strip() else None

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: str | None) -> str | None:
        if not value:
            return None
        scheme, separator, rest = value.partition("://")
        if not separator or scheme.lower() not in {"postgres", "postgresql", "postgresql+asyncpg"}:
            raise ValueError("use a postgresql:// address, or leave it unset for the embedded server")
        return f"postgresql+asyncpg://{rest}"

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
    def public_base_url(self) -> str:
        """The address that providers call, without a trailing slash."""
        return self.public_url or f"http://127.0.0.1:{self.port}"

    @property
    def serves_metrics_beside_the_api(self) -> bool:
        """In production only `metrics_port` has them: the main port is open to everybody."""
        return self.environment is not Environment.PRODUCTION

    @property
    def public_origin(self) -> Origin:
        """The origin of the pages that people use: what `Origin` is compared with."""
        return origin_of(self.public_base_url)

    @property
    def extra_media_hosts(self) -> tuple[str, ...]:
        return _listed(self.media_hosts)

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @cached_property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return _networks(self.trusted_proxies or NO_PROXIES)

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
