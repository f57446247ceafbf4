"""MASS-SIGNUP: the sign-up message goes once to a number that becomes opted in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.away.rules import WEEKDAYS
from api.broadcasts.loop import run_signups
from api.kit.database import Database
from tests.support.world import World

API = "/api/v1"
WELCOME = "Welcome to Gym texts! Reply STOP to opt out."


def awake(last_digits: str) -> str:
    """A number of a place where it is day now, so that a test does not depend on the time of day."""
    hour = datetime.now(UTC).hour
    if 9 <= hour < 20:
        return f"+4479111234{last_digits}"
    return f"+131255501{last_digits}" if hour >= 20 or hour < 2 else f"+167155501{last_digits}"


MOM, DAD = awake("01"), awake("02")
LANDLINE = "+442079460000"
CONSENT = {"state": "opted_in", "source": "portal"}


async def nobody_held(_: Database) -> frozenset[Any]:
    return frozenset()


async def work(world: World) -> None:
    while await run_signups(world.service.database, nobody_held):
        pass


@pytest.fixture
async def abroad(world: World) -> World:
    """The line may text the places of `awake`."""
    countries = {"settings": {"countries": ["US", "GB", "GU"]}}
    changed = await world.admin.patch(f"{API}/lines/{world.line_id}", json=countries)
    assert changed.status_code == 200, changed.text
    return world


@pytest.fixture
async def welcoming(abroad: World) -> World:
    world = abroad
    changed = await world.admin.patch(
        f"{API}/organization/mass-text", json={"signup": WELCOME}, headers={"If-Match": "*"}
    )
    assert (changed.status_code, changed.json()["signup"]) == (200, WELCOME)
    return world


async def family(world: World, number: str, opt_in: dict[str, str] | None = None, *, name: str = "Rivera") -> str:
    record = {"phone_number": number, **({"opt_in": opt_in} if opt_in else {})}
    contacts = [{"name": "Rosa", "phone_records": [record]}]
    made = await world.admin.post(f"{API}/families", json={"name": name, "contacts": contacts})
    assert made.status_code == 201, made.text
    record_id: str = made.json()["contacts"][0]["phone_records"][0]["id"]
    return record_id


async def opt(world: World, record_id: str, state: str) -> None:
    answer = await world.maria.put(f"{API}/phone-records/{record_id}/opt-in", json={"state": state, "source": "verbal"})
    assert answer.status_code == 200, answer.text


async def sent(world: World) -> list[str]:
    """The numbers that a worker now claims a sign-up message for."""
    await work(world)
    claims = await world.claims()
    assert {claim.message.body for claim in claims} <= {WELCOME}
    return sorted(claim.message.to for claim in claims)


async def test_MASS_SIGNUP_goes_once_to_a_number_that_becomes_opted_in_and_never_again(welcoming: World) -> None:
    record_id = await family(welcoming, MOM)
    assert await sent(welcoming) == []
    await opt(welcoming, record_id, "opted_in")
    assert await sent(welcoming) == [MOM]

    conversation = await welcoming.conversation(MOM)
    (message,) = await welcoming.thread(conversation["id"])
    assert (message["automatic"], message["sent_by"], message["broadcast"]) == ("signup", None, None)
    assert conversation["status"] == "closed"
    entry = "SELECT details ->> 'automatic' FROM audit_entries WHERE action = 'message.sent'"
    assert [row[0] for row in await welcoming.rows(entry)] == ["signup"]
    for state in ("opted_out", "opted_in"):
        await opt(welcoming, record_id, state)
    await family(welcoming, MOM, CONSENT, name="Other")
    assert await sent(welcoming) == []


async def test_MASS_SIGNUP_a_new_record_with_consent_is_one_and_an_import_too(welcoming: World) -> None:
    await family(welcoming, MOM, CONSENT)
    rows = "kind,external_id,name,contact_name,phone_number,opt_in_state\n"
    rows += f"family,f-2,Chen,Li Chen,{DAD},opted_in\n"
    headers = {"Content-Type": "text/csv"}
    imported = await welcoming.admin.post(f"{API}/directory/import", content=rows, headers=headers)
    assert imported.status_code == 200, imported.text
    assert await sent(welcoming) == [MOM, DAD]


async def test_MASS_SIGNUP_waits_for_every_record_of_the_number(welcoming: World) -> None:
    blocking = await family(welcoming, MOM, name="Other")
    await family(welcoming, MOM, CONSENT)
    assert await sent(welcoming) == []
    await opt(welcoming, blocking, "opted_in")
    assert await sent(welcoming) == [MOM]


async def test_MASS_SIGNUP_not_to_a_number_that_was_opted_in_before_nor_to_one_that_takes_no_texts(
    abroad: World,
) -> None:
    world = abroad
    await family(world, MOM, CONSENT)
    await world.admin.patch(f"{API}/organization/mass-text", json={"signup": WELCOME}, headers={"If-Match": "*"})
    await family(world, MOM, CONSENT, name="Other")
    await family(world, LANDLINE, CONSENT)
    stopped = await family(world, DAD)
    await world.text(DAD, "STOP")
    await opt(world, stopped, "opted_in")
    assert await sent(world) == []


async def test_MASS_SIGNUP_waits_for_the_available_hours(abroad: World) -> None:
    world = abroad
    in_three_days = WEEKDAYS[(datetime.now(UTC).weekday() + 3) % 7]
    hours = {in_three_days: [{"opens": "10:00", "closes": "18:00"}]}
    settings = {"signup": WELCOME, "hours": hours}
    assert (
        await world.admin.patch(f"{API}/organization/mass-text", json=settings, headers={"If-Match": "*"})
    ).status_code == 200
    await family(world, MOM, CONSENT)
    assert await sent(world) == []
    ((due_at,),) = await world.rows("SELECT due_at FROM signups WHERE state = 'waiting'")
    assert timedelta(days=1) < due_at - datetime.now(UTC) < timedelta(days=5)


async def test_MASS_SIGNUP_has_at_most_160_characters(world: World) -> None:
    answer = await world.admin.patch(
        f"{API}/organization/mass-text", json={"signup": "x" * 161}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 422


async def test_COST_a_sign_up_message_waits_for_credits_and_is_not_lost(welcoming: World) -> None:
    price = {"country": None, "text": "0.01", "picture": "0.02"}
    prices = {"currency": "USD", "prices": [price]}
    await welcoming.admin.put(f"{API}/lines/{welcoming.line_id}/prices", json=prices, headers={"If-Match": "*"})
    on = await welcoming.admin.put(f"{API}/credits", json={"is_on": True, "currency": "USD"})
    assert on.status_code == 200, on.text
    await opt(welcoming, await family(welcoming, MOM), "opted_in")
    assert await sent(welcoming) == []
    assert await welcoming.rows("SELECT id FROM messages") == []

    await welcoming.admin.post(f"{API}/credits/additions", json={"amount": "1"})
    await welcoming.rows("UPDATE signups SET due_at = now() RETURNING id")

    assert await sent(welcoming) == [MOM]
