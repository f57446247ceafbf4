"""Pure rules of sending: a line's pace, retries, reconciliation, and the reports that outcomes amount to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.providers.port import Accepted, MessageStatus, StatusReport

MAX_ATTEMPTS = 8
"""How often a message is posted that was certainly not processed, before it fails with that reason."""

RECONCILE_FOR = timedelta(hours=24)
"""How long an unknown outcome is reconciled. After that the message stays `unknown`."""

REPEAT_FOR = timedelta(hours=1)
"""How long a message with an unknown outcome may be handed over again under its idempotency key.

Telnyx recognises the key for 24 hours. An hour is well within that, and is as late as a text may arrive.
"""

HEARTBEAT_FRESH_FOR = timedelta(seconds=30)
"""Longer than it takes to end and restart a worker that hangs."""


def texts_are_leaving(heartbeat_age: timedelta | None) -> bool:
    """Whether a worker's outbox loop has turned lately. `heartbeat_age`: of the latest one; None if there is none."""
    return heartbeat_age is not None and heartbeat_age <= HEARTBEAT_FRESH_FOR


def is_copy(stored: str, *, database: str) -> bool:
    """Whether data that was written in the database `stored` is in another database now.

    Both are `<system identifier>/<oid>`. `-` stands for a system identifier that a role may not read.
    """
    (old_system, _, old_oid), (system, _, oid) = stored.partition("/"), database.partition("/")
    return old_oid != oid or (old_system != system and "-" not in (old_system, system))


def backoff(attempts: int, *, jitter: float, retry_after_seconds: float | None = None) -> timedelta:
    """The wait before the next post: 1, 2, 4 … 120 seconds, spread by `jitter` in 0…1 over its upper half.

    It is at least the provider's `Retry-After`.
    """
    full = min(2.0 ** (attempts - 1), 120.0)
    seconds = full / 2 + full / 2 * jitter
    return timedelta(seconds=max(seconds, retry_after_seconds or 0.0))


def reconcile_wait(attempts: int) -> timedelta:
    """The wait before the next reconciliation of an unknown outcome: 2, 6, 18 … 600 seconds."""
    return timedelta(seconds=min(2.0 * 3.0**attempts, 600.0))


def may_repeat(*, allowed: bool, is_last: bool, since_claim: timedelta) -> bool:
    """Whether a message with an unknown outcome may be handed over again, under the same idempotency key.

    If the first post never reached the provider, the text leaves now. So it must be allowed now (OPTIN-DISPATCH), be
    the last outgoing message of its conversation (SEND-ORDER), and not be late.
    """
    return allowed and is_last and since_claim <= REPEAT_FOR


@dataclass(frozen=True)
class Pace:
    """How many texts a line may send now, and when the next one may leave."""

    granted: int
    next_send_at: datetime


def pace(*, next_send_at: datetime, now: datetime, per_second: float | None, waiting: int) -> Pace:
    """A line's rate limit: one message per interval, with a burst of at most one second's worth."""
    if per_second is None:
        return Pace(granted=waiting, next_send_at=next_send_at)
    interval = timedelta(seconds=1 / per_second)
    slot = max(next_send_at, now - timedelta(seconds=max(1 - 1 / per_second, 0)))
    granted = 0
    while granted < waiting and slot <= now:
        slot += interval
        granted += 1
    return Pace(granted=granted, next_send_at=slot)


def acceptance(outcome: Accepted) -> StatusReport:
    """The report that a provider's acceptance amounts to. It may be a failure already."""
    return StatusReport(
        provider_message_id=outcome.provider_message_id,
        status=outcome.status,
        provider_status=outcome.status.value,
        error_code=outcome.code,
        error_title=outcome.title,
        opted_out=outcome.opted_out,
        provider_time=None,
    )


def failure(code: str, title: str) -> StatusReport:
    """The report that a message has failed for good, under no id of the provider's."""
    return StatusReport(
        provider_message_id="",
        status=MessageStatus.FAILED,
        provider_status=MessageStatus.FAILED.value,
        error_code=code,
        error_title=title,
        opted_out=False,
        provider_time=None,
    )
