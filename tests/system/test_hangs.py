"""A process that hangs is ended and started again, and the event at which it hung is quarantined. Nobody else waits.

Real processes under `messenger up`, as on a machine where it is all there is.
"""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from twilio.request_validator import RequestValidator

from api.inbound.rules import MAX_UNFINISHED, NEVER_FINISHED
from api.kit.secrets import SecretBox
from api.providers.registry import Providers
from tests.support import postgres
from tests.support.business import AUTH_TOKEN, LINE_NUMBER, Business, create_business
from tests.support.service import service_settings
from tests.support.stack import MESSENGER, Stack, eventually, free_port

pytestmark = pytest.mark.timeout(300)

HANG_SECONDS = "1.5"
PARENT, OTHER = "+13125550101", "+13125550102"


def children_of(pid: int) -> dict[str, int]:
    """The processes that a process has started: `api`, `worker` or the whole command, by their ids."""
    found: dict[str, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if parent == pid:
            name = {"serve": "api", "worker": "worker"}.get(command[2] if len(command) > 2 else "", " ".join(command))
            found[f"{name} {folder.name}" if name in found else name] = int(folder.name)
    return found


@dataclass
class Running:
    """A `messenger …` command, and what it said."""

    stack: Stack
    process: subprocess.Popen[bytes]
    said: Path

    def children(self) -> dict[str, int]:
        return children_of(self.process.pid)

    def deaths_of(self, name: str) -> int:
        died = [line for line in self.said.read_text().splitlines() if "process.died" in line]
        return sum(f"process={name}" in line for line in died)

    async def post_text(self, business: Business, sender: str, body: str) -> str:
        """As a carrier does: again until it is answered. Returns its id."""
        sid = f"SM{uuid4().hex}"
        url = f"{self.stack.api_url}/webhooks/simulator/{business.line_id}/inbound"
        fields = {"MessageSid": sid, "From": sender, "To": LINE_NUMBER, "Body": body, "NumMedia": "0"}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": RequestValidator(AUTH_TOKEN).compute_signature(url, fields),
        }

        async def taken() -> bool:
            async with httpx.AsyncClient(timeout=5, verify=False) as client:  # Loading certificates takes 40 ms.
                try:
                    return (await client.post(url, content=urlencode(fields), headers=headers)).status_code == 200
                except httpx.HTTPError:
                    return False

        await eventually(taken, "the webhook is acknowledged")
        return sid

    async def rows(self, statement: str, **parameters: object) -> list[Any]:
        async with self.stack.database.transaction() as session:
            return list((await session.execute(text(statement), parameters)).all())

    async def bodies(self, business: Business) -> list[str]:
        found = await self.rows(
            "SELECT body FROM messages WHERE organization_id = :id ORDER BY created_at, seq",
            id=business.organization_id,
        )
        return [row[0] for row in found]

    async def event(self, sid: str) -> tuple[str, str | None]:
        ((state, error),) = await self.rows("SELECT state, error FROM inbound_events WHERE event_id = :sid", sid=sid)
        return state, error

    async def has_quarantined(self, sid: str) -> bool:
        return await self.event(sid) == ("quarantined", NEVER_FINISHED)

    async def answers(self) -> bool:
        async with httpx.AsyncClient(timeout=1) as client:
            try:
                return (await client.get(f"{self.stack.api_url}/readyz")).status_code == 200
            except httpx.HTTPError:
                return False


@asynccontextmanager
async def messenger(
    command: str, clone: postgres.Database, folder: Path, *, ready: bool = True, **settings: str
) -> AsyncIterator["Running"]:
    stack = Stack(clone, folder, demo="0", **settings)
    said = folder / "said"
    with said.open("wb") as log:
        process = await asyncio.to_thread(
            subprocess.Popen, [MESSENGER, command], env=stack.environment, stdout=log, stderr=log
        )
    try:
        running = Running(stack, process, said)
        if ready:
            await eventually(running.answers, "the service is ready")
        yield running
    finally:
        await stack.carrier.aclose()
        await stack.database.close()
        process.terminate()
        code = await asyncio.to_thread(process.wait, 30)
    assert code in {0, -signal.SIGTERM}, said.read_text()


