"""HOOK: each change leaves exactly its events, in the order in which it happened."""

from collections.abc import Sequence
from typing import Any

import pytest

from api.events.models import Event
from api.events.rules import PUBLIC
from api.events.service import events_after, last_position
from api.events.types import listed_event
from tests.broadcasts.test_broadcasts import confirm, do, settle, two, work
from tests.support.broadcasts import new_broadcast
from tests.support.world import World

__all__ = ["two"]

API = "/api/v1"
PARENT = "+13125550101"
STATUS = "message.status_changed"


class Log:
    """The events of a business since it was last asked."""

    def __init__(self, world: World, position: int) -> None:
        self._world, self._position = world, position

    @classmethod
    async def end(cls, world: World) -> "Log":
        async with world.service.database.transaction() as session:
            return cls(world, await last_position(session, world.organization_id))

    async def new(self) -> Sequence[Event]:
        async with self._world.service.database.transaction() as session:
            rows = await events_after(session, self._world.organization_id, self._position, types=PUBLIC, limit=1_000)
        self._position = rows[-1].position if rows else self._position
        return rows

    async def types(self) -> list[str]:
        return [row.type for row in await self.new()]

    async def data(self) -> list[dict[str, Any]]:
        return [listed_event(row).data.model_dump(mode="json") for row in await self.new()]


async def test_HOOK_a_text_that_arrives_is_received_and_makes_the_conversation_unread_once(world: World) -> None:
    log = await Log.end(world)
    await world.text(PARENT, "Is class on today?", sid="SM1")
    received, unread = await log.new()
    conversation = await world.conversation(PARENT)
    (message,) = await world.thread(conversation["id"])
    assert (received.type, unread.type) == ("message.received", "conversation.unread")
    assert listed_event(received).data.model_dump(mode="json") == {
        "conversation_id": conversation["id"],
        "message_id": message["id"],
        "line_id": str(world.line_id),
        "seq": 1,
    }
    assert str(unread.conversation_id) == conversation["id"]
    assert str(unread.message_id) == message["id"]
    assert unread.data["actor"]["kind"] == "phone_number"

    await world.text(PARENT, "Is class on today?", sid="SM1")
    assert await log.types() == []
    await world.text(PARENT, "And tomorrow?")
    assert await log.types() == ["message.received"]


async def test_HOOK_what_staff_do_to_a_conversation(world: World) -> None:
    await world.text(PARENT, "Hello")
    conversation = await world.conversation(PARENT)
    address = f"{API}/conversations/{conversation['id']}"
    log = await Log.end(world)

    await world.view(conversation["id"], 1)
    (opened,) = await log.data()
    assert opened == {
        "conversation_id": conversation["id"],
        "message_id": None,
        "actor": {"kind": "staff_member", "id": str(world.staff_ids["maria"])},
    }
    assert (await world.maria.post(f"{address}/close", json={"seen_seq": 1})).is_success
    assert await log.types() == ["conversation.closed"]
    assert (await world.maria.post(f"{address}/close", json={"seen_seq": 1})).is_success
    assert await log.types() == []
    assert (await world.maria.post(f"{address}/reopen")).is_success
    assert await log.types() == ["conversation.opened"]

    maria, daniel = str(world.staff_ids["maria"]), str(world.staff_ids["daniel"])
    for staff_member_id in (daniel, daniel, maria, None):
        answer = await world.maria.put(f"{address}/assignee", json={"staff_member_id": staff_member_id})
        assert answer.is_success, answer.text
    moves = [(each["previous_assignee_id"], each["assignee_id"]) for each in await log.data()]
    assert moves == [(None, daniel), (daniel, maria), (maria, None)]


