"""SIGHUP replaces every process, SIGTERM ends them: no request fails under load, and nothing acknowledged is lost."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.kit.database import Database
from api.migrate import expected_revision
from tests.support import postgres
from tests.support.load import Load
from tests.support.reliability import FULL, figure
from tests.support.served import Unit
from tests.support.stack import MESSENGER, Stack, eventually
from tests.support.statements import execute
from tests.system.test_hangs import businesses

pytestmark = [pytest.mark.timeout(100), pytest.mark.reliability]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as made:
        yield made


@pytest.fixture
async def stack(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[Stack]:
    """Its database and its settings. Nothing is started."""
    stack = Stack(clone, tmp_path, demo="0")
    yield stack
    await stack.carrier.aclose()
    await stack.database.close()


def url_of(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def environment_of(stack: Stack, url: str, **settings: str) -> dict[str, str]:
    return {
        **stack.environment,
        "MESSENGER_PUBLIC_URL": url,
        "MESSENGER_LOG_LEVEL": "info",
        **{f"MESSENGER_{name.upper()}": value for name, value in settings.items()},
    }


async def bodies(database: Database) -> list[str]:
    async with database.transaction() as session:
        return list((await session.scalars(text("SELECT body FROM messages WHERE direction = 'inbound'"))).all())


# Each new process imports the application, which takes 1.5 s of processor time.
@pytest.mark.parametrize("workers", [1, 2] if FULL else [1])
async def test_RECV_NOTHING_LOST_reloads_and_restarts_fail_no_request(
    stack: Stack, tmp_path: Path, listening: socket.socket, workers: int
) -> None:
    url = url_of(listening)
    (gym,) = await businesses(stack, tmp_path, 1)
    environment = environment_of(stack, url, workers=str(workers))
    load = Load(gym, [url], url)
    async with Unit.of(tmp_path, "serve") as unit:
        await unit.start([MESSENGER, "serve"], environment, listening=listening)
        async with load.running(reads=50, webhooks=20, streams=3):
            for _ in range(3):
                before, parent = unit.children(), unit.pid
                status = await unit.reload()
                assert "refused" not in status, unit.said()
                new = unit.children() - before
                assert (len(new), unit.pid) == (workers, parent)
            served = dict(load.done)
            assert await unit.stop() == 0, unit.said()
            await unit.tells("STOPPING=1")
            await unit.start([MESSENGER, "serve"], environment, listening=listening)
            await eventually(lambda: grows(load, served), "requests go on")
        assert load.failures == [], unit.said()
        assert "WATCHDOG=1" in unit.told
        assert len(load.stream_ends) >= 3
        assert all(b"retry: " in end for end in load.stream_ends)

        async def all_applied() -> bool:
            return sorted(await bodies(stack.database)) == sorted(load.acknowledged.values())

        await eventually(all_applied, "each acknowledged text is a message, once")
        assert await unit.stop() == 0
    figure("reload", workers=workers, failed=0, **load.done)


async def grows(load: Load, before: dict[str, int]) -> bool:
    return all(load.done[name] > before[name] + 50 for name in ("read", "webhook"))
