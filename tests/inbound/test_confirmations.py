"""OPTIN-CONFIRM: a line that answers STOP, START and HELP itself does so once, past the gate, without advertising."""

from datetime import timedelta

import pytest

from api.delivery import service as delivery
from api.delivery.settling import settle
from api.providers.port import Accepted, MessageStatus
from tests.support.world import World

PARENT = "+13125550101"


@pytest.fixture
async def answering(world: World) -> World:
    """The business, its line answering keywords."""
    response = await world.admin.patch(
        f"/api/v1/lines/{world.line_id}",
        json={"settings": {"answers_keywords": True, "business_name": "Tumble", "help_text": "Call 312 555 0100."}},
    )
    assert response.status_code == 200, response.text
    return world


async def claimed_bodies(world: World) -> list[str]:
    """What a worker posts now; the provider takes all of it."""
    claims = await delivery.claim(
        world.service.database,
        world.organization_id,
        secrets=world.service.secret_box,
        public_base_url="http://messenger.test",
        lease=timedelta(minutes=5),
    )
    for claim in claims:
        outcome = Accepted(provider_message_id=f"SM{claim.message_id.hex}", status=MessageStatus.SENT)
        await settle(world.service.database, claim, outcome)
    return [claim.message.body for claim in claims]


async def test_STOP_is_confirmed_once_although_the_number_is_stopped(answering: World) -> None:
    sid = await answering.text(PARENT, "Stop.")
    await answering.text(PARENT, "Stop.", sid=sid)

    assert await claimed_bodies(answering) == [
        "Tumble: You will get no more texts from us. Reply START to get them again."
    ]
    conversation = await answering.conversation(PARENT)
    assert conversation["opted_out"] is True
    assert conversation["status"] == "unread", "the confirmation is nobody's reply"
    assert conversation["unread_messages"] == 1


async def test_a_second_STOP_is_not_confirmed_again(answering: World) -> None:
    await answering.text(PARENT, "STOP")
    await claimed_bodies(answering)

    await answering.text(PARENT, "STOP")

    assert await claimed_bodies(answering) == []


async def test_nothing_else_passes_the_gate_after_STOP(answering: World) -> None:
    await answering.family("Smith", PARENT)
    started = (await answering.maria.post("/api/v1/conversations", json={"phone_number": PARENT})).json()
    sent = await answering.maria.post(f"/api/v1/conversations/{started['id']}/messages", json={"body": "Hello!"})
    assert sent.status_code == 201

    await answering.text(PARENT, "STOP")

    # In the order of the conversation: the waiting reply fails first, then the confirmation leaves.
    assert await claimed_bodies(answering) == []
    assert await claimed_bodies(answering) == [
        "Tumble: You will get no more texts from us. Reply START to get them again."
    ]
    message = (await answering.maria.get(f"/api/v1/messages/{sent.json()['id']}")).json()
    assert message["status"] == "failed"
    assert "STOP" in message["error"]["title"]


async def test_START_is_confirmed_and_lifts_the_stop(answering: World) -> None:
    await answering.text(PARENT, "STOP")
    await claimed_bodies(answering)

    await answering.text(PARENT, "start")

    assert await claimed_bodies(answering) == [
        "Tumble: You will get texts from us again. Reply HELP for help, STOP to stop."
    ]


async def test_HELP_gets_the_name_a_contact_and_how_to_stop(answering: World) -> None:
    await answering.text(PARENT, "HELP")

    assert await claimed_bodies(answering) == ["Tumble: Call 312 555 0100. Reply STOP to stop."]


async def test_a_line_whose_provider_answers_says_nothing(world: World) -> None:
    for word in ("STOP", "START", "HELP"):
        await world.text(PARENT, word)

    assert await claimed_bodies(world) == []
