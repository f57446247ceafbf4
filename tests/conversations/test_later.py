"""REMIND: a conversation is deferred, and comes back once, whatever happens meanwhile."""

import asyncio
from uuid import uuid4

import pytest

from api.conversations.reminders import sweep_reminders
from tests.conversations.team import API, PARENT, counts, details, get, listed, send, soon, waiting
from tests.support.world import World


@pytest.fixture
async def conversation_id(world: World) -> str:
    await world.family("Rivera", PARENT)
    conversation_id = await waiting(world)
    viewer_id = uuid4()
    await world.view(conversation_id, 1, viewer_id=viewer_id)
    await world.maria.delete(f"{API}/conversations/{conversation_id}/viewers/{viewer_id}")
    return conversation_id


async def defer_conversation(world: World, conversation_id: str, **more: object) -> int:
    body = {"at": soon(hours=1), **more}
    return (await world.maria.put(f"{API}/conversations/{conversation_id}/reminder", json=body)).status_code


async def let_it_be_due(world: World) -> None:
    await world.rows("UPDATE conversations SET reminder_at = now() - interval '1 second' RETURNING id")


async def sweep(world: World) -> int:
    async with world.service.database.transaction() as session:
        return await sweep_reminders(session, world.organization_id)


async def test_REMIND_it_leaves_open_for_later_and_comes_back_once_with_a_mark(
    world: World, conversation_id: str
) -> None:
    assert await defer_conversation(world, conversation_id) == 200
    assert await sweep(world) == 0
    shown = await get(world, conversation_id)
    assert (shown["status"], shown["reminder"]["due"]) == ("open", False)
    assert shown["reminder"]["set_by"]["id"] == str(world.staff_ids["maria"])
    assert await world.indicator() == (0, 0)
    assert (await counts(world))["later_conversations"] == 1
    assert await listed(world, status="open") == []
    assert await listed(world, later="true") == [PARENT]
    assert await listed(world, later="true", status="open") == [PARENT]

    await let_it_be_due(world)
    swept = await asyncio.gather(*(sweep(world) for _ in range(4)))

    assert sum(swept) == 1
    assert (await get(world, conversation_id))["reminder"]["due"] is True
    assert await world.indicator() == (0, 1)
    assert await listed(world, status="open", later="false") == [PARENT]
    (due,) = await details(world, conversation_id, "conversation.reminder_due")
    assert (due["cause"], due["actor"]) == ("time", "system")


@pytest.mark.parametrize("unless_answered", [False, True])
async def test_REMIND_an_incoming_text_brings_it_back_at_once(
    world: World, conversation_id: str, unless_answered: bool
) -> None:
    await defer_conversation(world, conversation_id, unless_answered=unless_answered)

    await world.text(PARENT, "Never mind")

    shown = await get(world, conversation_id)
    assert shown["status"] == "unread"
    assert (shown["reminder"] is None) is unless_answered
    assert await world.indicator() == (1, 0)
    await let_it_be_due(world)
    assert await sweep(world) == 0
    (due,) = await details(world, conversation_id, "conversation.reminder_due")
    assert (due["cause"], due["actor"]) == ("answered", "phone_number")


async def test_REMIND_a_reply_ends_a_reminder_that_is_due_and_no_other(world: World, conversation_id: str) -> None:
    await defer_conversation(world, conversation_id)
    await send(world, conversation_id)
    assert (await get(world, conversation_id))["reminder"]["due"] is False
    await let_it_be_due(world)
    await sweep(world)
    await send(world, conversation_id)
    assert (await get(world, conversation_id))["reminder"] is None


async def test_REMIND_what_nobody_has_seen_is_not_deferred(world: World) -> None:
    conversation_id = await waiting(world, "+13125550102", texts=2)
    path = f"{API}/conversations/{conversation_id}/reminder"

    for body in ({"at": soon(hours=1)}, {"at": soon(hours=1), "seen_seq": 1}):
        refused = await world.maria.put(path, json=body)
        assert refused.json()["type"] == "/problems/new-messages"
    assert (await get(world, conversation_id))["status"] == "unread"
    assert (await world.maria.put(path, json={"at": soon(hours=1), "seen_seq": 2})).status_code == 200
    for at in (soon(seconds=-1), soon(days=400)):
        assert (await world.maria.put(path, json={"at": at, "seen_seq": 2})).status_code == 422
    assert (await world.maria.delete(path)).json()["reminder"] is None
    assert (await world.maria.delete(path)).status_code == 200
    actions = await world.actions(conversation_id)
    assert actions[1:] == ["conversation.opened", "conversation.reminder_set", "conversation.reminder_removed"]


async def test_REMIND_the_time_and_a_text_at_the_same_instant_bring_it_back_once(
    world: World, conversation_id: str
) -> None:
    for n in range(5):
        seen = (await get(world, conversation_id))["last_seq"]
        assert await defer_conversation(world, conversation_id, seen_seq=seen) == 200
        await let_it_be_due(world)
        await asyncio.gather(world.text(PARENT, f"{n}"), sweep(world), sweep(world))
        assert (await get(world, conversation_id))["status"] == "unread"
    assert len(await details(world, conversation_id, "conversation.reminder_due")) == 5
