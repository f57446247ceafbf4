"""The sandbox's own rules: what each test number makes of a text, and what its events say."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from api.broadcasts.numbers import stand_in
from api.kit.phone import is_phone_number, possible_countries
from api.providers.port import (
    Accepted,
    CannotTell,
    EventKind,
    Found,
    LineAccess,
    MessageStatus,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    Rejected,
    SendOutcome,
    UnknownMessage,
    UnreadableEventError,
    WebhookRequest,
)
from api.providers.sandbox.errors import ERRORS
from api.providers.sandbox.numbers import BEHAVIORS, BY_NUMBER, COUNTRY, OWN_NUMBERS, Code, is_test_number
from api.providers.sandbox.provider import SandboxProvider
from api.providers.sandbox.receive import read_message, read_status
from api.providers.sandbox.send import found, outcome
from tests.support.business import LINE_NUMBER

MESSAGE_ID = UUID("0195a1b2-0000-7000-8000-000000000000")
THEIRS = f"sandbox-{MESSAGE_ID}"


def number(name: str) -> str:
    return next(each.phone_number for each in BEHAVIORS if each.name == name)


def text_to(phone_number: str, *, body: str = "See you at five!", attempt: int = 1) -> OutgoingMessage:
    return OutgoingMessage(MESSAGE_ID, phone_number, body, (), "https://example.com/status", attempt=attempt)


def unknown(message: OutgoingMessage, *, repeats: bool = True) -> UnknownMessage:
    repeat = message if repeats else None
    return UnknownMessage(message.message_id, message.to, message.body, datetime.now(UTC), repeat=repeat)


def later(given: SendOutcome | Found) -> list[tuple[float, str, str | None]]:
    """Each later event: seconds, and the status with its code or the reply."""
    assert isinstance(given, Accepted | Found)
    events: list[tuple[float, str, str | None]] = []
    for each in given.later:
        if each.event.kind is EventKind.MESSAGE:
            message = read_message(each.event.body)
            assert (message.provider_message_id, message.sender) == (f"{THEIRS}:reply", each.event.phone_number)
            events.append((each.after.total_seconds(), "reply", message.body))
        else:
            report = read_status(each.event.body)
            assert report.provider_message_id == THEIRS
            assert each.event.message_ref == MESSAGE_ID
            assert report.status is not None
            events.append((each.after.total_seconds(), report.status.value, report.error_code))
    return events


LATER = {
    "delivered": [(2, "delivered", None)],
    "sent": [],
    "delivered_late": [(60, "delivered", None)],
    "landline": [(2, "undelivered", "landline")],
    "unreachable": [(2, "undelivered", "unreachable")],
    "blocked": [(2, "undelivered", "blocked")],
    "carrier_violation": [(2, "undelivered", "carrier_violation")],
    "not_in_service": [(2, "failed", "not_in_service")],
    "no_reason": [(2, "failed", "no_reason")],
    "opted_out_later": [(2, "undelivered", "opted_out")],
    "replies_stop": [(2, "delivered", None), (4, "reply", "STOP")],
    "replies_start": [(2, "delivered", None), (4, "reply", "START")],
    "echo": [(2, "delivered", None), (4, "reply", "See you at five!")],
}
OTHERS = {"invalid_number", "opted_out", "queue_full", "rate_limited", "unknown_then_delivered", "unknown"}


def test_every_behavior_is_tested_here_and_every_code_has_words() -> None:
    assert {each.name for each in BEHAVIORS} == LATER.keys() | OTHERS
    assert len(BY_NUMBER) == len(BEHAVIORS)
    assert ERRORS.titles.keys() == {each.value for each in Code}


@pytest.mark.parametrize("name", LATER)
def test_an_accepted_text_is_reported_and_answered_as_the_table_says(name: str) -> None:
    accepted = outcome(text_to(number(name)))
    assert isinstance(accepted, Accepted)
    assert (accepted.provider_message_id, accepted.status) == (THEIRS, MessageStatus.SENT)
    assert later(accepted) == LATER[name]


def test_refusals_queues_and_unknown_outcomes_are_as_the_table_says() -> None:
    assert outcome(text_to(number("invalid_number"))) == Rejected("invalid_number", ERRORS.title("invalid_number"))
    refused = outcome(text_to(number("opted_out")))
    assert refused == Rejected("opted_out", ERRORS.title("opted_out"), opted_out=True)
    for attempt in (1, 8):
        full = outcome(text_to(number("queue_full"), attempt=attempt))
        assert isinstance(full, NotProcessed)
        assert full.code == "queue_full"
    limited = [outcome(text_to(number("rate_limited"), attempt=attempt)) for attempt in (1, 2, 3)]
    assert [type(each) for each in limited] == [NotProcessed, NotProcessed, Accepted]
    assert later(limited[2]) == LATER["delivered"]
    for name in ("unknown", "unknown_then_delivered"):
        assert isinstance(outcome(text_to(number(name))), OutcomeUnknown)


def test_SEND_NEVER_TWICE_a_text_whose_worker_died_is_found_with_the_same_later_events() -> None:
    for name, events in LATER.items():
        message = text_to(number(name))
        record = found(unknown(message))
        assert isinstance(record, Found)
        assert record.report.status is MessageStatus.SENT
        assert later(record) == events
        sent = outcome(message)
        assert isinstance(sent, Accepted)
        assert [each.event.event_id for each in record.later] == [each.event.event_id for each in sent.later]
    old = found(unknown(text_to(number("replies_stop")), repeats=False))
    assert isinstance(old, Found)
    assert later(old) == [(2, "delivered", None)]
    resolved = found(unknown(text_to(number("unknown_then_delivered"))))
    assert isinstance(resolved, Found)
    assert resolved.report.status is MessageStatus.DELIVERED
    assert not resolved.later
    assert isinstance(found(unknown(text_to(number("unknown")))), CannotTell)
    assert isinstance(found(unknown(text_to(number("queue_full")))), Rejected)


def test_a_phone_answers_no_automatic_text() -> None:
    for name in ("replies_stop", "echo"):
        automatic = outcome(replace(text_to(number(name)), is_automatic=True))
        assert later(automatic) == LATER["delivered"]


def test_a_real_number_is_refused_in_words() -> None:
    refused = outcome(text_to("+13125550101"))
    assert refused == Rejected("not_a_test_number", "A sandbox line texts only its test numbers.")
    assert found(unknown(text_to("+13125550101"))) == refused


def test_test_numbers_are_reserved_numbers_of_one_country_in_their_one_spelling() -> None:
    for each in (*BY_NUMBER, *OWN_NUMBERS):
        assert is_phone_number(each)
        assert possible_countries(each) == {COUNTRY}
        assert each[5:10] == "55501", "555-0100 to 555-0199 are nobody's"
    assert not set(BY_NUMBER) & set(OWN_NUMBERS)
    # A mass text decides once for all numbers of a block, and apart for each test number.
    assert all(stand_in(each) == each for each in BY_NUMBER)
    assert not is_test_number(stand_in("+17855559999"))
    assert not is_test_number(LINE_NUMBER)


def test_RECV_AUTHENTIC_no_webhook_is_the_sandboxes() -> None:
    provider, body = SandboxProvider(), b'{"id": "1", "from": "+17855550100", "text": "STOP"}'
    request = WebhookRequest("https://example.com/webhooks", {"content-type": "application/json"}, body)
    line = LineAccess(MESSAGE_ID, OWN_NUMBERS[0], {})
    assert not provider.is_authentic(line, request)
    (event,) = provider.split_webhook(request, kind=EventKind.MESSAGE)
    assert event.kind is EventKind.UNREADABLE


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"id": 5}'])
def test_RECV_NOTHING_LOST_an_event_that_cannot_be_read_says_so(body: bytes) -> None:
    for read in (read_message, read_status):
        with pytest.raises(UnreadableEventError):
            read(body)
