"""Status callbacks at their worst: early, twice, out of order, about somebody else's messages (SEND-STATUS)."""

import asyncio
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from api.delivery.claim import Claim, claim_due
from api.delivery.settle import settle
from api.providers.port import Accepted, MessageStatus
from tests.inbound.journal import PARENT, bodies, nobody_applies, receive
from tests.support.business import LINE_NUMBER
from tests.support.world import World


@pytest.fixture
async def family(world: World) -> World:
    await world.family("Smith", PARENT)
    return world


async def claimed_message(world: World) -> Claim:
    """A message that a worker is about to post."""
    started = await world.maria.post("/api/v1/conversations", json={"phone_number": PARENT})
    path = f"/api/v1/conversations/{started.json()['id']}/messages"
    assert (await world.maria.post(path, json={"body": "See you!"})).status_code == 201
    (claim,) = await claim_due(
        world.service.database,
        world.organization_id,
        secrets=world.service.secret_box,
        public_base_url="http://messenger.test",
        lease=timedelta(minutes=5),
    )
    return claim


async def report(world: World, claim: Claim, sid: str, status: str, **more: str) -> None:
    fields = {"MessageSid": sid, "MessageStatus": status, "To": PARENT, "From": LINE_NUMBER, **more}
    answer = await world.post_webhook("status", fields, query=f"?message_id={claim.message_id}")
    assert answer.status_code == 200
    await world.settled()


async def accepted(world: World, claim: Claim, sid: str) -> None:
    accepted = Accepted(provider_message_id=sid, status=MessageStatus.SENT)
    await settle(world.service.database, claim, accepted)


async def detail(world: World, claim: Claim) -> dict[str, Any]:
    message: dict[str, Any] = (await world.maria.get(f"/api/v1/messages/{claim.message_id}")).json()
    return message


def steps(message: dict[str, Any], *named: str) -> list[str]:
    return [step["status"] for step in message["timeline"] if step["status"] in named and step["source"] == "provider"]


async def test_a_callback_before_the_response_of_the_send_finds_its_message_and_the_response_fits(
    family: World,
) -> None:
    claim = await claimed_message(family)
    await report(family, claim, "SM1", "delivered")
    early = await detail(family, claim)
    assert (early["status"], early["provider_message_id"]) == ("delivered", "SM1")

    await accepted(family, claim, "SM1")

    message = await detail(family, claim)
    assert (message["status"], message["provider_message_id"], message["error"]) == ("delivered", "SM1", None)
    assert await family.rows("SELECT 1 FROM outbox") == []
    assert await family.rows("SELECT 1 FROM inbound_events WHERE state <> 'applied'") == []


async def test_the_same_callback_twice_or_at_the_same_instant_is_one_step(family: World) -> None:
    claim = await claimed_message(family)
    await accepted(family, claim, "SM1")
    await report(family, claim, "SM1", "delivered")
    await asyncio.gather(*(report(family, claim, "SM1", "delivered") for _ in range(3)))

    assert steps(await detail(family, claim), "delivered") == ["delivered"]


async def test_callbacks_in_any_order_end_in_the_same_status_and_are_all_kept(family: World) -> None:
    for order in permutations(["sent", "sending", "delivered"]):
        claim = await claimed_message(family)
        sid = f"SM{uuid4().hex}"
        await accepted(family, claim, sid)
        for status in order:
            await report(family, claim, sid, status)

        message = await detail(family, claim)
        assert (order, message["status"], steps(message, *order)) == (order, "delivered", list(order))


async def test_a_report_on_a_message_that_is_not_ours_is_applied_and_changes_nothing(family: World) -> None:
    claim = await claimed_message(family)
    await accepted(family, claim, "SM1")
    before = await family.table_sizes()
    seen = await detail(family, claim)

    for query in ("", f"?message_id={uuid4()}"):
        fields = {"MessageSid": f"SM{uuid4().hex}", "MessageStatus": "failed", "ErrorCode": "21610", "To": PARENT}
        assert (await family.post_webhook("status", fields, query=query)).status_code == 200
    await family.settled()

    after = await family.table_sizes()
    assert after.pop("inbound_events") == before.pop("inbound_events") + 2
    assert after == before
    assert await detail(family, claim) == seen
    assert await family.rows("SELECT state FROM inbound_events") == [("applied",)] * 2
    check = await family.daniel.get("/api/v1/opt-in-checks", params={"phone_number": PARENT})
    assert check.json()["allowed"] is True


async def test_another_organizations_message_id_in_a_callback_finds_nothing(family: World) -> None:
    neighbour = await World.create(family.service)
    claim = await claimed_message(family)
    await accepted(family, claim, "SM1")
    await report(neighbour, claim, "SM1", "failed", ErrorCode="30003")
    assert (await detail(family, claim))["status"] == "sent"


async def test_fields_that_nobody_knows_yet_change_nothing(family: World) -> None:
    await family.text(PARENT, "Hello?", sid="SM1", ApiVersion="2030-01-01", Sentiment="glad", NumSegments="1")
    claim = await claimed_message(family)
    await accepted(family, claim, "SM2")
    await report(family, claim, "SM2", "delivered", ChannelToAddress="+1XXXXXXXXXX", Nonsense="")

    assert [message["body"] for message in await family.thread((await family.conversation(PARENT))["id"])] == [
        "Hello?",
        "See you!",
    ]
    assert (await detail(family, claim))["status"] == "delivered"


async def test_OPTIN_STOP_a_text_and_another_numbers_refusal_are_applied_together_in_one_order_of_locks(
    family: World,
) -> None:
    claim = await claimed_message(family)
    async with nobody_applies(family):
        await receive(family, "Hello?", sender="+13125550102")
        fields = {
            "MessageSid": "SM1",
            "MessageStatus": "failed",
            "ErrorCode": "21610",
            "To": PARENT,
            "From": LINE_NUMBER,
        }
        assert (await family.post_webhook("status", fields, query=f"?message_id={claim.message_id}")).status_code == 200
    await family.settled()
    assert await bodies(family) == ["See you!", "Hello?"]
    ((stopped,),) = await family.rows("SELECT stopped_at IS NOT NULL FROM phone_numbers WHERE number = :n", n=PARENT)
    assert stopped
