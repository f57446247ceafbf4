"""R17: a backup under load, the loss of everything else, a restore. Nothing is sent twice, no STOP is forgotten.

The carrier is outside: it remembers what it was given.
"""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.audit import service as audit
from api.embedded_postgres.run import EmbeddedPostgres, start
from api.kit.crash_points import CrashPoint
from api.migrate import migrate
from tests.support.own_server import OwnServer
from tests.support.reliability import FULL, figure, seed, size
from tests.support.stack import Stack, eventually

PARENTS = [f"+1313555{index:04}" for index in range(size(quick=12, full=200))]
WAITING = size(quick=24, full=1_000)
"""Texts that wait when the backup is made."""
STOPPED = size(quick=3, full=40)
UNLIMITED = {"requests_per_minute_per_person": "0"}


@dataclass(frozen=True)
class Place:
    """A database in a folder of its own: the embedded one, or one that the service reaches by its URL."""

    folder: Path
    is_embedded: bool

    def start(self) -> EmbeddedPostgres:
        return start(self.folder, fsync=self.is_embedded)

    def settings(self) -> dict[str, str]:
        """Settings of `messenger backup` and `messenger restore`."""
        if self.is_embedded:
            return {"MESSENGER_DATABASE_URL": "", "MESSENGER_DATA_DIR": str(self.folder)}
        with self.start() as server:
            return {"MESSENGER_DATABASE_URL": server.owner_url}


@pytest.mark.reliability
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "is_embedded", [False, True] if FULL else [False], ids=lambda it: "embedded" if it else "by_url"
)
def test_R17_SEND_NEVER_TWICE_OPTIN_STOP_a_restored_backup_sends_nothing_twice_and_forgets_no_stop(
    tmp_path: Path, is_embedded: bool
) -> None:
    lost, new = (Place(tmp_path / name, is_embedded) for name in ("lost", "new"))
    with lost.start() as server:
        migrate(server.owner_url)
        asyncio.run(drive(server, lost, new, tmp_path))


@dataclass
class Story:
    stack: Stack
    maria: httpx.AsyncClient
    conversations: dict[str, str] = field(default_factory=dict)
    """By the parent's number."""
    said: list[str] = field(default_factory=list)
    """What parents have texted, and the service has acknowledged or will."""
    answered: list[str] = field(default_factory=list)

    async def parent_says(self, number: str, body: str) -> None:
        self.said.append(body)
        await self.stack.handset_texts(number, body)

    async def all_applied(self) -> bool:
        async with self.stack.database.transaction() as session:
            found = await session.scalars(text("SELECT body FROM messages WHERE direction = 'inbound'"))
            return Counter(found) == Counter(self.said)

    async def answer(self, number: str, body: str) -> httpx.Response:
        path = f"/api/v1/conversations/{self.conversations[number]}/messages"
        response = await self.maria.post(path, json={"body": body})
        if response.status_code == 201:
            self.answered.append(body)
        return response

    async def at_carrier(self) -> Counter[str]:
        found = await self.stack.carrier.get("/control/messages?direction=outbound-api&limit=100000")
        return Counter(each["body"] for each in found.json()["items"])

    async def statuses(self) -> dict[str, tuple[str, str | None]]:
        async with self.stack.database.transaction() as session:
            rows = await session.execute(
                text("SELECT body, status, error_code FROM messages WHERE direction = 'outbound'")
            )
            return {row.body: (row.status, row.error_code) for row in rows}

    @asynccontextmanager
    async def under_load(self) -> AsyncIterator[None]:
        """Parents keep texting."""

        async def load() -> None:
            number = 0
            while True:
                number += 1
                await self.parent_says(PARENTS[-1], f"during the backup {number}")
                await asyncio.sleep(0.02)

        task = asyncio.create_task(load())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if self.said and not await self._was_taken(self.said[-1]):
                self.said.pop()  # The load ended in the middle of it.

    async def _was_taken(self, body: str) -> bool:
        found = (await self.stack.carrier.get("/control/messages?limit=100000")).json()["items"]
        return any(each["body"] == body for each in found)


