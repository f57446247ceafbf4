"""Asking Twilio what became of a text whose outcome is unknown (SEND-NEVER-TWICE): found, or nothing is claimed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest

from api.kit.text import storable
from api.providers.port import (
    CannotTell,
    Found,
    LineAccess,
    MessageStatus,
    NotFoundAtProvider,
    ReconcileOutcome,
    StatusReport,
    UnknownMessage,
)
from api.providers.twilio.provider import TwilioProvider
from tests.providers.peer import NO_CERTIFICATES, Answer, Start, disconnect, hang, http, plain_client

CLAIMED_AT = datetime(2026, 3, 4, 12, 0, 30, 250_000, tzinfo=UTC)
LINE = LineAccess(
    line_id=UUID(int=1),
    phone_number="+13125550100",
    credentials={"account_sid": "AC1", "auth_token": "the token"},
)
SERVICE_LINE = LineAccess(LINE.line_id, LINE.phone_number, {**LINE.credentials, "messaging_service_sid": "MG1"})


def listed(sid: str = "SM1", **changed: Any) -> dict[str, Any]:
    """A message as Twilio lists it, with the fields that matter and some that do not."""
    return {
        "sid": sid,
        "account_sid": "AC1",
        "body": "See you at 6!",
        "date_created": format_datetime(CLAIMED_AT + timedelta(seconds=1)),
        "date_sent": None,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "+13125550100",
        "messaging_service_sid": None,
        "status": "delivered",
        "to": "+13125550147",
        **changed,
    }


async def ask(
    url: str,
    *,
    line: LineAccess = LINE,
    body: str = "See you at 6!",
    known: frozenset[str] = frozenset(),
    duplicates: Sequence[datetime] = (),
    client: httpx.AsyncClient | None = None,
) -> ReconcileOutcome:
    message = UnknownMessage(
        message_id=UUID(int=2),
        to="+13125550147",
        body=body,
        claimed_at=CLAIMED_AT,
        known_provider_ids=known,
        duplicates_claimed_at=duplicates,
    )
    async with client or plain_client() as used:
        return await TwilioProvider(used, api_url=url).reconcile(line, message)


def listing(*messages: dict[str, Any]) -> Answer:
    return http(200, {"messages": list(messages), "page": 0, "next_page_uri": None})


async def test_the_question_is_a_list_of_what_went_to_that_number(start: Start) -> None:
    peer = await start(listing())
    await ask(peer.url)
    (request,) = peer.requests
    method, target, _ = request.line.split(" ")
    assert (method, urlsplit(target).path) == ("GET", "/2010-04-01/Accounts/AC1/Messages.json")
    assert dict(parse_qsl(urlsplit(target).query))["To"] == "+13125550147"
    assert request.headers["authorization"] == "Basic QUMxOnRoZSB0b2tlbg=="


async def test_one_that_fits_is_the_one(start: Start) -> None:
    peer = await start(listing(listed()))
    assert await ask(peer.url) == Found(
        StatusReport(
            provider_message_id="SM1",
            status=MessageStatus.DELIVERED,
            provider_status="delivered",
            error_code=None,
            error_title=None,
            opted_out=False,
            provider_time=None,
        )
    )


async def test_it_is_found_with_its_failure(start: Start) -> None:
    outcome = await ask((await start(listing(listed(status="undelivered", error_code=30003)))).url)
    assert isinstance(outcome, Found)
    assert (outcome.report.status, outcome.report.error_code) == (MessageStatus.UNDELIVERED, "30003")
    assert outcome.report.error_title == "The phone is switched off or out of reach. Try again later, or call."


async def test_OPTIN_STOP_it_is_found_with_the_opt_out_that_failed_it(start: Start) -> None:
    outcome = await ask((await start(listing(listed(status="failed", error_code=21610)))).url)
    assert isinstance(outcome, Found)
    assert outcome.report.opted_out


async def test_several_that_fit_leave_it_unknown(start: Start) -> None:
    assert isinstance(await ask((await start(listing(listed("SM1"), listed("SM2")))).url), CannotTell)


async def test_none_that_fits_says_that_the_provider_has_none(start: Start) -> None:
    assert await ask((await start(listing())).url) == NotFoundAtProvider()


@pytest.mark.parametrize(
    ("why", "changed"),
    [
        ("other words", {"body": "See you at 7!"}),
        ("the same words in another case", {"body": "see you at 6!"}),
        ("it came from the parent", {"direction": "inbound"}),
        ("no direction", {"direction": None}),
        ("made long before the claim", {"date_created": format_datetime(CLAIMED_AT - timedelta(minutes=2))}),
        ("made the day before", {"date_created": format_datetime(CLAIMED_AT - timedelta(days=1))}),
        ("another line of the account texted the same", {"from": "+13125550199"}),
        ("a messaging service has not chosen its sender", {"from": None, "messaging_service_sid": "MG9"}),
    ],
)
async def test_what_does_not_fit_is_not_it(start: Start, why: str, changed: dict[str, Any]) -> None:
    assert await ask((await start(listing(listed(**changed)))).url) == NotFoundAtProvider(), why
    found = await ask((await start(listing(listed("SM0", **changed), listed("SM1")))).url)
    assert isinstance(found, Found)
    assert found.report.provider_message_id == "SM1"


async def test_an_id_that_belongs_to_another_message_of_ours_is_not_it(start: Start) -> None:
    peer = await start(listing(listed("SM1"), listed("SM2")))
    outcome = await ask(peer.url, known=frozenset({"SM1"}))
    assert isinstance(outcome, Found)
    assert outcome.report.provider_message_id == "SM2"
    assert await ask(peer.url, known=frozenset({"SM1", "SM2"})) == NotFoundAtProvider()


EARLIER, LATER = CLAIMED_AT - timedelta(minutes=9), CLAIMED_AT + timedelta(minutes=9)


@pytest.mark.parametrize(
    ("duplicates", "expected"),
    [([LATER], "SM1"), ([EARLIER], "SM2"), ([EARLIER, LATER], None), ([], None), ([CLAIMED_AT], None)],
)
async def test_of_equal_texts_the_nth_claimed_is_the_nth_made_where_all_are_there(
    start: Start, duplicates: list[datetime], expected: str | None
) -> None:
    """Decision 0014. The list has two; its times are whole seconds, so both may have the same."""
    first = format_datetime(CLAIMED_AT + timedelta(minutes=-9 if EARLIER in duplicates else 0, seconds=1))
    for second in (format_datetime(CLAIMED_AT + timedelta(minutes=10)), first):
        peer = await start(listing(listed("SM2", date_created=second), listed("SM1", date_created=first)))
        outcome = await ask(peer.url, duplicates=duplicates)
        if expected is None:
            assert isinstance(outcome, CannotTell)
        else:
            assert isinstance(outcome, Found)
            assert outcome.report.provider_message_id == expected


async def test_of_equal_texts_one_that_is_there_alone_may_be_either(start: Start) -> None:
    for duplicate in (EARLIER, LATER):
        assert isinstance(await ask((await start(listing(listed()))).url, duplicates=[duplicate]), CannotTell)


async def test_clocks_may_differ_by_some_seconds(start: Start) -> None:
    """Twilio tells whole seconds of its own clock."""
    for apart in (timedelta(seconds=-50), timedelta(minutes=3)):
        peer = await start(listing(listed(date_created=format_datetime(CLAIMED_AT + apart))))
        assert isinstance(await ask(peer.url), Found)


async def test_a_line_with_a_messaging_service_is_known_by_it_and_not_by_the_sender_it_chose(start: Start) -> None:
    chosen = listed("SM1", messaging_service_sid="MG1", **{"from": "+13125559999"})
    undecided = listed("SM1", messaging_service_sid="MG1", status="accepted", **{"from": None})
    for each in (chosen, undecided):
        assert isinstance(await ask((await start(listing(each))).url, line=SERVICE_LINE), Found)
    for other in (listed("SM2"), listed("SM2", messaging_service_sid="MG2")):
        assert await ask((await start(listing(other))).url, line=SERVICE_LINE) == NotFoundAtProvider()


async def test_a_picture_without_words_is_found_too(start: Start) -> None:
    assert isinstance(await ask((await start(listing(listed(body="")))).url, body=""), Found)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503, 302])
async def test_a_question_that_is_not_answered_tells_nothing(start: Start, status: int) -> None:
    outcome = await ask((await start(http(status, {"messages": []}))).url)
    assert isinstance(outcome, CannotTell)
    assert str(status) in outcome.detail


async def test_a_provider_that_cannot_be_asked_tells_nothing(start: Start) -> None:
    impatient = httpx.AsyncClient(timeout=httpx.Timeout(5, read=0.2), verify=NO_CERTIFICATES, trust_env=False)
    assert isinstance(await ask((await start(hang)).url, client=impatient), CannotTell)
    assert isinstance(await ask((await start(disconnect)).url), CannotTell)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"messages": null}',
        b'{"messages": 5}',
        b'{"messages": {"sid": "SM1"}}',
        b'{"messages": [null]}',
        b'{"messages": [[]]}',
        b'{"messages": ["SM1"]}',
        b'{"messages": [{}]}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda body: repr(body[:30]),
)
async def test_an_answer_that_cannot_be_read_tells_nothing(start: Start, body: bytes) -> None:
    assert isinstance(await ask((await start(http(200, body))).url), CannotTell)


@pytest.mark.parametrize("name", ["sid", "body", "date_created", "status"])
async def test_a_message_that_lacks_what_decides_tells_nothing(start: Start, name: str) -> None:
    message = listed()
    del message[name]
    assert isinstance(await ask((await start(listing(message))).url), CannotTell)


@pytest.mark.parametrize("at", ["", "yesterday", None, 5, "Wed, 04 Mar 2026 12:00:31 -0000"])
async def test_a_time_that_cannot_be_compared_tells_nothing(start: Start, at: object) -> None:
    assert isinstance(await ask((await start(listing(listed(date_created=at)))).url), CannotTell)


async def test_hostile_words_in_what_is_found_can_be_stored(start: Start) -> None:
    peer = await start(listing(listed("SM\x00", status="del\ud800", error_code="9\x00", error_message="\ud800\x00")))
    outcome = await ask(peer.url)
    assert isinstance(outcome, Found)
    report = outcome.report
    for text in (report.provider_message_id, report.provider_status, report.error_code, report.error_title):
        assert text is not None
        assert storable(text) == text
