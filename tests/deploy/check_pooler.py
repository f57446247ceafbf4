"""Requests and workers behind PgBouncer in transaction mode, notifications and migrations past it (decision 0032)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from api.check import Result, findings
from api.database_urls import DatabaseUrls
from api.kit.database import Database
from api.postgres_url import normalized_database_url, pooled_url
from tests.deploy.pgbouncer import SERVER_CONNECTIONS, pgbouncer
from tests.support import postgres
from tests.support.service import service_settings
from tests.support.stack import Stack, eventually

PARENTS = [f"+131255504{index:02}" for index in range(8)]


@pytest.fixture
async def pooled(clone: postgres.Database) -> AsyncIterator[str]:
    with pgbouncer(clone) as url:
        yield url


async def test_texts_come_and_leave_through_a_pooler_and_live_events_past_it(
    clone: postgres.Database, pooled: str, tmp_path: Path
) -> None:
    urls = {"database_url": pooled, "direct_database_url": clone.url}
    async with Stack.running(clone, tmp_path, **urls) as stack, stack.staff("maria") as maria:
        await asyncio.gather(*(stack.handset_texts(parent, f"Hello {n}") for n in range(3) for parent in PARENTS))

        async def everybody() -> bool:
            items = (await maria.get("/api/v1/conversations")).json()["items"]
            return len(items) == len(PARENTS) and all(each["unread_messages"] == 3 for each in items)

        await eventually(everybody, "every text is in the inbox")
        conversations = (await maria.get("/api/v1/conversations")).json()["items"]

        async def answer(conversation_id: str) -> None:
            path = f"/api/v1/conversations/{conversation_id}/messages"
            sent = await maria.post(path, json={"body": "See you at five"})
            assert sent.status_code == 201, sent.text

        async with maria.stream("GET", "/api/v1/events") as events:
            lines = events.aiter_lines()
            await anext(lines)
            await asyncio.gather(*(answer(each["id"]) for each in conversations))
            async with asyncio.timeout(10):
                async for line in lines:
                    if conversations[0]["id"] in line:
                        break
                else:
                    raise AssertionError("no live event")

        async def all_sent() -> bool:
            return len(await stack.handed_over()) == len(PARENTS)

        await eventually(all_sent, "every answer has left")
        assert await stack.handed_over_twice() == []
        searched = await maria.get("/api/v1/messages/search", params={"q": "five"})
        assert len(searched.json()["items"]) == len(PARENTS)


async def test_no_state_is_kept_between_transactions(clone: postgres.Database, pooled: str) -> None:
    """Many clients over few server connections, the same statements and arrays on each."""
    async with Database(pooled_url(normalized_database_url(pooled)), pool_size=3 * SERVER_CONNECTIONS) as database:

        async def work(n: int) -> int:
            async with database.transaction() as session:
                pid = await session.scalar(text("SELECT pg_backend_pid()"))
                for _ in range(3):
                    found = await session.scalar(
                        text("SELECT count(*) FROM unnest(CAST(:ids AS int[])) AS n WHERE n < :n"),
                        {"ids": list(range(10)), "n": n % 10},
                    )
                    assert found == n % 10
                    assert await session.scalar(text("SELECT pg_backend_pid()")) == pid
            async with database.snapshot() as session:
                assert await session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
            return int(pid or 0)

        backends = {pid for _ in range(10) for pid in await asyncio.gather(*(work(n) for n in range(30)))}
    assert len(backends) == SERVER_CONNECTIONS


async def test_check_recognises_a_pooler(clone: postgres.Database, pooled: str, tmp_path: Path) -> None:
    through = normalized_database_url(pooled)
    settings = service_settings(tmp_path)

    async def failures(urls: DatabaseUrls) -> list[str]:
        found = [each async for each in findings(settings, urls, network=False)]
        return [each.message for each in found if each.result is Result.FAILED and each.check != "worker"]

    assert await failures(DatabaseUrls(pooled_url(through), owner=clone.owner_url, listening=clone.url)) == []
    direct_is_pooled = DatabaseUrls(pooled_url(through), owner=through, listening=f"{through}?connect_timeout=9")
    without_direct = DatabaseUrls(through, owner=through, listening=through)
    for urls in (direct_is_pooled, without_direct):
        (line,) = await failures(urls)
        assert line.endswith("If it is a pooler, set MESSENGER_DIRECT_DATABASE_URL to PostgreSQL itself."), line
    # As if the pooler were told to ignore the parameter.
    quiet = DatabaseUrls(pooled_url(through), owner=through, listening=pooled_url(through))
    assert (await failures(quiet))[0].startswith("A pooler is in between.")
