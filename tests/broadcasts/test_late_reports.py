"""Counts of mass texts whose reports come long after they have ended."""

import asyncio
from uuid import UUID

from api.broadcasts import queries
from api.broadcasts.expansion import refresh
from api.delivery.claim import Claim
from tests.broadcasts.test_broadcasts import claim_all, confirm, settle, two, work
from tests.support.backends import until_it_waits
from tests.support.broadcasts import BROADCASTS, new_broadcast
from tests.support.business import LINE_NUMBER
from tests.support.world import World

__all__ = ["two"]


async def listed(world: World) -> dict[str, int]:
    (row,) = (await world.maria.get(BROADCASTS)).json()["items"]
    counts: dict[str, int] = row["counts"]
    return counts


async def report(world: World, claim: Claim) -> None:
    fields = {
        "MessageSid": f"SM{claim.message_id}",
        "MessageStatus": "delivered",
        "To": claim.message.to,
        "From": LINE_NUMBER,
    }
    answer = await world.post_webhook("status", fields, query=f"?message_id={claim.message_id}")
    assert answer.status_code == 200
    await world.settled()


async def active(world: World) -> list[bool]:
    return [row[0] for row in await world.rows("SELECT is_active FROM broadcasts")]


async def test_MASS_STATES_counts_stay_right_when_reports_come_late(two: World) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    await confirm(two, broadcast_id)
    await work(two)
    claims = await claim_all(two)
    await settle(two, claims)
    await work(two)
    await two.rows("UPDATE broadcasts SET finished_at = now() - interval '3 hours' RETURNING id")
    await work(two)
    assert (await listed(two), await active(two)) == ({"sent": 2}, [False])

    for delivered, claim in enumerate(claims, start=1):
        await report(two, claim)
        assert await active(two) == [True]
        await work(two)
        left = {"sent": 2 - delivered} if delivered < 2 else {}
        assert (await listed(two), await active(two)) == ({"delivered": delivered, **left}, [False])


async def test_a_report_that_comes_during_the_last_count_is_counted_too(two: World) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    await confirm(two, broadcast_id)
    await work(two)
    claims = await claim_all(two)
    await settle(two, claims)
    await work(two)
    await two.rows("UPDATE broadcasts SET finished_at = now() - interval '3 hours' RETURNING id")
    async with two.service.database.transaction() as worker:
        row = await queries.lock_broadcast(worker, two.organization_id, UUID(broadcast_id))
        assert row is not None
        reported = asyncio.create_task(report(two, claims[0]))
        await until_it_waits(two)
        row.is_active = False
        await worker.flush()
        await refresh(worker, row)
        assert row.counts == {"sent": 2}
    await reported
    await work(two)
    assert await listed(two) == {"sent": 1, "delivered": 1}
