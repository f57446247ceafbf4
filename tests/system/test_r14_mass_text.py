"""R14: a mass text goes out while workers die at random, it is paused and resumed, and recipients opt out.

Each recipient gets it at most once, none after the opt-out has committed, and the report adds up.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.support import postgres
from tests.support.broadcasts import store_families
from tests.support.reliability import Progress, figure, seed, size
from tests.support.stack import Stack, eventually

pytestmark = [pytest.mark.reliability, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(3600)]

RECIPIENTS = size(quick=400, full=20_000)
DEATHS = size(quick=3, full=40)
LEAVERS = size(quick=20, full=500)
ENDED = {"sent", "delivered", "failed", "skipped", "unknown", "cancelled"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    clone = postgres.clone_database(template)
    options = {"send_lease_seconds": "2", "requests_per_minute_per_person": "0"}
    async with Stack.running(clone, tmp_path_factory.mktemp("stack"), **options) as running:
        yield running
        running.kill("worker")
    postgres.drop_database(clone)


async def send(admin: httpx.AsyncClient) -> str:
    body = {"name": "Snow", "body": "Closed for snow, {first_name}.", "audience": {"families": {}}}
    draft = await admin.post("/api/v1/broadcasts", json=body)
    assert draft.status_code == 201, draft.text
    broadcast_id: str = draft.json()["id"]
    confirmed = {"confirmed_recipients": RECIPIENTS, "any_hour_reason": "A test at any time of day."}
    sent = await admin.post(f"/api/v1/broadcasts/{broadcast_id}/send", json=confirmed, timeout=120)
    assert sent.status_code == 200, sent.text
    return broadcast_id


async def test_MASS_STATES_nobody_gets_it_twice_whatever_dies_and_none_after_the_opt_out(stack: Stack) -> None:
    chosen = seed()
    dice = random.Random(chosen)
    numbers = [f"+1312{2_000_000 + index:07}" for index in range(RECIPIENTS)]
    await store_families(stack.database, stack.business.organization_id, numbers)
    stack.kill("worker")
    async with stack.staff("admin") as admin:
        broadcast_id = await send(admin)
        left_at = await trouble(stack, admin, broadcast_id, numbers, dice)
        found = await ended(stack, admin, broadcast_id)

    context = f"seed {chosen}"
    taken = await stack.carrier.get("/control/messages", params={"direction": "outbound-api", "limit": 100_000})
    handed_over = Counter(each["to"] for each in taken.json()["items"])
    assert await stack.handed_over_twice() == [], context
    assert max(handed_over.values()) == 1, context
    assert found["recipients"] == RECIPIENTS, context
    assert sum(found["counts"].values()) == RECIPIENTS, context
    assert set(found["counts"]) <= ENDED, context
    await nobody_was_texted_after(stack, left_at, context)
    reached = found["counts"].get("sent", 0) + found["counts"].get("delivered", 0)
    assert reached <= len(handed_over), context
    figure("R14", recipients=RECIPIENTS, twice=0, deaths=DEATHS, **found["counts"], seed=chosen)


async def trouble(
    stack: Stack, admin: httpx.AsyncClient, broadcast_id: str, numbers: Sequence[str], dice: random.Random
) -> list[str]:
    """Workers live for a moment each; the mass text is paused and resumed; recipients stop. Returns who stopped."""
    path = f"/api/v1/broadcasts/{broadcast_id}"
    leavers = dice.sample(list(numbers), LEAVERS)
    share = -(-LEAVERS // DEATHS)
    progress = Progress("R14", total=DEATHS)
    for death in range(DEATHS):
        stack.start("worker")
        some = leavers[death * share : (death + 1) * share]
        await asyncio.gather(*(stack.handset_texts(each, "STOP") for each in some))
        await asyncio.sleep(dice.uniform(0.3, 2.0))  # How long a life is, not a wait for something.
        if dice.random() < 0.5:
            paused = await admin.post(f"{path}/pause")
            assert paused.status_code in {200, 409}, paused.text
        stack.kill("worker")
        if (await admin.get(path)).json()["state"] == "paused":
            assert (await admin.post(f"{path}/resume")).status_code == 200
        progress.at(death + 1)
    stack.start("worker")
    return leavers


async def ended(stack: Stack, admin: httpx.AsyncClient, broadcast_id: str) -> dict[str, Any]:
    async def has_ended() -> bool:
        # Without the wait between two questions about an unknown outcome, which is minutes.
        async with stack.database.transaction() as session:
            await session.execute(text("UPDATE outbox SET due_at = now() WHERE state = 'unknown'"))
        found = (await admin.get(f"/api/v1/broadcasts/{broadcast_id}")).json()
        return bool(found["state"] == "sent")

    await eventually(has_ended, "the mass text is sent", seconds=size(quick=120, full=1_800))
    shown: dict[str, Any] = (await admin.get(f"/api/v1/broadcasts/{broadcast_id}")).json()
    return shown


async def nobody_was_texted_after(stack: Stack, leavers: Sequence[str], context: str) -> None:
    """No text to a number was claimed after its STOP had committed (OPTIN-DISPATCH)."""
    statement = text(
        "SELECT number.number, number.stopped_at, min(event.at) FROM phone_numbers AS number"
        " JOIN conversations AS c ON c.phone_number_id = number.id"
        " JOIN messages AS m ON m.conversation_id = c.id AND m.broadcast_id IS NOT NULL"
        " JOIN message_events AS event ON event.message_id = m.id AND event.status = 'sending'"
        " WHERE number.number = ANY (:numbers) AND number.stopped_at IS NOT NULL"
        " GROUP BY 1, 2 HAVING min(event.at) > number.stopped_at"
    )
    async with stack.database.transaction() as session:
        late = (await session.execute(statement, {"numbers": list(leavers)})).all()
        stopped = (
            await session.execute(
                text("SELECT count(*) FROM phone_numbers WHERE stopped_at IS NOT NULL AND number = ANY (:numbers)"),
                {"numbers": list(leavers)},
            )
        ).scalar_one()
    assert late == [], context
    assert stopped == len(leavers), context
