"""What integrations do to real processes: repeat a request under one key, and page while everything moves."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from tests.support import postgres
from tests.support.many_conversations import write
from tests.support.reliability import figure, size
from tests.support.stack import Stack, eventually

API = "/api/v1"
PARENT = "+13125550101"
REPEATS = size(quick=60, full=500)
CONVERSATIONS = size(quick=400, full=20_000)
MOVED = size(quick=40, full=2_000)
PAGE = size(quick=20, full=200)
AT_ONCE = 8
"""Texts that the carrier delivers at once."""
LONG_AGO = "2020-01-01T00:00:00Z"
IN_USE = "/problems/idempotency-conflict"
MORE_MEMORY_KB = 150_000
"""That the repeats may cost an API process."""


async def _repeated(clients: list[httpx.AsyncClient], path: str, body: dict[str, Any]) -> list[httpx.Response]:
    key = {"Idempotency-Key": str(uuid4())}
    return await asyncio.gather(
        *(clients[n % len(clients)].post(f"{API}/{path}", json=body, headers=key) for n in range(REPEATS))
    )


async def _count(stack: Stack, statement: str, **parameters: object) -> int:
    async with stack.database.transaction() as session:
        found: int = (await session.execute(text(statement), parameters)).scalar_one()
    return found


def _resident_kb(stack: Stack) -> int:
    status = Path(f"/proc/{stack.pid('api')}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.reliability
@pytest.mark.timeout(600)
async def test_SEND_ONCE_many_repeats_of_a_creating_request_at_once_create_one_thing(
    clone: postgres.Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with Stack.running(clone, tmp_path_factory.mktemp("stack")) as stack, stack.another_api() as other:
        await _repeat_everything(stack, other)


async def _repeat_everything(stack: Stack, other: str) -> None:
    # A connection for each repeat: on one that the service closes at this very moment, the request would be lost.
    limits = httpx.Limits(max_connections=REPEATS, max_keepalive_connections=0)
    async with stack.staff("admin") as admin, stack.staff("admin", url=other) as second:
        record = {"phone_number": PARENT, "opt_in": {"state": "opted_in", "source": "portal"}}
        family = {"name": "Rivera", "contacts": [{"name": "Maya", "phone_records": [record]}]}
        assert (await admin.post(f"{API}/families", json=family)).status_code == 201
        clients = [
            httpx.AsyncClient(
                base_url=each.base_url, headers=each.headers, cookies=each.cookies, timeout=60, limits=limits
            )
            for each in (admin, second)
        ]
        before = _resident_kb(stack)
        conversation = await _made_once(clients, "conversations", {"phone_number": PARENT})
        message = await _made_once(clients, f"conversations/{conversation['id']}/messages", {"body": "Once"})
        made = await _made_once(clients, "families", {"name": "Once", "contacts": []})
        key = await _made_once(clients, "api-keys", {"name": "Once", "permissions": []})
        grown = _resident_kb(stack) - before
        for client in clients:
            await client.aclose()

    assert await _count(stack, "SELECT count(*) FROM messages WHERE body = 'Once'") == 1
    assert await _count(stack, "SELECT count(*) FROM families WHERE name = 'Once'") == 1
    assert await _count(stack, "SELECT count(*) FROM api_keys WHERE name = 'Once'") == 1
    assert await _count(stack, "SELECT count(*) FROM conversations WHERE id = :id", id=conversation["id"]) == 1
    assert all(each["id"] for each in (message, made, key))
    figure("REPEATS", at_once=REPEATS, grown_kb=grown)
    assert grown < MORE_MEMORY_KB


async def _made_once(clients: list[httpx.AsyncClient], path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The one thing that all repeats made. Each answer is the first one, or says that it is still running."""
    answers = await _repeated(clients, path, body)
    created = [each for each in answers if each.status_code == 201]
    running = [each for each in answers if each.status_code == 409]
    assert len(created) + len(running) == REPEATS, {each.status_code for each in answers}
    assert {each.json()["type"] for each in running} <= {IN_USE}
    assert all("retry-after" in each.headers for each in running)
    assert [each for each in created if "idempotency-replayed" not in each.headers] != []
    assert len([each for each in created if "idempotency-replayed" not in each.headers]) == 1
    first: dict[str, Any] = created[0].json()
    assert all(each.json() == first for each in created)
    return first


@pytest.mark.reliability
@pytest.mark.timeout(900)
async def test_paging_while_conversations_move_misses_none_that_stayed_and_shows_none_twice(
    clone: postgres.Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with Stack.running(clone, tmp_path_factory.mktemp("stack")) as stack, stack.staff("daniel") as reader:
        await write(clone.owner_url, stack.business.slug, CONVERSATIONS)
        numbers = [f"+1312{2_000_000 + n * (CONVERSATIONS // MOVED) + 1}" for n in range(MOVED)]
        moved = {str(each) for each in await _ids(stack, numbers)}
        everything = {str(each) for each in await _ids(stack)}
        assert (len(moved), len(everything)) == (MOVED, CONVERSATIONS)

        moving = asyncio.create_task(_move(stack, numbers))
        by_change, in_inbox = await asyncio.gather(
            _pages(reader, updated_since=LONG_AGO), _pages(reader, sort="newest")
        )
        meanwhile = await _moved(stack)
        await moving
        await eventually(lambda: _all_moved(stack), "every text has been applied")
        await asyncio.sleep(0.5)

        for seen in (by_change, in_inbox):
            ids = [each["id"] for each in seen]
            assert len(ids) == len(set(ids)), "none comes twice"
            assert everything - moved <= set(ids), "none that stayed is missed"
        last = by_change[-1]["updated_at"]
        next_pass = await _pages(reader, updated_since=last)
        newest = {each["id"]: each for each in [*by_change, *next_pass]}
        assert newest.keys() == everything
        assert {each for each, row in newest.items() if row["last_seq"] == 2} == moved, "both passes show every change"
        figure("PAGING", conversations=CONVERSATIONS, moved=MOVED, moved_meanwhile=meanwhile)


async def _ids(stack: Stack, numbers: list[str] | None = None) -> list[Any]:
    async with stack.database.transaction() as session:
        statement = (
            "SELECT conversation.id FROM conversations AS conversation JOIN phone_numbers AS number"
            " ON number.organization_id = conversation.organization_id AND number.id = conversation.phone_number_id"
            " WHERE CAST(:numbers AS text[]) IS NULL OR number.number = ANY(:numbers)"
        )
        return list((await session.scalars(text(statement), {"numbers": numbers})).all())


async def _all_moved(stack: Stack) -> bool:
    return await _moved(stack) == MOVED


async def _moved(stack: Stack) -> int:
    return await _count(stack, "SELECT count(*) FROM conversations WHERE last_seq = 2")


async def _move(stack: Stack, numbers: list[str]) -> None:
    """Each of these numbers texts the line."""
    waiting = list(reversed(numbers))

    async def deliver() -> None:
        while waiting:
            await stack.handset_texts(waiting.pop(), "One more thing")

    await asyncio.gather(*(deliver() for _ in range(AT_ONCE)))


async def _pages(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = {"limit": PAGE, **params, **({"cursor": cursor} if cursor else {})}
        page = await client.get(f"{API}/conversations", params=asked)
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return items
