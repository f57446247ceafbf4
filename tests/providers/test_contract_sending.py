"""Handing a text over, whatever the provider: the same tests, in each provider's dialect (SEND-NEVER-TWICE).

What matters is what an answer proves. Only what certainly was never processed may be tried again; what may have been
taken is unknown.
"""

import asyncio
import gzip
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from api.kit.text import storable
from api.providers.http import make_client
from api.providers.port import (
    Accepted,
    CannotTell,
    LineAccess,
    MessageStatus,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    Rejected,
    SendOutcome,
    UnknownMessage,
)
from api.providers.posting import PostingTransport
from tests.providers.dialects import every_access
from tests.providers.dialects.dialect import BASE, LINE_NUMBER, PARENT, Dialect, Posted, line_of
from tests.providers.peer import NO_CERTIFICATES, Answer, Start, disconnect, hang, http, plain_client, raw_answer, reset

MESSAGE_ID = UUID("0195a1b2-0000-7000-8000-00000000002a")
CALLBACK = f"{BASE}/status?message_id={MESSAGE_ID}"


def text(body: str = "See you at 6! 🤸\nMaria & team", media_urls: tuple[str, ...] = ()) -> OutgoingMessage:
    return OutgoingMessage(
        message_id=MESSAGE_ID, to=PARENT, body=body, media_urls=media_urls, status_callback_url=CALLBACK
    )


async def send(
    dialect: Dialect,
    url: str,
    message: OutgoingMessage | None = None,
    *,
    line: LineAccess | None = None,
    client: httpx.AsyncClient | None = None,
) -> SendOutcome:
    if client is not None:
        return await dialect.provider(client, url).send(line or line_of(dialect), message or text())
    async with plain_client() as used:
        return await dialect.provider(used, url).send(line or line_of(dialect), message or text())


@pytest.fixture
async def impatient() -> AsyncIterator[httpx.AsyncClient]:
    """A client that waits a fifth of a second for an answer."""
    async with httpx.AsyncClient(
        transport=PostingTransport(verify=NO_CERTIFICATES, limits=httpx.Limits(max_connections=1)),
        timeout=httpx.Timeout(5, read=0.2, pool=0.1),
        trust_env=False,
    ) as client:
        yield client


@every_access
async def test_a_text_is_posted_whole_from_the_line_and_says_which_message_it_is(
    dialect: Dialect, start: Start
) -> None:
    peer = await start(dialect.accepts("theirs-1"))
    await send(dialect, peer.url)
    await send(dialect, peer.url, text("", ("https://x/b.jpg?a=1&b=2", "https://x/a.jpg")))
    words, pictures = (dialect.posted(request) for request in peer.requests)
    assert words == Posted(
        sender=LINE_NUMBER,
        to=PARENT,
        text="See you at 6! 🤸\nMaria & team",
        media=[],
        callback_url=words.callback_url,
        ref=MESSAGE_ID,
        authorization=words.authorization,
    )
    assert words.callback_url in {CALLBACK, None}
    assert pictures.text == ""
    assert pictures.media == ["https://x/b.jpg?a=1&b=2", "https://x/a.jpg"]


@every_access
async def test_an_accepted_text_is_sent_under_the_providers_id(dialect: Dialect, start: Start) -> None:
    peer = await start(dialect.accepts("theirs-1"))
    assert await send(dialect, peer.url) == Accepted(provider_message_id="theirs-1", status=MessageStatus.SENT)


@every_access
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 451])
async def test_a_refusal_is_final_and_explained(dialect: Dialect, start: Start, status: int) -> None:
    explained = await send(dialect, (await start(dialect.refuses(status, "98765"))).url)
    assert explained == Rejected(code="98765", title="The provider's own words")
    for body in (b"", b"<html>", b"[]", b"{}", b"null"):
        outcome = await send(dialect, (await start(http(status, body))).url)
        assert isinstance(outcome, Rejected)
        assert (outcome.code, bool(outcome.title), outcome.opted_out) == (str(status), True, False)


@every_access
async def test_a_landline_is_called_one(dialect: Dialect, start: Start) -> None:
    outcome = await send(dialect, (await start(dialect.refuses(400, dialect.landline_code))).url)
    assert outcome == Rejected(dialect.landline_code, "The number cannot receive texts (probably a landline).")


@every_access
async def test_OPTIN_STOP_an_opt_out_error_at_once_is_known_for_what_it_is(dialect: Dialect, start: Start) -> None:
    outcome = await send(dialect, (await start(dialect.refuses(400, dialect.opted_out_code))).url)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.opted_out) == (dialect.opted_out_code, True)


@every_access
async def test_a_refusal_in_hostile_words_can_be_stored(dialect: Dialect, start: Start) -> None:
    for words in ("\x00", "a\x00b", "\ud800"):
        outcome = await send(dialect, (await start(dialect.refuses(400, "98765", words))).url)
        assert isinstance(outcome, Rejected)
        assert outcome.title
        assert storable(outcome.title) == outcome.title