async def businesses(stack: Stack, folder: Path, count: int) -> list[Business]:
    settings = service_settings(folder)
    providers = Providers(settings)
    secrets = SecretBox(settings.resolved_secret_key())
    found = [await create_business(stack.database, providers=providers, secrets=secrets) for _ in range(count)]
    await providers.close()
    return found


async def test_RECV_NOTHING_LOST_a_text_that_hangs_every_process_is_quarantined_and_nothing_else_is_lost_or_late(
    clone: postgres.Database, tmp_path: Path
) -> None:
    async with messenger("up", clone, tmp_path, hang_seconds=HANG_SECONDS, fault_in_event="hang:poison") as running:
        gym, neighbour = await businesses(running.stack, tmp_path, 2)
        guilty = await running.post_text(gym, PARENT, "poison")

        async def is_tried() -> bool:
            return await running.rows("SELECT count(*) FROM inbound_attempts") == [(1,)]

        await eventually(is_tried, "a process tries the text alone: a batch with others would be one try more")
        await running.post_text(gym, PARENT, "after it")
        await running.post_text(gym, OTHER, "of another number")
        sent = [f"text {number}" for number in range(8)]
        for body in sent:
            await running.post_text(neighbour, PARENT, body)

        async def neighbour_has_all() -> bool:
            return await running.bodies(neighbour) == sent

        await eventually(neighbour_has_all, "another business's texts are applied")
        assert (await running.event(guilty))[0] == "pending", "They did not wait for its end."
        await eventually(lambda: running.has_quarantined(guilty), "the text is quarantined")

        async def others_applied() -> bool:
            return sorted(await running.bodies(gym)) == ["after it", "of another number"]

        await eventually(others_applied, "the business's other texts are applied")
        await eventually(running.answers, "the service is ready again")

        async def no_attempt_is_left() -> bool:
            return await running.rows("SELECT count(*) FROM inbound_attempts") == [(0,)]

        await eventually(no_attempt_is_left, "the attempts are deleted")

        async def deaths_are_told() -> bool:
            return running.deaths_of("api") + running.deaths_of("worker") == MAX_UNFINISHED

        await eventually(deaths_are_told, "each unfinished try ended a process")
        # Where it hung is in the log. The API was hit at most once: the rest was left to the worker.
        assert re.search(r"crash_points\.py.*in applying", running.said.read_text())
        assert running.deaths_of("api") <= 1


async def test_RECV_NOTHING_LOST_a_text_that_kills_every_process_is_quarantined_too(
    clone: postgres.Database, tmp_path: Path
) -> None:
    async with messenger("up", clone, tmp_path, hang_seconds=HANG_SECONDS, fault_in_event="kill:poison") as running:
        (gym,) = await businesses(running.stack, tmp_path, 1)
        guilty = await running.post_text(gym, PARENT, "poison")
        await running.post_text(gym, PARENT, "after it")

        await eventually(lambda: running.has_quarantined(guilty), "the text is quarantined")

        async def other_applied() -> bool:
            return await running.bodies(gym) == ["after it"]

        await eventually(other_applied, "the next one is applied")
        await eventually(running.answers, "the service is ready again")


async def test_a_process_that_stands_still_is_killed_and_started_again(
    clone: postgres.Database, tmp_path: Path
) -> None:
    async with messenger("up", clone, tmp_path, hang_seconds=HANG_SECONDS) as running:
        (gym,) = await businesses(running.stack, tmp_path, 1)
        await running.post_text(gym, PARENT, "before")
        before = running.children()
        for name in ("api", "worker"):
            # Nothing in it runs any more: it hears no SIGTERM, and cannot end itself.
            os.kill(before[name], signal.SIGSTOP)

        async def replaced() -> bool:
            now = running.children()
            return all(now.get(name, before[name]) != before[name] for name in ("api", "worker"))

        await eventually(replaced, "both have been started again")
        await eventually(running.answers, "the service is ready again")
        await running.post_text(gym, PARENT, "after")

        async def applied() -> bool:
            return await running.bodies(gym) == ["before", "after"]

        await eventually(applied, "texts are applied again")


