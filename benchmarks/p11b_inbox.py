"""P11b: the inbox while a mass text to 100,000 is previewed, frozen and expanded, beside the same inbox without.

A page of the inbox, a thread and the badges are asked for through HTTP in turn, one after the other, of a service of
its own. Another process expands. Value and floor are latencies, so the ratio is the floor by the value. On two cores
the processes and PostgreSQL share what the mass text takes.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import httpx
import uvloop

from api.access.dependencies import SESSION_COOKIE
from api.embedded_postgres.run import EmbeddedPostgres
from api.kit.connection import plain_url
from api.kit.database import Database
from api.providers.registry import Providers
from benchmarks import place
from benchmarks.harness import Result, benchmark
from benchmarks.p3_sending import CONVERSATIONS, Outbox
from benchmarks.p11_mass_text import RECIPIENTS
from tests.support.broadcasts import BROADCASTS, store_families
from tests.support.business import create_business

REACH = 0.5
QUIET_SECONDS = 10.0
EXPANDING_SECONDS = 20.0
BODY = "Hi {first_name}, the meet of the {family} family has moved to 4."


class Asked:
    """Seconds of each kind of request."""

    def __init__(self, client: httpx.AsyncClient, conversation_id: str) -> None:
        self._client = client
        self._paths = {
            "inbox": "/api/v1/conversations",
            "thread": f"/api/v1/conversations/{conversation_id}/thread",
            "badges": "/api/v1/indicator",
        }
        self.seconds: dict[str, list[float]] = {name: [] for name in self._paths}

    async def once(self) -> None:
        for name, path in self._paths.items():
            started = time.perf_counter()
            (await self._client.get(path)).raise_for_status()
            self.seconds[name].append(time.perf_counter() - started)

    async def until(self, done: asyncio.Event) -> None:
        while not done.is_set():
            await self.once()

    def percentile(self, name: str, share: float) -> float:
        """In milliseconds."""
        return round(sorted(self.seconds[name])[int(len(self.seconds[name]) * share)] * 1000, 1)


@contextlib.asynccontextmanager
async def asking(client: httpx.AsyncClient, conversation_id: str) -> AsyncIterator[Asked]:
    """Asks all the while."""
    asked, done = Asked(client, conversation_id), asyncio.Event()
    running = asyncio.create_task(asked.until(done))
    try:
        yield asked
    finally:
        done.set()
        await running


async def measure(server: EmbeddedPostgres, folder: Path) -> Sequence[Result]:
    settings = place.settings(server, folder)
    providers = Providers(settings)
    async with Database(server.url, pool_size=2) as database:
        business = await create_business(database, providers=providers, secrets=place.secrets())
        numbers = [f"+1312{2_000_000 + index:07}" for index in range(RECIPIENTS)]
        await store_families(database, business.organization_id, numbers)
    await providers.close()
    connection = await asyncpg.connect(plain_url(server.owner_url))
    inbox = Outbox(connection, business, area="415")
    await inbox.lay()
    await inbox.queue(CONVERSATIONS)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    env = place.environment(settings)
    async with (
        place.process([place.MESSENGER, "serve"], ready_at=f"{settings.public_base_url}/readyz", env=env),
        httpx.AsyncClient(
            base_url=settings.public_base_url,
            headers={"Origin": settings.public_base_url},
            cookies={SESSION_COOKIE: business.tokens["admin"]},
            timeout=60,
        ) as client,
    ):
        page = (await client.get("/api/v1/conversations")).raise_for_status().json()
        conversation_id = page["items"][0]["id"]
        asked = await _phases(client, conversation_id, env)
    return [_result(name, each, asked["quiet"]) for name, each in asked.items() if name != "quiet"]


async def _phases(client: httpx.AsyncClient, conversation_id: str, env: dict[str, str]) -> dict[str, Asked]:
    found: dict[str, Asked] = {}
    async with asking(client, conversation_id):
        await asyncio.sleep(2)  # Warm: not counted.
    async with asking(client, conversation_id) as found["quiet"]:
        await asyncio.sleep(QUIET_SECONDS)
    body = {"name": "Snow", "body": BODY, "audience": {"families": {}}}
    draft = (await client.post(BROADCASTS, json=body)).raise_for_status().json()
    path = f"{BROADCASTS}/{draft['id']}"
    async with asking(client, conversation_id) as found["preview"]:
        (await client.post(f"{path}/preview")).raise_for_status()
    confirmed = {"confirmed_recipients": RECIPIENTS, "any_hour_reason": "A benchmark at any time of day."}
    async with asking(client, conversation_id) as found["freezing"]:
        (await client.post(f"{path}/send", json=confirmed)).raise_for_status()
    with place.running([place.PYTHON, "-m", "benchmarks.expanding"], env=env):
        async with asking(client, conversation_id) as found["expansion"]:
            await asyncio.sleep(EXPANDING_SECONDS)
    return found


def _result(phase: str, asked: Asked, quiet: Asked) -> Result:
    """Of the page of the inbox; the others are in the details, each beside the quiet one."""
    value, floor = asked.percentile("inbox", 0.5), quiet.percentile("inbox", 0.5)
    detail = {
        f"{name}_{label}_ms": f"{asked.percentile(name, share)} / {quiet.percentile(name, share)}"
        for name in asked.seconds
        for label, share in (("p50", 0.5), ("p99", 0.99))
    }
    return Result(
        name="P11b",
        value=value,
        unit=f"ms, the inbox beside {phase}",
        floor=floor,
        ratio=floor / value,
        reach=REACH,
        detail={**detail, "requests": len(asked.seconds["inbox"]), "recipients": RECIPIENTS},
    )


@benchmark("P11b")
def inbox_beside_a_mass_text() -> Sequence[Result]:
    with place.database() as (server, folder):
        return uvloop.run(measure(server, folder))
