"""Mass texts: their states, the states of their recipients, and what a draft is warned of, as pure rules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_ADDED_CHARACTERS = 50
"""Of a header, and of a footer (MASS-OPTIN)."""

MAX_SIGNUP_CHARACTERS = 160
"""Of a sign-up message (MASS-SIGNUP)."""

MAX_RECIPIENTS = 200_000
MAX_GIVEN = 10_000
"""Numbers, and external ids, of an audience that are given one by one."""

MAX_SAVED = 200
MAX_DRAFTS = 1_000
"""Mass texts of one organization that are neither sent nor cancelled."""


class BroadcastState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class Deed(StrEnum):
    """What a person or a worker does with a mass text."""

    CHANGE = "change"
    SCHEDULE = "schedule"
    SEND = "send"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"


TRANSITIONS: dict[tuple[BroadcastState, Deed], BroadcastState] = {
    (BroadcastState.DRAFT, Deed.CHANGE): BroadcastState.DRAFT,
    # What was confirmed is what goes: a change has to be confirmed again.
    (BroadcastState.SCHEDULED, Deed.CHANGE): BroadcastState.DRAFT,
    (BroadcastState.DRAFT, Deed.SCHEDULE): BroadcastState.SCHEDULED,
    (BroadcastState.DRAFT, Deed.SEND): BroadcastState.SENDING,
    (BroadcastState.SCHEDULED, Deed.SEND): BroadcastState.SENDING,
    (BroadcastState.SCHEDULED, Deed.PAUSE): BroadcastState.PAUSED,
    (BroadcastState.SENDING, Deed.PAUSE): BroadcastState.PAUSED,
    # It goes on, or waits for its time: a worker decides by `send_at`.
    (BroadcastState.PAUSED, Deed.RESUME): BroadcastState.SENDING,
    (BroadcastState.SENDING, Deed.FINISH): BroadcastState.SENT,
    (BroadcastState.DRAFT, Deed.CANCEL): BroadcastState.CANCELLED,
    (BroadcastState.SCHEDULED, Deed.CANCEL): BroadcastState.CANCELLED,
    (BroadcastState.SENDING, Deed.CANCEL): BroadcastState.CANCELLED,
    (BroadcastState.PAUSED, Deed.CANCEL): BroadcastState.CANCELLED,
}
"""MASS-STATES: every other deed is refused."""

ENDED = frozenset({BroadcastState.SENT, BroadcastState.CANCELLED})


def after(state: BroadcastState, deed: Deed) -> BroadcastState | None:
    """The state after the deed; None if the deed is refused in this state."""
    return TRANSITIONS.get((state, deed))


class RecipientState(StrEnum):
    """Of a recipient. A trigger of migration 0034 moves it with the status of its message."""

    WAITING = "waiting"
    """It is not in the outbox yet."""
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    """Handed over; the outcome is not known (SEND-NEVER-TWICE)."""
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


UNFINISHED = (RecipientState.WAITING, RecipientState.QUEUED, RecipientState.SENDING)

REFUSED = "not_allowed_"
"""The error code of a message that the second opt-in check refused begins with it; the reason follows."""

CANCELLED_CODE = "cancelled"
"""The error code of a message that was queued when its mass text was cancelled."""


class LeftOut(StrEnum):
    """Why a number, or a record, of the audience gets no text, beyond the reasons of the opt-in check."""

    DUPLICATE = "duplicate"
    """The number is in the audience already, through another record."""
    ANOTHER_CONTACT = "another_contact"
    """Another number of the family gets the text."""
    NO_NUMBER = "no_number"
    UNKNOWN = "unknown"
    """A given number or external id that is nobody's."""
    NOT_MOBILE = "not_mobile"
    OWN_NUMBER = "own_number"
    """It is a line of the organization."""
    MISSING_FIELD = "missing_field"
    TOO_LONG = "too_long"
    NO_LAWFUL_HOUR = "no_lawful_hour"
    MOVED = "moved"
    """Since it was confirmed, the number has left the record through which it was in the audience."""


