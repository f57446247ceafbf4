"""R3: a STOP, an opt-out or a new opted-out record racing with queued messages."""

import asyncio
import random
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from api.audit.models import AuditEntry
from api.conversations.models import Message, TimelineEntry
from tests.support.reliability import Progress, figure, size
from tests.support.world import World

RACES = size(quick=36, full=2_000)
AT_ONCE = 6


def phone_number(race: int) -> str:
    return f"+1312{5550000 + race:07}"


async def queue_a_message(world: World, number: str) -> tuple[str, str]:
    """A family that may be texted, and a message to it, waiting. Returns the message's id and the phone record's."""
    family = await world.family(f"Race {number[-4:]}", number)
    started = await world.maria.post("/api/v1/conversations", json={"phone_number": number})
    assert started.status_code == 201, started.text
    sent = await world.maria.post(
        f"/api/v1/conversations/{started.json()['id']}/messages", json={"body": "See you at five!"}
    )
    assert sent.status_code == 201, sent.text
    return sent.json()["id"], family["contacts"][0]["phone_records"][0]["id"]


async def stop(world: World, number: str, _record_id: str) -> None:
    await world.text(number, "STOP")


async def opt_out(world: World, _number: str, record_id: str) -> None:
    response = await world.admin.put(
        f"/api/v1/phone-records/{record_id}/opt-in", json={"state": "opted_out", "source": "verbal"}
    )
    assert response.status_code == 200, response.text


async def new_opted_out_record(world: World, number: str, _record_id: str) -> None:
    await world.family(f"Other {number[-4:]}", number, state="opted_out")


async def opt_out_and_remove(world: World, number: str, record_id: str) -> None:
    """OPTIN-REMOVED: the refusal stays with the number from the moment its record is removed."""
    await opt_out(world, number, record_id)
    ((family_id,),) = await world.rows(
        "SELECT family_id FROM contacts JOIN phone_records AS record ON contact_id = contacts.id WHERE record.id = :id",
        id=record_id,
    )
    response = await world.olga.patch(f"/api/v1/families/{family_id}", json={"contacts": []})
    assert response.status_code == 200, response.text


REFUSALS = {
    "opt out and remove": opt_out_and_remove,
    "stop": stop,
    "opt out": opt_out,
    "new record": new_opted_out_record,
}


async def claim(world: World) -> list[UUID]:
    claims = await world.claims()
    return [each.message_id for each in claims]


async def refused_at(world: World, number: str) -> datetime:
    """When the refusal took effect, by the database's clock under the number's lock: its audit entry's time."""
    async with world.service.database.transaction() as session:
        at: datetime = (
            await session.execute(
                select(AuditEntry.at)
                .where(
                    AuditEntry.organization_id == world.organization_id,
                    AuditEntry.phone_number == number,
                    AuditEntry.action.in_(["phone_number.stopped", "opt_in.changed"]),
                )
                .order_by(AuditEntry.at.desc())
                .limit(1)
            )
        ).scalar_one()
        return at


async def claimed_at(world: World, message_id: str) -> tuple[str, datetime | None]:
    """The message's status, and when a worker claimed it, if one did."""
    async with world.service.database.transaction() as session:
        message_uuid = UUID(message_id)
        status: str = (await session.execute(select(Message.status).where(Message.id == message_uuid))).scalar_one()
        at = (
            await session.execute(
                select(TimelineEntry.at).where(
                    TimelineEntry.message_id == message_uuid, TimelineEntry.status == "sending"
                )
            )
        ).scalar_one_or_none()
        return status, at


@pytest.mark.reliability
@pytest.mark.timeout(1800)
async def test_OPTIN_DISPATCH_nothing_is_claimed_after_the_refusal_has_committed(world: World) -> None:
    dice = random.Random(3)
    outcomes = {"claimed before": 0, "refused": 0}

    async def race(number: int) -> None:
        target = phone_number(number)
        message_id, record_id = await queue_a_message(world, target)
        refuse = REFUSALS[list(REFUSALS)[number % len(REFUSALS)]]

        async def refusal() -> None:
            await asyncio.sleep(dice.uniform(0, 0.006))
            await refuse(world, target, record_id)

        async def worker() -> None:
            await asyncio.sleep(dice.uniform(0, 0.006))
            await claim(world)

        await asyncio.gather(refusal(), worker())
        await claim(world)
        status, claimed = await claimed_at(world, message_id)
        if claimed is None:
            outcomes["refused"] += 1
            assert status == "failed", f"{target}: {status}"
        else:
            outcomes["claimed before"] += 1
            assert claimed < await refused_at(world, target), f"{target} was claimed after its refusal"
        again = await world.maria.get("/api/v1/opt-in-checks", params={"phone_number": target})
        assert again.json()["allowed"] is False

    progress = Progress("R3", total=RACES)
    for start in range(0, RACES, AT_ONCE):
        await asyncio.gather(*(race(number) for number in range(start, min(start + AT_ONCE, RACES))))
        progress.at(min(start + AT_ONCE, RACES), f"{outcomes}")
    figure("R3", races=RACES, **{name.replace(" ", "_"): count for name, count in outcomes.items()})
    # If every race ended the same way, nothing raced.
    assert min(outcomes.values()) > 0, outcomes
