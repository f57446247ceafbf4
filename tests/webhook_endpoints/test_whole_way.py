"""HOOK: what happens in the Messenger reaches an integration, and is the same as in the list of events."""

from tests.access.needs import API
from tests.support.webhooks import deliver, receiver, subscribe
from tests.support.world import World

PARENT = "+13125550101"


async def test_HOOK_texts_statuses_and_stops_reach_an_integration_in_order(world: World) -> None:
    await world.family("Rivera", PARENT)
    async with receiver() as them:
        endpoint = await subscribe(world, them.url)
        await world.text(PARENT, "Is there class today?")
        conversation = await world.conversation(PARENT)
        path = f"{API}/conversations/{conversation['id']}"
        sent = await world.maria.post(f"{path}/messages", json={"body": "Yes, at 4."})
        assert sent.status_code == 201, sent.text
        await world.text(PARENT, "STOP")
        assert await world.claims() == []
        await deliver(world)

    for each in them.taken:
        each.verify(endpoint["secret"])
        assert "class today" not in each.body
        assert "Rivera" not in each.body
    of_conversation = [
        each.payload["type"] for each in them.taken if each.payload["data"].get("conversation_id") == conversation["id"]
    ]
    assert of_conversation[0] == "message.received"
    assert of_conversation.index("message.sent") < of_conversation.index("message.status_changed")
    assert {"conversation.unread", "conversation.opened"} <= set(of_conversation)
    (stopped,) = [each.payload for each in them.taken if each.payload["type"] == "opt_in.changed"]
    assert (stopped["data"]["phone_number"], stopped["data"]["cause"]) == (PARENT, "stopped")
    listed = (
        await world.admin.get(f"{API}/events", params={"limit": 200}, headers={"Accept": "application/json"})
    ).json()
    by_id = {each.id: each.payload for each in them.taken}
    shown = {each["id"]: each for each in listed["items"] if each["id"] in by_id}
    assert shown.keys() == by_id.keys()
    for event_id, payload in by_id.items():
        event = shown[event_id]
        assert payload == {"type": event["type"], "timestamp": event["created_at"], "data": event["data"]}