@every_access
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["Retry-After: 7"], 7.0),
        (["Retry-After: -3"], 0.0),
        (["Retry-After: 86400"], 600.0),
        (["Retry-After: nan"], None),
        (["Retry-After: soon"], None),
        (["Date: Wed, 04 Mar 2026 12:00:00 GMT", "Retry-After: Wed, 04 Mar 2026 12:00:30 GMT"], 30.0),
        (["Date: Wed, 04 Mar 2026 12:00:00 GMT", "Retry-After: Wednesday, 04-Mar-26 12:01:00 GMT"], 60.0),
        (["Date: Wed, 04 Mar 2026 12:00:00 GMT", "Retry-After: Wed Mar  4 12:00:05 2026"], 5.0),
        (["Date: Wed, 04 Mar 2026 12:00:00 GMT", "Retry-After: Thu, 05 Mar 2026 12:00:00 GMT"], 600.0),
        (["Retry-After: Wed, 04 Mar 2020 12:00:00 GMT"], 0.0),
        (["Retry-After: Wed, 04 Mar 9999 12:00:00 GMT"], None),
        ([], None),
    ],
)
async def test_429_was_never_processed_and_says_when_to_come_back(
    dialect: Dialect, start: Start, headers: list[str], seconds: float | None
) -> None:
    for body in (b"", {"errors": [{"code": "10011"}], "code": 20429, "type": "max-message-queue-size-exceeded"}):
        outcome = await send(dialect, (await start(http(429, body, *headers))).url)
        assert isinstance(outcome, NotProcessed)
        assert outcome.code
        assert outcome.retry_after_seconds == seconds


@every_access
@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504, 520, 599])
async def test_SEND_NEVER_TWICE_an_answer_that_proves_nothing_is_unknown(
    dialect: Dialect, start: Start, status: int
) -> None:
    for answer in (http(status, b"Bad Gateway"), dialect.refuses(status, "98765")):
        peer = await start(answer)
        outcome = await send(dialect, peer.url)
        assert isinstance(outcome, OutcomeUnknown)
        assert str(status) in outcome.detail
        assert len(peer.requests) == 1


@every_access
async def test_SEND_NEVER_TWICE_a_redirect_is_unknown_and_not_followed(dialect: Dialect, start: Start) -> None:
    elsewhere = await start(dialect.accepts("theirs-1"))
    async with make_client() as client:
        for status in (301, 302, 307, 308):
            peer = await start(http(status, b"", f"Location: {elsewhere.url}/"))
            assert isinstance(await send(dialect, peer.url, client=client), OutcomeUnknown)
            assert len(peer.requests) == 1
    assert elsewhere.requests == []


NOT_NUMBERS = [
    "72345",
    "312GYMTEAM",
    "3125550147",
    "+1 312 555 0147",
    f" {PARENT}",
    f"{PARENT}\n",
    f"whatsapp:{PARENT}",
]
NOT_NUMBERS += ["", "+1312555", "+9991234567", "parent@example.com", "+5215512345678", "+4407911123456"]


@every_access
@pytest.mark.parametrize("to", NOT_NUMBERS)
async def test_RECV_SENDER_nothing_is_posted_to_what_is_not_a_phone_number_in_its_one_spelling(
    dialect: Dialect, start: Start, to: str
) -> None:
    peer = await start(dialect.accepts("theirs-1"))
    message = replace(text(), to=to)
    outcome = await send(dialect, peer.url, message)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.opted_out) == ("not_a_phone_number", False)
    unknown = UnknownMessage(MESSAGE_ID, to, message.body, datetime.now(UTC), repeat=message)
    async with plain_client() as client:
        outcome_of_asking = await dialect.provider(client, peer.url).reconcile(line_of(dialect), unknown)
    assert not isinstance(outcome_of_asking, Accepted)
    assert [request for request in peer.requests if request.line.startswith("POST")] == []


UNNAMED = [b"", b"not json", b"[]", b"null", b"{}", b'{"sid": null, "id": null, "data": null}', b"\xff\xfe"]
UNNAMED += [b'{"sid": ["x"], "id": ["x"], "data": {"id": []}}', b"[" * 100_000, b'{"id": ' + b"1" * 10_000 + b"}"]


@every_access
@pytest.mark.parametrize("body", UNNAMED, ids=lambda body: repr(body[:20]))
async def test_SEND_NEVER_TWICE_accepted_without_an_id_is_unknown(dialect: Dialect, start: Start, body: bytes) -> None:
    for status in (200, 201, 202):
        outcome = await send(dialect, (await start(http(status, body))).url)
        assert isinstance(outcome, OutcomeUnknown)


