"""A large import: the memory of the API and of the worker is bounded, and its progress is seen.

`MESSENGER_IMPORT_ROWS` sets how many rows are imported: `make test` takes as many as fit.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from api.access.dependencies import SESSION_COOKIE
from api.kit.secrets import SecretBox
from api.providers.registry import Providers
from tests.support import postgres
from tests.support.business import Business, create_business
from tests.support.reliability import size
from tests.support.service import service_settings
from tests.support.stack import Stack, eventually

ROWS = int(os.environ.get("MESSENGER_IMPORT_ROWS", size(quick=3_000, full=5_000)))
MAX_GROWTH_MB = 150


class Api:
    """The API and a worker as processes of their own, with a business."""

    def __init__(self, stack: Stack, business: Business) -> None:
        self._stack = stack
        self._business = business
        self.pids = [stack._processes[name].pid for name in ("api", "worker")]

    def staff(self, name: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._stack.api_url,
            headers={"Origin": self._stack.api_url},
            cookies={SESSION_COOKIE: self._business.tokens[name]},
            timeout=600,
        )

    async def families(self) -> int:
        """How many are stored."""
        async with self._stack.database.transaction() as session:
            count: int = (await session.execute(text("SELECT count(*) FROM families"))).scalar_one()
            return count


@pytest.fixture
async def api(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[Api]:
    stack = Stack(clone, tmp_path)
    settings = service_settings(tmp_path)
    providers = Providers(settings)
    try:
        business = await create_business(
            stack.database, providers=providers, secrets=SecretBox(settings.resolved_secret_key())
        )
        stack.start("api")
        stack.start("worker")

        async def ready() -> bool:
            try:
                async with httpx.AsyncClient() as client:
                    return (await client.get(f"{stack.api_url}/readyz")).is_success
            except httpx.HTTPError:
                return False

        await eventually(ready, "the API is ready", seconds=90)
        yield Api(stack, business)
    finally:
        await providers.close()
        await stack.carrier.aclose()
        await stack.database.close()
        for name in ("worker", "api"):
            stack.stop(name)


def csv_lines(rows: int) -> Iterator[bytes]:
    yield b"kind,external_id,name,contact_name,relation,phone_number,opt_in_state\n"
    for index in range(rows):
        yield (f"family,F-{index},Family {index},Parent {index},mother,+1312{index + 2_000_000:07},opted_in\n".encode())


async def chunks(rows: int) -> AsyncIterator[bytes]:
    """As a client streams it, without having it whole."""
    waiting = b""
    for line in csv_lines(rows):
        waiting += line
        if len(waiting) > 32_768:
            yield waiting
            waiting = b""
    yield waiting


def memory_mb(pid: int, name: str) -> float:
    """`VmRSS` or, since the last `forget_peak`, `VmHWM`."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) / 1024


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@asynccontextmanager
async def live_events(client: httpx.AsyncClient) -> AsyncIterator[list[tuple[float, str, dict[str, Any]]]]:
    """(when it came, type, data) of each event, as they come."""
    events: list[tuple[float, str, dict[str, Any]]] = []
    connected = asyncio.Event()

    async def listen() -> None:
        async with client.stream("GET", "/api/v1/events", timeout=None) as stream:
            assert stream.status_code == 200
            kind = ""
            async for line in stream.aiter_lines():
                connected.set()
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    events.append((time.monotonic(), kind, json.loads(line.removeprefix("data: "))))

    task = asyncio.create_task(listen())
    try:
        await asyncio.wait_for(connected.wait(), 10)
        yield events
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def send(client: httpx.AsyncClient, rows: int, **params: str) -> dict[str, Any]:
    """Import so many rows, and wait for the end. Returns the report, or the job with the first page of it."""
    response = await client.post(
        "/api/v1/directory/import",
        params=params,
        content=chunks(rows),
        headers={"Content-Type": "text/csv"},
        timeout=600,
    )
    assert response.status_code in {200, 202}, response.text[:500]
    report: dict[str, Any] = response.json()
    if response.status_code == 202:

        async def has_ended() -> bool:
            nonlocal report
            report = (await client.get(response.headers["Location"])).json()
            return report["finished_at"] is not None

        await eventually(has_ended, "the import has ended", seconds=600)
        assert report["state"] == "done"
    return report


def sum_of(pids: Sequence[int], name: str) -> float:
    return sum(memory_mb(pid, name) for pid in pids)


@pytest.mark.reliability
@pytest.mark.timeout(900)
async def test_a_large_import_takes_bounded_memory_and_shows_its_progress(api: Api) -> None:
    import_id = str(uuid4())
    async with api.staff("maria") as maria, api.staff("daniel") as daniel, api.staff("admin") as admin:
        # Every process loads code and caches of statements once: that is not the import's memory.
        await send(maria, 50, partial="true")
        await send(maria, 1_500, partial="true")
        baseline = sum_of(api.pids, "VmRSS")
        for pid in api.pids:
            forget_peak(pid)

        async with live_events(daniel) as events:
            started = time.monotonic()
            report = await send(maria, ROWS, import_id=import_id)
            seconds = time.monotonic() - started

            async def last_is_heard() -> bool:
                return any(kind == "import" and data["done"] == ROWS for _, kind, data in events)

            await eventually(last_is_heard, "the last progress is announced")
        growth = sum_of(api.pids, "VmHWM") - baseline

        again_started = time.monotonic()
        again = await send(maria, ROWS)
        again_seconds = time.monotonic() - again_started
        partial_started = time.monotonic()
        partial = await send(admin, ROWS, partial="true")
        partial_seconds = time.monotonic() - partial_started
        growth_again = sum_of(api.pids, "VmHWM") - baseline

    progress = [data for _, kind, data in events if kind == "import"]
    print(
        f"\n{ROWS:,} rows: {seconds:.1f} s, {growth:.0f} MB above {baseline:.0f} MB; again {again_seconds:.1f} s, "
        f"partial {partial_seconds:.1f} s, {growth_again:.0f} MB; {len(progress)} progress events"
    )
    assert (report["rows"], report["created"], report["unchanged"]) == (ROWS, ROWS - 1_500, 1_500)
    assert await api.families() == ROWS
    assert again["unchanged"] == partial["unchanged"] == ROWS
    assert growth < MAX_GROWTH_MB
    assert growth_again < MAX_GROWTH_MB

    assert {data["import_id"] for data in progress} == {import_id}
    assert all(set(data) == {"import_id", "done", "total"} for data in progress)
    assert {data["total"] for data in progress} == {ROWS}
    assert len(progress) > ROWS / 500, "one for each batch"
