"""What events carry of a thread: each entry as the item that a page shows, in the same place."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from api.live.gathering import Change
from api.threads.live_entries import ThreadEntryReader
from tests.support.world import World

PARENT = "+13125550101"


async def entries(world: World, changes: list[Change]) -> list[dict[str, Any] | None]:
    async with world.service.database.snapshot() as session:
        contents = await ThreadEntryReader()(session, world.organization_id, changes)
    told = [content.data["entry"] for content in contents]
    return [None if each is None else each.model_dump(mode="json") for each in told]


async def test_NOTE_LATER_an_event_carries_the_item_of_any_kind_that_a_page_shows(world: World) -> None:
    await world.family("Jones", PARENT)
    await world.text(PARENT, "Hello?")
    conversation_id = (await world.conversation(PARENT))["id"]
    path = f"/api/v1/conversations/{conversation_id}"
    await world.maria.post(f"{path}/notes", json={"body": "Ask Daniel"})
    at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    later = await world.maria.post(f"{path}/messages", json={"body": "See you", "send_at": at})
    assert later.status_code in {201, 202}, later.text
    items = (await world.maria.get(f"{path}/thread")).json()["items"]
    shown = [each for each in items if each["kind"] != "message"]
    assert {each["kind"] for each in shown} == {"note", "audit_entry", "scheduled_text"}

    changes: list[Change] = [
        {
            "type": "thread_entry",
            "conversation_id": conversation_id,
            "kind": each["kind"],
            "entry_id": each[each["kind"]]["id"],
        }
        for each in shown
    ]
    assert await entries(world, changes[::-1]) == shown

    await world.maria.delete(f"/api/v1/messages/{shown[-1]['scheduled_text']['id']}")
    assert await entries(world, changes[-1:]) == [None]


async def test_PERM_TENANT_an_event_of_another_businesss_entry_carries_nothing(world: World) -> None:
    neighbour = await World.create(world.service)
    await neighbour.text(PARENT, "Theirs")
    conversation_id = (await neighbour.conversation(PARENT))["id"]
    note = await neighbour.maria.post(f"/api/v1/conversations/{conversation_id}/notes", json={"body": "Theirs"})
    await world.text(PARENT, "Ours")
    own = (await world.conversation(PARENT))["id"]
    changes: list[Change] = [
        {"type": "thread_entry", "conversation_id": each, "kind": "note", "entry_id": note.json()["id"]}
        for each in (conversation_id, own, str(uuid4()))
    ]
    assert await entries(world, changes[:1]) == [None]
    assert await entries(world, changes[1:]) == [None, None]
