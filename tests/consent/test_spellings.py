"""NUMBER-ONE: a refusal holds under every spelling of its number; consent only under its own."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from api.directory import service as directory
from tests.support.world import World

OLD = [("+5215512345678", "+525512345678"), ("+4407911123456", "+447911123456"), ("+640211234567", "+64211234567")]
"""An old spelling, and the one of today."""

VARIANTS = [
    ("+541123456789", "+5491123456789"),
    ("+5491123456789", "+541123456789"),
    ("+551187654321", "+5511987654321"),
    ("+5511987654321", "+551187654321"),
]
"""Two numbers that may be one person's."""


@pytest.fixture(autouse=True)
async def _line_texts_abroad(world: World) -> None:
    await world.allow_countries("US", "AR", "BR", "GB", "MX", "NZ")


async def check(world: World, number: str) -> dict[str, Any]:
    response = await world.maria.get("/api/v1/opt-in-checks", params={"phone_number": number})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def stored_number(world: World, number: str, *, stopped: bool = False) -> str:
    """A row that an earlier version stored under an old spelling."""
    ((row,),) = await world.rows(
        "INSERT INTO phone_numbers (organization_id, id, number, stopped_at) VALUES"
        " (:organization_id, :id, :number, CASE WHEN :stopped THEN now() END) RETURNING id",
        organization_id=world.organization_id,
        id=uuid4(),
        number=number,
        stopped=stopped,
    )
    return str(row)


async def reply(world: World, number: str) -> int:
    conversation = await world.conversation(number)
    answer = await world.maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Hello!"})
    return answer.status_code


async def claimed(world: World) -> list[str]:
    claims = await world.claims()
    return [each.message.to for each in claims]


@pytest.mark.parametrize(("old", "today"), OLD)
async def test_every_way_in_knows_one_spelling(world: World, old: str, today: str) -> None:
    family = await world.family("Rivera", old)
    assert family["contacts"][0]["phone_records"][0]["phone_number"] == today
    await world.text(old, "Hello")
    await world.text(today, "Hello again")
    assert [row[0] for row in await world.rows("SELECT number FROM phone_numbers")] == [today]
    for spelling in (old, today, f"\N{LEFT-TO-RIGHT MARK}{today[:5]} {today[5:]}"):
        conversation = await world.conversation(spelling)
        assert conversation["phone_number"] == today
        assert [holder["name"] for holder in conversation["holders"]] == ["Rivera family"]
        assert (await check(world, spelling))["phone_number"] == today
    body = f"kind,name,contact_name,phone_number,opt_in_state\nfamily,Silva,Ana,{old},opted_out\n"
    imported = await world.admin.post(
        "/api/v1/directory/import", content=body.encode(), headers={"Content-Type": "text/csv"}
    )
    assert imported.status_code == 200, imported.text
    assert (await check(world, today))["reason"] == "opted_out"


@pytest.mark.parametrize(("old", "today"), OLD)
async def test_an_opt_out_holds_under_an_old_mobile_prefix(world: World, old: str, today: str) -> None:
    await world.family("Rivera", today, state="opted_out")
    await world.text(old, "Is class on?")
    assert await reply(world, today) == 409
    await world.text(old, "STOP")
    assert (await check(world, today))["reason"] == "stopped"
    await world.text(today, "START")
    assert (await check(world, today))["reason"] == "opted_out"


@pytest.mark.parametrize(("old", "today"), OLD)
async def test_a_row_under_an_old_spelling_counts_and_START_lifts_its_stop(world: World, old: str, today: str) -> None:
    family = await world.family("Rivera", "+13125550101", state="opted_out")
    row = await stored_number(world, old, stopped=True)
    record = family["contacts"][0]["phone_records"][0]["id"]
    assert (await check(world, today))["reason"] == "stopped", "also where today's spelling is on no row"
    assert (await check(world, today))["stopped_as"] == old

    await world.text(today, "START")
    assert (await check(world, today))["stopped_at"] is None
    assert await world.rows("SELECT id FROM phone_numbers WHERE stopped_at IS NOT NULL") == []

    await world.rows(f"UPDATE phone_records SET phone_number_id = '{row}' WHERE id = '{record}' RETURNING id")
    blocked = await check(world, today)
    assert blocked["reason"] == "opted_out"
    (instance,) = blocked["instances"]
    assert (instance["phone_number"], instance["owner_name"], instance["blocks"]) == (old, "Rivera family", True)
    assert await reply(world, today) == 409


