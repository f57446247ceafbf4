"""The status machine against the status table of the product's rules: every cell, then random histories.

The table is written down here again. Nothing below asks the code what the answer should be.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.conversations.rules import (
    NEW,
    Change,
    ConversationState,
    Status,
    Transition,
    message_arrives,
    preview,
    seen_deadline_passes,
    staff_closes,
    staff_reopens,
    staff_replies,
    staff_views,
    text_goes_out,
)

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CONFIRM_WITHIN = timedelta(seconds=20)

UNREAD = ConversationState(Status.UNREAD, last_seq=4, seen_seq=2, unread_messages=2, seen_deadline=None)
OPEN = ConversationState(Status.OPEN, last_seq=4, seen_seq=4, unread_messages=0, seen_deadline=None)
WAITING = ConversationState(Status.OPEN, last_seq=4, seen_seq=3, unread_messages=1, seen_deadline=NOW)
"""Open, with an unconfirmed message that came while somebody viewed."""
CLOSED = ConversationState(Status.CLOSED, last_seq=4, seen_seq=4, unread_messages=0, seen_deadline=None)

Operation = Callable[[ConversationState], Transition]


def arrives_unviewed(state: ConversationState) -> Transition:
    return message_arrives(state, viewing=False, at=NOW, confirm_within=CONFIRM_WITHIN)


def arrives_viewed(state: ConversationState) -> Transition:
    return message_arrives(state, viewing=True, at=NOW, confirm_within=CONFIRM_WITHIN)


def not_confirmed_in_time(state: ConversationState) -> Transition:
    return seen_deadline_passes(state, at=NOW)


def views_everything(state: ConversationState) -> Transition:
    return staff_views(state, confirmed_seq=state.last_seq, unread_above=0, next_due=None)


def views_less(state: ConversationState) -> Transition:
    return staff_views(
        state, confirmed_seq=state.last_seq - 1, unread_above=min(state.unread_messages, 1), next_due=NOW
    )


def closes(state: ConversationState) -> Transition:
    return staff_closes(state, seen_seq=state.last_seq)


def replies(state: ConversationState) -> Transition:
    return staff_replies(state, close=False)


def replies_and_closes(state: ConversationState) -> Transition:
    return staff_replies(state, close=True)


U, O, C, NEVER = "unread", "open", "closed", None  # noqa: E741  # The columns of the table.

TABLE: list[tuple[str, Operation, tuple[str | None, str | None, str | None]]] = [
    # what happens                                            on unread, open, closed
    ("message arrives, nobody is viewing", arrives_unviewed, (U, U, U)),
    ("message arrives, somebody is viewing", arrives_viewed, (O, O, O)),
    ("a viewer did not confirm seeing it in time", not_confirmed_in_time, (NEVER, U, NEVER)),
    ("a staff member views it, confirming the last seq", views_everything, (O, O, C)),
    ("a staff member views it, confirming less", views_less, (U, O, C)),
    ("a staff member closes it", closes, (C, C, C)),
    ("a staff member reopens it", staff_reopens, (NEVER, NEVER, O)),
    ("a staff member replies", replies, (O, O, O)),
    ("a staff member replies and closes", replies_and_closes, (C, C, C)),
    ("a mass text goes out", text_goes_out, (U, O, C)),
]

AUDITED: dict[str, tuple[Change | None, Change | None, Change | None]] = {
    # AUDIT-WHAT: a staff member opens or closes; a message makes unread a conversation that was not.
    "message arrives, nobody is viewing": (None, Change.BECAME_UNREAD, Change.BECAME_UNREAD),
    "message arrives, somebody is viewing": (None, None, None),
    "a viewer did not confirm seeing it in time": (None, Change.BECAME_UNREAD, None),
    "a staff member views it, confirming the last seq": (Change.OPENED, None, None),
    "a staff member views it, confirming less": (None, None, None),
    "a staff member closes it": (Change.CLOSED, Change.CLOSED, None),
    "a staff member reopens it": (None, None, Change.OPENED),
    "a staff member replies": (Change.OPENED, None, Change.OPENED),
    "a staff member replies and closes": (Change.CLOSED, Change.CLOSED, None),
    "a mass text goes out": (None, None, None),
}

CELLS = [
    pytest.param(operation, state, expected, change, id=f"{what}, when {state.status.value}")
    for what, operation, row in TABLE
    for state, expected, change in zip(
        (UNREAD, WAITING if operation in {not_confirmed_in_time, views_less} else OPEN, CLOSED),
        row,
        AUDITED[what],
        strict=True,
    )
]


@pytest.mark.parametrize(("operation", "state", "expected", "change"), CELLS)
def test_every_cell_of_the_status_table(
    operation: Operation, state: ConversationState, expected: str | None, change: Change | None
) -> None:
    transition = operation(state)

    if expected is NEVER:
        assert transition == Transition(state, None), "what cannot happen must change nothing"
    else:
        assert transition.state.status == expected
    assert transition.change is change


@pytest.mark.parametrize(("_what", "operation", "row"), TABLE, ids=[what for what, *_ in TABLE])
def test_the_open_column_holds_while_a_message_is_unconfirmed(
    _what: str, operation: Operation, row: tuple[str | None, str | None, str | None]
) -> None:
    assert operation(WAITING).state.status == (row[1] or Status.OPEN)


@pytest.mark.parametrize(("what", "operation"), [(what, operation) for what, operation, _ in TABLE])
def test_every_operation_keeps_the_counts_consistent(what: str, operation: Operation) -> None:
    adds = 1 if "arrives" in what or "replies" in what or "goes out" in what else 0
    for state in (UNREAD, OPEN, WAITING, CLOSED):
        after = operation(state).state
        assert after.last_seq == state.last_seq + adds
        assert state.seen_seq <= after.seen_seq <= after.last_seq
        assert 0 <= after.unread_messages <= state.unread_messages + adds


def test_a_new_conversation_starts_closed_when_a_mass_text_goes_out() -> None:
    assert text_goes_out(NEW) == Transition(replace(NEW, last_seq=1), None)
    assert text_goes_out(NEW).state.status is Status.CLOSED


def test_a_first_message_makes_a_new_conversation_unread_and_says_so() -> None:
    transition = arrives_unviewed(NEW)
    assert (transition.state.status, transition.state.last_seq, transition.state.unread_messages) == ("unread", 1, 1)
    assert transition.change is Change.BECAME_UNREAD


def test_STATUS_SEEN_a_viewer_that_never_confirms_makes_it_unread() -> None:
    arrived = message_arrives(OPEN, viewing=True, at=NOW, confirm_within=CONFIRM_WITHIN).state
    assert arrived.status is Status.OPEN
    assert arrived.seen_deadline == NOW + timedelta(seconds=20)

    early = seen_deadline_passes(arrived, at=NOW + timedelta(seconds=19.999))
    assert early == Transition(arrived, None)

    late = seen_deadline_passes(arrived, at=NOW + timedelta(seconds=20))
    assert late.state.status is Status.UNREAD
    assert late.state.unread_messages == 1
    assert late.change is Change.BECAME_UNREAD


def test_STATUS_SEEN_more_messages_do_not_defer_the_first_ones_deadline() -> None:
    first = message_arrives(OPEN, viewing=True, at=NOW, confirm_within=CONFIRM_WITHIN).state
    second = message_arrives(first, viewing=True, at=NOW + timedelta(seconds=15), confirm_within=CONFIRM_WITHIN).state
    assert second.seen_deadline == NOW + timedelta(seconds=20)


def test_STATUS_SEEN_after_a_partial_confirmation_the_rest_has_its_own_deadline() -> None:
    """Not the first message's deadline."""
    first = message_arrives(OPEN, viewing=True, at=NOW, confirm_within=CONFIRM_WITHIN).state
    later = NOW + timedelta(seconds=15)
    both = message_arrives(first, viewing=True, at=later, confirm_within=CONFIRM_WITHIN).state
    seen = staff_views(both, confirmed_seq=5, unread_above=1, next_due=later + CONFIRM_WITHIN).state
    assert (seen.status, seen.unread_messages, seen.seen_deadline) == (Status.OPEN, 1, later + CONFIRM_WITHIN)