class PauseReason(StrEnum):
    PERSON = "person"
    AUTHOR = "author"
    """Whoever confirmed it may not send mass texts any more (PERM-NOW)."""
    NO_LINE = "no_line"
    NO_CREDITS = "no_credits"
    """The organization's credits do not cover its next texts (COST)."""
    RESTORED = "restored"
    """The data comes from a backup: who was texted since is not known. It can only be cancelled."""


class Contacts(StrEnum):
    """Whom of a family a mass text reaches."""

    ALL = "all"
    FIRST = "first"
    """The first who may be texted."""


# Warnings.


class WarningKind(StrEnum):
    UNFILLED_FIELD = "unfilled_field"
    TEST_WORDS = "test_words"
    LINK_SHORTENER = "link_shortener"
    NO_WAY_TO_STOP = "no_way_to_stop"


@dataclass(frozen=True)
class Warned:
    kind: WarningKind
    detail: str


SHORTENERS = (
    *("bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "shorturl.at"),
    *("tiny.cc", "bl.ink", "t.ly", "rb.gy", "lnkd.in", "adf.ly", "soo.gd", "s.id", "v.gd", "qr.ae", "trib.al"),
)
"""Public shorteners. US carriers block links of a domain that many senders share (CTIA, Messaging Principles and Best
Practices, 5.3.3)."""

_DOMAIN = re.compile(r"(?<![A-Za-z0-9.@-])(?:https?://)?(?:www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)
_TEST_WORDS = re.compile(r"\b(?:test(?:ing)?|asdf+|lorem ipsum|xxx+|todo|tbd|placeholder)\b", re.IGNORECASE)
_BLANK = re.compile(r"\[[^\]\n]{1,40}\]|<[A-Za-z][^>\n]{0,40}>|_{3,}|\{\{|\}\}")
_STOP = re.compile(r"\bstop\b", re.IGNORECASE)


def warnings(body: str, *, footer: str, unknown_fields: Sequence[str]) -> list[Warned]:
    """What looks like a mistake. A person may send all the same."""
    found: list[Warned] = []
    if unknown_fields or _BLANK.search(body):
        said = f"{{{unknown_fields[0]}}}" if unknown_fields else (_BLANK.search(body) or [""])[0]
        found.append(Warned(WarningKind.UNFILLED_FIELD, f"“{said}” is sent as it is: nothing fills it in."))
    if test := _TEST_WORDS.search(body):
        found.append(Warned(WarningKind.TEST_WORDS, f"“{test[0]}” looks like a trial text."))
    shortener = next((each for each in _DOMAIN.findall(body) if each.lower() in SHORTENERS), None)
    if shortener is not None:
        detail = f"Carriers block links that begin with {shortener}. Use the page's own address."
        found.append(Warned(WarningKind.LINK_SHORTENER, detail))
    if not _STOP.search(f"{body}\n{footer}"):
        detail = "Nothing says how to stop. A footer such as “Reply STOP to opt out” does."
        found.append(Warned(WarningKind.NO_WAY_TO_STOP, detail))
    return found


def shares_of_line(texts: int, *, per_second: float | None) -> float | None:
    """The seconds that a line takes for so many texts; None if it has no rate limit."""
    return texts / per_second if per_second else None


AHEAD_SECONDS = 120
"""A mass text queues at most what its lines send in this time. The rest waits outside of the outbox, so a pause, a
change of consent or the end of the hours concerns few queued texts. Lines without a rate limit take all at once."""

LEAST_AHEAD = 50


def may_queue(per_second: Sequence[float | None], *, queued: int, batch: int) -> int:
    """How many more recipients may be queued now, by the rate limits of the lines that the mass text uses."""
    known = [each for each in per_second if each is not None]
    if not known or len(known) < len(per_second):
        return batch
    most = max(LEAST_AHEAD, int(sum(known) * AHEAD_SECONDS))
    return max(0, min(batch, most - queued))
