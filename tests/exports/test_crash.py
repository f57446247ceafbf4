"""EXPORT through the real processes: a worker that is killed leaves its exports to the next one."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access.dependencies import SESSION_COOKIE
from tests.support import postgres
from tests.support.exports import EXPORTS
from tests.support.many_conversations import write
from tests.support.stack import Stack, eventually

TEXTS = 6_000
"""Some 15 chunks."""


@pytest.fixture
async def stack(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[Stack]:
    async with Stack.running(clone, tmp_path) as stack:
        yield stack


async def test_EXPORT_a_worker_that_is_killed_leaves_it_to_the_next_and_each_row_is_written_once(
    stack: Stack, clone: postgres.Database
) -> None:
    await write(clone.owner_url, stack.business.slug, TEXTS)
    async with httpx.AsyncClient(
        base_url=stack.api_url,
        headers={"Origin": stack.api_url},
        cookies={SESSION_COOKIE: stack.business.tokens["admin"]},
        timeout=60,
    ) as admin:
        since = (datetime.now(UTC) - timedelta(days=60)).isoformat()
        made = await admin.post(EXPORTS, json={"kind": "range", "format": "ndjson", "from": since})
        assert made.status_code == 201, made.text
        address = f"{EXPORTS}/{made.json()['id']}"

        async def job() -> dict[str, Any]:
            found: dict[str, Any] = (await admin.get(address)).json()
            return found

        kills = 0
        for least in (1, 2_000):

            async def is_under_way(least: int = least) -> bool:
                now = await job()
                return now["finished_at"] is not None or now["progress"]["done"] >= least

            await eventually(is_under_way, f"{least} rows are written")
            kills += (await job())["finished_at"] is None
            stack.kill("worker")
            stack.start("worker")

        async def has_ended() -> bool:
            return (await job())["finished_at"] is not None

        await eventually(has_ended, "the export has ended")
        done, file = await job(), await admin.get(f"{address}/file")

    assert kills == 2
    assert done["state"] == "done"
    lines = [json.loads(line) for line in file.text.splitlines()]
    texts = [line["body"] for line in lines if line["kind"] == "message"]
    assert texts == [f"Text {n} of the list" for n in range(TEXTS, 0, -1)]
    ids = [line["id"] for line in lines[1:-1]]
    assert len(set(ids)) == len(ids) == done["progress"]["done"]
    assert hashlib.sha256(file.content).hexdigest() == done["sha256"]