def test_STATUS_SEEN_earlier_unread_messages_are_due_with_the_message_that_opened_it() -> None:
    """Nobody viewed when they arrived an hour ago, so their own deadline would have passed already."""
    opened = arrives_viewed(UNREAD).state
    seen = staff_views(opened, confirmed_seq=3, unread_above=2, next_due=NOW - timedelta(hours=1)).state
    assert (seen.status, seen.seen_deadline) == (Status.OPEN, NOW + CONFIRM_WITHIN)


def test_STATUS_SEEN_a_clock_set_back_defers_no_deadline() -> None:
    first = arrives_viewed(OPEN).state
    back = NOW - timedelta(hours=1)
    second = message_arrives(first, viewing=True, at=back, confirm_within=CONFIRM_WITHIN).state
    assert second.seen_deadline == back + CONFIRM_WITHIN


def test_STATUS_SEEN_a_confirmed_message_has_no_deadline_left() -> None:
    arrived = arrives_viewed(OPEN).state
    seen = staff_views(arrived, confirmed_seq=5, unread_above=0, next_due=None).state
    assert seen.seen_deadline is None
    assert seen_deadline_passes(seen, at=NOW + timedelta(days=1)) == Transition(seen, None)


def test_IND_RED_a_mass_text_after_unread_messages_needs_no_confirmation() -> None:
    """Unread messages are the received ones above `seen_seq`."""
    with_mass_text = text_goes_out(UNREAD).state
    transition = staff_views(with_mass_text, confirmed_seq=4, unread_above=0, next_due=None)
    assert transition.state.status is Status.OPEN
    assert transition.change is Change.OPENED


