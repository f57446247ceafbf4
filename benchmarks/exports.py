"""`python -m benchmarks.exports [TEXTS]`: time and memory of an export of a range, in each format (EXPORT)."""

import asyncio
import multiprocessing
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from api.access.dependencies import SESSION_COOKIE
from api.embedded_postgres.run import EmbeddedPostgres
from api.exports.loop import run_due_exports
from api.exports.rules import ExportFormat
from api.kit.database import Database
from api.providers.registry import Providers
from api.settings import Settings
from benchmarks import place
from tests.support import many_conversations
from tests.support.business import Business, create_business


def _fill(url: str, slug: str, texts: int) -> None:
    many_conversations.APART = timedelta(minutes=4)
    asyncio.run(many_conversations.write(url, slug, texts))


async def _business(database: Database, settings: Settings) -> Business:
    providers = Providers(settings)
    try:
        return await create_business(database, providers=providers, secrets=place.secrets())
    finally:
        await providers.close()


async def _measure(settings: Settings, database: Database, business: Business) -> None:
    cookies = {SESSION_COOKIE: business.tokens["admin"]}
    address = settings.public_base_url
    async with httpx.AsyncClient(base_url=address, cookies=cookies, headers={"Origin": address}, timeout=60) as admin:
        for form in ExportFormat:
            since = (datetime.now(UTC) - timedelta(days=360)).isoformat()
            made = await admin.post("/api/v1/exports", json={"kind": "range", "format": form.value, "from": since})
            made.raise_for_status()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            started, longest = time.perf_counter(), 0.0
            more = True
            while more:
                began = time.perf_counter()
                more = await run_due_exports(database, address=address)
                longest = max(longest, time.perf_counter() - began)
            seconds = time.perf_counter() - started
            job = (await admin.get(f"/api/v1/exports/{made.json()['id']}")).json()
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
            print(
                f"{form.value}: {job['state']}, {job['progress']['done']:,} rows, {job['size'] / 1e6:.0f} MB in"
                f" {seconds:.1f} s, longest step {longest * 1000:.0f} ms, memory +{grown} MiB"
            )


async def _run(server: EmbeddedPostgres, folder: Path, texts: int) -> None:
    settings = place.settings(server, folder)
    database = Database(server.url, secrets=place.secrets())
    business = await _business(database, settings)
    filling = multiprocessing.get_context("spawn").Process(target=_fill, args=(server.owner_url, business.slug, texts))
    filling.start()
    await asyncio.to_thread(filling.join)
    env = place.environment(settings)
    async with place.process([place.MESSENGER, "serve"], ready_at=f"{settings.public_base_url}/readyz", env=env):
        await _measure(settings, database, business)
    await database.close()


def run(texts: int) -> None:
    with place.database() as (server, folder):
        asyncio.run(_run(server, folder, texts))


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
