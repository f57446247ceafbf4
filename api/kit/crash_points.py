"""Named points at which a test can kill a worker, to test the state after a crash there.

`MESSENGER_CRASH_AT=name` kills the process with SIGKILL when it reaches the point for the first time, `name:3` for the
third. docs/reliability.md has the outcome of each point.

With `MESSENGER_FAULT_IN_EVENT=hang:text` a process that applies an inbound event with this text in its raw content
loops for ever, holding the interpreter's lock; with `kill:text` it dies. Production refuses both settings.
"""

import os
import signal
from collections.abc import Iterable
from enum import StrEnum
from itertools import repeat

from api.settings import SettingsError


class CrashPoint(StrEnum):
    CLAIM_BEFORE_COMMIT = "claim.before_commit"
    CLAIM_COMMITTED = "claim.committed"
    POST_WRITTEN = "post.written"
    """The whole request was written, and no answer was read."""
    POST_ANSWERED = "post.answered"
    SETTLE_BEFORE_COMMIT = "settle.before_commit"
    SETTLE_COMMITTED = "settle.committed"
    EXPIRE_BEFORE_COMMIT = "expire.before_commit"
    EXPIRE_COMMITTED = "expire.committed"
    RECONCILE_CLAIM_BEFORE_COMMIT = "reconcile.claim_before_commit"
    RECONCILE_CLAIM_COMMITTED = "reconcile.claim_committed"
    """The request to the provider follows."""
    RECONCILE_ANSWERED = "reconcile.answered"
    RECONCILE_SETTLE_BEFORE_COMMIT = "reconcile.settle_before_commit"
    RECONCILE_SETTLE_COMMITTED = "reconcile.settle_committed"


_armed: CrashPoint | None = None
_passes_left = 0
_event_fault: tuple[str, bytes] | None = None


def arm(crash_at: str | None, *, fault_in_event: str | None = None) -> None:
    """Sets both faults for this process. Raises `SettingsError` if there is no such point."""
    global _armed, _passes_left, _event_fault
    kind, _, marker = (fault_in_event or "").partition(":")
    _event_fault = (kind, marker.encode()) if marker else None
    name, _, nth = (crash_at or "").partition(":")
    try:
        _armed = CrashPoint(name) if name else None
    except ValueError:
        raise SettingsError(
            f"MESSENGER_CRASH_AT: there is no point {name}; use one of {', '.join(CrashPoint)}."
        ) from None
    _passes_left = int(nth or 1)


def is_armed(point: CrashPoint) -> bool:
    return _armed is point


def reached(point: CrashPoint) -> None:
    """Kills the process with SIGKILL if `point` is armed and this is the configured pass."""
    global _passes_left
    if _armed is not point:
        return
    _passes_left -= 1
    if _passes_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def applying(bodies: Iterable[bytes | None]) -> None:
    """Hangs or kills the process if one of these raw contents has the marker. Called before events are applied."""
    if _event_fault is None:
        return
    kind, marker = _event_fault
    if any(body is not None and marker in body for body in bodies):
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        # This call into C never returns and never releases the interpreter's lock, like a slow regular expression.
        sum(repeat(0))
