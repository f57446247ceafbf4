"""Exports of tests, written by the test itself in the place of a worker."""

import httpx

from api.exports.loop import run_due_exports
from tests.support.service import ORIGIN
from tests.support.world import World

EXPORTS = "/api/v1/exports"


async def write_exports(world: World) -> None:
    """Write all exports that wait, and delete what is over."""
    while await run_due_exports(world.service.database, address=ORIGIN):
        pass


async def finished_export(world: World, client: httpx.AsyncClient, conversation_id: str) -> str:
    """The id of an export of the client's own that is done."""
    body = {"kind": "conversation", "format": "ndjson", "conversation_id": conversation_id}
    made = await client.post(EXPORTS, json=body)
    assert made.status_code == 201, made.text
    await write_exports(world)
    export_id: str = made.json()["id"]
    return export_id