def total(metrics: str, name: str, **labels: str) -> float:
    """The sum of a metric's lines that have these labels."""
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(
        float(line.rpartition(" ")[2])
        for line in metrics.splitlines()
        if line.startswith((f"{name}{{", f"{name} ")) and all(each in line for each in wanted)
    )


def healthy(scraped: str) -> float:
    return total(scraped, "messenger_request_seconds_count", route="/healthz", status="200")


async def get(url: str) -> httpx.Response:
    """On a connection of its own, so that several processes share what is asked."""
    async with httpx.AsyncClient(timeout=5, verify=False) as client:  # Loading certificates takes 40 ms.
        return await client.get(url)


async def test_the_metrics_port_counts_the_requests_of_all_processes_and_a_hung_one_is_replaced(
    clone: postgres.Database, tmp_path: Path
) -> None:
    metrics = f"http://127.0.0.1:{free_port()}/metrics"
    async with messenger(
        "serve",
        clone,
        tmp_path,
        workers="2",
        metrics_port=metrics.rpartition(":")[2].removesuffix("/metrics"),
        hang_seconds=HANG_SECONDS,
        fault_in_event="hang:poison",
    ) as running:
        api = running.stack.api_url
        answers = await asyncio.gather(*(get(f"{api}/healthz") for _ in range(60)))
        assert {each.status_code for each in answers} == {200}
        scraped = (await get(metrics)).text
        assert healthy(scraped) == 60
        assert "messenger_inbound_pending 0.0" in scraped
        assert "messenger_worker_heartbeat_age_seconds +Inf" in scraped
        # Outside of production beside the API too, and the same there.
        assert healthy((await get(f"{api}/metrics")).text) == 60
        assert (await get(metrics.replace("/metrics", "/healthz"))).status_code == 404

        (gym,) = await businesses(running.stack, tmp_path, 1)
        before = set(running.children().values())
        guilty = await running.post_text(gym, PARENT, "poison")

        async def replaced() -> bool:
            return bool(before - set(running.children().values()))

        await eventually(replaced, "the process that hung is gone")
        await eventually(lambda: running.has_quarantined(guilty), "without a worker, API processes find the guilty one")
        await eventually(running.answers, "the service is ready again")
        assert healthy((await get(metrics)).text) == 60, "What an ended process counted stays counted."


async def test_in_production_the_main_port_has_no_metrics(clone: postgres.Database, tmp_path: Path) -> None:
    port = free_port()
    async with messenger(
        "serve",
        clone,
        tmp_path,
        metrics_port=str(port),
        environment="production",
        secret_key="k" * 32,
        trusted_proxies="none",
    ) as running:
        refused = await get(f"{running.stack.api_url}/metrics")
        assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")
        scraped = (await get(f"http://127.0.0.1:{port}/metrics")).text
        assert total(scraped, "messenger_request_seconds_count", status="404") == 1


async def test_a_worker_answers_for_its_health_on_a_port_of_its_own(clone: postgres.Database, tmp_path: Path) -> None:
    port = free_port()
    async with messenger("worker", clone, tmp_path, ready=False, worker_port=str(port)) as running:

        async def is_healthy() -> bool:
            try:
                answer = await get(f"http://127.0.0.1:{port}/healthz")
            except httpx.HTTPError:
                return False
            return (answer.status_code, answer.json()) == (200, {"status": "ok"})

        async def has_beaten() -> bool:
            return await running.rows("SELECT count(*) FROM worker_heartbeats") == [(1,)]

        await eventually(is_healthy, "the worker is healthy")
        await eventually(has_beaten, "its outbox loop has turned")
