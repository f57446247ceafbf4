"""What the tests of the team's tools share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from api.delivery.settle import settle
from api.providers.port import Accepted, MessageStatus, Rejected
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


def soon(**after: float) -> str:
    return (datetime.now(UTC) + timedelta(**after)).isoformat()


async def get(world: World, conversation_id: str) -> dict[str, Any]:
    response = await world.maria.get(f"{API}/conversations/{conversation_id}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def waiting(world: World, number: str = PARENT, *, texts: int = 1) -> str:
    """The id of a conversation whose texts nobody has seen."""
    for n in range(texts):
        await world.text(number, f"Question {n + 1}?")
    conversation_id: str = (await world.conversation(number))["id"]
    return conversation_id


async def act(
    world: World, action: str, *ids: str, by: httpx.AsyncClient | None = None, **more: object
) -> dict[str, Any]:
    items = [{"id": each, "seen_seq": 1} for each in ids]
    response = await (by or world.maria).post(
        f"{API}/conversations/bulk", json={"action": action, "items": items, **more}
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def results(answer: dict[str, Any]) -> list[str]:
    return [item["result"] for item in answer["items"]]


async def send(world: World, conversation_id: str, body: str = "See you at five!", **more: object) -> str:
    sent = await world.maria.post(f"{API}/conversations/{conversation_id}/messages", json={"body": body, **more})
    assert sent.status_code == 201, sent.text
    message_id: str = sent.json()["id"]
    return message_id


async def refuse(world: World) -> None:
    """The provider refuses every text that waits."""
    for claimed in await world.claims():
        await settle(world.service.database, claimed, Rejected(code="30006", title="Landline.", opted_out=False))


async def accept(world: World, provider_message_id: str) -> None:
    for claimed in await world.claims():
        outcome = Accepted(provider_message_id=provider_message_id, status=MessageStatus.SENT)
        await settle(world.service.database, claimed, outcome)


async def callback(world: World, provider_message_id: str, status: str, **more: str) -> None:
    fields = {"MessageSid": provider_message_id, "MessageStatus": status, **more}
    assert (await world.post_webhook("status", fields)).status_code == 200
    await world.settled()


async def details(world: World, conversation_id: str, action: str) -> list[dict[str, Any]]:
    """The details of the conversation's entries of this action, oldest first."""
    response = await world.daniel.get(f"{API}/conversations/{conversation_id}/audit-entries")
    found = [entry for entry in reversed(response.json()["items"]) if entry["action"] == action]
    return [{**entry["details"], "actor": entry["actor"]["kind"]} for entry in found]


async def counts(world: World, person: httpx.AsyncClient | None = None) -> dict[str, int]:
    body: dict[str, int] = (await (person or world.maria).get(f"{API}/indicator")).json()
    return body


async def listed(world: World, **params: str) -> list[str]:
    """The numbers of the conversations that a list shows, in its order."""
    response = await world.maria.get(f"{API}/conversations", params=params)
    assert response.status_code == 200, response.text
    return [item["phone_number"] for item in response.json()["items"]]
