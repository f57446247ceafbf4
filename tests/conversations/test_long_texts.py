"""Texts longer than any carrier delivers: stored whole, searched in part, and served without blocking others."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from typing import Any

import httpx
import pytest

from api.conversations import message_queries as queries
from api.conversations.models import Message
from api.directory import service as directory
from api.kit.bulk import insert_together
from api.kit.ids import new_id
from api.kit.lexemes import search_vector
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"

HOSTILE = {
    "the word again and again": "a " * 9_900,
    "emoji": "a \U0001f44d\U0001f3fd " * 3_900,
    "accents": "a\u0301b\u0302 " * 3_900,
}


async def store(world: World, bodies: list[str]) -> str:
    """A thread of these texts after a first one. Returns its conversation's id."""
    await world.text(PARENT, "Hello")
    conversation = await world.conversation(PARENT)
    rows: list[dict[str, object]] = [
        {
            **{"organization_id": world.organization_id, "id": new_id(), "conversation_id": conversation["id"]},
            **{"line_id": world.line_id, "seq": seq, "direction": "inbound", "body": body, "status": "received"},
            **{"segments": 1, "encoding": "GSM-7", "media": [], "provider_message_id": f"long-{seq}"},
            "search": search_vector(body, organization_id=world.organization_id),
        }
        for seq, body in enumerate(bodies, start=2)
    ]
    async with world.service.database.transaction() as session:
        await insert_together(session, Message, rows)
    await world.rows("UPDATE conversations SET last_seq = :last RETURNING id", last=len(bodies) + 1)
    return str(conversation["id"])


async def pages(get: Callable[[dict[str, str]], Awaitable[httpx.Response]]) -> AsyncIterator[list[dict[str, Any]]]:
    cursor: dict[str, str] = {}
    while True:
        response = await get(cursor)
        assert response.status_code == 200, response.text
        page = response.json()
        yield page["items"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> int:
    """The most bytes of a page, so few that a test fills many pages."""
    monkeypatch.setattr(queries, "PAGE_BYTES", 10_000)
    return 10_000


async def test_a_page_of_long_texts_has_fewer_messages_and_skips_none(world: World, small_pages: int) -> None:
    bodies = ["word " * count for count in (100, 1_900, 1, 3_000, 5, 5, 400, 1_000, 1_000, 1)]
    conversation_id = await store(world, bodies)
    thread, search = f"{API}/conversations/{conversation_id}/messages", f"{API}/messages/search"

    for path, params in ((thread, {"limit": "200"}), (search, {"limit": "200", "q": "word"})):
        found: list[str] = []
        count = 0

        async def get(cursor: dict[str, str], path: str = path, params: dict[str, str] = params) -> httpx.Response:
            return await world.daniel.get(path, params={**params, **cursor})

        async for items in pages(get):
            texts = [(each.get("message") or each)["body"] for each in items]
            assert len(texts) == 1 or sum(map(len, texts)) <= small_pages
            found = [*texts, *found] if path == thread else [*found, *texts]
            count += 1
        assert [text for text in found if text != "Hello"] == (bodies if path == thread else bodies[::-1])
        assert count > 2


async def test_a_page_around_or_after_a_long_text_shows_it(world: World, small_pages: int) -> None:
    conversation_id = await store(world, ["word " * 700] * 12)
    path = f"{API}/conversations/{conversation_id}/messages"
    for seq in range(1, 14):
        around = (await world.daniel.get(path, params={"around_seq": str(seq), "limit": "200"})).json()
        seqs = [each["seq"] for each in around["items"]]
        assert seq in seqs
        assert seqs == list(range(seqs[0], seqs[-1] + 1))
        assert (around["has_before"], around["has_after"]) == (seqs[0] > 1, seqs[-1] < 13)
    after = (await world.daniel.get(path, params={"after_seq": "5", "limit": "200"})).json()
    assert after["items"][0]["seq"] == 6
    assert after["has_after"]


@contextmanager
def longest_hold() -> Any:
    """Yields a list. At the end it has the longest time that the event loop was blocked, in seconds."""
    longest: list[float] = []
    turns: list[float] = []

    async def watch() -> None:
        while True:
            turns.append(time.perf_counter())
            await asyncio.sleep(0)

    task = asyncio.ensure_future(watch())
    try:
        yield longest
    finally:
        task.cancel()
        longest.append(max((later - earlier for earlier, later in pairwise(turns)), default=0))


@asynccontextmanager
async def many_holders(world: World) -> AsyncIterator[None]:
    """The number of the parent is on 3,000 families."""
    await world.family("Rivera", PARENT)
    (number_id,) = (await world.rows("SELECT id FROM phone_numbers WHERE number = :number", number=PARENT))[0]
    values = {"organization": world.organization_id, "number": number_id}
    await world.rows(
        "WITH family AS (INSERT INTO families (organization_id, id, name)"
        " SELECT :organization, gen_random_uuid(), 'Family ' || n FROM generate_series(1, 3000) AS n RETURNING id),"
        " contact AS (INSERT INTO contacts (organization_id, id, family_id, name, position)"
        " SELECT :organization, gen_random_uuid(), id, 'Ana', 0 FROM family RETURNING id),"
        " record AS (INSERT INTO phone_records (organization_id, id, phone_number_id, contact_id, position)"
        " SELECT :organization, gen_random_uuid(), :number, id, 0 FROM contact RETURNING id)"
        " SELECT count(*) FROM record",
        **values,
    )
    yield


@pytest.mark.timeout(180)
async def test_no_search_or_thread_blocks_other_requests(world: World) -> None:
    """The event loop is blocked for a few texts at a time, not for a page of them, and `/healthz` answers."""
    conversation_id = await store(world, [body for body in HOSTILE.values() for _ in range(20)])
    thread = f"{API}/conversations/{conversation_id}/messages"
    search = f"{API}/messages/search"
    for path, params in ((search, {"q": "a", "limit": "200"}), (thread, {"limit": "200"})):
        with longest_hold() as held:
            started = time.perf_counter()
            response = await world.daniel.get(path, params=params)
            taken = time.perf_counter() - started
            answered = await world.other_client().get("/healthz")
        assert answered.status_code == 200
        assert len(response.json()["items"]) >= 60
        # 60 such texts took 8 s.
        assert held[0] < max(0.5, taken / 2), (path, held, taken)


async def test_a_number_on_thousands_of_records_shows_some_of_its_holders(world: World) -> None:
    await world.text(PARENT, "Hello")
    async with many_holders(world):
        conversation = await world.conversation(PARENT)
        assert len(conversation["holders"]) == directory.MAX_HOLDERS
        assert conversation["display_name"].startswith(conversation["holders"][0]["name"])
