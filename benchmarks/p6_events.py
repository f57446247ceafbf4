"""P6: commit → event at 1,000 clients of one API process, 20 texts a second; and what a client takes of its memory.

All clients belong to one business, so each text goes to each of them: its message, its conversation and the indicator
leave together. The clock runs from just before the COMMIT of a text until a client has read its message. Value and
limit stand where other benchmarks have value and floor: the ratio is the limit by the value.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import asyncpg
import uvloop
from sqlalchemy import event
from sqlalchemy.orm import Session

from api.access.dependencies import SESSION_COOKIE
from api.embedded_postgres.run import EmbeddedPostgres
from api.inbound.attempts import apply_due_events
from api.inbound.queries import add_to_journal
from api.inbound.service import ApplicationBusy
from api.kit.connection import plain_url
from api.kit.database import Database
from api.providers.registry import Providers
from benchmarks import place
from benchmarks.capacity import memory
from benchmarks.harness import Result, benchmark
from benchmarks.p2_applying import PARENTS, texts
from tests.support.business import create_business
from tests.support.stack import eventually

CLIENTS = 1_000
TEXTS_PER_SECOND = 20
WARM_UP = 20
TEXTS = 300
FIRST = 20_000
"""The number of the first text that counts."""
LIMIT_MS = 100.0
LIMIT_KIB = 40.0
OPENED_AT_ONCE = 50
PATIENCE_SECONDS = 30.0

NUMBER = re.compile(rb"event: message\n.*?class on today\? \((\d+)\)", re.DOTALL)
"""The number of a text, in the event of its message."""


@dataclass
class Times:
    committed: dict[int, float] = field(default_factory=dict)
    """When the COMMIT of a text began, by its number."""
    read: list[tuple[int, float]] = field(default_factory=list)
    """A text's number and when a client had read it."""
    refused: list[bytes] = field(default_factory=list)
    opened: int = 0


class _Client(asyncio.Protocol):
    """An open page: reads events, and notes when it has read which text."""

    def __init__(self, request: bytes, times: Times) -> None:
        self._request = request
        self._times = times
        self._unread = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        self._unread += data
        if not self._is_open:
            if not self._unread.startswith(b"HTTP/1.1 200"):
                self._times.refused.append(self._unread)
                return
            if b": connected" not in self._unread:
                return
            self._is_open = True
            self._times.opened += 1
        whole, separator, rest = self._unread.rpartition(b"\n\n")
        if separator:
            self._unread = rest
            self._times.read += [(int(number), at) for number in NUMBER.findall(whole)]


async def open_clients(url: str, tokens: Sequence[str], times: Times) -> list[asyncio.BaseTransport]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    loop = asyncio.get_running_loop()
    transports: list[asyncio.BaseTransport] = []
    for number in range(CLIENTS):
        cookie = f"{SESSION_COOKIE}={tokens[number % len(tokens)]}"
        lines = ["GET /api/v1/events HTTP/1.1", f"Host: {parts.netloc}", f"Cookie: {cookie}"]
        request = "\r\n".join([*lines, "Accept: text/event-stream", "", ""]).encode()
        made = await loop.create_connection(partial(_Client, request, times), parts.hostname, parts.port)
        transports.append(made[0])
        if (number + 1) % OPENED_AT_ONCE == 0:

            async def are_open(wanted: int = number + 1) -> bool:
                return times.opened >= wanted or bool(times.refused)

            await eventually(are_open, "the streams are open", seconds=PATIENCE_SECONDS)
            if times.refused:
                raise RuntimeError(f"A stream was refused: {times.refused[0]!r}")
    return transports


