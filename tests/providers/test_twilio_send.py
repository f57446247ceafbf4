"""What is Twilio's own in handing a text over; the rest is the contract of every provider (SEND-NEVER-TWICE).

What matters is what an answer proves. Only what certainly was never processed may be tried again; what may have been
taken is unknown, and never posted a second time.
"""

import base64
from uuid import UUID

import httpx
import pytest

from api.providers.http import classify_failure, make_client
from api.providers.port import (
    Accepted,
    LineAccess,
    MessageStatus,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    Rejected,
    SendOutcome,
)
from api.providers.twilio.provider import TwilioProvider
from tests.providers.peer import Answer, Start, http, plain_client

ACCOUNT = "AC" + "1" * 32
SID = "SM" + "0f" * 16
LINE = LineAccess(
    line_id=UUID(int=1),
    phone_number="+13125550100",
    credentials={"account_sid": ACCOUNT, "auth_token": "the token"},
)
CALLBACK = "https://text.example.com/webhooks/twilio/1/status?message_id=2"


def text(body: str = "See you at 6! 🤸\nMaria & team", media_urls: tuple[str, ...] = ()) -> OutgoingMessage:
    return OutgoingMessage(
        message_id=UUID(int=2),
        to="+13125550147",
        body=body,
        media_urls=media_urls,
        status_callback_url=CALLBACK,
    )


async def send(
    url: str,
    message: OutgoingMessage | None = None,
    *,
    line: LineAccess = LINE,
) -> SendOutcome:
    async with plain_client() as client:
        return await TwilioProvider(client, api_url=url).send(line, message or text())


CREATED = {"sid": SID, "status": "queued", "num_segments": "1", "error_code": None, "error_message": None}


# What is posted.


async def test_a_text_is_one_form_post_to_the_account_s_messages(start: Start) -> None:
    peer = await start(http(201, CREATED))
    await send(peer.url)
    (request,) = peer.requests
    assert request.line == f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:the token".encode()).decode()
    assert sorted(request.form) == [
        ("Body", "See you at 6! 🤸\nMaria & team"),
        ("From", "+13125550100"),
        ("StatusCallback", CALLBACK),
        ("To", "+13125550147"),
    ]


async def test_a_line_with_a_messaging_service_sends_through_it_and_names_no_number(start: Start) -> None:
    peer = await start(http(201, CREATED))
    line = LineAccess(LINE.line_id, LINE.phone_number, {**LINE.credentials, "messaging_service_sid": "MG1"})
    await send(peer.url, line=line)
    form = dict(peer.requests[0].form)
    assert form["MessagingServiceSid"] == "MG1"
    assert "From" not in form


async def test_pictures_go_as_a_repeated_field_in_their_order(start: Start) -> None:
    peer = await start(http(201, CREATED))
    await send(peer.url, text("", ("https://x/b.jpg?a=1&b=2", "https://x/a.jpg")))
    form = peer.requests[0].form
    assert [value for name, value in form if name == "MediaUrl"] == ["https://x/b.jpg?a=1&b=2", "https://x/a.jpg"]
    assert dict(form)["Body"] == ""


async def test_an_account_s_name_cannot_leave_its_place_in_the_address(start: Start) -> None:
    peer = await start(http(201, CREATED))
    await send(peer.url, line=LineAccess(LINE.line_id, LINE.phone_number, {"account_sid": "../x?y", "auth_token": "t"}))
    assert peer.requests[0].line == "POST /2010-04-01/Accounts/..%2Fx%3Fy/Messages.json HTTP/1.1"


# What an answer proves.


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", MessageStatus.SENT),
        ("accepted", MessageStatus.SENT),
        ("scheduled", MessageStatus.SENT),
        ("sending", MessageStatus.SENT),
        ("sent", MessageStatus.SENT),
        ("delivered", MessageStatus.DELIVERED),
        ("failed", MessageStatus.FAILED),
        ("something new", MessageStatus.SENT),
        (None, MessageStatus.SENT),
    ],
)
async def test_an_accepted_text_is_sent_under_twilio_s_id(start: Start, word: str | None, status: str) -> None:
    peer = await start(http(201, {**CREATED, "status": word}))
    assert await send(peer.url) == Accepted(provider_message_id=SID, status=MessageStatus(status))


def error(status: int, code: int | None, message: str = "Twilio's own words") -> Answer:
    return http(status, {"code": code, "message": message, "more_info": "https://x", "status": status})


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, 21211, "not a valid phone number"),
        (400, 21614, "landline"),
        (400, 21635, "landline"),
        (400, 21617, "too long"),
        (400, 21658, "too long"),
        (400, 21608, "trial"),
        (401, 20003, "credentials"),
        (403, 20003, "credentials"),
        (404, 20404, "account"),
        (400, 98765, "Twilio's own words"),
    ],
)
async def test_a_refusal_is_final_and_explained(start: Start, status: int, code: int, words: str) -> None:
    peer = await start(error(status, code))
    outcome = await send(peer.url)
    assert isinstance(outcome, Rejected)
    assert outcome.code == str(code)
    assert words in outcome.title
    assert not outcome.opted_out


@pytest.mark.parametrize(("status", "code"), [(429, None), (429, 14107), (400, 20429), (503, 20429)])
async def test_twilio_s_own_code_for_too_many_says_the_same(start: Start, status: int, code: int | None) -> None:
    assert isinstance(await send((await start(error(status, code))).url), NotProcessed)


@pytest.mark.parametrize("status", [202, 204])
async def test_an_answer_that_proves_nothing_is_unknown(start: Start, status: int) -> None:
    peer = await start(http(status, b"" if status == 204 else b"Bad Gateway"))
    outcome = await send(peer.url)
    assert isinstance(outcome, OutcomeUnknown)
    assert str(status) in outcome.detail
    assert len(peer.requests) == 1


def failures(kind: type[httpx.HTTPError]) -> list[type[httpx.HTTPError]]:
    return [kind, *(each for below in kind.__subclasses__() for each in failures(below))]


def test_SEND_NEVER_TWICE_of_all_ways_to_fail_four_prove_that_nothing_left() -> None:
    """Every failure that httpx knows, so that a new one is unknown until somebody has thought about it."""
    harmless = {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"}
    every = failures(httpx.RequestError)
    assert harmless < {kind.__name__ for kind in every}
    for kind in every:
        outcome = classify_failure(kind("x"))
        assert isinstance(outcome, NotProcessed if kind.__name__ in harmless else OutcomeUnknown), kind


async def test_the_client_waits_longer_for_an_answer_than_for_a_connection_and_trusts_no_environment() -> None:
    async with make_client() as client:
        assert client.timeout.connect is not None
        assert client.timeout.read is not None
        assert client.timeout.connect <= 5 < client.timeout.read <= 30
        assert client.timeout.pool is not None
        assert client.timeout.write is not None
        assert not client.follow_redirects
        assert not client.trust_env
