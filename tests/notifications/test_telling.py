"""What a person is told of by name: conversations given to them, reminders, texts of theirs that did not go."""

from typing import NamedTuple

import pytest

from api.conversations.leaving import send_due
from api.conversations.reminders import sweep_reminders
from api.delivery.holds import held_organizations
from tests.conversations.team import API, PARENT, act, refuse, send, soon, waiting
from tests.support.world import World


class Told(NamedTuple):
    kind: str
    to: str
    by: str | None


@pytest.fixture
async def conversation_id(world: World) -> str:
    """A conversation in an organization where somebody's browser shows notifications."""
    keys = {"p256dh": "B" + "A" * 86, "auth": "A" * 22}
    body = {"endpoint": "https://fcm.googleapis.com/one", "keys": keys}
    assert (await world.daniel.post(f"{API}/me/push-subscriptions", json=body)).status_code == 201
    await world.family("Rivera", PARENT)
    return await waiting(world)


async def told(world: World) -> set[Told]:
    """What people are to be told by name, which is taken away."""
    names = {person: name for name, person in world.staff_ids.items()}
    rows = await world.rows("DELETE FROM notices RETURNING kind, staff_member_id, by")
    return {Told(kind, names[person], by) for kind, person, by in rows if person is not None}


async def assign(world: World, conversation_id: str, name: str | None) -> None:
    body = {"staff_member_id": str(world.staff_ids[name]) if name else None}
    response = await world.maria.put(f"{API}/conversations/{conversation_id}/assignee", json=body)
    assert response.status_code == 200, response.text


async def test_ASSIGN_who_gets_a_conversation_from_a_colleague_is_told(world: World, conversation_id: str) -> None:
    await assign(world, conversation_id, "daniel")
    assert await told(world) == {Told("assigned", "daniel", "Maria")}
    await assign(world, conversation_id, "daniel")
    await assign(world, conversation_id, "maria")
    await assign(world, conversation_id, None)
    assert await told(world) == set()
    await act(world, "assign", conversation_id, staff_member_id=str(world.staff_ids["daniel"]))
    assert await told(world) == {Told("assigned", "daniel", "Maria")}


async def test_REMIND_who_set_it_and_who_has_the_conversation_are_told_once(world: World, conversation_id: str) -> None:
    await assign(world, conversation_id, "daniel")
    body = {"at": soon(hours=1), "seen_seq": 1}
    response = await world.maria.put(f"{API}/conversations/{conversation_id}/reminder", json=body)
    assert response.status_code == 200, response.text
    await told(world)
    await world.rows("UPDATE conversations SET reminder_at = now() - interval '1 second' RETURNING id")

    for _ in range(2):
        async with world.service.database.transaction() as session:
            await sweep_reminders(session, world.organization_id)

    assert await told(world) == {Told("reminder", "daniel", None), Told("reminder", "maria", None)}


async def test_NOT_SENT_who_wrote_a_text_that_did_not_go_is_told(world: World, conversation_id: str) -> None:
    await send(world, conversation_id)
    assert await told(world) == set()
    await refuse(world)
    assert await told(world) == {Told("not_sent", "maria", None)}


async def test_LATER_who_scheduled_a_text_that_is_held_back_is_told(world: World, conversation_id: str) -> None:
    path = f"{API}/conversations/{conversation_id}/messages"
    scheduled = await world.maria.post(path, json={"body": "Class is on", "send_at": soon(hours=1), "seen_seq": 1})
    assert scheduled.status_code == 201, scheduled.text
    await world.text(PARENT, "Wait!")
    await world.rows("UPDATE scheduled_texts SET send_at = now(), due_at = now() RETURNING id")

    await send_due(world.service.database, held_organizations)

    assert await told(world) == {Told("not_sent", "maria", None)}
