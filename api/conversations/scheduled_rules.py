"""Pure rules of scheduled texts (LATER): when one may leave, and why one is held back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from api.access.rules import Permission, Principal, first_missing

MAX_AHEAD = timedelta(days=366)
MAX_WAITING = 20
"""Scheduled and held texts of one conversation."""

TOO_LATE = timedelta(hours=1)
"""A text that is due for longer is not sent: "see you in ten minutes" may be wrong by then."""

MAX_ATTEMPTS = 6

NEEDED = (Permission.SMS_LOGS, Permission.MASS_TEXT)


class HeldType(StrEnum):
    """Why a text is held back, if it is not an error of sending: the types of those are used as they are."""

    NEW_MESSAGES = "/problems/new-messages"
    PERMISSION_REQUIRED = "/problems/permission-required"
    TOO_LATE = "/problems/too-late"
    RESTORED = "/problems/restored"
    INTERNAL = "/problems/internal"


@dataclass(frozen=True)
class Held:
    """Why a text is held back. `reason` is for the front desk."""

    type: str
    reason: str


RESTORED = Held(
    HeldType.RESTORED,
    "The data was restored from a backup. This text may have been sent, changed or withdrawn after the backup.",
)
LATE = Held(HeldType.TOO_LATE, "It could not be sent in time: the service did not run.")
NEW = Held(HeldType.NEW_MESSAGES, "A text came in after this one was written.")
FAILED = Held(HeldType.INTERNAL, "An error of the service kept it from being sent.")


def why_held(
    *,
    author: Principal | None,
    author_name: str,
    is_restored: bool,
    late_by: timedelta,
    has_new: bool,
    only_if_nothing_new: bool,
) -> Held | None:
    """Why a due text does not leave, before consent is checked. `author`: as they are now, None if they are gone."""
    if is_restored:
        return RESTORED
    if late_by > TOO_LATE:
        return LATE
    if author is None:
        return Held(HeldType.PERMISSION_REQUIRED, f"{author_name}, who scheduled it, no longer has access.")
    missing = first_missing(author.permissions, NEEDED)
    if missing is not None:
        return Held(HeldType.PERMISSION_REQUIRED, f"{author_name}, who scheduled it, no longer has {missing.label}.")
    return NEW if has_new and only_if_nothing_new else None


def retry_after(attempts: int) -> timedelta | None:
    """How long a text waits after tries that failed by an error of ours. None: it is held back."""
    return timedelta(seconds=5 * 3 ** (attempts - 1)) if attempts < MAX_ATTEMPTS else None


def time_problem(send_at: datetime, *, now: datetime) -> str | None:
    """Why a text can't be scheduled for that time; None if it can."""
    if send_at <= now:
        return "This time has passed."
    return "A text can be scheduled for at most a year ahead." if send_at > now + MAX_AHEAD else None
