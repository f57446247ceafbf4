"""Pure rules of sending: pace, patience, and when to stop asking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_ATTEMPTS = 8
"""Tries of a message that certainly was not processed, before it fails with that reason."""

RECONCILE_FOR = timedelta(hours=24)
"""How long the provider is asked about an unknown outcome. After that it stays visibly unknown."""

REPEAT_FOR = timedelta(hours=1)
"""How long a message whose outcome is unknown may be handed over again under its key.

Telnyx knows a repetition for one during 24 hours. An hour leaves that far behind, and is as late as a text may come.
"""

HEARTBEAT_FRESH_FOR = timedelta(seconds=30)
"""Longer than a worker that hangs takes to be ended and started again."""


def texts_are_leaving(heartbeat_age: timedelta | None) -> bool:
    """Whether a worker has turned to the outbox lately. None: no worker has, or it was long ago."""
    return heartbeat_age is not None and heartbeat_age <= HEARTBEAT_FRESH_FOR


def backoff(attempts: int, *, jitter: float, retry_after_seconds: float | None = None) -> timedelta:
    """The wait before the next try: 1, 2, 4 … 120 seconds, spread by `jitter` in 0…1 over its upper half.

    What the provider asked for (`Retry-After`) is the least.
    """
    full = min(2.0 ** (attempts - 1), 120.0)
    seconds = full / 2 + full / 2 * jitter
    return timedelta(seconds=max(seconds, retry_after_seconds or 0.0))


def next_question(attempts: int) -> timedelta:
    """The wait before the provider is asked (again) about an unknown outcome: 2, 6, 18 … 600 seconds."""
    return timedelta(seconds=min(2.0 * 3.0**attempts, 600.0))


def may_repeat(*, allowed: bool, is_last: bool, since_claim: timedelta) -> bool:
    """Whether a message whose outcome is unknown may be handed over again, under the same key.

    If the first time never reached the provider, this is when the text leaves. So consent must hold now
    (OPTIN-DISPATCH), nothing of ours may have followed it in its conversation (SEND-ORDER), and it must not be late.
    """
    return allowed and is_last and since_claim <= REPEAT_FOR


@dataclass(frozen=True)
class Pace:
    """How many of a line's waiting messages may leave now, and when the next may."""

    granted: int
    next_send_at: datetime
    deferred_until: list[datetime]
    """When each message beyond the granted ones may leave."""


def pace(*, next_send_at: datetime, now: datetime, per_second: float | None, waiting: int) -> Pace:
    """A line's rate limit: one message per interval, with a burst of at most one second's worth."""
    if per_second is None:
        return Pace(granted=waiting, next_send_at=next_send_at, deferred_until=[])
    interval = timedelta(seconds=1 / per_second)
    slot = max(next_send_at, now - timedelta(seconds=max(1 - 1 / per_second, 0)))
    granted = 0
    while granted < waiting and slot <= now:
        slot += interval
        granted += 1
    return Pace(
        granted=granted,
        next_send_at=slot,
        deferred_until=[slot + interval * index for index in range(waiting - granted)],
    )
