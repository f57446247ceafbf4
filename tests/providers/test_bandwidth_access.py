"""API credentials at Bandwidth: one token for all that is asked, had in time, never shown to anybody else.

Where there is no token, nothing was asked: the text certainly was not processed (SEND-NEVER-TWICE).
"""

import asyncio
import base64
import logging
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from bandwidth import Configuration

from api.providers.bandwidth import access as bandwidth_access
from api.providers.bandwidth.access import BandwidthAccess, NoToken, TokenUnavailable
from api.providers.bandwidth.provider import BandwidthProvider
from api.providers.port import (
    Accepted,
    CredentialsState,
    FetchedMedia,
    MediaUnavailable,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    ProviderUnreachable,
    Rejected,
    WebhookAddresses,
    WebhookCheck,
)
from tests.providers.dialects.bandwidth import Bandwidth, BandwidthOAuth
from tests.providers.dialects.dialect import BASE, PARENT, line_of
from tests.providers.peer import TOKEN, TOKEN_PATH, Answer, Peer, Start, disconnect, hang, http, plain_client

DIALECT = BandwidthOAuth()
LINE = line_of(DIALECT)
ID, SECRET = DIALECT.credentials["client_id"], DIALECT.credentials["client_secret"]
TEXT = OutgoingMessage(UUID("0195a1b2-0000-7000-8000-00000000002a"), PARENT, "See you at 6!", [], f"{BASE}/status")
EXPECTED = WebhookAddresses(inbound=f"{BASE}/inbound", status=f"{BASE}/status")
REFUSED = Rejected("unauthorized", "The provider refused this line's credentials.")
PNG = b"\x89PNG\r\n\x1a\n"
NO_TOKENS: list[object] = [None, "", [], {}, "a b", "a\r\nX: y", "é", "\ud800", "\x00"]
"""What no header can carry as a token."""


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client() as client:
        yield client


@pytest.fixture
async def peer(start: Start) -> Peer:
    return await start(DIALECT.accepts("theirs-1"))


@pytest.fixture
def provider(client: httpx.AsyncClient, peer: Peer) -> BandwidthProvider:
    return provider_at(client, peer.url)


def provider_at(client: httpx.AsyncClient, url: str, **options: Any) -> BandwidthProvider:
    return BandwidthProvider(client, api_url=url, token_url=f"{url}{TOKEN_PATH}", **options)


def tokens(peer: Peer, *names: str) -> None:
    """The peer gives these tokens, one after the other."""
    left = list(names)

    async def give(writer: asyncio.StreamWriter) -> None:
        await http(200, {**TOKEN, "access_token": left.pop(0)})(writer)

    peer.token_answer = give


def takes_only(peer: Peer, token: str, *, answer: Answer) -> None:
    """To any other token the peer says 401."""

    async def judge(writer: asyncio.StreamWriter) -> None:
        is_right = peer.requests[-1].headers["authorization"] == f"Bearer {token}"
        await (answer if is_right else DIALECT.refuses(401, "unauthorized"))(writer)

    peer.answer = judge


def shown(peer: Peer) -> list[str]:
    return [request.headers["authorization"] for request in peer.requests]


