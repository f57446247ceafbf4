"""The search over messages through the API: results, their order, their filters, and refusals."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import event

from api.kit.folding import organization_key
from api.search import searching
from api.search.queries import NEWEST
from tests.search.test_search_oracle import Chance, store
from tests.support import plain_scan, postgres
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"
OTHER = "+13125550102"


async def search(world: World, q: str, **params: object) -> list[dict[str, Any]]:
    response = await world.daniel.get(
        f"{API}/messages/search", params={"q": q, **{k: str(v) for k, v in params.items()}}
    )
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def bodies(world: World, q: str, **params: object) -> list[str]:
    return [item["message"]["body"] for item in await search(world, q, **params)]


async def test_SEARCH_HOW_words_phrases_and_beginnings_are_found_newest_first(world: World) -> None:
    await world.text(PARENT, "Is the tumbling class on?")
    await world.text(OTHER, "CLASS is on, the café is not")
    await world.text(PARENT, "Classes start Monday")

    assert await bodies(world, "class") == [
        "Classes start Monday",
        "CLASS is on, the café is not",
        "Is the tumbling class on?",
    ]
    assert await bodies(world, "class ") == ["CLASS is on, the café is not", "Is the tumbling class on?"]
    assert await bodies(world, "on class is ") == ["CLASS is on, the café is not", "Is the tumbling class on?"]
    assert await bodies(world, '"class on"') == ["Is the tumbling class on?"]
    assert await bodies(world, "CAFE") == ["CLASS is on, the café is not"]
    assert await bodies(world, "nowhere") == []


async def test_SEARCH_CONTENT_names_and_numbers_are_not_searched(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Is class on?")

    assert await bodies(world, "Rivera") == []
    assert await bodies(world, "3125550101") == []
    assert await bodies(world, "Maya") == []


async def test_a_result_shows_the_message_its_conversation_and_what_matches(world: World) -> None:
    family = await world.family("Rivera", PARENT)
    await world.text(PARENT, "\U0001f44d Class is on, class!")
    conversation = await world.conversation(PARENT)

    (found,) = await search(world, "class is ")

    (message,) = await world.thread(conversation["id"])
    assert found["message"] == message
    assert found["conversation"] == {
        key: conversation[key] for key in ("id", "line_id", "phone_number", "display_name", "status", "holders")
    }
    assert found["conversation"]["holders"][0]["id"] == family["id"]
    # The thumb is two UTF-16 code units.
    assert found["highlights"] == [{"start": 3, "end": 8}, {"start": 9, "end": 11}, {"start": 16, "end": 21}]
    assert found["snippet"] == {
        "text": message["body"],
        "highlights": found["highlights"],
        "cut_before": False,
        "cut_after": False,
    }


async def test_a_result_shows_the_matching_piece_of_a_long_text(world: World) -> None:
    await world.text(PARENT, f"{'before ' * 100}needle {'after ' * 100}")

    (found,) = await search(world, "needle")

    snippet = found["snippet"]
    (mark,) = snippet["highlights"]
    assert snippet["text"][mark["start"] : mark["end"]] == "needle"
    assert len(snippet["text"]) <= 160
    assert (snippet["cut_before"], snippet["cut_after"]) == (True, True)


async def test_received_sent_and_retried_messages_are_searchable(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "arrived")
    conversation = await world.conversation(PARENT)
    path = f"{API}/conversations/{conversation['id']}/messages"
    sent = (await world.maria.post(path, json={"body": "answered"})).json()
    await world.settle_as(sent["id"], "failed")
    await world.maria.post(f"{API}/messages/{sent['id']}/retry")

    assert await bodies(world, "arrived") == ["arrived"]
    assert await bodies(world, "answered") == ["answered", "answered"]


async def test_a_search_narrows_by_conversation_direction_and_time(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "class one")
    await world.text(OTHER, "class two")
    conversation = await world.conversation(PARENT)
    await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "class three"})
    times = {item["message"]["body"]: item["message"]["created_at"] for item in await search(world, "class")}

    assert await bodies(world, "class", conversation_id=conversation["id"]) == ["class three", "class one"]
    assert await bodies(world, "class", direction="inbound") == ["class two", "class one"]
    assert await bodies(world, "class", direction="outbound") == ["class three"]
    narrowed = {"from": times["class two"], "to": times["class three"]}
    assert await bodies(world, "class", **narrowed) == ["class two"], "`from` is inclusive, `to` is not."
    assert await bodies(world, "class", direction="inbound", conversation_id=conversation["id"]) == ["class one"]


async def test_a_search_pages_without_repeating_or_skipping_while_texts_arrive(world: World) -> None:
    for n in range(7):
        await world.text(PARENT, f"class {n}")
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"q": "class", "limit": "3", **({"cursor": cursor} if cursor else {})}
        page = (await world.daniel.get(f"{API}/messages/search", params=params)).json()
        found += [item["message"]["body"] for item in page["items"]]
        cursor = page["next_cursor"]
        await world.text(OTHER, "class meanwhile")

    assert found == [f"class {n}" for n in range(6, -1, -1)]


async def test_PERM_TENANT_a_search_finds_nothing_of_another_business(world: World) -> None:
    neighbour = await World.create(world.service)
    await world.text(PARENT, "our secret class")
    await neighbour.text(PARENT, "their secret class")
    theirs = await neighbour.conversation(PARENT)

    assert await bodies(world, "secret") == ["our secret class"]
    assert await bodies(neighbour, '"secret class"') == ["their secret class"]
    response = await world.daniel.get(f"{API}/messages/search", params={"q": "secret", "conversation_id": theirs["id"]})
    assert response.status_code == 404

    # Also if the lexemes of both organizations begin alike.
    key = organization_key(world.organization_id)
    await world.rows(
        "UPDATE messages SET search = CAST(:vector AS tsvector) WHERE organization_id = :id RETURNING id",
        vector=f"'{key}their':1 '{key}secret':2 '{key}class':3",
        id=neighbour.organization_id,
    )
    assert await bodies(world, "secret") == ["our secret class"]
    assert await bodies(world, "their") == []


SENSELESS: list[dict[str, str]] = [
    {},
    {"q": ""},
    {"q": " "},
    {"q": "?!"},
    {"q": "x" * 301},
    {"q": "a\x00"},
    {"q": "class", "limit": "0"},
    {"q": "class", "limit": "201"},
    {"q": "class", "cursor": "garbage"},
    {"q": "class", "direction": "sideways"},
    {"q": "class", "from": "2026-01-01T00:00:00"},
    {"q": "class", "to": "yesterday"},
    {"q": "class", "conversation_id": "7"},
]


async def test_an_invalid_search_is_refused_with_advice(world: World) -> None:
    for params in SENSELESS:
        response = await world.daniel.get(f"{API}/messages/search", params=params)
        assert (params, response.status_code) == (params, 422)
        assert response.json()["errors"][0]["pointer"].startswith("/query/")
    response = await world.daniel.get(f"{API}/messages/search", params={"q": "?!"})
    assert response.json()["detail"] == "Type a word of the message: a letter, a digit or an emoji."
    missing = await world.daniel.get(f"{API}/messages/search", params={"q": "x", "conversation_id": str(uuid4())})
    assert missing.status_code == 404


async def test_P5b_a_search_that_takes_too_long_is_cancelled_with_a_reason(
    world: World, clone: postgres.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "TIMEOUT_MS", 50)
    await world.text(PARENT, "class")
    blocker = await asyncpg.connect(clone.owner_url.replace("+asyncpg", ""))
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
            async with asyncio.timeout(20):
                response = await world.daniel.get(f"{API}/messages/search", params={"q": "class"})
    finally:
        await blocker.close()

    assert response.status_code == 422
    assert response.json()["type"] == "/problems/search-too-broad"
    assert "more specific" in response.json()["detail"]
    assert await bodies(world, "class") == ["class"], "The connection is as it was."


async def test_P5_a_search_reads_the_words_of_one_business_and_no_more_than_it_needs(
    world: World, clone: postgres.Database
) -> None:
    chance = Chance(7)
    neighbour = await World.create(world.service)
    stored = [await store(each, chance, count=2 * NEWEST) for each in (world, neighbour)]
    ours, theirs = ([plain_scan.spaced_words(message.body) for message in messages] for messages in stored)
    newest = sum(" today " in text for text in ours[:NEWEST])
    matching = len(plain_scan.scan(ours, "today "))
    assert newest < 101 <= matching, "Of a page of 100, some are further back."
    assert plain_scan.scan(theirs, "today ")

    asked: list[tuple[str, Sequence[Any]]] = []
    with statements_of(world, asked):
        assert len(await search(world, "today ", limit=100)) == 100

    first, second = [await explained(clone, *statement) for statement in asked if "@@" in statement[0]]
    assert "Scan Backward using ix_messages_newest" in first
    assert rows_of(first, "ix_messages_newest") == NEWEST
    assert rows_of(second, "ix_messages_search") == matching, "The neighbour's messages have this word too."


@contextmanager
def statements_of(world: World, into: list[tuple[str, Sequence[Any]]]) -> Iterator[None]:
    """Every statement of the service meanwhile, with its parameters."""

    def note(_connection: object, _cursor: object, statement: str, parameters: Sequence[Any], *_: object) -> None:
        into.append((statement, parameters))

    engine = world.service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def explained(clone: postgres.Database, statement: str, parameters: Sequence[Any]) -> str:
    """The plan of a statement, with actual row counts."""
    connection = await asyncpg.connect(clone.url.replace("+asyncpg", ""))
    try:
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN ANALYZE {statement}", *parameters))
    finally:
        await connection.close()


def rows_of(plan: str, index: str) -> float:
    """The rows that index scans returned."""
    (line,) = [line for line in plan.splitlines() if f" {index}" in line and "Scan" in line]
    return float(line.rpartition("rows=")[2].split()[0])
