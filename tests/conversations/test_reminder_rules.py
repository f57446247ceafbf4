"""REMIND and `waiting_since` as pure rules: what each event does with a reminder and with the wait for an answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest

from api.conversations.message_rules import is_not_sent
from api.conversations.rules import (
    Change,
    ConversationState,
    Reminder,
    Status,
    Transition,
    message_arrives,
    reminder_falls_due,
    reminder_removed,
    staff_closes,
    staff_defers,
    staff_reopens,
    staff_replies,
    staff_views,
    text_fails,
    text_goes_out,
    undone,
)
from api.providers.port import MessageStatus

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=3)
WITHIN = timedelta(seconds=20)

PLAIN = Reminder(at=NOW, unless_answered=False, set_by=uuid4(), set_at=EARLIER)
UNLESS = replace(PLAIN, unless_answered=True)
DUE = replace(PLAIN, due_since=EARLIER)

OPEN = ConversationState(Status.OPEN, last_seq=4, seen_seq=4, unread_messages=0, seen_deadline=None)
UNREAD = replace(OPEN, status=Status.UNREAD, seen_seq=3, unread_messages=1)
CLOSED = replace(OPEN, status=Status.CLOSED)

Operation = Callable[[ConversationState], Transition]


def texts(state: ConversationState) -> Transition:
    return message_arrives(state, viewing=False, at=NOW, confirm_within=WITHIN)


def texts_under_a_viewers_eyes(state: ConversationState) -> Transition:
    return message_arrives(state, viewing=True, at=NOW, confirm_within=WITHIN)


def views(state: ConversationState) -> Transition:
    return staff_views(state, confirmed_seq=state.last_seq, unread_above=0, next_due=None)


def replies(state: ConversationState) -> Transition:
    return staff_replies(state, close=False)


def replies_and_closes(state: ConversationState) -> Transition:
    return staff_replies(state, close=True)


def closes(state: ConversationState) -> Transition:
    return staff_closes(state, seen_seq=state.last_seq)


def its_time_comes(state: ConversationState) -> Transition:
    return reminder_falls_due(state, at=NOW)


PENDING_BECOMES_DUE = replace(PLAIN, due_since=NOW)

REMINDERS: list[tuple[Operation, tuple[Reminder | None, Reminder | None, Reminder | None]]] = [
    # what happens                with one that waits, one "if nobody answers", one that is due
    (texts, (PENDING_BECOMES_DUE, None, DUE)),
    (texts_under_a_viewers_eyes, (PENDING_BECOMES_DUE, None, DUE)),
    (its_time_comes, (PENDING_BECOMES_DUE, replace(UNLESS, due_since=NOW), DUE)),
    (views, (PLAIN, UNLESS, DUE)),
    (replies, (PLAIN, UNLESS, None)),
    (replies_and_closes, (None, None, None)),
    (closes, (None, None, None)),
    (text_goes_out, (PLAIN, UNLESS, DUE)),
    (text_fails, (PLAIN, UNLESS, DUE)),
    (reminder_removed, (None, None, None)),
]


@pytest.mark.parametrize(("operation", "expected"), REMINDERS)
def test_REMIND_every_cell(
    operation: Operation, expected: tuple[Reminder | None, Reminder | None, Reminder | None]
) -> None:
    for before, after in zip((PLAIN, UNLESS, DUE), expected, strict=True):
        transition = operation(replace(OPEN, reminder=before))
        assert transition.state.reminder == after
        assert transition.state.is_later == (
            transition.state.status is Status.OPEN and after is not None and not after.is_due
        )


def test_REMIND_deferring_opens_and_leaves_open() -> None:
    for state, change in ((OPEN, None), (CLOSED, Change.OPENED), (UNREAD, Change.OPENED)):
        transition = staff_defers(state, PLAIN)
        assert transition.change is change
        assert transition.state.status is Status.OPEN
        assert transition.state.is_later
        assert transition.state.unread_messages == 0
        assert transition.state.seen_seq == state.last_seq


def test_REMIND_it_is_not_due_before_its_time() -> None:
    state = replace(OPEN, reminder=replace(PLAIN, at=NOW + timedelta(seconds=1)))
    assert its_time_comes(state) == Transition(state, None)


def test_somebody_waits_from_the_first_text_that_nobody_answered() -> None:
    waiting = replace(OPEN, waiting_since=EARLIER)
    assert texts(OPEN).state.waiting_since == NOW
    assert texts(waiting).state.waiting_since == EARLIER
    for operation in (views, closes, text_goes_out, its_time_comes, text_fails):
        assert operation(waiting).state.waiting_since == EARLIER, operation
    for operation in (replies, replies_and_closes):
        assert operation(waiting).state.waiting_since is None
    # Closing said that it needs no answer; reopening takes that back, and a new text begins anew.
    closed = closes(waiting).state
    assert staff_reopens(closed).state.waiting_since == EARLIER
    assert texts(closed).state.waiting_since == NOW


def test_an_undo_restores_the_status_and_the_reminder_and_what_was_seen_stays_seen() -> None:
    for before, by in product((OPEN, UNREAD, replace(OPEN, reminder=PLAIN), replace(OPEN, reminder=DUE)), (closes,)):
        transition = undone(by(before).state, status=before.status, reminder=before.reminder)
        assert transition.change is Change.OPENED
        assert transition.state.status is Status.OPEN
        assert transition.state.reminder == before.reminder
        assert transition.state.unread_messages == 0
    defer_conversation = staff_defers(CLOSED, PLAIN).state
    assert undone(defer_conversation, status=Status.CLOSED, reminder=None) == Transition(CLOSED, Change.CLOSED)
    reopened = staff_reopens(CLOSED).state
    assert undone(reopened, status=Status.CLOSED, reminder=None) == Transition(CLOSED, Change.CLOSED)


S = MessageStatus
FAILED, GONE = {S.FAILED, S.UNDELIVERED}, {S.SENT, S.DELIVERED}


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("counted", [None, True, False])
@pytest.mark.parametrize("overdue", [False, True])
def test_NOT_SENT_every_status(status: MessageStatus, counted: bool | None, overdue: bool) -> None:
    answer = is_not_sent(status, counted=counted, is_automatic=False, is_overdue=overdue)
    if status in GONE:
        assert answer is None, "a late delivery takes it back"
    elif status in FAILED or (status is S.UNKNOWN and overdue):
        assert answer is (counted is not False), "what somebody has seen to is not counted again"
    else:
        assert answer is counted
    # A confirmation of a keyword needs nobody.
    assert is_not_sent(status, counted=None, is_automatic=True, is_overdue=overdue) is None
