"""What becomes of a claimed message, for each outcome of handing it over."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.delivery.claim import Claim, claim_due
from api.delivery.expire import expire_leases
from api.delivery.reconcile import Reconciliation, claim_unknown, settle_reconciliation
from api.delivery.rules import MAX_ATTEMPTS
from api.delivery.settle import settle
from api.providers.port import (
    Accepted,
    CannotTell,
    Found,
    MessageStatus,
    NotFoundAtProvider,
    NotProcessed,
    OutcomeUnknown,
    Rejected,
    StatusReport,
)
from tests.support.world import World

PARENT = "+13125550101"
ACCEPTED = Accepted(provider_message_id="SM1", status=MessageStatus.SENT)


async def send(world: World, body: str = "See you at five!") -> str:
    """A message that waits to leave; returns its id."""
    started = await world.maria.post("/api/v1/conversations", json={"phone_number": PARENT})
    sent = await world.maria.post(f"/api/v1/conversations/{started.json()['id']}/messages", json={"body": body})
    assert sent.status_code == 201, sent.text
    message_id: str = sent.json()["id"]
    return message_id


async def claim(world: World, *, lease_seconds: float = 300) -> Sequence[Claim]:
    return await claim_due(
        world.service.database,
        world.organization_id,
        secrets=world.service.secret_box,
        public_base_url="http://messenger.test",
        lease=timedelta(seconds=lease_seconds),
    )


async def questions(world: World) -> list[Reconciliation]:
    return await claim_unknown(
        world.service.database,
        world.organization_id,
        secrets=world.service.secret_box,
        public_base_url="http://messenger.test",
    )


async def due_now(world: World) -> None:
    """The time that a message waits, for a retry or a question, has passed."""
    async with world.service.database.transaction() as session:
        await session.execute(text("UPDATE outbox SET due_at = now()"))


async def status_of(world: World, message_id: str) -> tuple[str, str | None]:
    message = (await world.maria.get(f"/api/v1/messages/{message_id}")).json()
    return message["status"], message["error"] and message["error"]["code"]


@pytest.fixture
async def family(world: World) -> World:
    await world.family("Smith", PARENT)
    return world


async def test_SEND_NEVER_TWICE_a_message_that_is_claimed_is_nobody_elses(family: World) -> None:
    await send(family)
    assert len(await claim(family)) == 1
    assert await claim(family) == []


async def test_SEND_ORDER_the_next_message_waits_until_the_one_before_is_settled(family: World) -> None:
    await send(family, "first")
    await send(family, "second")
    (first,) = await claim(family)
    assert first.message.body == "first"
    assert await claim(family) == []

    await settle(family.service.database, first, ACCEPTED)

    assert [each.message.body for each in await claim(family)] == ["second"]


@pytest.mark.parametrize("code", ["21610"])
async def test_OPTIN_STOP_a_providers_opt_out_error_fails_the_message_and_stops_the_number(
    family: World, code: str
) -> None:
    message_id = await send(family)
    (claimed,) = await claim(family)

    await settle(family.service.database, claimed, Rejected(code=code, title="Opted out.", opted_out=True))

    assert await status_of(family, message_id) == ("failed", code)
    check = (await family.maria.get("/api/v1/opt-in-checks", params={"phone_number": PARENT})).json()
    assert check["reason"] == "stopped"
    assert await claim(family) == []


async def test_what_was_not_processed_is_tried_again_and_finally_fails_with_the_reason(family: World) -> None:
    message_id = await send(family)
    for _ in range(MAX_ATTEMPTS):
        (claimed,) = await claim(family)
        assert (await status_of(family, message_id))[0] == "sending"
        await settle(family.service.database, claimed, NotProcessed("Slow down.", code="20429"))
        assert await claim(family) == [], "it waits before the next try"
        await due_now(family)

    assert await status_of(family, message_id) == ("failed", "20429")


async def test_SEND_NEVER_TWICE_an_unknown_outcome_is_asked_about_and_never_posted_again(family: World) -> None:
    message_id = await send(family)
    (claimed,) = await claim(family)
    database = family.service.database

    await settle(database, claimed, OutcomeUnknown("The connection broke."))
    await due_now(family)

    assert await status_of(family, message_id) == ("unknown", None)
    assert await claim(family) == []
    for outcome in (NotFoundAtProvider(), CannotTell("It is away.")):
        (question,) = await questions(family)
        await settle_reconciliation(database, question, outcome)
        assert await status_of(family, message_id) == ("unknown", None)
        await due_now(family)
    (question,) = await questions(family)
    report = StatusReport("SM9", MessageStatus.DELIVERED, "delivered", None, None, opted_out=False, provider_time=None)
    await settle_reconciliation(database, question, Found(report))
    assert await status_of(family, message_id) == ("delivered", None)


async def test_a_worker_that_vanishes_leaves_the_message_visibly_unknown(family: World) -> None:
    message_id = await send(family)
    (claimed,) = await claim(family, lease_seconds=0)

    await expire_leases(family.service.database, family.organization_id)

    assert await status_of(family, message_id) == ("unknown", None)
    assert await claim(family) == []

    # The provider's answer to that one post comes late, and is the truth.
    await settle(family.service.database, claimed, ACCEPTED)
    assert await status_of(family, message_id) == ("sent", None)


async def test_a_lost_lease_puts_nothing_back_into_the_outbox(family: World) -> None:
    message_id = await send(family)
    (claimed,) = await claim(family, lease_seconds=0)
    await expire_leases(family.service.database, family.organization_id)

    await settle(family.service.database, claimed, NotProcessed("It never connected."))

    assert await status_of(family, message_id) == ("unknown", None)
    assert await claim(family) == []
