"""The status of a conversation: each function is a row of the table in the product's rules."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from api.kit.text import MAX_LOOKED_AT


class Status(StrEnum):
    UNREAD = "unread"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Reminder:
    """REMIND: a conversation that was deferred. It is in "Later" until the reminder is due."""

    at: datetime
    unless_answered: bool
    """A text from the number before `at` removes it. Without, such a text makes it due."""
    set_by: UUID | None
    """A staff member. None: an API key."""
    set_at: datetime
    due_since: datetime | None = None
    """When the conversation came back from "Later"."""

    @property
    def is_due(self) -> bool:
        return self.due_since is not None


def reminder_when_texted(reminder: Reminder | None, *, at: datetime) -> Reminder | None:
    """A text came in: the conversation comes back at once (REMIND)."""
    if reminder is None or reminder.is_due:
        return reminder
    return None if reminder.unless_answered else replace(reminder, due_since=at)


@dataclass(frozen=True)
class ConversationState:
    """The columns of a conversation that its transitions read and change, under its lock."""

    status: Status
    last_seq: int
    seen_seq: int
    """The highest `seq` that any staff member has seen."""
    unread_messages: int
    """Incoming messages above `seen_seq`."""
    seen_deadline: datetime | None
    """While open with unread messages: when a viewer must have confirmed the first of them (STATUS-SEEN)."""
    waiting_since: datetime | None = None
    """When the first text came that nobody has answered. Closing keeps it, so that reopening shows it again."""
    reminder: Reminder | None = None

    @property
    def is_later(self) -> bool:
        """It is deferred (REMIND): open, but not among the open ones."""
        return self.status is Status.OPEN and self.reminder is not None and not self.reminder.is_due


class Change(StrEnum):
    """A change of status that the audit log records."""

    OPENED = "opened"
    CLOSED = "closed"
    BECAME_UNREAD = "became_unread"


@dataclass(frozen=True)
class Transition:
    state: ConversationState
    change: Change | None


NEW = ConversationState(status=Status.CLOSED, last_seq=0, seen_seq=0, unread_messages=0, seen_deadline=None)
"""Before the first message. A mass text leaves it closed, a received message makes it unread, staff open it."""


def message_arrives(state: ConversationState, *, viewing: bool, at: datetime, confirm_within: timedelta) -> Transition:
    """It becomes unread; or, while a staff member is viewing, open until the deadline to confirm it (STATUS-SEEN)."""
    # What was closed needed no answer: the wait starts again.
    waits_already = state.waiting_since is not None and state.status is not Status.CLOSED
    arrived = replace(
        state,
        last_seq=state.last_seq + 1,
        unread_messages=state.unread_messages + 1,
        waiting_since=state.waiting_since if waits_already else at,
        reminder=reminder_when_texted(state.reminder, at=at),
    )
    if viewing:
        due = at + confirm_within
        # The new message is due earlier only if the clock was set back.
        deadline = due if state.seen_deadline is None else min(state.seen_deadline, due)
        return Transition(replace(arrived, status=Status.OPEN, seen_deadline=deadline), None)
    change = None if state.status is Status.UNREAD else Change.BECAME_UNREAD
    return Transition(replace(arrived, status=Status.UNREAD, seen_deadline=None), change)


def seen_deadline_passes(state: ConversationState, *, at: datetime) -> Transition:
    """No viewer confirmed in time, for example because the laptop slept."""
    if state.seen_deadline is None or state.seen_deadline > at or state.status is not Status.OPEN:
        return Transition(state, None)
    return Transition(replace(state, status=Status.UNREAD, seen_deadline=None), Change.BECAME_UNREAD)


def staff_views(
    state: ConversationState, *, confirmed_seq: int, unread_above: int, next_due: datetime | None
) -> Transition:
    """A staff member has seen the messages up to `confirmed_seq`. `unread_above`: received messages after it.

    `next_due`: when the first of those is due if it arrived while somebody was viewing.
    """
    if confirmed_seq <= state.seen_seq:
        return Transition(state, None)
    seen = replace(state, seen_seq=min(confirmed_seq, state.last_seq), unread_messages=unread_above)
    if seen.unread_messages > 0:
        if state.seen_deadline is not None and next_due is not None:
            # Messages that were unread before the viewing began are due with the one that set the deadline.
            seen = replace(seen, seen_deadline=max(state.seen_deadline, next_due))
        return Transition(seen, None)
    if state.status is Status.UNREAD:
        return Transition(replace(seen, status=Status.OPEN, seen_deadline=None), Change.OPENED)
    return Transition(replace(seen, seen_deadline=None), None)


def staff_closes(state: ConversationState, *, seen_seq: int) -> Transition:
    """The caller has checked that no message was received after `seen_seq` (STATUS-CLOSE-RACE)."""
    closed = replace(
        state,
        status=Status.CLOSED,
        seen_seq=max(state.seen_seq, min(seen_seq, state.last_seq)),
        unread_messages=0,
        seen_deadline=None,
        reminder=None,
    )
    return Transition(closed, None if state.status is Status.CLOSED else Change.CLOSED)


def staff_reopens(state: ConversationState) -> Transition:
    if state.status is not Status.CLOSED:
        return Transition(state, None)
    return Transition(replace(state, status=Status.OPEN), Change.OPENED)


def staff_replies(state: ConversationState, *, close: bool) -> Transition:
    """Whoever replies has seen every message before the reply. A reminder that is due is done; another one stays."""
    seq = state.last_seq + 1
    status = Status.CLOSED if close else Status.OPEN
    keeps_reminder = not close and state.reminder is not None and not state.reminder.is_due
    replied = ConversationState(
        status=status,
        last_seq=seq,
        seen_seq=seq,
        unread_messages=0,
        seen_deadline=None,
        waiting_since=None,
        reminder=state.reminder if keeps_reminder else None,
    )
    if status is state.status:
        return Transition(replied, None)
    return Transition(replied, Change.CLOSED if close else Change.OPENED)


def staff_defers(state: ConversationState, reminder: Reminder) -> Transition:
    """REMIND. The caller has checked that every message was seen; a closed conversation opens by it."""
    later = replace(
        state,
        status=Status.OPEN,
        seen_seq=state.last_seq,
        unread_messages=0,
        seen_deadline=None,
        reminder=reminder,
    )
    return Transition(later, None if state.status is Status.OPEN else Change.OPENED)


def reminder_removed(state: ConversationState) -> Transition:
    """A person takes it back from "Later", or is done with a reminder that was due."""
    return Transition(replace(state, reminder=None), None)


def undone(state: ConversationState, *, status: Status, reminder: Reminder | None) -> Transition:
    """A person undoes an act of theirs: the status and the reminder are those before it.

    What was unread is open: the act confirmed that its messages were seen.
    """
    before = Status.OPEN if status is Status.UNREAD and state.unread_messages == 0 else status
    restored = replace(state, status=before, reminder=reminder)
    if before is state.status:
        return Transition(restored, None)
    return Transition(restored, Change.CLOSED if before is Status.CLOSED else Change.OPENED)


def reminder_falls_due(state: ConversationState, *, at: datetime) -> Transition:
    """The conversation comes back from "Later" as open, with a mark (REMIND)."""
    reminder = state.reminder
    if reminder is None or reminder.is_due or reminder.at > at:
        return Transition(state, None)
    return Transition(replace(state, reminder=replace(reminder, due_since=at)), None)


def text_fails(state: ConversationState) -> Transition:
    """NOT-SENT: a text did not go. A closed conversation opens."""
    return staff_reopens(state)


def text_goes_out(state: ConversationState) -> Transition:
    """A mass text or an integration's text: the status stays. No staff member has seen the messages before it, and
    whoever waits for an answer still waits."""
    return Transition(replace(state, last_seq=state.last_seq + 1), None)


PREVIEW_CHARACTERS = 120


def preview(body: str, *, media: int) -> str:
    """The line of a message that the inbox shows, from its first `MAX_LOOKED_AT` characters after leading space."""
    line = " ".join(body.lstrip()[:MAX_LOOKED_AT].split())
    if not line and media:
        return "Picture" if media == 1 else f"{media} pictures"
    return line if len(line) <= PREVIEW_CHARACTERS else line[: PREVIEW_CHARACTERS - 1] + "…"