async def test_nothing_is_sent_to_an_old_spelling(world: World) -> None:
    await stored_number(world, "+5215512345678")
    await world.text("+525512345678", "Hello")
    await world.rows(
        "UPDATE conversations SET phone_number_id = (SELECT id FROM phone_numbers WHERE number = '+5215512345678')"
        " RETURNING id"
    )
    # Both rows stay, and the list finds the old conversation under today's spelling too.
    conversation = await world.conversation("+525512345678")
    assert conversation["phone_number"] == "+5215512345678"
    answer = await world.maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Hello!"})
    assert (answer.status_code, answer.json()["check"]["reason"]) == (409, "not_a_phone_number")
    assert "Text +525512345678 instead" in answer.json()["detail"]


@pytest.mark.parametrize(("one", "other"), VARIANTS)
async def test_variants_share_refusals_and_not_consent(world: World, one: str, other: str) -> None:
    family = await world.family("Silva", one)
    await world.text(other, "Hello")
    assert (await check(world, one))["reason"] == "allowed"
    consumer = await check(world, other)
    assert (consumer["reason"], consumer["note"], consumer["instances"]) == ("allowed", "consumer_initiated", [])
    started = await world.maria.post("/api/v1/conversations", json={"phone_number": other})
    assert started.status_code == 200, "it has texted"

    record = family["contacts"][0]["phone_records"][0]["id"]
    await world.admin.put(f"/api/v1/phone-records/{record}/opt-in", json={"state": "opted_out", "source": "verbal"})
    blocked = await check(world, other)
    assert blocked["reason"] == "opted_out"
    assert [each["phone_number"] for each in blocked["instances"]] == [one]
    assert [each["phone_number"] for each in (await check(world, one))["instances"]] == [None]
    assert await reply(world, other) == 409


@pytest.mark.parametrize(("one", "other"), VARIANTS)
async def test_consent_of_a_variant_allows_nothing(world: World, one: str, other: str) -> None:
    await world.family("Silva", one)
    assert (await check(world, other))["reason"] == "no_record"
    started = await world.maria.post("/api/v1/conversations", json={"phone_number": other})
    assert (started.status_code, started.json()["check"]["reason"]) == (409, "no_record")
    await world.family("Costa", other, state=None)
    assert (await check(world, other))["reason"] == "not_opted_in"
    assert (await check(world, one))["reason"] == "allowed", "never asked is no refusal"


@pytest.mark.parametrize(("one", "other"), VARIANTS)
async def test_a_STOP_under_a_variant_stops_what_waits_and_only_its_own_START_lifts_it(
    world: World, one: str, other: str
) -> None:
    await world.family("Silva", one)
    await world.text(one, "Hello")
    assert await reply(world, one) == 201
    await world.text(other, "STOP")
    stopped = await check(world, one)
    assert (stopped["reason"], stopped["stopped_as"]) == ("stopped", other)
    assert await claimed(world) == []
    await world.text(one, "START")
    assert (await check(world, one))["reason"] == "stopped", "it may be another person who did not want any more"
    await world.text(other, "START")
    assert (await check(world, one))["reason"] == "allowed"


@pytest.mark.parametrize(("one", "other"), VARIANTS)
async def test_OPTIN_DISPATCH_a_claim_and_a_STOP_under_a_variant_wait_for_each_other(
    world: World, one: str, other: str
) -> None:
    """The variant has no row before the number is locked."""
    await world.family("Silva", one)
    async with world.service.database.transaction() as session:
        row = await directory.phone_number(session, world.organization_id, one)
        assert row is not None
        await directory.lock_phone_numbers(session, world.organization_id, [row.id])
        texting = asyncio.create_task(world.text(other, "STOP"))
        while not await world.rows(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            assert not texting.done(), "the STOP passed by whoever was letting a text go"
            await asyncio.sleep(0.01)
        assert (await check(world, one))["reason"] == "allowed"
    await texting
    assert (await check(world, one))["reason"] == "stopped"
