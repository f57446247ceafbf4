"""A load generator that costs little beside the server it drives: prepared requests over kept-alive connections."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

PATIENCE_SECONDS = 15.0
"""How long the last answers may take."""


@dataclass(frozen=True)
class Load:
    """What a run came to. Latencies in seconds, from the first byte written to the last byte read."""

    seconds: float
    latencies: Sequence[float]
    statuses: dict[int, int]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class _Connection(asyncio.Protocol):
    """Writes a request, waits for its whole answer, writes the next."""

    def __init__(self, requests: Iterator[bytes], load: "_Run") -> None:
        self._requests = requests
        self._load = load
        self._received = b""
        self._started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None or time.perf_counter() >= self._load.until:
            self._transport.close()
            return
        self._received = b""
        self._started = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        self._load.latencies.append(time.perf_counter() - self._started)
        status = int(head[9:12])
        self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.open -= 1
        if self._load.open == 0 and not self._load.ended.done():
            self._load.ended.set_result(None)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("The answer has no Content-Length.")


class _Run:
    def __init__(self, *, connections: int, seconds: float) -> None:
        self.until = time.perf_counter() + seconds
        self.open = connections
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()


async def drive(url: str, requests: Iterator[bytes], *, connections: int, seconds: float) -> Load:
    """Send `requests` over so many connections until the time is up or there are none left."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    host, port = parts.hostname, parts.port
    run = _Run(connections=connections, seconds=seconds)
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(requests, run), host, port)
    await asyncio.wait_for(run.ended, seconds + PATIENCE_SECONDS)
    return Load(seconds=time.perf_counter() - started, latencies=run.latencies, statuses=run.statuses)


def request(method: str, url: str, *, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of a request on a kept-alive connection."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
