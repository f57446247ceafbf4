"""GET /conversations/{id}/thread: messages, notes and audit entries in one order."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.kit.connection import plain_url
from tests.support.reliability import size
from tests.support.world import World

API = "/api/v1"
PARENT, OTHER = "+13125550101", "+13125550102"

Items = list[dict[str, Any]]


async def page(world: World, conversation_id: str, by: httpx.AsyncClient | None = None, **query: Any) -> dict[str, Any]:
    response = await (by or world.daniel).get(f"{API}/conversations/{conversation_id}/thread", params=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def whole(world: World, conversation_id: str) -> Items:
    found = await page(world, conversation_id, limit=200)
    assert not found["has_before"]
    assert not found["has_after"]
    items: Items = found["items"]
    return items


def named(item: dict[str, Any]) -> str:
    content = item[item["kind"]]
    return str(content["body"] if "body" in content else content["action"])


async def note(world: World, conversation_id: str, body: str, by: httpx.AsyncClient | None = None) -> dict[str, Any]:
    response = await (by or world.daniel).post(f"{API}/conversations/{conversation_id}/notes", json={"body": body})
    assert response.status_code == 201, response.text
    added: dict[str, Any] = response.json()
    return added


async def reply(world: World, conversation_id: str, body: str, **more: Any) -> httpx.Response:
    return await world.maria.post(f"{API}/conversations/{conversation_id}/messages", json={"body": body, **more})


async def change_opt_in(world: World, family: dict[str, Any], state: str) -> None:
    record = family["contacts"][0]["phone_records"][0]["id"]
    body = {"state": state, "source": "verbal"}
    changed = await world.maria.put(f"{API}/phone-records/{record}/opt-in", json=body)
    assert changed.status_code == 200, changed.text


async def lively(world: World) -> tuple[str, list[str]]:
    """A conversation in which everything happens, and what its thread shows."""
    family = await world.family("Rivera", PARENT)
    await world.text(PARENT, "Is there class?")
    conversation_id: str = (await world.conversation(PARENT))["id"]
    await world.view(conversation_id, 1)
    await note(world, conversation_id, "She asked before")
    assert (await reply(world, conversation_id, "Yes", close=True)).status_code == 201
    await change_opt_in(world, family, "opted_out")
    await note(world, conversation_id, "Angry")
    await change_opt_in(world, family, "opted_in")
    await world.text(PARENT, "STOP")
    await world.text(PARENT, "START")
    return conversation_id, [
        "opt_in.changed",
        *("Is there class?", "conversation.unread", "conversation.opened", "She asked before"),
        *("Yes", "conversation.closed", "opt_in.changed", "Angry", "opt_in.changed"),
        *("STOP", "phone_number.stopped", "START", "phone_number.started"),
    ]


async def test_a_thread_has_one_order_and_closed_stands_after_the_text_that_closed_it(world: World) -> None:
    conversation_id, expected = await lively(world)

    shown = await whole(world, conversation_id)

    assert [named(each) for each in shown] == expected
    positions = [each["position"] for each in shown]
    assert positions == sorted(set(positions))
    # A visit, and the entry of a text, are no items; the trail has them.
    assert {"message.sent", "note.added"} <= set(await world.actions(conversation_id))


async def test_pages_of_any_size_show_every_item_once_in_both_directions(world: World) -> None:
    conversation_id, expected = await lively(world)
    last = await page(world, conversation_id, limit=2)
    assert (await page(world, conversation_id, limit=2, cursor=last["next_cursor"]))["items"] == (
        await page(world, conversation_id, limit=2, before=last["items"][0]["position"])
    )["items"]
    for limit in (1, 2, 3, 7, len(expected)):
        back: list[str] = []
        query: dict[str, Any] = {}
        while True:
            found = await page(world, conversation_id, limit=limit, **query)
            back = [named(each) for each in found["items"]] + back
            assert found["has_after"] == bool(query)
            if not found["has_before"]:
                break
            query = {"before": found["items"][0]["position"]}
        assert back == expected, limit

        forth = [named(each) for each in found["items"]]
        while found["has_after"]:
            found = await page(world, conversation_id, limit=limit, after=found["items"][-1]["position"])
            forth += [named(each) for each in found["items"]]
            assert found["has_before"]
        assert forth == expected, limit


async def test_a_page_opens_around_an_item_of_any_kind(world: World) -> None:
    conversation_id, _ = await lively(world)
    items = await whole(world, conversation_id)
    for index, item in enumerate(items):
        content = item[item["kind"]]
        anchors = [item["position"], content["id"], *([content["seq"]] if item["kind"] == "message" else [])]
        for anchor in anchors:
            found = await page(world, conversation_id, around=anchor, limit=4)
            start = max(0, index - 2)
            assert found["items"] == items[start : start + 4], (item["kind"], anchor)
            assert found["has_before"] == (start > 0)
            assert found["has_after"] == (start + 4 < len(items))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"before": "1"}, 422),
        ({"after": "x"}, 422),
        ({"around": "x"}, 422),
        ({"before": "9" * 10 + "-" + "9" * 12 + "-" + "9" * 17}, 200),
        ({"after": "9" * 10 + "-" + "9" * 12 + "-" + "9" * 17 + "-" + "f" * 32}, 200),
        ({"around": "9999999999"}, 404),
        ({"around": str(uuid4())}, 404),
        ({"before": "0" * 10 + "-" + "0" * 12 + "-" + "0" * 17, "around": "1"}, 422),
        ({"limit": "0"}, 422),
    ],
)
async def test_a_place_comes_from_outside(world: World, query: dict[str, str], status: int) -> None:
    await world.text(PARENT, "Hello?")
    conversation_id = (await world.conversation(PARENT))["id"]
    response = await world.daniel.get(f"{API}/conversations/{conversation_id}/thread", params=query)
    assert response.status_code == status, response.text


async def test_PERM_TENANT_a_thread_and_its_anchors_are_of_one_conversation(world: World) -> None:
    await world.text(PARENT, "One")
    await world.text(OTHER, "Two")
    one, two = [(await world.conversation(number))["id"] for number in (PARENT, OTHER)]
    added = await note(world, two, "Of the other")
    message = (await world.thread(two))[0]
    stranger = await World.create(world.service)

    for anchor in (added["id"], message["id"]):
        answer = await world.daniel.get(f"{API}/conversations/{one}/thread", params={"around": anchor})
        assert answer.status_code == 404
    assert (await stranger.admin.get(f"{API}/conversations/{one}/thread")).status_code == 404


async def test_entries_of_the_version_before_are_placed_by_their_time(world: World) -> None:
    conversation_id, expected = await lively(world)
    before = [named(each) for each in await whole(world, conversation_id)]
    assert before == expected
    notes = {"She asked before", "Angry"}

    await as_owner(world, "UPDATE audit_entries SET after_seq = NULL")

    items = await whole(world, conversation_id)
    assert [named(each) for each in items] == expected
    assert notes <= {named(each) for each in items}
    for index, item in enumerate(items):
        around = await page(world, conversation_id, around=item[item["kind"]]["id"], limit=3)
        start = max(0, index - 1)
        assert around["items"] == items[start : start + 3]


async def as_owner(world: World, statement: str) -> None:
    """A statement that the application may not make: the log is append-only."""
    owner = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    try:
        await owner.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
        await owner.execute(statement)
        await owner.execute("ALTER TABLE audit_entries ENABLE TRIGGER USER")
    finally:
        await owner.close()


async def test_random_interleavings_end_in_the_order_in_which_they_were_committed(world: World) -> None:
    """Messages, closings, openings and notes at the same time. Each statement of what was before it holds."""
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "0")
    conversation_id: str = (await world.conversation(PARENT))["id"]
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    texts = 0

    async def act(deed: str, number: int) -> None:
        if deed == "text":
            await world.text(PARENT, f"text {number}")
        elif deed == "note":
            await note(world, conversation_id, f"note {number}")
        elif deed == "reopen":
            await world.maria.post(f"{API}/conversations/{conversation_id}/reopen")
        elif deed == "reply":
            sent = await reply(world, conversation_id, f"reply {number}", close=dice.random() < 0.5)
            assert sent.status_code == 201
        else:
            seen = (await world.conversation(PARENT))["last_seq"]
            await world.maria.post(f"{API}/conversations/{conversation_id}/close", json={"seen_seq": seen})

    for number in range(size(quick=8, full=40)):
        deeds = dice.choices(["text", "note", "reply", "close", "reopen"], k=5)
        texts += sum(each in {"text", "reply"} for each in deeds)
        await asyncio.gather(*(act(deed, 10 * number + index) for index, deed in enumerate(deeds)))

    items = (await page(world, conversation_id, limit=200))["items"]
    seqs = [each["message"]["seq"] for each in items if each["kind"] == "message"]
    assert seqs == list(range(1, texts + 2)), seed
    entries = [each["audit_entry"] for each in items if each["kind"] == "audit_entry"]
    chain = [each["chain"]["number"] for each in entries if each["chain"]["subject"] == conversation_id]
    assert chain == sorted(chain), seed
    # The status that the entries tell, read in the order of the thread, is always the one before the next change.
    status = "closed"
    for index, each in enumerate(items):
        if each["kind"] != "audit_entry":
            continue
        action = each["audit_entry"]["action"]
        if action == "conversation.closed":
            assert status != "closed", (seed, index)
            status = "closed"
        elif action == "conversation.opened":
            assert status != "open", (seed, index)
            status = "open"
        elif action == "conversation.unread":
            assert status != "unread", (seed, index)
            # It stands directly after the text that made it unread.
            assert items[index - 1]["kind"] == "message", (seed, index)
            status = "unread"
    assert status == (await world.conversation(PARENT))["status"]
    # What a batch or a lock put in order is in order: notes stand where their entries stand.
    order = [
        named(each) if each["kind"] == "note" else each["audit_entry"]["action"]
        for each in items
        if each["kind"] != "message"
    ]
    rows = await world.rows(
        "SELECT coalesce(note.body, entry.action) FROM audit_entries AS entry"
        " LEFT JOIN notes AS note ON note.organization_id = entry.organization_id AND note.entry_id = entry.id"
        " WHERE entry.organization_id = :id AND chain_subject = :conversation"
        " AND action NOT IN ('message.sent', 'conversation.viewed') ORDER BY chain_number",
        id=world.organization_id,
        conversation=conversation_id,
    )
    assert [each for each in order if each != "opt_in.changed"] == [row[0] for row in rows]
