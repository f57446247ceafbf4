"""Both clients play the story of an integration, each as a program of its own, against the service as real processes.

A key, 1,000 families, their consent, a conversation, a text and the signed event of its delivery, an answer, all
conversations page by page while a tenth of them change, and the audit trail.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.clients.conftest import Running
from tests.support.many_conversations import write
from tests.support.postgres import PROJECT
from tests.support.reliability import figure, size
from tests.support.stack import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1800), pytest.mark.reliability]

CONVERSATIONS = size(quick=1000, full=20_000)
CHANGED = CONVERSATIONS // 10
AT_ONCE = 8
"""Texts that the carrier delivers at once."""
PROGRAMS = {
    "python": [sys.executable, "-W", "error", str(PROJECT / "tests" / "clients" / "integration.py")],
    "typescript": [str(Path(sys.executable).parent / "node"), "test/integration.ts"],
}
PARENTS = {"python": "+13124000000", "typescript": "+13125000000"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowded(running: Running) -> Running:
    await write(running.owner_url, running.stack.business.slug, CONVERSATIONS)
    return running


@pytest.mark.parametrize("language", PROGRAMS)
async def test_an_integration_does_its_whole_work(crowded: Running, language: str) -> None:
    parent = PARENTS[language]
    before = await last_changes(crowded)
    process = await asyncio.create_subprocess_exec(
        *PROGRAMS[language],
        cwd=PROJECT / "clients" / "typescript",
        env={
            **os.environ,
            "MESSENGER_URL": crowded.url,
            "MESSENGER_KEY": crowded.key,
            "MESSENGER_PARENT": parent,
            "PYTHONPATH": str(PROJECT / "clients" / "python" / "src"),
        },
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 2**20,
    )
    assert process.stdout is not None
    waiting: Iterator[str] = moving()
    changes: list[asyncio.Task[None]] = []
    seen: dict[str, Any] = {}
    meanwhile = 0
    async for line in process.stdout:
        match json.loads(line):
            case {"waits_for": "a text"}:
                await crowded.stack.handset_texts(parent, "Is there a class today?")
            case {"waits_for": "changes"}:
                changes = [asyncio.create_task(texts(crowded, waiting)) for _ in range(AT_ONCE)]
            case {"waits_for": "the last change"}:
                now = await last_changes(crowded)
                meanwhile = sum(now[each] != at for each, at in before.items())
                await asyncio.gather(*changes)
            case {"seen": dict(found)}:
                seen = found
    assert await process.wait() == 0

    assert seen["imported"] == seen["allowed"] == 1000
    assert seen["question"] == "Is there a class today?"
    assert seen["not_in_the_log"] == []
    assert {"conversation.opened", "message.sent"} <= set(seen["audited"])
    assert seen["keys"].count({"python": "Portal in Python", "typescript": "Portal in TypeScript"}[language]) == 1

    async def answered() -> bool:
        bodies = [each["body"] for each in await crowded.stack.handed_over() if each["to"] == parent]
        return bodies == ["Class is at 5:30.", "Yes, it is."]

    await eventually(answered, "both texts are with the carrier, once")

    async def all_changed() -> bool:
        now = await last_changes(crowded)
        return sum(now[each] != at for each, at in before.items()) == CHANGED

    await eventually(all_changed, "every text has changed its conversation")
    now = await last_changes(crowded)
    stayed = {each for each, at in before.items() if now[each] == at}
    assert len(stayed) == CONVERSATIONS - CHANGED
    assert len(seen["listed"]) == len(set(seen["listed"])), "none comes twice"
    assert stayed <= set(seen["listed"]), "none that stayed is missed"
    assert meanwhile > 0, "some changed while it paged"
    figure("STORY", language=language, conversations=CONVERSATIONS, changed=CHANGED, changed_meanwhile=meanwhile)


def moving() -> Iterator[str]:
    """Every tenth number, from both ends of the list in turn."""
    numbers = [f"+1312{2_000_000 + n}" for n in range(1, CONVERSATIONS + 1, 10)]
    half = len(numbers) // 2
    for first, last in zip(numbers[:half], reversed(numbers[half:]), strict=True):
        yield from (last, first)


async def texts(running: Running, waiting: Iterator[str]) -> None:
    for number in waiting:
        await running.stack.handset_texts(number, "Hello?")


async def last_changes(running: Running) -> dict[str, object]:
    """When each of the many conversations changed last, in the database."""
    statement = text(
        "SELECT conversation.id, conversation.last_message_at FROM conversations AS conversation"
        " JOIN phone_numbers AS number ON number.organization_id = conversation.organization_id"
        " AND number.id = conversation.phone_number_id WHERE number.number LIKE '+13122%'"
    )
    async with running.stack.database.transaction() as session:
        return {str(row.id): row.last_message_at for row in await session.execute(statement)}
