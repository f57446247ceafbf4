"""The service's settings, read once from the environment (prefix `MESSENGER_`) or from `.env`."""

import base64
import os
import re
import secrets
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.addresses import Origin, normalized_base_url, origin_of


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class SettingsError(Exception):
    """A setting has a value the service cannot start with. The message is one clear line."""


def _listed(hosts: str) -> tuple[str, ...]:
    return tuple(host for each in hosts.split(",") if (host := each.strip().lower()))


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
    workers: int = Field(default=1, ge=1, le=64)
    """API processes of `messenger serve`."""
    log_level: str = "info"
    log_format: LogFormat = LogFormat.CONSOLE
    demo: bool = True
    simulator_port: int = Field(default=8025, ge=1, le=65535)
    twilio_api_url: str = "https://api.twilio.com"
    telnyx_api_url: str = "https://api.telnyx.com"
    bandwidth_api_url: str = "https://messaging.bandwidth.com"
    bandwidth_token_url: str = "https://api.bandwidth.com/api/v1/oauth2/token"  # noqa: S105 (an address)
    """The whole address at which Bandwidth gives tokens: it is on another host than `bandwidth_api_url`."""
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
    database_pool_size: int = Field(default=10, ge=1, le=200)
    request_deadline_seconds: float = Field(default=10, gt=0, le=600, allow_inf_nan=False)
    """How long a request's headers may take to arrive, and how long its body may pause in all."""
    open_requests: int = Field(default=500, ge=1, le=100_000)
    """Requests that one API process works on at a time; webhooks have places of their own."""
    open_webhooks: int = Field(default=1_000, ge=1, le=100_000)
    """Webhooks that one API process works on at a time."""
    streams_per_person: int = Field(default=10, ge=1, le=1_000)
    """Event streams that a person or API key may have open at one API process."""
    requests_per_minute_per_person: int = Field(default=6_000, ge=0, le=1_000_000)
    """Requests of a person, of all their browsers, at one API process; 0: no limit."""
    requests_per_minute_per_key: int = Field(default=3_000, ge=0, le=1_000_000)
    """Requests of an API key at one API process; 0: no limit."""
    crash_at: str | None = Field(default=None, pattern=r"^[a-z_.]+(:[1-9][0-9]{0,5})?$")
    """For tests of crashes: where the worker dies (`api/kit/crash_points.py`), as `name` or `name:n`."""

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.lower()
        if level not in {"debug", "info", "warning", "error", "critical"}:
            raise ValueError("use debug, info, warning, error or critical")
        return level

    @field_validator("public_url", "twilio_api_url", "telnyx_api_url", "bandwidth_api_url", "bandwidth_token_url")
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

    @field_validator("secret_key")
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
                )
                if value is None
            ]
            if missing:
                raise ValueError(f"production needs {' and '.join(missing)}")
            if self.crash_at is not None:
                raise ValueError("production refuses MESSENGER_CRASH_AT, which makes workers die")
        return self

    @property
    def public_base_url(self) -> str:
        """The address that providers call, without a trailing slash."""
        return self.public_url or f"http://127.0.0.1:{self.port}"

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
    def secure_cookies(self) -> bool:
        return self.public_origin.scheme == "https"

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