async def test_HOOK_a_reply_is_sent_and_then_changes_its_status(world: World) -> None:
    await world.text(PARENT, "Hello")
    conversation = await world.conversation(PARENT)
    await world.view(conversation["id"], 1)
    log = await Log.end(world)
    reply = {"body": "Yes, at 5.", "close": True, "seen_seq": 1}
    sent = await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json=reply)
    assert sent.status_code == 201, sent.text
    message, closed = await log.new()
    assert (message.type, closed.type) == ("message.sent", "conversation.closed")
    assert str(message.message_id) == sent.json()["id"]
    assert message.data["actor"] == {"kind": "staff_member", "id": str(world.staff_ids["maria"])}

    claims = await world.claims()
    await settle(world, claims)
    provider_id = (await world.thread(conversation["id"]))[-1]["provider_message_id"]
    for status in ("delivered", "sent", "delivered"):
        report = {"MessageSid": provider_id, "MessageStatus": status}
        assert (await world.post_webhook("status", report)).is_success
        await world.settled()
    changes = await log.data()
    assert [(each["previous_status"], each["status"]) for each in changes] == [
        ("queued", "sending"),
        ("sending", "sent"),
        ("sent", "delivered"),
    ]
    assert {each["message_id"] for each in changes} == {sent.json()["id"]}


async def test_HOOK_a_refused_request_leaves_no_event(world: World) -> None:
    await world.text(PARENT, "Hello")
    conversation = await world.conversation(PARENT)
    log = await Log.end(world)
    stale = await world.maria.post(f"{API}/conversations/{conversation['id']}/close", json={"seen_seq": 0})
    assert stale.status_code == 409
    assert await log.types() == []


async def test_HOOK_whatever_changes_consent(world: World) -> None:
    log = await Log.end(world)
    family = await world.family("Castillo", PARENT)
    (consent,) = await log.data()
    record = family["contacts"][0]["phone_records"][0]
    assert consent == {
        "phone_number": PARENT,
        "cause": "state",
        "phone_record_id": record["id"],
        "state": "opted_in",
        "source": record["opt_in"]["source"],
        "actor": {"kind": "staff_member", "id": str(world.staff_ids["admin"])},
    }

    await world.text(PARENT, "STOP")
    await world.text(PARENT, "STOP")
    await world.text(PARENT, "START")
    changes = [row for row in await log.new() if row.type == "opt_in.changed"]
    assert [row.data["cause"] for row in changes] == ["stopped", "started"]

    address = f"{API}/phone-records/{record['id']}/opt-in"
    refused = await world.maria.put(address, json={"state": "opted_out", "source": "verbal"})
    assert refused.is_success, refused.text
    removed = await world.admin.patch(f"{API}/families/{family['id']}", json={"contacts": []})
    assert removed.is_success, removed.text
    lifts = (await world.admin.get(f"{API}/phone-numbers/{PARENT}")).json()["refusals"]
    lifted = await world.admin.post(
        f"{API}/phone-numbers/{PARENT}/refusals/{lifts[0]['id']}/lift", json={"reason": "She called and asked for it."}
    )
    assert lifted.is_success, lifted.text
    after = await log.data()
    assert [(each["cause"], each["state"]) for each in after] == [
        ("state", "opted_out"),
        ("removed", None),
        ("refusal_lifted", None),
    ]


@pytest.mark.parametrize("deed", ["finish", "cancel"])
async def test_HOOK_a_mass_text_that_ends(two: World, deed: str) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    await confirm(two, broadcast_id)
    log = await Log.end(two)
    if deed == "cancel":
        await do(two, broadcast_id, "cancel")
    for _ in range(3):
        await work(two)
        await settle(two, await two.claims())
    ends = [
        listed_event(row).data.model_dump(mode="json") for row in await log.new() if row.type == "mass_text.finished"
    ]
    assert [(each["broadcast_id"], each["state"]) for each in ends] == [
        (broadcast_id, "cancelled" if deed == "cancel" else "sent")
    ]


async def test_HOOK_a_draft_that_is_thrown_away_has_not_finished(two: World) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    log = await Log.end(two)

    await do(two, broadcast_id, "cancel")

    assert [row.type for row in await log.new() if row.type == "mass_text.finished"] == []
