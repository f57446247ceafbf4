"""R7: PostgreSQL restarted under load, its connections cut in the middle of transactions, its disk full.

Meanwhile errors are 503 with `Retry-After`; afterwards the service recovers by itself, and nothing that it had
acknowledged is gone.
"""

import asyncio
import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from twilio.request_validator import RequestValidator

from api.kit.database import Database
from tests.support.business import AUTH_TOKEN, LINE_NUMBER
from tests.support.own_server import OwnServer, own_server
from tests.support.reliability import Progress, figure, size
from tests.support.stack import Stack, eventually
from tests.support.statements import execute

AT_ONCE = 8
TROUBLES = size(quick=4, full=40)
BALLAST_BYTES = 96 * 1024 * 1024
PARENTS = 40


@dataclass
class Load:
    """Carriers and staff who go on whatever happens, and remember what they were told."""

    stack: Stack
    acknowledged: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    sent: int = 0

    async def webhook(self, client: httpx.AsyncClient) -> None:
        self.sent += 1
        sid = f"SM{self.sent:032}"
        sender = f"+1312{5570000 + self.sent % PARENTS:07}"
        fields = {"MessageSid": sid, "From": sender, "To": LINE_NUMBER, "Body": f"text {sid}", "NumMedia": "0"}
        path = f"/webhooks/simulator/{self.stack.business.line_id}/inbound"
        signature = RequestValidator(AUTH_TOKEN).compute_signature(self.stack.api_url + path, fields)
        response = await client.post(
            path,
            content=urlencode(fields),
            headers={"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature},
        )
        if self._count(response):
            self.acknowledged.add(sid)

    async def look(self, client: httpx.AsyncClient) -> None:
        for path in ("/api/v1/conversations", "/api/v1/indicator", "/readyz"):
            self._count(await client.get(path))

    def _count(self, response: httpx.Response) -> bool:
        """Whether it succeeded. What is neither that nor a 503 that says when to come again is wrong."""
        self.answers[response.status_code] += 1
        if response.is_success:
            return True
        clear = response.status_code == 503 and "retry-after" in response.headers
        if not clear:
            self.wrong.append(f"{response.status_code} {response.headers.get('retry-after')} {response.text[:200]}")
        return False

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        ended = asyncio.Event()

        async def carrier() -> None:
            async with httpx.AsyncClient(base_url=self.stack.api_url, timeout=60) as client:
                while not ended.is_set():
                    await self.webhook(client)

        async def staff() -> None:
            async with self.stack.staff("maria") as client:
                client.timeout = httpx.Timeout(60)
                while not ended.is_set():
                    await self.look(client)

        tasks = [asyncio.create_task(carrier()) for _ in range(AT_ONCE)] + [asyncio.create_task(staff())]
        try:
            yield
        finally:
            ended.set()
            await asyncio.gather(*tasks)

    async def acknowledges(self, more: int) -> None:
        """Until that many further webhooks have got their 2xx: it works again."""
        wanted = len(self.acknowledged) + more

        async def reached() -> bool:
            return len(self.acknowledged) >= wanted

        await eventually(reached, f"{more} webhooks acknowledged; answers {self.answers}")

    async def refuses(self) -> None:
        """Until a request has been refused: the trouble is felt."""
        before = self.answers[503]

        async def felt() -> bool:
            return self.answers[503] > before

        await eventually(felt, "a 503")

    async def everything_acknowledged_arrived(self, server: OwnServer) -> None:
        database = Database(server.database.url, pool_size=1)

        async def arrived() -> bool:
            try:
                async with database.transaction() as session:
                    found = Counter(
                        await session.scalars(
                            text("SELECT provider_message_id FROM messages WHERE direction = 'inbound'")
                        )
                    )
            except (SQLAlchemyError, OSError):
                return False
            assert all(count == 1 for count in found.values())
            return self.acknowledged <= found.keys()

        try:
            await eventually(arrived, "every acknowledged text has become a message")
        finally:
            await database.close()
        assert self.wrong == []


async def cut_connections(server: OwnServer) -> None:
    """Every session of the service, in the middle of whatever it does."""
    await asyncio.to_thread(
        execute,
        server.database.admin_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'messenger_app'",
    )


async def restart(server: OwnServer) -> None:
    await asyncio.to_thread(server.restart)


async def kill(server: OwnServer) -> None:
    await asyncio.to_thread(server.kill)


TROUBLE: dict[str, Callable[[OwnServer], Awaitable[None]]] = {
    "connections cut": cut_connections,
    "restarted": restart,
    "killed": kill,
}


@pytest.mark.reliability
@pytest.mark.timeout(1800)
def test_R7_restarts_and_cut_connections_are_503_with_Retry_After_and_lose_nothing(tmp_path: Path) -> None:
    async def drive(server: OwnServer) -> None:
        async with Stack.running(server.database, tmp_path) as stack:
            load = Load(stack)
            progress = Progress("R7", total=TROUBLES)
            async with load.going():
                for number in range(TROUBLES):
                    await load.acknowledges(AT_ONCE * 3)
                    name = list(TROUBLE)[number % len(TROUBLE)]
                    await TROUBLE[name](server)
                    if name != "connections cut":
                        # One whose connection is cut between two statements may not notice.
                        await load.refuses()
                    progress.at(number + 1, f"{name}; answers {dict(load.answers)}")
                await load.acknowledges(AT_ONCE * 3)
            await load.everything_acknowledged_arrived(server)
            figure("R7", troubles=TROUBLES, acknowledged=len(load.acknowledged), lost=0, refused=load.answers[503])

    with own_server(tmp_path / "database") as server:
        asyncio.run(drive(server))


@pytest.mark.timeout(300)
def test_R7_a_journal_that_finds_the_disk_full_acknowledges_nothing_and_goes_on_when_there_is_space(
    tmp_path: Path,
) -> None:
    """PostgreSQL's own error for it (53100), raised where the journal writes; the real thing is the test below."""

    async def drive(server: OwnServer) -> None:
        async with Stack.running(server.database, tmp_path) as stack:
            load = Load(stack)
            async with load.going():
                await load.acknowledges(AT_ONCE)
                await asyncio.to_thread(
                    execute,
                    server.database.owner_url,
                    "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                    " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';"
                    " END $$",
                    "CREATE TRIGGER disk_full BEFORE INSERT ON inbound_events EXECUTE FUNCTION disk_full()",
                )
                await load.refuses()
                await asyncio.to_thread(execute, server.database.owner_url, "DROP TRIGGER disk_full ON inbound_events")
                await load.acknowledges(AT_ONCE)
            await load.everything_acknowledged_arrived(server)

    with own_server(tmp_path / "database") as server:
        asyncio.run(drive(server))


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own that is nearly full: 96 MiB of it are ballast to be thrown off."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320m", "tmpfs", str(folder)], check=True)
    try:
        (folder / "ballast").write_bytes(bytes(BALLAST_BYTES))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.reliability
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk; the test above covers the error")
@pytest.mark.timeout(600)
def test_R7_a_disk_that_really_is_full_is_503_and_recovers_once_there_is_space(tmp_path: Path) -> None:
    async def drive(server: OwnServer, disk: Path) -> None:
        async with Stack.running(server.database, tmp_path) as stack:
            load = Load(stack)
            async with load.going():
                await load.acknowledges(AT_ONCE)
                filler = disk / "filler"
                await asyncio.to_thread(_fill, filler)
                await load.refuses()
                filler.unlink()
                (disk / "ballast").unlink()
                await load.acknowledges(AT_ONCE * 3)
            await load.everything_acknowledged_arrived(server)
            figure("R7-disk", acknowledged=len(load.acknowledged), lost=0, refused=load.answers[503])

    with small_disk(tmp_path / "disk") as disk, own_server(disk / "database") as server:
        asyncio.run(drive(server, disk))


def _fill(path: Path) -> None:
    """Fill the disk to the last page."""
    with path.open("wb") as file:
        while True:
            free = shutil.disk_usage(path.parent).free
            if free < 4096:
                return
            try:
                file.write(random.randbytes(min(free, 1 << 20)))
                file.flush()
            except OSError:
                return
