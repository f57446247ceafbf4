"""A large audience: its preview is quick, its memory does not grow with it, and other requests go on."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.broadcasts import BROADCASTS, new_broadcast, store_families
from tests.support.reliability import FULL, figure, size
from tests.support.world import World

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(600)]

RECIPIENTS = size(quick=3_000, full=100_000)
SECONDS = 5.0
GROWTH_MB = 40


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


class Watch:
    """Beats on the event loop while something runs, and looks at the memory."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.before = self.peak = resident_mb()

    async def run(self) -> None:
        at = time.perf_counter()
        while True:
            await asyncio.sleep(0.01)
            now = time.perf_counter()
            self.longest, at = max(self.longest, now - at - 0.01), now
            self.peak = max(self.peak, resident_mb())


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Watch]:
    watch = Watch()
    beating = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        beating.cancel()


async def test_MASS_PREVIEW_of_a_large_audience_is_quick_and_disturbs_nobody(world: World) -> None:
    numbers = [f"+1312{2_000_000 + index:07}" for index in range(RECIPIENTS)]
    await store_families(world.service.database, world.organization_id, numbers)
    async with world.service.database.transaction() as session:
        await session.execute(text("UPDATE phone_records SET opt_in_state = 'opted_out' WHERE random() < 0.1"))
    body = "Hi {first_name}, the meet of the {family} family has moved to 4."
    broadcast_id = await new_broadcast(world.maria, body=body, audience={"families": {}})
    path = f"{BROADCASTS}/{broadcast_id}/preview"
    taken: list[float] = []
    for _ in range(3):
        async with watched() as watch:
            started = time.perf_counter()
            answer = await world.maria.post(path, timeout=120)
            taken.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert preview["recipients"] + sum(each["count"] for each in preview["left_out"]) == RECIPIENTS
    assert {each["reason"] for each in preview["left_out"]} == {"opted_out"}
    grown = watch.peak - watch.before
    figure(
        "preview",
        recipients=RECIPIENTS,
        seconds=" ".join(f"{each:.1f}" for each in taken),
        grown_mb=f"{grown:.0f}",
        longest_pause_ms=f"{watch.longest * 1000:.0f}",
    )
    assert watch.longest < 0.5
    if FULL:
        assert min(taken) < SECONDS
        assert grown < GROWTH_MB
