"""Slow and endless requests over real sockets: each ends at a deadline and delays no other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import httpx
import pytest

import api.protocol
from tests.support import postgres
from tests.support.server import serving
from tests.support.service import Service, service_settings
from tests.support.world import World

DEADLINE = 0.4
SLACK = 5.0
"""On a busy machine."""

HEAD = b"POST /api/v1/session HTTP/1.1\r\nHost: messenger.test\r\nContent-Type: application/json\r\n"


@pytest.fixture
async def address(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[tuple[str, int, World]]:
    settings = service_settings(tmp_path, request_deadline_seconds=DEADLINE)
    async with Service.running(settings, clone) as service:
        world = await World.create(service)
        async with serving(world) as url:
            yield "127.0.0.1", httpx.URL(url).port or 0, world


async def _drip(writer: asyncio.StreamWriter, first: bytes, more: bytes, *, pause: float = 0.05) -> None:
    """Sends `first`, and then `more` a byte at a time until the other side has had enough."""
    with contextlib.suppress(ConnectionError):
        writer.write(first)
        for byte in more:
            await writer.drain()
            await asyncio.sleep(pause)
            writer.write(bytes([byte]))


async def _answer_to(host: str, port: int, first: bytes, more: bytes = b"") -> tuple[bytes, float]:
    """What comes back until the connection is closed, and after how long."""
    reader, writer = await asyncio.open_connection(host, port)
    started = monotonic()
    dripping = asyncio.create_task(_drip(writer, first, more * 1000))
    try:
        async with asyncio.timeout(DEADLINE + SLACK):
            answer = b""
            # What goes on sending after the answer is reset by TCP: what came before that counts.
            with contextlib.suppress(ConnectionError):
                while chunk := await reader.read(65_536):
                    answer += chunk
    finally:
        dripping.cancel()
        writer.close()
    return answer, monotonic() - started


SLOW_HEADERS = {
    "nothing more": (b"GET / HTTP/1.1\r\nHost: x\r\n", b""),
    "a header that never ends": (b"GET / HTTP/1.1\r\nX: ", b"a"),
    "headers one by one": (b"GET / HTTP/1.1\r\n", b"A: b\r\n"),
    "half a request line": (b"GE", b""),
    "a path that never ends": (b"GET /", b"a"),
}


async def test_headers_that_do_not_arrive_in_time_are_answered_408(address: tuple[str, int, World]) -> None:
    host, port, _ = address
    answers = await asyncio.gather(*(_answer_to(host, port, *each) for each in SLOW_HEADERS.values()))
    for kind, (answer, seconds) in zip(SLOW_HEADERS, answers, strict=True):
        assert answer.startswith(b"HTTP/1.1 408 "), kind
        assert b'"/problems/request-timeout"' in answer
        assert seconds >= DEADLINE - 0.1


SLOW_BODIES = {
    "sign-in, nothing of it": (HEAD + b"Content-Length: 100\r\n\r\n", b""),
    "sign-in, byte by byte": (HEAD + b"Content-Length: 100000\r\n\r\n{", b" "),
    "sign-in, chunk by chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a webhook": (
        b"POST /webhooks/simulator/LINE/inbound HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nBody=",
        b"a",
    ),
    "trailers without an end": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
}


async def test_a_body_that_does_not_arrive_in_time_is_answered_408(address: tuple[str, int, World]) -> None:
    host, port, world = address
    line = str(world.line_id).encode()
    answers = await asyncio.gather(
        *(_answer_to(host, port, first.replace(b"LINE", line), more) for first, more in SLOW_BODIES.values())
    )
    for (kind, (_, more)), (answer, _) in zip(SLOW_BODIES.items(), answers, strict=True):
        if more and answer == b"":
            continue  # It was ended in time; TCP may drop the answer to a client that goes on sending.
        assert answer.startswith(b"HTTP/1.1 408 "), (kind, answer)
        assert b'"/problems/request-timeout"' in answer
        assert b"connection: close" in answer.lower()


async def test_an_unused_connection_is_closed_without_an_answer(address: tuple[str, int, World]) -> None:
    host, port, _ = address
    unused, kept = await asyncio.gather(
        _answer_to(host, port, b""),
        _answer_to(host, port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n"),
    )
    assert unused[0] == b""
    assert kept[0].startswith(b"HTTP/1.1 200 ")
    assert kept[1] < DEADLINE + SLACK, "Empty lines do not keep a connection."


async def test_endless_headers_are_refused_by_their_size(address: tuple[str, int, World]) -> None:
    host, port, _ = address
    answer, seconds = await _answer_to(host, port, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000)
    assert answer.startswith(b"HTTP/1.1 431 ") or (answer == b"" and seconds < DEADLINE), "The rest may be reset."


async def test_a_large_body_may_take_longer(address: tuple[str, int, World]) -> None:
    """Above the lowest rate a long body may take longer than the deadline."""
    host, port, _ = address
    body = b'{"organization":"' + b"x" * 20_000 + b'","email":"a","password":"b"}'
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(HEAD + f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    started = monotonic()
    for start in range(0, len(body), 2_000):
        writer.write(body[start : start + 2_000])
        await writer.drain()
        await asyncio.sleep(0.06)
    assert monotonic() - started > DEADLINE
    async with asyncio.timeout(SLACK):
        assert (await reader.read()).startswith(b"HTTP/1.1 422 ")
    writer.close()


async def test_two_hundred_slow_clients_delay_no_other(address: tuple[str, int, World]) -> None:
    host, port, world = address
    attackers = [
        asyncio.create_task(_answer_to(host, port, first.replace(b"LINE", str(world.line_id).encode()), more))
        for _ in range(20)
        for first, more in (*SLOW_HEADERS.values(), *SLOW_BODIES.values())
    ]
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", cookies=world.admin.cookies) as client:
        for _ in range(5):
            assert (await client.get("/api/v1/me", timeout=SLACK)).status_code == 200
    answers = await asyncio.gather(*attackers)
    assert {answer[:13] for answer, _ in answers} <= {b"HTTP/1.1 408 ", b""}
    assert world.service.app.free_requests == {"api": 500, "webhook": 1000}, "No request is counted any more."


async def test_a_client_that_does_not_read_its_answer_is_dropped(
    address: tuple[str, int, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.protocol, "WRITE_SECONDS", DEADLINE)
    host, port, world = address
    cookie = "; ".join(f"{name}={value}" for name, value in world.admin.cookies.items())
    request = f"GET /openapi.json HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode()
    _, writer = await asyncio.open_connection(host, port, limit=1024)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(DEADLINE + SLACK):
            while not writer.is_closing():
                writer.write(request)
                await writer.drain()
                await asyncio.sleep(0.01)
    assert writer.is_closing()
