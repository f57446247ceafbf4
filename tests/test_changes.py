"""Lists by time of change: what moves `updated_at`, and passes that miss nothing (decision 0050)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.kit.changes import settled_until
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"
LONG_AGO = "2020-01-01T00:00:00Z"


async def passed(
    client: httpx.AsyncClient, resource: str, since: str = LONG_AGO, **params: Any
) -> list[dict[str, Any]]:
    """One pass over what changed, once all that has happened is settled."""
    await asyncio.sleep(0.15)
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = {"updated_since": since, **params, **({"cursor": cursor} if cursor else {})}
        response = await client.get(f"{API}/{resource}", params=asked)
        assert response.status_code == 200, response.text
        items += response.json()["items"]
        cursor = response.json()["next_cursor"]
        if cursor is None:
            return items


async def changed(client: httpx.AsyncClient, resource: str, since: str) -> set[str]:
    return {each["id"] for each in await passed(client, resource, since) if each["updated_at"] > since}


async def family_with_a_class(world: World) -> dict[str, Any]:
    body = {
        "name": "Rivera family",
        "contacts": [{"name": "Maya", "phone_records": [{"phone_number": PARENT}]}],
        "students": [{"name": "Ana", "classes": [{"name": "Tumbling", "coach": "Jo"}]}],
    }
    made = await world.admin.post(f"{API}/families", json=body)
    assert made.status_code == 201, made.text
    family: dict[str, Any] = made.json()
    return family


Change = Callable[[World, dict[str, Any]], Awaitable[httpx.Response]]


def _record(family: dict[str, Any]) -> str:
    return str(family["contacts"][0]["phone_records"][0]["id"])


def _class(family: dict[str, Any]) -> str:
    return str(family["students"][0]["classes"][0]["id"])


CHANGES: dict[str, Change] = {
    "its name": lambda world, family: world.admin.patch(f"{API}/families/{family['id']}", json={"name": "Chen"}),
    "its tags": lambda world, family: world.admin.patch(f"{API}/families/{family['id']}", json={"tags": ["VIP"]}),
    "its contacts": lambda world, family: world.admin.patch(f"{API}/families/{family['id']}", json={"contacts": []}),
    "its students": lambda world, family: world.admin.patch(f"{API}/families/{family['id']}", json={"students": []}),
    "an opt-in": lambda world, family: world.admin.put(
        f"{API}/phone-records/{_record(family)}/opt-in", json={"state": "opted_in", "source": "verbal"}
    ),
    "a class": lambda world, family: world.admin.patch(f"{API}/classes/{_class(family)}", json={"name": "Bars"}),
    "a class that another record names": lambda world, family: world.admin.post(
        f"{API}/families",
        json={
            "name": "B",
            "contacts": [],
            "students": [{"name": "C", "classes": [{"name": "Tumbling", "coach": "Al"}]}],
        },
    ),
    "its archive": lambda world, family: world.admin.post(f"{API}/families/{family['id']}/archive"),
    "an erasure": lambda world, family: world.admin.post(
        f"{API}/phone-numbers/{PARENT}/erase", json={"reason": "Asked by letter."}
    ),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_family_moves_with_everything_that_it_shows(world: World, what: str) -> None:
    family = await family_with_a_class(world)
    assert family["created_at"] <= family["updated_at"]
    assert family["contacts"][0]["created_at"] is not None

    response = await CHANGES[what](world, family)

    assert response.is_success, response.text
    assert family["id"] in await changed(world.noah, "families", family["updated_at"])
    after = (await world.noah.get(f"{API}/families/{family['id']}")).json()
    assert after["updated_at"] > family["updated_at"]
    assert after["created_at"] == family["created_at"]


async def test_what_changes_nothing_moves_nothing(world: World) -> None:
    family = await family_with_a_class(world)
    body = {"name": family["name"], "contacts": [{"name": "Maya", "phone_records": [{"phone_number": PARENT}]}]}
    again = await world.admin.patch(f"{API}/families/{family['id']}", json=body)
    assert again.json() == family
    assert await changed(world.noah, "families", family["updated_at"]) == set()


async def test_archived_records_come_with_the_others(world: World) -> None:
    first, second = await world.family("Rivera", PARENT), await world.family("Chen", "+13125550102", archived=True)
    found = await passed(world.noah, "families")
    assert [(each["id"], each["archived"]) for each in found] == [(first["id"], False), (second["id"], True)]
    assert [each["id"] for each in await passed(world.noah, "families", archived=True)] == [second["id"]]
    person = (await world.noah.get(f"{API}/staff-members", params={"q": "Noah"})).json()["items"][0]
    await world.admin.post(f"{API}/staff-members/{person['id']}/archive")
    staff = await passed(world.olga, "staff-members", person["updated_at"])
    assert [(each["id"], each["archived"]) for each in staff if each["id"] == person["id"]] == [(person["id"], True)]
    klass = (await world.admin.post(f"{API}/classes", json={"name": "Bars"})).json()
    await world.admin.patch(f"{API}/classes/{klass['id']}", json={"archived": True})
    assert [(each["id"], each["archived"]) for each in await passed(world.olga, "classes")] == [(klass["id"], True)]


async def test_a_message_moves_with_its_status(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hello")
    conversation = await world.conversation(PARENT)
    sent = await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Hi"})
    received, queued = await passed(world.daniel, "messages")
    assert (received["direction"], queued["id"], queued["status"]) == ("inbound", sent.json()["id"], "queued")
    assert queued == sent.json()

    await world.settle_as(queued["id"], "sent")

    (moved,) = await passed(world.daniel, "messages", queued["updated_at"], conversation_id=conversation["id"])
    assert (moved["id"], moved["status"], moved["created_at"]) == (queued["id"], "sent", queued["created_at"])
    assert moved["updated_at"] > queued["updated_at"]
    assert conversation["id"] in await changed(world.daniel, "conversations", conversation["updated_at"])


async def test_a_pass_shows_each_row_once_however_it_moves_and_the_next_pass_shows_the_change(world: World) -> None:
    families = [await world.family(f"F{n}", f"+1312555{n:04d}") for n in range(6)]
    await asyncio.sleep(0.15)
    params: dict[str, Any] = {"updated_since": LONG_AGO, "limit": 2}
    first = (await world.noah.get(f"{API}/families", params=params)).json()
    for family in (families[0], families[3]):
        await world.admin.patch(f"{API}/families/{family['id']}", json={"notes": "moved"})

    seen, page = [each["id"] for each in first["items"]], first
    while page["next_cursor"]:
        page = (await world.noah.get(f"{API}/families", params={**params, "cursor": page["next_cursor"]})).json()
        seen += [each["id"] for each in page["items"]]
        last = page["items"][-1]["updated_at"]

    assert seen == [each["id"] for each in families if each is not families[3]]
    assert {each["id"] for each in await passed(world.noah, "families", last)} >= {families[0]["id"], families[3]["id"]}


async def test_a_change_that_commits_late_is_not_passed_over(world: World) -> None:
    """It has an earlier time than one that has committed."""
    early, late = await world.family("Rivera", PARENT), await world.family("Chen", "+13125550102")
    since = late["updated_at"]
    async with world.service.database.transaction() as session:
        await session.execute(
            text("UPDATE families SET notes = 'slow', updated_at = clock_timestamp() WHERE id = :id"),
            {"id": early["id"]},
        )
        await world.admin.patch(f"{API}/families/{late['id']}", json={"notes": "quick"})
        during = await passed(world.noah, "families", since)
        assert [each for each in during if each["notes"] is not None] == []
    after = await passed(world.noah, "families", since)
    assert [each["notes"] for each in after if each["updated_at"] > since] == ["slow", "quick"]


async def test_a_long_reader_holds_nothing_back(world: World) -> None:
    async with world.service.database.snapshot() as reader:
        await reader.execute(text("SELECT 1"))
        async with world.service.database.transaction() as session:
            started = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
            assert await settled_until(session) < started
    async with world.service.database.transaction() as session:
        assert (started - await settled_until(session)).total_seconds() < 1


@pytest.mark.parametrize("resource", ["families", "staff-members", "conversations"])
async def test_what_cannot_be_combined_is_refused(world: World, resource: str) -> None:
    other = {"sort": "longest_waiting"} if resource == "conversations" else {"q": "Rivera"}
    refused = await world.admin.get(f"{API}/{resource}", params={"updated_since": LONG_AGO, **other})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/query/{next(iter(other))}"


LISTS = {
    "families": "families",
    "staff-members": "staff_members",
    "classes": "classes",
    "conversations": "conversations",
    "messages": "messages",
}


@pytest.mark.parametrize("table", LISTS.values())
async def test_a_page_of_changes_is_read_from_an_index(world: World, table: str) -> None:
    async with world.service.database.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_bitmapscan = off"))
        plan = (
            await session.execute(
                text(
                    f"EXPLAIN SELECT id FROM {table} WHERE organization_id = :organization_id"
                    " AND updated_at >= :since AND updated_at < clock_timestamp() ORDER BY updated_at, id LIMIT 51"
                ),
                {"organization_id": world.organization_id, "since": await settled_until(session)},
            )
        ).all()
    assert f"ix_{table}_updated" in str(plan)
