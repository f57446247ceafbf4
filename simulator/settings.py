"""How the carrier behaves when nobody has asked for a fault."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal


class RetryOn(StrEnum):
    """What makes a webhook worth another attempt."""

    CONNECT = "connect"
    READ = "read"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long and how often a provider tries to post a webhook."""

    read_timeout: float
    """Seconds."""

    retries: int | None
    """Attempts after the first one at one address. `None`: until the answer is 2xx."""

    retry_on: frozenset[RetryOn]


AS_PROVIDER: Literal["as_provider"] = "as_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Durations are seconds."""

    host: str = "127.0.0.1"
    port: int = 8025

    api_url: str | None = None
    """Where every webhook is posted, whatever host its configured URL names; the signature still covers the
    configured URL. It stands for the proxy in front of a public address. Unset: the configured URL itself."""

    public_url: str | None = None
    """This server's own address in the media links that it hands out. Unset: the address that was asked."""

    state_file: Path | None = None
    """A SQLite file that keeps accounts, lines, handsets and texts across restarts. Unset: memory only."""

    seed: int | None = None
    """Seeds the dice of the faults. Unset: a different run each time."""

    queued_after: float = 0.02
    sending_after: float = 0.05
    sent_after: float = 0.1
    delivered_after: float = 0.25
    """Each is counted from the step before it."""

    callback_statuses: frozenset[str] = frozenset({"queued", "sending", "sent", "delivered", "undelivered", "failed"})
    """The statuses that are reported to the status callback."""

    connect_timeout: float = 5.0
    read_timeout: float | Literal["as_provider"] = AS_PROVIDER
    retries: int | Literal["as_provider"] | None = AS_PROVIDER
    retry_on: frozenset[RetryOn] | Literal["as_provider"] = AS_PROVIDER
    """As in `Patience`. With `retries=None` every failure counts."""

    retry_backoff: float = 0.2
    """The wait before the first repetition; it doubles up to `retry_backoff_max`."""

    retry_backoff_max: float = 5.0
    webhook_connections: int = 32
    drain_seconds: float = 3.0
    """How long a stop waits for webhooks under way. Without a state file, what is left then is given up."""

    media_redirect: bool = True
    """Twilio's addresses of pictures lead to another address, which has the content."""

    media_auth: bool = False
    """Twilio's addresses of pictures want the account's credentials, as an account may demand."""

    def patience(self, provider: Patience) -> Patience:
        """The provider's own, as far as nothing else is asked for."""
        return Patience(
            read_timeout=provider.read_timeout if self.read_timeout == AS_PROVIDER else self.read_timeout,
            retries=provider.retries if self.retries == AS_PROVIDER else self.retries,
            retry_on=provider.retry_on if self.retry_on == AS_PROVIDER else self.retry_on,
        )
