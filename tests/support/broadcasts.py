"""Mass texts of tests, made through the API."""

from typing import Any
from uuid import uuid4

import httpx

from tests.support.world import World

BROADCASTS = "/api/v1/broadcasts"


def a_broadcast(*numbers: str, **more: Any) -> dict[str, Any]:
    return {"name": f"Snow {uuid4().hex}", "body": "Closed for snow.", "audience": {"numbers": numbers}, **more}


async def new_broadcast(client: httpx.AsyncClient, *numbers: str, **more: Any) -> str:
    """The id of a draft; empty if the client may not write one."""
    made = await client.post(BROADCASTS, json=a_broadcast(*numbers, **more))
    if not made.is_success:
        return ""
    broadcast_id: str = made.json()["id"]
    return broadcast_id


async def new_audience(client: httpx.AsyncClient, *numbers: str) -> str:
    body = {"name": f"Level {uuid4().hex}", "audience": {"numbers": numbers}}
    made = await client.post("/api/v1/audiences", json=body)
    if not made.is_success:
        return ""
    audience_id: str = made.json()["id"]
    return audience_id


async def broadcast_for(world: World, route: str) -> str:
    """The id of a mass text to one family of its own, in the state that the route needs."""
    number = f"+1312555{uuid4().int % 10_000:04d}"
    await world.family("Ito", number)
    broadcast_id = await new_broadcast(world.admin, number)
    deed = route.rpartition("/")[2]
    if deed in {"pause", "resume", "cancel", "retry"}:
        sent = await world.admin.post(f"{BROADCASTS}/{broadcast_id}/send", json={})
        assert sent.status_code == 200, sent.text
    if deed == "resume":
        paused = await world.admin.post(f"{BROADCASTS}/{broadcast_id}/pause")
        assert paused.status_code == 200, paused.text
    if deed == "retry":
        await world.rows("UPDATE broadcasts SET state = 'sent' WHERE id = :id RETURNING id", id=broadcast_id)
        statement = "UPDATE broadcast_recipients SET state = 'failed' WHERE broadcast_id = :id RETURNING id"
        await world.rows(statement, id=broadcast_id)
    return broadcast_id
