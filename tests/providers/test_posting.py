"""The transport of POST requests, over real sockets: what each failure proves, and its limits."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from api.providers.http import classify_failure
from api.providers.port import NotProcessed, OutcomeUnknown
from api.providers.posting import MAX_ANSWER_BYTES, PostingTransport
from tests.providers.peer import NO_CERTIFICATES, Answer, Peer, Start, disconnect, hang, http, raw_answer, reset
from tests.support.certificates import self_signed

IMPATIENT = httpx.Timeout(connect=0.3, write=0.2, read=0.3, pool=0.1)


def client_of(
    verify: ssl.SSLContext = NO_CERTIFICATES, *, connections: int = 10, timeout: httpx.Timeout = IMPATIENT
) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=connections, keepalive_expiry=30)
    return httpx.AsyncClient(transport=PostingTransport(verify=verify, limits=limits), timeout=timeout, trust_env=False)


async def failure_of(url: str, verify: ssl.SSLContext = NO_CERTIFICATES, body: bytes = b"To=x") -> httpx.HTTPError:
    async with client_of(verify) as client:
        with pytest.raises(httpx.HTTPError) as raised:
            await client.post(url, content=body)
    return raised.value


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """The address of a host that takes connections, and neither reads nor writes."""
    connections: list[asyncio.StreamWriter] = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        connections.append(writer)

    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server = await asyncio.start_server(connected, sock=listening)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for writer in connections:
        writer.transport.abort()


# Never connected: nothing was processed.


async def test_a_host_that_refuses_has_not_processed_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    failed = await failure_of(f"http://127.0.0.1:{port}/")
    assert isinstance(failed, httpx.ConnectError)
    assert isinstance(classify_failure(failed), NotProcessed)


async def test_a_name_that_does_not_exist_has_not_processed_it() -> None:
    failed = await failure_of("http://carrier.invalid/")
    assert isinstance(failed, httpx.ConnectError | httpx.ConnectTimeout)
    assert isinstance(classify_failure(failed), NotProcessed)


@asynccontextmanager
async def serving(answer: Answer, context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Peer, int]]:
    peer = Peer(answer)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=context)
    try:
        yield peer, server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_certificate_that_is_not_trusted_or_of_another_name_has_not_processed_it(tmp_path: Path) -> None:
    of_another, trusting = self_signed("carrier.example", tmp_path)
    async with serving(http(201), of_another) as (peer, port):
        for verify in (NO_CERTIFICATES, trusting):
            failed = await failure_of(f"https://127.0.0.1:{port}/", verify)
            assert isinstance(failed, httpx.ConnectError)
            assert isinstance(classify_failure(failed), NotProcessed)
    assert peer.requests == []


async def test_a_host_that_speaks_no_tls_or_never_ends_the_handshake_has_not_processed_it(silent: str) -> None:
    async with serving(http(201)) as (peer, port):
        failed = await failure_of(f"https://127.0.0.1:{port}/")
        assert isinstance(classify_failure(failed), NotProcessed)
        assert peer.requests == []
    late = await failure_of(f"https://{silent}/")
    assert isinstance(late, httpx.ConnectTimeout)
    assert isinstance(classify_failure(late), NotProcessed)


async def test_a_full_pool_has_not_processed_it(start: Start) -> None:
    peer = await start(hang)
    async with client_of(connections=1) as client:
        first = asyncio.create_task(client.post(peer.url))
        await peer.asked.wait()
        with pytest.raises(httpx.PoolTimeout) as raised:
            await client.post(peer.url)
        await asyncio.gather(first, return_exceptions=True)
    assert isinstance(classify_failure(raised.value), NotProcessed)
    assert len(peer.requests) == 1


# Connected: it may have been processed.


BROKEN: dict[str, Answer] = {
    "disconnect": disconnect,
    "reset": reset,
    "silence": hang,
    "half a line": raw_answer(b"HTTP/1.1 2", then_close=True),
    "half a header": raw_answer(b"HTTP/1.1 201 Created\r\nContent-Le", then_close=True),
    "half a body": raw_answer(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{", then_close=True),
    "half a body, then silence": raw_answer(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"),
    "broken chunk": raw_answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", then_close=True),
    "no HTTP": raw_answer(b"SSH-2.0-OpenSSH_9\r\n", then_close=True),
    "endless header": raw_answer(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"),
    "endless body": http(200, b"x" * (MAX_ANSWER_BYTES + 1)),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("reused", [False, True])
async def test_SEND_NEVER_TWICE_what_breaks_off_after_the_request_is_unknown_and_not_repeated(
    start: Start, answer: Answer, reused: bool
) -> None:
    """aiohttp repeats a GET whose kept connection breaks. A POST is never repeated."""
    peer = await start(http(200, b"{}"))
    async with client_of() as client:
        if reused:
            await client.post(peer.url, content=b"first")
        peer.answer = answer
        with pytest.raises(httpx.HTTPError) as raised:
            await client.post(peer.url, content=b"To=x")
    assert isinstance(classify_failure(raised.value), OutcomeUnknown)
    assert [each.body for each in peer.requests] == [b"first", b"To=x"][not reused :]


async def test_SEND_NEVER_TWICE_a_host_that_does_not_read_is_unknown(silent: str) -> None:
    failed = await failure_of(f"http://{silent}/", body=b"x" * 1_000_000)
    assert isinstance(failed, httpx.TimeoutException)
    assert isinstance(classify_failure(failed), OutcomeUnknown)


# What it is otherwise.


async def test_requests_at_once_use_as_many_connections_as_needed_and_then_keep_them(start: Start) -> None:
    peer = await start(http(201, {"sid": "SM1"}, "Set-Cookie: a=b"))
    async with client_of(connections=8, timeout=httpx.Timeout(5)) as client:
        answers = await asyncio.gather(*(client.post(peer.url, data={"To": str(each)}) for each in range(40)))
    assert [answer.json() for answer in answers] == [{"sid": "SM1"}] * 40
    assert sorted(int(dict(each.form)["To"]) for each in peer.requests) == list(range(40))


async def test_an_answer_is_what_httpx_makes_of_it(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status, headers, body; a redirect is not followed, a cookie of one answer not sent by the transport."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    peer = await start(http(307, {"error": 1}, "Location: /elsewhere", "X-Twice: a", "X-Twice: b"))
    async with client_of() as client:
        answer = await client.post(f"{peer.url}/a%2Fb?q=%20x", json={"x": "é"}, headers={"X-Own": "1"})
    assert (answer.status_code, answer.json(), answer.headers.get_list("x-twice")) == (307, {"error": 1}, ["a", "b"])
    (request,) = peer.requests
    assert request.line == "POST /a%2Fb?q=%20x HTTP/1.1"
    assert (request.headers["x-own"], request.headers["content-type"]) == ("1", "application/json")
    assert request.body == '{"x":"é"}'.encode()
