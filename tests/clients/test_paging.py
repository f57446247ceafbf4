"""Both clients page through all conversations while a tenth of them change."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from messenger_center_client import AsyncMessengerClient, aiterate

from tests.clients.conftest import Running
from tests.support.many_conversations import write
from tests.support.postgres import PROJECT
from tests.support.reliability import size
from tests.support.stack import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900), pytest.mark.reliability]

COUNT = size(quick=1000, full=20_000)
NODE = Path(sys.executable).parent / "node"


async def by_python(running: Running) -> list[str]:
    listed = []
    async with AsyncMessengerClient(running.url, running.key) as client:
        async for each in aiterate(client.list_conversations, limit=50):
            listed.append(str(each.id))
            if len(listed) % 50 == 0:
                await asyncio.sleep(0.05)
    return listed


async def by_typescript(running: Running) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), "test/page.ts"),
        cwd=PROJECT / "clients" / "typescript",
        env={**os.environ, "MESSENGER_URL": running.url, "MESSENGER_KEY": running.key},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().split()


def moving() -> Iterator[str]:
    """Every tenth number, from both ends of the list."""
    numbers = [f"+1312{2_000_000 + n}" for n in range(1, COUNT + 1, 10)]
    half = len(numbers) // 2
    for first, last in zip(numbers[:half], reversed(numbers[half:]), strict=True):
        yield from (last, first)


async def test_nothing_that_stayed_is_missed_and_nothing_comes_twice(running: Running) -> None:
    await write(running.owner_url, running.stack.business.slug, COUNT)
    for read in (by_python, by_typescript):
        before = {str(each): at for each, at in (await last_changes(running)).items()}
        reading = asyncio.create_task(read(running))
        for number in moving():
            await running.stack.handset_texts(number, "Hello?")
        listed = await reading

        async def applied(before: dict[str, object] = before) -> bool:
            now = await last_changes(running)
            return sum(before[each] != at for each, at in now.items()) >= COUNT // 10

        await eventually(applied, "every text has changed its conversation")
        stayed = {each for each, at in (await last_changes(running)).items() if before[each] == at}
        assert len(listed) == len(set(listed)), read.__name__
        assert stayed <= set(listed), read.__name__
        assert len(stayed) == COUNT - COUNT // 10


async def last_changes(running: Running) -> dict[str, object]:
    """When each conversation changed last, in the database."""
    async with running.stack.database.engine.connect() as connection:
        rows = await connection.exec_driver_sql("SELECT id, last_message_at FROM conversations")
        return {str(row.id): row.last_message_at for row in rows}
