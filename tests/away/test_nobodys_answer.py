"""An automatic answer is nobody's answer: whoever waited still waits, and no reply is stale because of it."""

from uuid import uuid4

import pytest

from api.away.rules import WEEKDAYS
from tests.conversations.team import API, PARENT, get, soon
from tests.support.world import World

CLOSED = {"enabled": True, "body": "We are closed.", "hours": {day: [] for day in WEEKDAYS}}


@pytest.fixture
async def answering(world: World) -> World:
    """It is closed, and its line answers HELP."""
    await world.family("Rivera", PARENT)
    assert (
        await world.admin.put(f"{API}/organization/away", json=CLOSED, headers={"If-Match": "*"})
    ).status_code == 200
    settings = {"answers_keywords": True, "business_name": "Tumble", "help_text": "Call 312 555 0100."}
    changed = await world.admin.patch(f"{API}/lines/{world.line_id}", json={"settings": settings})
    assert changed.status_code == 200
    return world


@pytest.mark.parametrize(("text", "automatic"), [("Is there class?", "away"), ("HELP", "keyword")])
async def test_ASSIGN_who_waits_still_waits_after_an_automatic_answer(
    answering: World, text: str, automatic: str
) -> None:
    await answering.text(PARENT, text)

    shown = await answering.conversation(PARENT)
    received, answer = await answering.thread(shown["id"])
    assert (received["direction"], answer["automatic"]) == ("inbound", automatic)
    assert (shown["status"], shown["unread_messages"], shown["waiting_since"]) == ("unread", 1, received["created_at"])


async def test_STATUS_REPLY_RACE_an_automatic_answer_is_no_colleagues_reply(answering: World) -> None:
    await answering.text(PARENT, "Is there class?")
    conversation_id = (await answering.conversation(PARENT))["id"]
    address = f"{API}/conversations/{conversation_id}/messages"

    reply = await answering.maria.post(address, json={"body": "There is!", "seen_seq": 1})

    assert reply.status_code == 201, reply.text
    assert (await get(answering, conversation_id))["waiting_since"] is None
    colleagues = await answering.admin.post(address, json={"body": "No, there is not.", "seen_seq": 1})
    assert colleagues.status_code == 409
    assert [missed["body"] for missed in colleagues.json()["missed"]] == ["There is!"]


async def test_REMIND_an_automatic_answer_ends_no_reminder_that_waits_for_the_family(answering: World) -> None:
    await answering.text(PARENT, "Is there class?")
    conversation_id = (await answering.conversation(PARENT))["id"]
    viewer_id = uuid4()
    await answering.view(conversation_id, 2, viewer_id=viewer_id)
    await answering.maria.delete(f"{API}/conversations/{conversation_id}/viewers/{viewer_id}")
    reminder = {"at": soon(hours=1), "unless_answered": True}
    deferred = await answering.maria.put(f"{API}/conversations/{conversation_id}/reminder", json=reminder)
    assert deferred.status_code == 200

    await answering.text("+13125550199", "HELP")
    assert (await get(answering, conversation_id))["reminder"]["unless_answered"] is True

    await answering.text(PARENT, "HELP")
    came_back = await get(answering, conversation_id)
    assert (came_back["status"], came_back["reminder"]) == ("unread", None)
    assert came_back["waiting_since"] is not None
