"""Mass texts of tests, made through the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.kit.bulk import insert_together
from api.kit.database import Database
from api.kit.ids import new_id
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


async def store_families(database: Database, organization_id: UUID, numbers: Sequence[str]) -> None:
    """A family with an opted-in number for each, past the API."""
    for start in range(0, len(numbers), 1_000):
        some = [(number, [new_id() for _ in range(4)]) for number in numbers[start : start + 1_000]]
        key = {"organization_id": organization_id}
        async with database.transaction() as session:
            at = (await session.execute(text("SELECT now()"))).scalar_one()
            await insert_together(
                session, Family, [{**key, "id": ids[0], "name": f"F {number[-5:]}"} for number, ids in some]
            )
            await insert_together(
                session,
                Contact,
                [{**key, "id": ids[1], "family_id": ids[0], "name": "Rosa", "position": 0} for _, ids in some],
            )
            await insert_together(session, PhoneNumber, [{**key, "id": ids[2], "number": each} for each, ids in some])
            await insert_together(session, PhoneRecord, [_record(organization_id, ids, at) for _, ids in some])


def _record(organization_id: UUID, ids: list[UUID], at: datetime) -> dict[str, object]:
    return {
        "organization_id": organization_id,
        "id": ids[3],
        "phone_number_id": ids[2],
        "contact_id": ids[1],
        "position": 0,
        "opt_in_state": "opted_in",
        "opt_in_source": "portal",
        "opt_in_changed_at": at,
    }
