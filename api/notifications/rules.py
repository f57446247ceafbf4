"""Whom a notice is for, and what it says, as pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo


class Scope(StrEnum):
    """Of what a person wants to be told."""

    ALL = "all"
    MINE = "mine"
    """Conversations that are assigned to them, mentions and their own reminders and texts."""
    MENTIONS = "mentions"
    NONE = "none"


class Kind(StrEnum):
    """What a notice tells."""

    MESSAGE = "message"
    """A text arrived, and nobody was viewing its conversation."""
    MENTION = "mention"
    ASSIGNED = "assigned"
    REMINDER = "reminder"
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class NewNotice:
    """Something to be told. `staff_member_id`: to whom alone; None: to everyone who wants it."""

    id: UUID
    kind: Kind
    conversation_id: UUID
    staff_member_id: UUID | None = None
    by: str | None = None


PERSONAL_KINDS = frozenset({Kind.ASSIGNED, Kind.REMINDER, Kind.NOT_SENT})
"""Told to one person, who has to do something. `MENTION` is too, and has a scope of its own."""


@dataclass(frozen=True)
class QuietHours:
    """From `since` until before `until`, in the organization's zone. `since` later than `until`: over midnight."""

    since: time
    until: time

    def include(self, local: time) -> bool:
        if self.since <= self.until:
            return self.since <= local < self.until
        return local >= self.since or local < self.until


@dataclass(frozen=True)
class Wishes:
    """What a person has chosen. Who has chosen nothing is told of everything where they turned notifications on."""

    scope: Scope = Scope.ALL
    quiet_hours: QuietHours | None = None
    shows_text: bool = True
    """Whether a notification may show a text's first words: it stands on a locked screen."""


@dataclass(frozen=True)
class Told:
    """A notice, as it concerns one person."""

    kind: Kind
    is_addressed: bool
    """It was made for this person alone."""
    is_assignee: bool
    is_viewing: bool


def wants(wishes: Wishes, told: Told, *, at: datetime, zone: str) -> bool:
    """Whether the person is told of it now. What falls into quiet hours is not told later: the inbox shows it."""
    if wishes.scope is Scope.NONE or told.is_viewing:
        return False
    if wishes.quiet_hours is not None and wishes.quiet_hours.include(at.astimezone(ZoneInfo(zone)).time()):
        return False
    if told.kind is Kind.MENTION:
        return told.is_addressed
    if told.kind in PERSONAL_KINDS:
        return told.is_addressed and wishes.scope is not Scope.MENTIONS
    return wishes.scope is Scope.ALL or (wishes.scope is Scope.MINE and told.is_assignee)


MAX_SUBSCRIPTIONS = 20
"""Browsers of one person. A further one replaces the one that was told least recently."""

MAX_ATTEMPTS = 6
TIME_TO_LIVE = timedelta(hours=4)
"""How long the push service keeps a notification for a device that is off; older ones are not posted either."""

PUSH_SERVICES = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""Where browsers' push services are. A browser names the address, so nothing else may be posted to."""


def is_push_service(endpoint: str, *, origins: tuple[str, ...]) -> bool:
    """Whether the address is at one of `PUSH_SERVICES` over https, or at one of the origins that the operator allows.

    An origin is `https://host` or `https://host:port`. In `PUSH_SERVICES`, `*.` stands for any names before it.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if host is None or "@" in parts.netloc:
        return False
    if f"{parts.scheme}://{parts.netloc}" in origins:
        return True
    if parts.scheme != "https" or port is not None:
        return False
    return any(host == each or (each.startswith("*.") and host.endswith(each[1:])) for each in PUSH_SERVICES)


def next_attempt(attempts: int, *, retry_after: float | None) -> timedelta:
    """How long to wait after the `attempts`-th post that failed."""
    return timedelta(seconds=max(retry_after or 0.0, float(min(30 * 2 ** (attempts - 1), 900))))


@dataclass(frozen=True)
class Subject:
    """The conversation that a notice is about, as the inbox shows it."""

    conversation_id: UUID
    name: str
    preview: str
    assignee_id: UUID | None
    viewer_ids: frozenset[UUID]


Subjects = Mapping[UUID, Subject]

HEADLINES = {
    Kind.MENTION: "mentioned you in a note",
    Kind.ASSIGNED: "gave you this conversation",
}


def wording(kind: Kind, subject: Subject, *, by: str | None, shows_text: bool) -> tuple[str, str]:
    """The title and the body of a notification."""
    match kind:
        case Kind.MESSAGE:
            return subject.name, subject.preview if shows_text else "New message"
        case Kind.REMINDER:
            return subject.name, "The reminder for this conversation is due."
        case Kind.NOT_SENT:
            return subject.name, "A text of yours was not sent."
        case Kind.MENTION | Kind.ASSIGNED:
            return subject.name, f"{by or 'A colleague'} {HEADLINES[kind]}."