async def measure(server: EmbeddedPostgres, folder: Path) -> tuple[Sequence[float], float, float, float]:
    """Seconds from commit to event, sorted; KiB a client, opened and afterwards; processor time of a second."""
    settings = place.settings(server, folder)
    database = Database(server.url, pool_size=4)
    providers = Providers(settings)
    business = await create_business(database, providers=providers, secrets=place.secrets())
    times = Times()
    commits: list[float] = []
    event.listen(Session, "before_commit", lambda _: commits.append(time.perf_counter()))

    async def receive(first: int, count: int) -> None:
        rows = texts(business.organization_id, business.line_id, first=first, count=count)
        started = time.perf_counter()
        for number, row in enumerate(rows):
            await asyncio.sleep(started + number / TEXTS_PER_SECOND - time.perf_counter())
            async with database.transaction() as session:
                await add_to_journal(session, [row])
            try:
                applied = await apply_due_events(
                    database, business.organization_id, providers=providers, confirm_within=timedelta(seconds=20)
                )
            except ApplicationBusy:
                applied = 0
            # The API process looks for events too, once a second, and may have been faster: nobody knows its commit.
            if applied:
                # The batch's own commit is the last but one: that of the organization's lock follows.
                times.committed[first + number] = commits[-2]

    connection = await asyncpg.connect(plain_url(server.owner_url))
    env = place.environment(settings)
    ready = f"{settings.public_base_url}/readyz"
    async with place.process([place.MESSENGER, "serve", "--single"], ready_at=ready, env=env) as pid:
        await receive(0, PARENTS // 10)
        await connection.execute("ANALYZE")
        await connection.close()
        closed = memory(pid)
        tokens = [business.tokens["maria"], business.tokens["daniel"]]
        transports = await open_clients(settings.public_base_url, tokens, times)
        opened = memory(pid)
        await receive(10_000, WARM_UP)
        cpu, started = place.cpu_seconds(pid), time.perf_counter()
        await receive(FIRST, TEXTS)

        async def are_read() -> bool:
            return len(times.read) >= CLIENTS * (WARM_UP + TEXTS)

        await eventually(are_read, "every client has read every text", seconds=PATIENCE_SECONDS)
        busy = (place.cpu_seconds(pid) - cpu) / (time.perf_counter() - started)
        afterwards = memory(pid)
        for transport in transports:
            transport.close()
    await providers.close()
    await database.close()
    return sorted(_taken(times)), (opened - closed) / 1024 / CLIENTS, (afterwards - closed) / 1024 / CLIENTS, busy


def _taken(times: Times) -> Sequence[float]:
    """Of the texts after the warm-up. Raises if a client has read one twice or not at all, or most are unknown."""
    read = [(number, at) for number, at in times.read if number >= FIRST]
    if len(read) != CLIENTS * TEXTS:
        raise RuntimeError(f"{len(read)} of {CLIENTS * TEXTS} events were read.")
    taken = [at - times.committed[number] for number, at in read if number in times.committed]
    if len(taken) < CLIENTS * TEXTS * 0.8:
        raise RuntimeError(f"The commits of {len(taken) // CLIENTS} of {TEXTS} texts are known.")
    return taken


@benchmark("P6")
def events() -> Sequence[Result]:
    with place.database() as (server, folder):
        taken, opened, afterwards, busy = uvloop.run(measure(server, folder))
    p99 = taken[int(len(taken) * 0.99)] * 1000
    detail = {
        "p50_ms": round(taken[len(taken) // 2] * 1000, 1),
        "most_ms": round(taken[-1] * 1000, 1),
        "clients": CLIENTS,
        "texts_a_second": TEXTS_PER_SECOND,
        "texts": TEXTS,
        "cores_of_the_api_process": round(busy, 2),
    }
    memories = {"opened_kib": round(opened, 1), "clients": CLIENTS}
    return [
        Result("P6, commit to event, p99", p99, "ms", LIMIT_MS, LIMIT_MS / p99, 1.0, detail),
        Result("P6, memory a client", afterwards, "KiB", LIMIT_KIB, LIMIT_KIB / afterwards, 1.0, memories),
    ]
