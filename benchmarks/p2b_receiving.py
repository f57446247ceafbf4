"""P2b: texts received per second, webhook → message, by one API process and one worker, beside P2.

Signed webhooks come over 64 kept-alive connections. The clock runs from the first request until no event is pending.
P2 is measured just before, on a database of its own: one process applies a journal that was filled beforehand.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import uvloop

from api.embedded_postgres.run import EmbeddedPostgres
from api.kit.connection import plain_url
from api.kit.database import Database
from api.providers.registry import Providers
from benchmarks import p2_applying, place
from benchmarks.harness import Result, benchmark
from benchmarks.load import drive
from benchmarks.p1_webhooks import Carrier
from tests.support.business import create_business

REACH = 0.85
CONNECTIONS = 64
TEXTS = 6_000
"""Of one round."""
WARM_UP = 1_000
ROUNDS = 2
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.02


async def measure(server: EmbeddedPostgres, folder: Path) -> tuple[float, dict[str, object]]:
    """Texts per second, and what they cost."""
    settings = place.settings(server, folder)
    database = Database(server.url, pool_size=2)
    providers = Providers(settings)
    business = await create_business(database, providers=providers, secrets=place.secrets())
    await providers.close()
    await database.close()
    watching = await asyncpg.connect(plain_url(server.owner_url))
    carrier = Carrier(f"{settings.public_base_url}/webhooks/simulator/{business.line_id}/inbound")
    env = place.environment(settings)

    async def received(count: int) -> float:
        """Seconds until so many texts are messages."""
        requests = carrier.webhooks(count)
        started = time.perf_counter()
        load = await drive(carrier.url, requests, connections=CONNECTIONS, seconds=PATIENCE_SECONDS)
        if load.statuses != {200: count}:
            raise RuntimeError(f"Not everything was accepted: {load.statuses}.")
        while await watching.fetchval("SELECT EXISTS (SELECT FROM inbound_events WHERE state = 'pending')"):
            await asyncio.sleep(POLL_SECONDS)
        return time.perf_counter() - started

    ready = f"{settings.public_base_url}/readyz"
    async with place.process([place.MESSENGER, "serve"], ready_at=ready, env=env) as serving:
        with place.running([place.MESSENGER, "worker"], env=env) as working:
            await received(WARM_UP)
            await watching.execute("ANALYZE")
            before = place.cpu_seconds(serving), place.cpu_seconds(working)
            seconds = sum([await received(TEXTS) for _ in range(ROUNDS)])
            after = place.cpu_seconds(serving), place.cpu_seconds(working)
    count = ROUNDS * TEXTS
    stored = await watching.fetchval("SELECT count(*) FROM messages")
    if stored != WARM_UP + count:
        raise RuntimeError(f"{stored} of {WARM_UP + count} texts became messages.")
    await watching.close()
    detail: dict[str, object] = {
        "texts": count,
        "connections": CONNECTIONS,
        "api_cpu_us_each": round((after[0] - before[0]) / count * 1e6),
        "worker_cpu_us_each": round((after[1] - before[1]) / count * 1e6),
    }
    return count / seconds, detail


@benchmark("P2b")
def receiving() -> Sequence[Result]:
    with place.database() as (server, folder):
        applied, _ = uvloop.run(p2_applying.measure(server, folder, rounds=2))
    with place.database() as (server, folder):
        reached, detail = uvloop.run(measure(server, folder))
    return [
        Result(
            name="P2b",
            value=reached,
            unit="texts/s",
            floor=applied,
            ratio=reached / applied,
            reach=REACH,
            detail=detail,
        )
    ]
