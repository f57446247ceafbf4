"""A line's daily limit holds for mass texts and sign-up messages: what is over waits for the next day."""

from datetime import UTC, datetime

import pytest

from api.access.models import Organization
from api.broadcasts.daily import Tomorrow
from api.lines.rules import Day
from tests.broadcasts.test_broadcasts import API, claim_all, confirm, do, shown, work
from tests.broadcasts.test_signups import CONSENT, DAD, MOM, abroad, family, sent, welcoming
from tests.support.broadcasts import new_broadcast
from tests.support.world import World

__all__ = ["abroad", "welcoming"]


async def limit(world: World, texts: int) -> None:
    answer = await world.admin.patch(f"{API}/lines/{world.line_id}", json={"settings": {"texts_per_day": texts}})
    assert answer.status_code == 200, answer.text


async def test_MASS_FAIR_what_is_over_the_lines_limit_waits_for_the_next_day_and_replies_go(world: World) -> None:
    numbers = [f"+131255504{n:02}" for n in range(12)]
    for number in numbers:
        await world.family(number[-2:], number)
    await limit(world, 10)
    broadcast_id = await new_broadcast(world.maria, audience={"families": {}})
    (share,) = (await do(world, broadcast_id, "preview"))["lines"]
    assert (share["recipients"], share["later"]) == (12, 3)
    await confirm(world, broadcast_id)
    await work(world)
    found = await shown(world, broadcast_id)
    assert (found["state"], found["counts"]) == ("sending", {"queued": 9, "waiting": 3})
    (row,) = await world.rows("SELECT timezone FROM organizations WHERE id = :id", id=world.organization_id)
    assert datetime.fromisoformat(found["goes_on_at"]) == Day.at(datetime.now(UTC), timezone=row[0]).ends_at
    assert len(await claim_all(world)) == 9

    # A person still has texts of the day.
    started = await world.maria.post(f"{API}/conversations", json={"phone_number": numbers[0]})
    path = f"{API}/conversations/{started.json()['id']}/messages"
    assert (await world.maria.post(path, json={"body": "Yes."})).status_code == 201
    assert (await world.maria.post(path, json={"body": "No."})).status_code == 429

    # The next day begins.
    await world.rows("UPDATE daily_texts SET day = day - 1 RETURNING id")
    await world.rows("UPDATE broadcast_recipients SET due_at = now() WHERE state = 'waiting' RETURNING id")
    assert (await shown(world, broadcast_id))["goes_on_at"] is None
    await work(world)
    assert "waiting" not in (await shown(world, broadcast_id))["counts"]


async def test_MASS_SIGNUP_what_is_over_the_lines_limit_waits_for_the_next_day(welcoming: World) -> None:
    await limit(welcoming, 1)
    await family(welcoming, MOM, CONSENT)
    await family(welcoming, DAD, CONSENT)
    assert len(await sent(welcoming)) == 1
    assert await sent(welcoming) == []
    await welcoming.rows("UPDATE daily_texts SET day = day - 1 RETURNING id")
    await welcoming.rows("UPDATE signups SET due_at = now() WHERE state = 'waiting' RETURNING id")
    assert len(await sent(welcoming)) == 1


@pytest.mark.parametrize(
    ("any_hour", "opens_at"),
    [(False, datetime(2026, 11, 29, 16, tzinfo=UTC)), (True, datetime(2026, 11, 29, 6, tzinfo=UTC))],
)
def test_MASS_HOURS_the_next_day_of_a_number_begins_with_its_hours(any_hour: bool, opens_at: datetime) -> None:
    gym = Organization(timezone="America/Chicago", mass_text_hours=None)
    tomorrow = Tomorrow(gym, at=datetime(2026, 11, 28, 19, tzinfo=UTC), any_hour=any_hour)
    assert tomorrow.opens_at(["America/Los_Angeles"]) == opens_at
