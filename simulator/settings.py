"""How the carrier behaves when nobody has asked for a fault."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class RetryOn(StrEnum):
    """What makes a webhook worth another attempt (Twilio's retry policies `ct`, `rt`, `4xx`, `5xx`)."""

    CONNECT = "connect"
    READ = "read"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"


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
    read_timeout: float = 15.0
    retries: int | None = 1
    """Attempts after the first one. `None`: until the answer is 2xx."""

    retry_on: frozenset[RetryOn] = field(default_factory=lambda: frozenset({RetryOn.CONNECT}))
    """Twilio by default repeats only what could not connect. With `retries=None` every failure counts."""

    retry_backoff: float = 0.2
    """The wait before the first repetition; it doubles up to `retry_backoff_max`."""

    retry_backoff_max: float = 5.0
    webhook_connections: int = 32
    drain_seconds: float = 3.0
    """How long a stop waits for webhooks under way. Without a state file, what is left then is given up."""
