"""A scrape counts all processes: exactly, also after some were killed and replaced. The documented metrics exist."""

import asyncio
import os
import re
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from api.kit.metrics import REGISTRY, event_streams
from api.metrics import Metrics
from tests.support import postgres
from tests.support.postgres import PROJECT
from tests.support.served import Unit
from tests.support.stack import MESSENGER, Stack, eventually, free_port
from tests.system.test_hangs import children_of, get, messenger, total

pytestmark = pytest.mark.timeout(300)

PROCESSES = 3
REQUESTS = 500


def counted(scraped: str) -> float:
    return total(scraped, "messenger_request_seconds_count", route="/healthz", status="200")


async def ask(url: str, times: int) -> None:
    """Asks on many connections, so that each process gets some. Each request is answered."""

    async def some(number: int) -> None:
        for _ in range(number):
            assert (await client.get(url)).status_code == 200

    async with httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        await asyncio.gather(*(some(times // 10) for _ in range(10)))


async def test_a_scrape_counts_every_request_of_three_processes_and_of_one_that_was_killed(
    clone: postgres.Database, tmp_path: Path
) -> None:
    port, worker_port = free_port(), free_port()
    folder = tmp_path / "metrics"
    async with messenger(
        "serve", clone, tmp_path, workers=str(PROCESSES), metrics_port=str(port), metrics_dir=str(folder)
    ) as running:
        api, scrape = f"{running.stack.api_url}/healthz", f"http://127.0.0.1:{port}/metrics"
        await ask(api, REQUESTS)
        assert counted((await get(scrape)).text) == REQUESTS

        before = {pid for name, pid in children_of(running.process.pid).items() if name.startswith("api")}
        assert len(before) == PROCESSES
        killed = before.pop()
        os.kill(killed, signal.SIGKILL)

        async def replaced() -> bool:
            alive = len(list(folder.glob("*.alive")))
            text = (await get(scrape)).text
            return alive == PROCESSES + 1 and total(text, "messenger_database_connections_limit", pool="api") == 30

        await eventually(replaced, "another process has taken its place, and its gauges are gone")
        await ask(api, REQUESTS)
        assert counted((await get(scrape)).text) == 2 * REQUESTS
        assert counted((await get(f"{running.stack.api_url}/metrics")).text) == 2 * REQUESTS, "Each process says it."

        worker = await asyncio.to_thread(
            subprocess.Popen,
            [MESSENGER, "worker"],
            env={**running.stack.environment, "MESSENGER_WORKER_PORT": str(worker_port)},
        )
        try:

            async def has_a_worker() -> bool:
                text = (await get(scrape)).text
                beats = total(text, "messenger_worker_heartbeat_age_seconds") < 30
                return beats and total(text, "messenger_database_connections_limit", pool="worker") == 10

            await eventually(has_a_worker, "a worker of another command is counted too")
            said = (await get(f"http://127.0.0.1:{worker_port}/metrics")).text
            assert counted(said) == 2 * REQUESTS
            assert total(said, "messenger_workers") == 1
            assert total(said, "messenger_build_info") == 1, "It is said once, however many processes there are."
        finally:
            worker.send_signal(signal.SIGTERM)
            await asyncio.to_thread(worker.wait, 20)


async def test_a_reload_keeps_the_counts_of_a_service_that_names_no_folder(
    clone: postgres.Database, tmp_path: Path
) -> None:
    port = free_port()
    stack = Stack(clone, tmp_path, demo="0", metrics_port=str(port))
    scrape = f"http://127.0.0.1:{port}/metrics"
    async with Unit.of(tmp_path, "serve") as unit:
        await unit.start([MESSENGER, "serve"], stack.environment)
        await ask(f"{stack.api_url}/healthz", 10)
        assert "refused" not in await unit.reload(), unit.said()
        # The first of its route and of its status: their counts are new to the new process.
        assert (await get(f"{stack.api_url}/api/v1/me")).status_code == 401, unit.said()
        await ask(f"{stack.api_url}/healthz", 10)
        text = (await get(scrape)).text
        assert counted(text) == 20
        assert total(text, "messenger_request_seconds_count", route="/api/v1/me", status="401") == 1
    await stack.carrier.aclose()
    await stack.database.close()


def test_the_table_of_metrics_in_the_documents_is_true() -> None:
    event_streams()
    families = [*REGISTRY.collect(), *Metrics()._shared.collect()]
    real = {f"{each.name}_total" if each.type == "counter" else each.name for each in families}
    document = (PROJECT / "docs" / "production.md").read_text()
    assert set(re.findall(r"^\| `(messenger_[a-z_]+)", document, re.M)) == real


async def test_the_worker_of_an_own_machine_answers_with_its_own_metrics(
    clone: postgres.Database, tmp_path: Path
) -> None:
    port = free_port()
    async with messenger("worker", clone, tmp_path, ready=False, worker_port=str(port)):

        async def answers() -> bool:
            try:
                text = (await get(f"http://127.0.0.1:{port}/metrics")).text
            except httpx.HTTPError:
                return False
            return total(text, "messenger_workers") == 1 and "messenger_build_info" in text

        await eventually(answers, "it says that it beats")