def test_a_stale_confirmation_changes_nothing() -> None:
    assert staff_views(OPEN, confirmed_seq=1, unread_above=0, next_due=None) == Transition(OPEN, None)
    assert staff_views(UNREAD, confirmed_seq=1, unread_above=2, next_due=NOW) == Transition(UNREAD, None)


def test_a_confirmation_beyond_the_last_message_counts_as_the_last() -> None:
    assert staff_views(UNREAD, confirmed_seq=99, unread_above=0, next_due=None).state.seen_seq == 4
    assert staff_closes(UNREAD, seen_seq=99).state.seen_seq == 4


# Random histories against a naive model.


@dataclass
class Text:
    incoming: bool
    seen: bool
    arrived_at: datetime | None = None
    due: datetime | None = None
    """Until when a viewer must confirm it: set while it keeps the conversation open."""


@dataclass
class Model:
    """A conversation as a list of texts, seen or not, with the status table in plain words."""

    status: str = C
    texts: list[Text] = field(default_factory=list)

    @property
    def unseen(self) -> list[Text]:
        return [text for text in self.texts if text.incoming and not text.seen]

    @property
    def due(self) -> datetime | None:
        """The deadline of the first unseen text that keeps it open."""
        return min((text.due for text in self.unseen if text.due is not None), default=None)

    def see(self, up_to: int) -> None:
        for text in self.texts[:up_to]:
            text.seen = True

    def become_unread(self) -> None:
        self.status = U
        for text in self.texts:
            text.due = None


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["arrive", "arrive viewed", "view", "view all", "close", "reopen", "reply", "reply close", "mass", "sweep"]
        ),
        st.integers(min_value=0, max_value=60),
        st.sampled_from([0, 1, 7, 19, 20, 21, -5, -30]),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(OPERATIONS)
