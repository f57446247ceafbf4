"""R16: the previous release and this one run side by side over each migration, under load.

The previous release serves on its own schema, which is migrated beneath it, one migration at a time. Then processes of
this release join it, and at last the old ones end. Nothing is lost or sent twice, and no request fails.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from api.migrate import alembic_config
from tests.support import postgres
from tests.support.load import Load
from tests.support.previous_release import PreviousRelease
from tests.support.reliability import Progress, figure, size
from tests.support.served import Unit
from tests.support.stack import MESSENGER, Stack, answers, eventually, free_port

pytestmark = [pytest.mark.timeout(size(quick=300, full=1_800)), pytest.mark.reliability]

STEP_REQUESTS = size(quick=40, full=600)
"""How many requests and webhooks are answered in each state."""


@pytest.fixture
def empty_database() -> Iterator[postgres.Database]:
    template = postgres.template_database(lambda owner_url: None, migrations=postgres.PROJECT / "tests" / "support")
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


@pytest.fixture
async def stack(empty_database: postgres.Database, tmp_path: Path) -> AsyncIterator[Stack]:
    stack = Stack(empty_database, tmp_path, demo="0", log_level="info")
    stack.start("carrier")
    yield stack
    await stack.carrier.aclose()
    await stack.database.close()
    stack.stop("carrier")


async def upgrade(owner_url: str, revision: str) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(owner_url), revision)


def revisions_after(revision: str) -> list[str]:
    scripts = ScriptDirectory.from_config(alembic_config(""))
    return [each.revision for each in scripts.iterate_revisions("head", revision)][::-1]


class Steps:
    """The load on the service in each state, until enough has been answered there."""

    def __init__(self, load: Load, conversations: list[str]) -> None:
        self._load = load
        self._conversations = conversations

    @asynccontextmanager
    async def on(self, urls: list[str], state: str) -> AsyncIterator[None]:
        load = self._load
        load.urls, load.stopping = urls, asyncio.Event()
        before = dict(load.done)
        progress = Progress(f"R16 {state}", total=STEP_REQUESTS)

        async def enough() -> bool:
            done = [load.done[name] - before.get(name, 0) for name in ("read", "webhook")]
            progress.at(sum(done))
            return sum(done) >= STEP_REQUESTS and min(done) > 0

        async with load.running(reads=20, webhooks=20, replies=self._conversations, streams=2):
            yield
            await eventually(enough, f"requests are answered by {state}", seconds=300)
        assert load.failures == [], state


async def conversations(load: Load) -> list[str]:
    """The first texts arrive. Returns the ids of some conversations, which can be replied to."""

    async def are_there() -> bool:
        async with load.client() as client:
            found.update(each["id"] for each in (await client.get("/api/v1/conversations")).json()["items"])
        return len(found) >= 3

    found: set[str] = set()
    async with load.client(person="admin") as client:
        line = f"/api/v1/lines/{load.business.line_id}"
        changed = await client.patch(line, json={"settings": {"messages_per_second": 20}})
        assert changed.status_code == 200, changed.text
    async with load.running(webhooks=20):
        await eventually(are_there, "the first texts arrive")
    return sorted(found)[:3]


async def everything_is_told(stack: Stack) -> bool:
    """The outbox is empty, and the carrier has no callback to tell."""
    async with stack.database.transaction() as session:
        waiting = await session.scalar(text("SELECT count(*) FROM outbox"))
    return bool(waiting == 0 and (await stack.carrier.get("/control/webhooks")).json()["pending"] == 0)


async def check_messages(stack: Stack, load: Load) -> None:
    """Each acknowledged text is a message once, and each accepted reply was handed over once."""

    async def applied() -> bool:
        async with stack.database.transaction() as session:
            found = await session.scalars(text("SELECT body FROM messages WHERE direction = 'inbound'"))
            return sorted(found.all()) == sorted(load.acknowledged.values())

    async def sent() -> bool:
        async with stack.database.transaction() as session:
            return bool(await session.scalar(text("SELECT count(*) FROM outbox")) == 0)

    await eventually(applied, "each acknowledged text is a message, once")
    await eventually(sent, "every reply leaves")
    assert Counter(each["body"] for each in await stack.handed_over()) == Counter(load.accepted)
    assert await stack.handed_over_twice() == []


async def test_R16_the_previous_release_and_this_one_serve_side_by_side(
    empty_database: postgres.Database, stack: Stack, tmp_path: Path
) -> None:
    previous = PreviousRelease.unpacked(tmp_path / "previous")
    await upgrade(empty_database.owner_url, previous.schema)
    business = await asyncio.to_thread(previous.create_business, stack.environment)
    load = Load(business, [stack.api_url], stack.api_url)
    await stack.carrier_is_ready()
    await stack.connect_line(business)
    new_url = f"http://127.0.0.1:{free_port()}"
    async with AsyncExitStack() as units:
        units_of = {
            name: await units.enter_async_context(Unit.of(tmp_path, name))
            for name in ("old-serve", "old-worker", "new-serve", "new-worker")
        }
        old = previous.environment(stack.environment)
        await asyncio.gather(
            *(units_of[f"old-{name}"].launch(previous.command(name), old) for name in ("serve", "worker"))
        )
        await eventually(lambda: answers(f"{stack.api_url}/readyz"), "the previous release serves")
        steps = Steps(load, await conversations(load))

        for revision in revisions_after(previous.schema):
            async with steps.on([stack.api_url], f"the previous release while {revision} is made"):
                await upgrade(empty_database.owner_url, revision)
        async with steps.on([stack.api_url], "the previous release on the new schema"):
            assert await units_of["old-worker"].stop() == 0, units_of["old-worker"].said()
            await units_of["old-worker"].launch(previous.command("worker"), old)
            new = {**stack.environment, "MESSENGER_PORT": new_url.rpartition(":")[2]}
            await units_of["new-serve"].start([MESSENGER, "serve"], new)
            await units_of["new-worker"].start([MESSENGER, "worker"], new)
        async with steps.on([stack.api_url, new_url], "both releases"):
            assert "refused" not in await units_of["new-worker"].reload()
        # Callbacks go to the address of the previous release, which is going to end.
        await eventually(lambda: everything_is_told(stack), "every callback is told")
        await stack.reports_nothing()
        async with steps.on([new_url], "this release, while the previous one ends"):
            assert await units_of["old-worker"].stop() == 0, units_of["old-worker"].said()
            # Uvicorn ends an old process with the signal that it got.
            assert await units_of["old-serve"].stop() in (0, -15), units_of["old-serve"].said()
        said = {name: unit.said() for name, unit in units_of.items()}
        await check_messages(stack, load)
    for each in said.values():
        for entry in re.split(r"^(?=\d{4}-\d\d-\d\dT)", each, flags=re.MULTILINE):
            # The previous release locks the conversations of texts and of callbacks in turn. PostgreSQL ends a deadlock
            # for either release, and the worker takes its turn again. Nothing is lost: see the checks above.
            if "DeadlockDetectedError" not in entry:
                assert "Traceback" not in entry, entry
    figure("R16", migrations=len(revisions_after(previous.schema)), lost=0, twice=0, failed=0, **load.done)
