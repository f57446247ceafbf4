"""ASSIGN: who has a conversation, and that nobody has one who may not see it."""

import asyncio
from uuid import uuid4

import pytest

from api.conversations.assignment import sweep_assignments
from tests.conversations.team import API, PARENT, counts, details, get, listed, send, waiting
from tests.support.world import World


@pytest.fixture
async def conversation_id(world: World) -> str:
    return await waiting(world)


async def give(world: World, conversation_id: str, name: str | None) -> int:
    staff_member_id = None if name is None else str(world.staff_ids[name])
    path = f"{API}/conversations/{conversation_id}/assignee"
    return (await world.maria.put(path, json={"staff_member_id": staff_member_id})).status_code


async def test_ASSIGN_giving_taking_and_releasing_are_shown_and_audited_once(
    world: World, conversation_id: str
) -> None:
    maria, daniel = str(world.staff_ids["maria"]), str(world.staff_ids["daniel"])
    for name in ("maria", "maria", "daniel", None):
        assert await give(world, conversation_id, name) == 200

    assert (await get(world, conversation_id))["assignee"] is None
    given = await details(world, conversation_id, "conversation.assigned")
    assert [(each["from_id"], each["to_id"]) for each in given] == [(None, maria), (maria, daniel)]
    (released,) = await details(world, conversation_id, "conversation.released")
    assert (released["from_id"], released["to_id"], released["actor"]) == (daniel, None, "staff_member")
    # Nothing else of it changed.
    assert (await get(world, conversation_id))["status"] == "unread"


async def test_ASSIGN_only_to_somebody_with_sms_logs(world: World, conversation_id: str) -> None:
    for name in ("grace", "noah"):
        assert await give(world, conversation_id, name) == 422
    path = f"{API}/conversations/{conversation_id}/assignee"
    assert (await world.maria.put(path, json={"staff_member_id": str(uuid4())})).status_code == 422
    assert (await get(world, conversation_id))["assignee"] is None


@pytest.mark.parametrize("change", ["permissions", "archive"])
async def test_ASSIGN_losing_the_permission_or_archiving_releases_in_the_same_transaction(
    world: World, conversation_id: str, change: str
) -> None:
    await give(world, conversation_id, "daniel")
    path = f"{API}/staff-members/{world.staff_ids['daniel']}"

    # What keeps SMS Logs releases nothing.
    assert (await world.admin.patch(path, json={"permissions": ["sms_logs", "directory"]})).status_code == 200
    assert (await get(world, conversation_id))["assignee"]["id"] == str(world.staff_ids["daniel"])
    if change == "archive":
        assert (await world.admin.post(f"{path}/archive")).status_code == 200
    else:
        assert (await world.admin.patch(path, json={"permissions": ["mass_text"]})).status_code == 200

    assert (await get(world, conversation_id))["assignee"] is None
    transactions = await world.rows(
        "SELECT actor_id, at = max(at) OVER () FROM audit_entries"
        " WHERE action IN ('conversation.released', 'staff_member.updated', 'staff_member.archived')"
        " AND organization_id = :id ORDER BY at DESC, id LIMIT 2",
        id=world.organization_id,
    )
    assert {each[0] for each in transactions} == {world.staff_ids["admin"]}


async def test_ASSIGN_nobody_keeps_a_conversation_who_loses_the_permission_meanwhile(world: World) -> None:
    ids = [await waiting(world, f"+1312555020{n}") for n in range(6)]
    path = f"{API}/staff-members/{world.staff_ids['daniel']}"

    answers = await asyncio.gather(
        *(give(world, each, "daniel") for each in ids),
        world.admin.patch(path, json={"permissions": []}),
        *(give(world, each, "daniel") for each in ids),
    )

    assert {each for each in answers if isinstance(each, int)} <= {200, 422}
    assert await world.rows("SELECT id FROM conversations WHERE assignee_id IS NOT NULL") == []


async def test_ASSIGN_what_an_earlier_version_did_not_release_is_released_by_the_system(
    world: World, conversation_id: str
) -> None:
    await give(world, conversation_id, "daniel")
    await world.rows("UPDATE staff_members SET archived_at = now() WHERE name = 'Daniel' RETURNING id")
    await world.rows(
        "UPDATE staff_members SET archived_at = now() WHERE id = :id RETURNING id", id=world.staff_ids["daniel"]
    )
    async with world.service.database.transaction() as session:
        await sweep_assignments(session, world.organization_id)

    assert (await get(world, conversation_id))["assignee"] is None
    (released,) = await details_of_released(world, conversation_id)
    assert released == "system"


async def details_of_released(world: World, conversation_id: str) -> list[str]:
    response = await world.maria.get(f"{API}/conversations/{conversation_id}/audit-entries")
    return [each["actor"]["kind"] for each in response.json()["items"] if each["action"] == "conversation.released"]


async def test_ASSIGN_replying_assigns_only_if_the_organization_wants_so_and_takes_from_nobody(world: World) -> None:
    await world.family("Rivera", PARENT)
    conversation_id = await waiting(world)
    await send(world, conversation_id)
    assert (await get(world, conversation_id))["assignee"] is None

    assert (await world.maria.patch(f"{API}/organization/settings", json={})).status_code == 403
    changed = await world.admin.patch(f"{API}/organization/settings", json={"replying_assigns": True})
    assert changed.json() == {"replying_assigns": True}
    await send(world, conversation_id)
    assert (await get(world, conversation_id))["assignee"]["id"] == str(world.staff_ids["maria"])
    await give(world, conversation_id, "daniel")
    await send(world, conversation_id)
    assert (await get(world, conversation_id))["assignee"]["id"] == str(world.staff_ids["daniel"])
    (change,) = await world.rows(
        "SELECT details->'changes' FROM audit_entries WHERE action = 'organization.updated' AND organization_id = :id",
        id=world.organization_id,
    )
    assert change[0] == {"replying_assigns": {"from": False, "to": True}}


async def test_ASSIGN_mine_unassigned_and_a_colleagues_are_filters_and_counts(world: World) -> None:
    mine, daniels, nobodys = "+13125550201", "+13125550202", "+13125550203"
    for number, name in ((mine, "maria"), (daniels, "daniel"), (nobodys, None)):
        await give(world, await waiting(world, number), name)

    assert await listed(world, assignee="me") == [mine]
    assert await listed(world, assignee=str(world.staff_ids["daniel"])) == [daniels]
    assert await listed(world, assignee="none") == [nobodys]
    assert await listed(world, assignee="none", status="unread") == [nobodys]
    assert await listed(world, assignee="me", status="closed") == []
    body = await counts(world)
    assert (body["mine_conversations"], body["unassigned_conversations"]) == (1, 1)
    assert (await counts(world, world.admin))["mine_conversations"] == 0
    unknown = await world.maria.get(f"{API}/conversations", params={"assignee": str(uuid4())})
    assert unknown.status_code == 404