def test_any_history_ends_as_in_a_naive_model(operations: list[tuple[str, int, int]]) -> None:
    state, model, now = NEW, Model(), NOW
    for what, number, seconds in operations:
        now += timedelta(seconds=seconds)
        before = model.status
        upto = number % (len(model.texts) + 1)
        change: Change | None = None
        match what:
            case "arrive" | "arrive viewed":
                viewing = what == "arrive viewed"
                model.texts.append(Text(incoming=True, seen=False, arrived_at=now))
                model.status = O
                # Earlier unread texts are due with the text that opens it.
                for text in model.unseen:
                    text.due = text.due or now + CONFIRM_WITHIN
                if not viewing:
                    model.become_unread()
                transition = message_arrives(state, viewing=viewing, at=now, confirm_within=CONFIRM_WITHIN)
                change = Change.BECAME_UNREAD if model.status == U != before else None
            case "view" | "view all":
                upto = len(model.texts) if what == "view all" else upto
                model.see(upto)
                above = [text.arrived_at for text in model.texts[upto:] if text.arrived_at is not None]
                if model.status == U and not model.unseen:
                    model.status, change = O, Change.OPENED
                transition = staff_views(
                    state,
                    confirmed_seq=upto,
                    unread_above=len(above),
                    next_due=min(above) + CONFIRM_WITHIN if above else None,
                )
            case "close":
                if any(text.incoming for text in model.texts[upto:]):
                    continue  # STATUS-CLOSE-RACE: the service refuses before it calls the rule.
                model.see(upto)
                model.status, change = C, Change.CLOSED if before != C else None
                transition = staff_closes(state, seen_seq=upto)
            case "reopen":
                if before == C:
                    model.status, change = O, Change.OPENED
                transition = staff_reopens(state)
            case "reply" | "reply close":
                model.texts.append(Text(incoming=False, seen=True))
                model.see(len(model.texts))
                model.status = C if what == "reply close" else O
                if model.status != before:
                    change = Change.CLOSED if model.status == C else Change.OPENED
                transition = staff_replies(state, close=what == "reply close")
            case "mass":
                model.texts.append(Text(incoming=False, seen=True))
                transition = text_goes_out(state)
            case _:
                transition = seen_deadline_passes(state, at=now)
                if model.due is not None and model.due <= now:
                    model.become_unread()
                    change = Change.BECAME_UNREAD
        assert transition.state.seen_seq >= state.seen_seq, "what has been seen stays seen"
        state = transition.state
        assert state.status == model.status, what
        assert transition.change is change, what
        assert state.last_seq == len(model.texts)
        assert state.unread_messages == len(model.unseen)
        assert state.unread_messages == sum(text.incoming for text in model.texts[state.seen_seq :])
        assert 0 <= state.seen_seq <= state.last_seq
        match state.status:
            case Status.UNREAD:
                assert state.unread_messages > 0, "unread says that a message nobody has seen is there"
                assert state.seen_deadline is None
            case Status.CLOSED:
                assert state.unread_messages == 0, "nothing unseen hides in a closed conversation"
                assert state.seen_deadline is None
            case Status.OPEN:
                assert state.seen_deadline == model.due


# The preview of a message in the inbox.


def test_a_preview_is_one_line_of_at_most_120_characters() -> None:
    assert preview("Hi\n\n  there \t you", media=0) == "Hi there you"
    assert preview("x" * 120, media=0) == "x" * 120
    assert preview("x" * 121, media=0) == "x" * 119 + "…"


def test_a_preview_of_pictures_without_words_says_so() -> None:
    assert preview("", media=1) == "Picture"
    assert preview(" \n ", media=3) == "3 pictures"
    assert preview("", media=0) == ""
    assert preview("Look!", media=2) == "Look!"


@given(st.text(max_size=400))
def test_a_preview_never_breaks_a_line_and_never_grows_too_long(body: str) -> None:
    line = preview(body, media=0)
    assert len(line) <= 120
    assert len(line.splitlines()) <= 1
