"""What a batch of arrivals and reports changes, without a database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.consent.keywords import Keyword, keyword
from api.conversations.message_rules import content
from api.conversations.rules import NEW, Change, ConversationState, Status
from api.directory.rules import OptInSource
from api.inbound.decide import (
    Arrival,
    KnownConversation,
    KnownNumber,
    NewMessage,
    Report,
    SentMessage,
    Stored,
    decide,
    deduplicate,
    match_reports,
)
from api.inbound.rules import EventSource
from api.providers.port import MessageStatus, OptOutSignal, ReceivedMessage, StatusReport

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)
WITHIN = timedelta(seconds=20)
BUSINESS, LINE, OTHER_LINE = UUID(int=1), UUID(int=2), UUID(int=3)
PARENT, OTHER, SHORT_CODE = "+13125550101", "+13125550102", "24444"
MEXICAN, OLD_SPELLING = "+525512345678", "+5215512345678"
NUMBERS = {number: UUID(int=100 + index) for index, number in enumerate([PARENT, OTHER, SHORT_CODE, MEXICAN])}


def arrival(
    body: str, *, sender: str = PARENT, sid: str = "SM1", line: UUID = LINE, signal: OptOutSignal | None = None
) -> Arrival:
    message = ReceivedMessage(sid, sender, body, media=[], signal=signal, provider_time=None)
    return Arrival(
        event_id=UUID(int=9),
        line_id=line,
        source=EventSource.WEBHOOK,
        sender=sender,
        message=message,
        content=content(body, organization_id=BUSINESS),
        keyword=keyword(body),
    )


def stored(
    *, state: ConversationState = NEW, viewed: bool = False, stopped: Sequence[str] = (), old: bool = False
) -> Stored:
    numbers = {number: KnownNumber(id, is_stopped=number in stopped) for number, id in NUMBERS.items()}
    if old:
        numbers[OLD_SPELLING] = KnownNumber(UUID(int=200), is_stopped=OLD_SPELLING in stopped)
    return Stored(
        numbers=numbers,
        conversations={
            (LINE, number.id): KnownConversation(UUID(int=number.id.int + 1000), state, is_viewed=viewed)
            for number in numbers.values()
        },
        at=NOW,
        confirm_within=WITHIN,
    )


def one(arrived: Arrival, known: Stored) -> NewMessage:
    (new,) = decide([arrived], known)
    return new


@pytest.mark.parametrize(
    ("body", "stopped", "effect", "confirm"),
    [
        ("Is class on?", [], None, None),
        ("STOP", [], True, Keyword.STOP),
        ("STOP", [PARENT], None, None),
        ("START", [PARENT], False, Keyword.START),
        ("START", [], None, None),
        ("HELP", [], None, Keyword.HELP),
        ("HELP", [PARENT], None, Keyword.HELP),
    ],
)
def test_OPTIN_STOP_OPTIN_START_OPTIN_CONFIRM_a_keyword_takes_effect_once(
    body: str, stopped: list[str], effect: bool | None, confirm: Keyword | None
) -> None:
    new = one(arrival(body), stored(stopped=stopped))
    expected = [] if effect is None else [(PARENT, effect, OptInSource.KEYWORD, body)]
    assert [(each.number, each.stops, each.source, each.wording) for each in new.effects] == expected
    assert new.confirm is confirm


def test_OPTIN_STOP_what_the_provider_has_recognised_counts_and_the_whole_text_s_keyword_comes_first() -> None:
    recognised = one(arrival("Arrêtez", signal=OptOutSignal.STOP), stored())
    assert [(each.stops, each.source) for each in recognised.effects] == [(True, OptInSource.PROVIDER)]
    both = one(arrival("START", signal=OptOutSignal.STOP), stored(stopped=[PARENT]))
    assert [(each.stops, each.source) for each in both.effects] == [(False, OptInSource.KEYWORD)]


def test_RECV_SENDER_a_short_code_stops_and_gets_no_confirmation() -> None:
    new = one(arrival("STOP", sender=SHORT_CODE), stored())
    assert [each.number for each in new.effects] == [SHORT_CODE]
    assert new.confirm is None


def test_NUMBER_ONE_a_keyword_takes_effect_under_every_spelling_that_has_a_row() -> None:
    new = one(arrival("STOP", sender=MEXICAN), stored(old=True))
    assert [each.number for each in new.effects] == [MEXICAN, OLD_SPELLING]
    half = one(arrival("START", sender=MEXICAN), stored(old=True, stopped=[OLD_SPELLING]))
    assert [(each.number, each.stops) for each in half.effects] == [(OLD_SPELLING, False)]


def test_within_a_batch_a_START_undoes_a_STOP_and_a_second_STOP_changes_nothing() -> None:
    texts = [arrival(body, sid=f"SM{index}") for index, body in enumerate(["STOP", "STOP", "START"])]
    assert [[each.stops for each in new.effects] for new in decide(texts, stored())] == [[True], [], [False]]


@pytest.mark.parametrize(
    ("viewed", "status", "change"),
    [(False, Status.UNREAD, Change.BECAME_UNREAD), (True, Status.OPEN, None)],
)
def test_STATUS_UNREAD_STATUS_SEEN_the_status_depends_on_viewers(
    viewed: bool, status: Status, change: Change | None
) -> None:
    new = one(arrival("Hello"), stored(viewed=viewed))
    assert (new.transition.state.status, new.transition.change) == (status, change)
    assert new.transition.state.seen_deadline == (NOW + WITHIN if viewed else None)


@given(st.lists(st.tuples(st.sampled_from([PARENT, OTHER, SHORT_CODE]), st.sampled_from(["SM1", "SM2", "SM3", "SM4"]))))
def test_STATUS_ORDER_RECV_ONCE_each_conversation_numbers_its_texts_in_order_and_each_text_once(
    texts: list[tuple[str, str]],
) -> None:
    known = {(LINE, "SM4")}
    fresh = deduplicate([arrival("Hello", sender=sender, sid=sid) for sender, sid in texts], known)
    assert [each.message.provider_message_id for each in fresh] == [
        sid for sid in dict.fromkeys(sid for _, sid in texts) if sid != "SM4"
    ]
    seqs: dict[tuple[UUID, UUID], list[int]] = {}
    for new in decide(fresh, stored()):
        seqs.setdefault(new.conversation, []).append(new.transition.state.last_seq)
        assert new.transition.state.unread_messages == new.transition.state.last_seq
    assert all(numbered == list(range(1, len(numbered) + 1)) for numbered in seqs.values())


def test_RECV_ONCE_the_same_id_on_another_line_is_another_text() -> None:
    assert len(deduplicate([arrival("Hello"), arrival("Hello", line=OTHER_LINE), arrival("Hello")], set())) == 2


def report(provider_message_id: str, *, ref: UUID | None = None) -> Report:
    status = StatusReport(provider_message_id, MessageStatus.SENT, "sent", None, None, False, None)
    return Report(event_id=UUID(int=9), message_ref=ref, status=status)


def test_SEND_STATUS_a_report_is_matched_by_the_provider_s_id_else_by_the_callback_s_address() -> None:
    first, second = SentMessage(UUID(int=1), UUID(int=11), "SM1"), SentMessage(UUID(int=2), UUID(int=12), None)
    reports = [
        report("SM1", ref=second.id),
        report("SM2", ref=second.id),
        report("SM3"),
        report("SM4", ref=UUID(int=3)),
    ]
    assert [
        (each.status.provider_message_id, message) for each, message in match_reports(reports, [first, second])
    ] == [
        ("SM1", first),
        ("SM2", second),
    ]