BREAKS: dict[str, Answer] = {
    "disconnect": disconnect,
    "reset": reset,
    "half a line": raw_answer(b"HTTP/1.1 2", then_close=True),
    "half a body": raw_answer(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{", then_close=True),
    "broken chunk": raw_answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", then_close=True),
    "not HTTP": raw_answer(b"SSH-2.0-OpenSSH_9\r\n", then_close=True),
    "no status": raw_answer(b"HTTP/1.1 abc\r\n\r\n", then_close=True),
    "no gzip": http(200, b"not gzip", "Content-Encoding: gzip"),
    "half a gzip": http(200, gzip.compress(b'{"data": {"id": "x"}, "id": "x"}')[:-12], "Content-Encoding: gzip"),
}


@every_access
@pytest.mark.parametrize("answer", BREAKS.values(), ids=BREAKS)
async def test_SEND_NEVER_TWICE_a_connection_that_breaks_once_the_request_has_left_is_unknown(
    dialect: Dialect, start: Start, answer: Answer
) -> None:
    peer = await start(answer)
    assert isinstance(await send(dialect, peer.url), OutcomeUnknown)
    assert len(peer.requests) == 1, "the request reached it, and is not repeated"


@every_access
async def test_SEND_NEVER_TWICE_a_provider_that_takes_the_request_and_hangs_is_unknown(
    dialect: Dialect, start: Start, impatient: httpx.AsyncClient
) -> None:
    peer = await start(hang)
    assert isinstance(await send(dialect, peer.url, client=impatient), OutcomeUnknown)
    assert len(peer.requests) == 1


@every_access
async def test_a_refused_connection_proves_that_nothing_was_processed(dialect: Dialect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert isinstance(await send(dialect, f"http://127.0.0.1:{port}"), NotProcessed)


@every_access
async def test_no_free_connection_in_the_pool_proves_that_nothing_was_processed(
    dialect: Dialect, start: Start, impatient: httpx.AsyncClient
) -> None:
    peer = await start(hang)
    provider = dialect.provider(impatient, peer.url)
    first = asyncio.create_task(provider.send(line_of(dialect), text()))
    await peer.asked.wait()
    outcome = await provider.send(line_of(dialect), text())
    await first
    assert isinstance(outcome, NotProcessed)
    assert len(peer.requests) == 1


@every_access
async def test_credentials_of_any_spelling_break_nothing_and_stay_in_their_place(
    dialect: Dialect, start: Start
) -> None:
    peer = await start(dialect.accepts("theirs-1"))
    for value in ("é ü 🤸", "../x?y#z", "a:b@c", '"quoted"', "%0d%0a"):
        line = line_of(dialect, **dict.fromkeys(dialect.credentials, value))
        assert isinstance(await send(dialect, peer.url, line=line), Accepted)
        assert peer.requests[-1].line.endswith(f"{dialect.path} HTTP/1.1")


@every_access
async def test_nothing_that_a_provider_answers_breaks_a_send_or_a_question(dialect: Dialect, start: Start) -> None:
    chance = random.Random(20_260_304)
    values: list[object] = [None, True, -1, 1e308, 10**30, "", "x\x00", "\ud800", [], {}, [[]], {"code": {}}, "9" * 99]
    names = [
        "sid",
        "id",
        "message_uuid",
        "error_code",
        "error",
        "status",
        "code",
        "message",
        "errors",
        "data",
        "to",
        "type",
        "description",
        "fieldErrors",
    ]
    peer = await start(disconnect)
    async with plain_client() as client:
        provider = dialect.provider(client, peer.url)
        for _ in range(80):
            document = {name: chance.choice([*values, [{"code": chance.choice(values)}]]) for name in names}
            if chance.random() < 0.5:
                document = {"data": document, "errors": [document], "messages": [document]}
            peer.answer = http(chance.choice([200, 201, 202, 204, 299, 300, 400, 401, 409, 422, 429, 500]), document)
            unknown = UnknownMessage(MESSAGE_ID, PARENT, "Hi", datetime(2026, 3, 4, tzinfo=UTC), repeat=text())
            for outcome in (
                await provider.send(line_of(dialect), text()),
                await provider.reconcile(line_of(dialect), unknown),
            ):
                for each in vars(outcome).values():
                    assert not isinstance(each, str) or storable(each) == each, outcome


@every_access
async def test_SEND_NEVER_TWICE_a_provider_that_cannot_be_asked_tells_nothing(
    dialect: Dialect, start: Start, impatient: httpx.AsyncClient
) -> None:
    unknown = UnknownMessage(MESSAGE_ID, PARENT, "Hi", datetime(2026, 3, 4, tzinfo=UTC), repeat=text())
    for answer in (disconnect, http(500, b""), http(429, b""), http(401, b""), http(404, b""), hang):
        peer = await start(answer)
        outcome = await dialect.provider(impatient, peer.url).reconcile(line_of(dialect), unknown)
        assert isinstance(outcome, CannotTell), answer