class Gate:
    """Answers once it is open. `asked` has one permit for each request that has come in."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.open = asyncio.Event()
        self.asked = asyncio.Semaphore(0)

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        self.asked.release()
        await self.open.wait()
        await self.answer(writer)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def authorization(access: BandwidthAccess, credentials: Mapping[str, str] = LINE.credentials) -> str | NoToken:
    """What a request would carry now."""

    async def request(carried: str) -> str:
        return carried

    return await access.ask(credentials, request, is_unauthorized=lambda _: False)


# Getting one


async def test_a_token_is_asked_for_as_bandwidth_s_own_sdk_asks(provider: BandwidthProvider, peer: Peer) -> None:
    assert isinstance(await provider.send(LINE, TEXT), Accepted)
    sdk = Configuration(client_id=ID, client_secret=SECRET, access_token_url=f"{peer.url}{TOKEN_PATH}")
    assert await asyncio.to_thread(sdk.get_access_token) == TOKEN["access_token"]
    ours, theirs = peer.token_requests
    assert (ours.line, ours.body) == (theirs.line, theirs.body)
    for name in ("authorization", "content-type"):
        assert ours.headers[name] == theirs.headers[name]


async def test_one_token_serves_everything_that_is_asked(provider: BandwidthProvider, peer: Peer) -> None:
    for _ in range(3):
        assert isinstance(await provider.send(LINE, TEXT), Accepted)
    assert isinstance(await provider.check_webhooks(LINE, EXPECTED), WebhookCheck)
    peer.answer = http(200, PNG)
    assert await provider.fetch_media(LINE, f"{peer.url}/picture") == FetchedMedia(PNG)
    assert len(peer.token_requests) == 1
    assert shown(peer) == [f"Bearer {TOKEN['access_token']}"] * 5


async def test_each_pair_of_credentials_has_its_own_and_an_api_user_none(
    provider: BandwidthProvider, peer: Peer
) -> None:
    tokens(peer, "first", "second", "third")
    rotated, other = line_of(DIALECT, client_secret="new"), line_of(DIALECT, client_id="another")
    for line in (LINE, rotated, other, LINE, line_of(Bandwidth())):
        assert isinstance(await provider.send(line, TEXT), Accepted)
    assert shown(peer)[:4] == ["Bearer first", "Bearer second", "Bearer third", "Bearer first"]
    assert shown(peer)[4].startswith("Basic ")
    assert len(peer.token_requests) == 3


@pytest.mark.parametrize(
    ("expires_in", "used_for"),
    [(3600, 3540), (120, 60), (60, 30), (1, 0.5), (None, 240), ("3600", 240), (-5, 240), (True, 240), (10**400, 86340)],
)
async def test_a_token_is_renewed_before_it_expires(
    client: httpx.AsyncClient, peer: Peer, expires_in: object, used_for: float
) -> None:
    clock = Clock()
    access = BandwidthAccess(client, token_url=f"{peer.url}{TOKEN_PATH}", clock=clock)
    peer.token_answer = http(200, {**TOKEN, "expires_in": expires_in})
    assert await authorization(access) == f"Bearer {TOKEN['access_token']}"
    clock.now += used_for - 0.01
    await authorization(access)
    assert len(peer.token_requests) == 1
    clock.now += 0.01
    peer.token_answer = http(200, {**TOKEN, "access_token": "renewed"})
    assert await authorization(access) == "Bearer renewed"
    assert len(peer.token_requests) == 2


async def test_many_at_once_wait_for_one_request_for_a_token(provider: BandwidthProvider, peer: Peer) -> None:
    gate = Gate(http(200, TOKEN))
    peer.token_answer = gate
    sends = [asyncio.create_task(provider.send(LINE, TEXT)) for _ in range(20)]
    other = asyncio.create_task(provider.send(line_of(DIALECT, client_id="another"), TEXT))
    await gate.asked.acquire()
    await gate.asked.acquire()
    sends[0].cancel()
    await asyncio.wait([sends[0]])
    gate.open.set()
    outcomes = await asyncio.gather(*sends[1:], other)
    assert sends[0].cancelled(), "whoever goes leaves the others their token"
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(peer.token_requests) == 2, "one for each pair of credentials"


async def test_many_at_once_share_a_failure_and_the_next_asks_anew(provider: BandwidthProvider, peer: Peer) -> None:
    gate = Gate(http(503))
    peer.token_answer = gate
    sends = [asyncio.create_task(provider.send(LINE, TEXT)) for _ in range(10)]
    await gate.asked.acquire()
    gate.open.set()
    assert {type(outcome) for outcome in await asyncio.gather(*sends)} == {NotProcessed}
    assert (len(peer.token_requests), peer.requests) == (1, [])
    peer.token_answer = http(200, TOKEN)
    assert isinstance(await provider.send(LINE, TEXT), Accepted)


# A 401


async def test_SEND_NEVER_TWICE_a_401_to_an_old_token_gets_a_new_one_and_the_text_leaves_once(
    provider: BandwidthProvider, peer: Peer
) -> None:
    tokens(peer, "old", "new")
    await provider.send(LINE, TEXT)
    takes_only(peer, "new", answer=DIALECT.accepts("theirs-2"))
    outcome = await provider.send(LINE, TEXT)
    assert isinstance(outcome, Accepted)
    assert outcome.provider_message_id == "theirs-2"
    assert shown(peer) == ["Bearer old", "Bearer old", "Bearer new"]
    assert len(peer.token_requests) == 2


async def test_a_401_to_a_new_token_is_a_refusal(provider: BandwidthProvider, peer: Peer) -> None:
    peer.answer = DIALECT.refuses(401, "unauthorized")
    assert isinstance(await provider.send(LINE, TEXT), Rejected)
    assert (len(peer.requests), len(peer.token_requests)) == (1, 1)
    assert isinstance(await provider.send(LINE, TEXT), Rejected)
    assert (len(peer.requests), len(peer.token_requests)) == (3, 2)


async def test_many_401s_at_once_lead_to_one_new_token(provider: BandwidthProvider, peer: Peer) -> None:
    tokens(peer, "old", "new")
    await provider.send(LINE, TEXT)
    takes_only(peer, "new", answer=DIALECT.accepts("theirs-2"))
    outcomes = await asyncio.gather(*(provider.send(LINE, TEXT) for _ in range(10)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(peer.token_requests) == 2


async def test_after_a_401_without_a_new_token_the_text_was_not_processed(
    provider: BandwidthProvider, peer: Peer
) -> None:
    await provider.send(LINE, TEXT)
    peer.answer = DIALECT.refuses(401, "unauthorized")
    peer.token_answer = http(503)
    assert isinstance(await provider.send(LINE, TEXT), NotProcessed)
    peer.token_answer = http(401, {"error": "invalid_client"})
    assert await provider.send(LINE, TEXT) == REFUSED
    assert len(peer.requests) == 2, "the old token is not shown again"


async def test_what_breaks_off_with_the_new_token_is_unknown(provider: BandwidthProvider, peer: Peer) -> None:
    tokens(peer, "old", "new")
    await provider.send(LINE, TEXT)
    takes_only(peer, "new", answer=disconnect)
    assert isinstance(await provider.send(LINE, TEXT), OutcomeUnknown)
    assert len(peer.requests) == 3


async def test_a_check_and_a_picture_get_a_new_token_too(provider: BandwidthProvider, peer: Peer) -> None:
    tokens(peer, "first", "second", "third")
    await provider.send(LINE, TEXT)
    takes_only(peer, "second", answer=http(200, {}))
    found = await provider.check_webhooks(LINE, EXPECTED)
    assert isinstance(found, WebhookCheck)
    assert found.credentials is CredentialsState.ACCEPTED
    takes_only(peer, "third", answer=http(200, PNG))
    assert await provider.fetch_media(LINE, f"{peer.url}/picture") == FetchedMedia(PNG)
    assert len(peer.token_requests) == 3


# No token


@pytest.mark.parametrize(
    "answer",
    [
        *(http(status) for status in (204, 302, 307, 400, 404, 408, 429, 500, 503)),
        http(400, {"error": "unsupported_grant_type"}),
        *(
            http(200, body)
            for body in (b"", b"<html>", b"[]", b"null", b"{}", b'{"error": "x"}', b"\xff", b"[" * 9_999)
        ),
        *(http(200, {"access_token": value}) for value in NO_TOKENS),
        disconnect,
        hang,
    ],
)
async def test_SEND_NEVER_TWICE_without_a_token_nothing_was_asked(
    provider: BandwidthProvider, peer: Peer, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bandwidth_access, "TIMEOUT_SECONDS", 0.2)
    peer.token_answer = answer
    assert isinstance(await provider.send(LINE, TEXT), NotProcessed)
    assert isinstance(await provider.check_webhooks(LINE, EXPECTED), ProviderUnreachable)
    assert isinstance(await provider.fetch_media(LINE, f"{peer.url}/picture"), MediaUnavailable)
    assert peer.requests == []
    peer.token_answer = http(200, TOKEN)
    assert isinstance(await provider.send(LINE, TEXT), Accepted)


async def test_a_token_endpoint_out_of_reach_is_tried_again_when_it_says(
    client: httpx.AsyncClient, provider: BandwidthProvider, peer: Peer
) -> None:
    peer.token_answer = http(429, b"", "Retry-After: 7")
    outcome = await provider.send(LINE, TEXT)
    assert isinstance(outcome, NotProcessed)
    assert outcome.retry_after_seconds == 7
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    access = BandwidthAccess(client, token_url=f"http://127.0.0.1:{port}/")
    assert isinstance(await authorization(access), TokenUnavailable)


@pytest.mark.parametrize(
    "answer",
    [http(401), http(403), http(401, {"error": "invalid_client"}), http(400, {"error": "invalid_client"})],
)
async def test_refused_credentials_are_what_a_401_is(provider: BandwidthProvider, peer: Peer, answer: Answer) -> None:
    peer.token_answer = answer
    assert await provider.send(LINE, TEXT) == REFUSED
    found = await provider.check_webhooks(LINE, EXPECTED)
    assert isinstance(found, WebhookCheck)
    assert found.credentials is CredentialsState.REFUSED
    assert isinstance(await provider.fetch_media(LINE, f"{peer.url}/picture"), MediaUnavailable)
    assert peer.requests == []


# Secrets


async def test_neither_secret_nor_token_is_logged_or_told(
    provider: BandwidthProvider, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[object] = []
    for token_answer in (http(200, {**TOKEN, "expires_in": 0.001}), http(401), http(503), disconnect):
        peer.token_answer = token_answer
        told.append(await provider.send(LINE, TEXT))
        told.append(await provider.check_webhooks(LINE, EXPECTED))
        told.append(await provider.fetch_media(LINE, f"{peer.url}/picture"))
    pair = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
    written = caplog.text + repr(told) + repr(bandwidth_access.Token("the text of a token", 1.0))
    assert TOKEN_PATH in written, "the client's own log is on"
    for secret in (SECRET, pair, str(TOKEN["access_token"]), "the text of a token"):
        assert secret not in written


class Internet(httpx.AsyncBaseTransport):
    """Notes who is asked with what, and leads from Bandwidth's files to another host."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.headers["host"]
        self.asked.append((host, request.headers.get("authorization")))
        if request.method == "POST":
            return httpx.Response(200, json=TOKEN)
        if host == "files.example.com":
            return httpx.Response(401, stream=httpx.ByteStream(b""))
        return httpx.Response(307, headers={"Location": "https://files.example.com/a"})


