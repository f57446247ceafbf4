"""What tests do to the journal, and read from it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from api.inbound.queries import try_lock_application
from tests.support.business import LINE_NUMBER
from tests.support.world import World

PARENT = "+13125550101"


async def receive(world: World, body: str, *, sender: str = PARENT) -> str:
    """A text whose webhook does not wait for it to be applied."""
    sid = f"SM{uuid4().hex}"
    fields = {"MessageSid": sid, "From": sender, "To": LINE_NUMBER, "Body": body, "NumMedia": "0"}
    assert (await world.post_webhook("inbound", fields)).status_code == 200
    return sid


@asynccontextmanager
async def nobody_applies(world: World) -> AsyncIterator[None]:
    async with world.service.database.transaction() as session:
        while not await try_lock_application(session, world.organization_id):  # noqa: ASYNC110  # It tells nobody.
            await asyncio.sleep(0.01)
        yield


async def bodies(world: World) -> list[str]:
    return [row[0] for row in await world.rows("SELECT body FROM messages ORDER BY created_at, seq")]


async def event(world: World, sid: str) -> tuple[str, int, str | None]:
    ((state, attempts, error),) = await world.rows(
        "SELECT state, attempts, error FROM inbound_events WHERE event_id LIKE :sid", sid=f"{sid}%"
    )
    return state, attempts, error


async def make_due(world: World) -> None:
    await world.rows("UPDATE inbound_events SET due_at = now() WHERE state = 'pending' RETURNING id")
    await world.settled()


async def refuse(owner: asyncpg.Connection, *texts: str) -> None:
    """From now on the database refuses messages with these texts: something that no code foresaw."""
    named = ", ".join(f"'{text}'" for text in texts)
    await owner.execute(f"ALTER TABLE messages ADD CONSTRAINT unforeseen CHECK (body NOT IN ({named}))")


async def accept_again(owner: asyncpg.Connection) -> None:
    await owner.execute("ALTER TABLE messages DROP CONSTRAINT unforeseen")
