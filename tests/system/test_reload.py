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
from api.version import VERSION
from tests.support import postgres
from tests.support.load import Load
from tests.support.processes import is_alive
from tests.support.reliability import FULL, figure, size
from tests.support.served import Unit
from tests.support.stack import MESSENGER, Stack, eventually
from tests.support.statements import execute
from tests.system.test_hangs import businesses

pytestmark = [pytest.mark.timeout(200), pytest.mark.reliability]


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


RELOADS = size(quick=2, full=3)


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
            for _ in range(RELOADS):
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


RELEASE = ("api", "migrations", "alembic.ini")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release of its own on disk, which a test may change."""
    folder = tmp_path / "release"
    for name in RELEASE:
        source = postgres.PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    program = folder / "bin" / "messenger"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(folder)!r})\n"
        "sys.dont_write_bytecode = True\nfrom api.cli import main\nmain()\n"
    )
    program.chmod(0o755)
    return folder


async def version_at(url: str) -> str:
    async with httpx.AsyncClient() as client:
        version: str = (await client.get(f"{url}/openapi.json")).json()["info"]["version"]
    return version


async def test_a_new_process_that_cannot_start_leaves_the_old_ones_and_an_upgrade_on_disk_is_taken(
    stack: Stack, clone: postgres.Database, tmp_path: Path, listening: socket.socket, release: Path
) -> None:
    url = url_of(listening)
    environment = environment_of(stack, url)
    async with Unit.of(tmp_path, "serve") as unit:
        await unit.start([str(release / "bin" / "messenger"), "serve"], environment, listening=listening)
        before = unit.children()

        async def is_refused(reason: str) -> None:
            status = await unit.reload()
            assert status.startswith(f"Reload refused: {reason}"), status
            said = [line for line in unit.said().splitlines() if "serve.reload_refused" in line and reason in line]
            assert len(said) == 1
            assert unit.children() == before
            assert await version_at(url) == VERSION

        settings = tmp_path / ".env"
        settings.write_text("MESSENGER_DRAIN_SECONDS=-1\n")
        await is_refused("Settings are not valid: MESSENGER_DRAIN_SECONDS: ")
        settings.write_text("MESSENGER_WORKERS=2\n")

        await asyncio.to_thread(execute, clone.owner_url, "UPDATE alembic_version SET version_num = '0001'")
        await is_refused(f"The database's schema is at 0001, and this version needs {expected_revision()}.")
        restore = f"UPDATE alembic_version SET version_num = '{expected_revision()}'"
        await asyncio.to_thread(execute, clone.owner_url, restore)

        version = release / "api" / "version.py"
        version.write_text("This is no Python.\n")
        await is_refused("it ended with exit code 1")

        version.write_text('VERSION = "99.0.0"\n')
        status = await unit.reload()
        assert status == "Release 99.0.0 serves with 2 API processes."
        assert await version_at(url) == "99.0.0"
        assert unit.children().isdisjoint(before)
        # The supervisor itself is the new one, under its process id.
        reloaded = [line for line in unit.said().splitlines() if "serve.reloaded" in line]
        assert len(reloaded) == 1
        assert "version=99.0.0" in reloaded[0]


async def test_a_worker_starts_anew_unless_the_new_program_cannot(stack: Stack, tmp_path: Path) -> None:
    async with Unit.of(tmp_path, "worker") as unit:
        await unit.start([MESSENGER, "worker"], environment_of(stack, stack.api_url))
        settings = tmp_path / ".env"
        settings.write_text("MESSENGER_DRAIN_SECONDS=-1\n")
        assert (await unit.reload()).startswith("Reload refused: Settings are not valid: MESSENGER_DRAIN_SECONDS: ")
        settings.unlink()
        assert unit.said().count("worker.started") == 1

        assert await unit.reload() == f"Release {VERSION} works."

        assert unit.said().count("worker.started") == 2
        assert await unit.stop() == 0
        assert "STOPPING=1" in unit.told


async def test_a_second_signal_ends_at_once(stack: Stack, tmp_path: Path, listening: socket.socket) -> None:
    url = url_of(listening)
    async with Unit.of(tmp_path, "serve") as unit:
        environment = environment_of(stack, url, drain_seconds="600", request_deadline_seconds="600")
        await unit.start([MESSENGER, "serve"], environment, listening=listening)
        children = unit.children()
        _, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nunfinished")
        await writer.drain()
        await version_at(url)  # The process has read the unfinished request before this one.
        os.kill(unit.pid, signal.SIGTERM)
        await unit.tells("STOPPING=1")
        assert unit.children() == children, "The request that has begun is waited for."

        assert await unit.stop() == 1

        assert not any(is_alive(each) for each in children)
        writer.close()