async def test_secret_and_token_each_go_to_their_own_host_and_to_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(_host: object, port: object, **_: object) -> Sequence[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    internet = Internet()
    async with httpx.AsyncClient(transport=internet) as client:
        provider = BandwidthProvider(
            client,
            api_url="https://messaging.bandwidth.com",
            token_url=f"https://api.bandwidth.com{TOKEN_PATH}",
            media_hosts=["files.example.com"],
        )
        for _ in range(2):
            outcome = await provider.fetch_media(LINE, "https://messaging.bandwidth.com/api/v2/media/1")
            assert isinstance(outcome, MediaUnavailable)
    pair = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
    picture = [("messaging.bandwidth.com", f"Bearer {TOKEN['access_token']}"), ("files.example.com", None)]
    assert internet.asked == [("api.bandwidth.com", f"Basic {pair}"), *picture, *picture]


# What is typed


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"client_id": "a", "client_secret": "b"}, set()),
        ({"username": "a", "password": "b"}, set()),
        ({}, {"client_id", "client_secret"}),
        ({"client_id": "a"}, {"client_secret"}),
        ({"client_secret": "a"}, {"client_id"}),
        ({"username": "a"}, {"password"}),
        ({"password": "a"}, {"username"}),
        ({"client_id": "a", "password": "b"}, {"client_id", "password"}),
        ({"client_id": "a", "client_secret": "b", "username": "c"}, {"client_id", "client_secret", "username"}),
        ({"client_id": "a:b", "client_secret": "c"}, {"client_id"}),
    ],
)
def test_exactly_one_pair_of_credentials_is_given(
    provider: BandwidthProvider, given: Mapping[str, str], wrong: set[str]
) -> None:
    others = {name: DIALECT.credentials[name] for name in DIALECT.credentials.keys() - {"client_id", "client_secret"}}
    assert provider.description.problems({**others, **given}).keys() == wrong