async def drive(server: EmbeddedPostgres, lost: Place, new: Place, folder: Path) -> None:
    chosen = seed()
    dice = random.Random(chosen)
    context = f"seed {chosen}"
    backup = folder / "messenger.backup"
    async with (
        Stack.running(OwnServer(server).database, folder, send_lease_seconds="2", **UNLIMITED) as stack,
        stack.staff("maria") as maria,
    ):
        story = Story(stack, maria)
        await before_the_backup(story)
        stopped = dice.sample(PARENTS[:-1], STOPPED)
        async with story.under_load():
            assert await stack.command("backup", str(backup), **lost.settings()) == 0
        acknowledged = len(story.answered)
        await after_the_backup(story, stopped)

        for name in ("worker", "api"):
            stack.kill(name)
        await asyncio.to_thread(lose, server)
        had = await story.at_carrier()
        if new.is_embedded:
            # It starts the server itself.
            assert await stack.command("restore", str(backup), **new.settings()) == 0
        with new.start() as restored:
            if not new.is_embedded:
                assert await stack.command("restore", str(backup), **new.settings()) == 0
            await stack.moves_to(OwnServer(restored).database)
            stack.start("api")
            await stack.ready()
            held = (await maria.get("/api/v1/sending-status")).json()
            assert (held["texts_are_leaving"], held["held"]) == (False, True), context
            refused = await answer_all(story)
            stack.start("worker")
            await eventually(lambda: is_released(stack), f"the outbox is released ({context})")
            await eventually(story.all_applied, f"every text has come ({context})")
            await eventually(lambda: has_ended(stack), f"nothing waits ({context})")
            await check(story, stopped, had=had, refused=refused, acknowledged=acknowledged, context=context)
            for name in ("worker", "api"):
                stack.stop(name)
    figure(
        "R17",
        database="embedded" if new.is_embedded else "by_url",
        waiting=WAITING,
        sent_since=sum(had.values()),
        stops=STOPPED,
        twice=0,
        lost=0,
        seed=chosen,
    )


async def before_the_backup(story: Story) -> None:
    """Parents have texted, and answers wait: some of them are being sent by a worker that has died."""
    stack = story.stack
    for number in PARENTS:
        await story.parent_says(number, f"hello from {number}")
    await eventually(story.all_applied, "the parents' first texts")
    async with stack.staff("admin") as admin:
        found = (await admin.get("/api/v1/conversations?limit=200")).json()["items"]
    story.conversations = {each["phone_number"]: each["id"] for each in found}
    stack.kill("worker")
    for index in range(2):
        assert (await story.answer(PARENTS[index], f"being sent {index}")).status_code == 201
    stack.start("worker", MESSENGER_CRASH_AT=CrashPoint.POST_WRITTEN.value)
    await stack.died("worker")
    for index in range(WAITING):
        response = await story.answer(PARENTS[index % len(PARENTS)], f"waiting {index}")
        assert response.status_code == 201, response.text


async def after_the_backup(story: Story, stopped: list[str]) -> None:
    """Half of what waited is sent, new texts are sent, parents stop. All of it is lost."""
    stack = story.stack
    stack.start("worker")

    async def half_is_sent() -> bool:
        return sum((await story.at_carrier()).values()) >= WAITING // 2

    await eventually(half_is_sent, "half of what waited is sent")
    for number in stopped:
        await story.parent_says(number, "STOP")
    for index in range(STOPPED):
        await story.parent_says(PARENTS[-1], f"after the backup {index}")
    await eventually(story.all_applied, "every text before the loss is applied")


def lose(server: EmbeddedPostgres) -> None:
    OwnServer(server).kill()
    server.release()
    shutil.rmtree(server.data_dir)


async def answer_all(story: Story) -> int:
    """Maria answers every parent right after the restore. Returns how many answers were refused at once."""
    codes = [(await story.answer(number, f"restored {number}")).status_code for number in PARENTS]
    assert set(codes) <= {201, 409}
    return codes.count(409)


async def is_released(stack: Stack) -> bool:
    async with stack.database.transaction() as session:
        held = await session.scalar(text("SELECT count(*) FROM outbox_holds WHERE released_at IS NULL"))
    return bool(held == 0)


async def has_ended(stack: Stack) -> bool:
    async with stack.database.transaction() as session:
        return not await session.scalar(text("SELECT count(*) FROM outbox WHERE state <> 'unknown'"))


async def check(
    story: Story, stopped: list[str], *, had: Counter[str], refused: int, acknowledged: int, context: str
) -> None:
    stack = story.stack
    at_carrier, statuses = await story.at_carrier(), await story.statuses()
    assert await stack.handed_over_twice() == [], context
    assert {body: count for body, count in at_carrier.items() if count > 1} == {}, context
    assert set(story.answered) == set(statuses), f"nothing acknowledged is missing, {context}"
    for body in story.answered[:acknowledged]:
        status, _ = statuses[body]
        expected = {"sent", "delivered"} if had[body] else {"unknown"}
        assert status in expected, f"{body}: {status}, {context}"
        assert at_carrier[body] == had[body], f"{body} was not sent after the restore, {context}"
    for number in PARENTS:
        body = f"restored {number}"
        if number in stopped:
            # The service knows of the STOP: the carrier was not even asked.
            assert statuses.get(body) in {None, ("failed", "not_allowed_stopped")}, f"{statuses.get(body)}, {context}"
        else:
            assert at_carrier[body] == 1, f"{body}, {context}"
    async with stack.database.transaction() as session:
        proved = await audit.verify(session, stack.business.organization_id)
    assert isinstance(proved, int), f"{proved}, {context}"
    assert refused <= len(stopped), context
