"""What a worker runs of this slice: deleting events that are too old."""

from uuid import UUID

from api.events import queries
from api.events.rules import KEEP, KEEP_LIVE, EventType
from api.kit.database import Database, database_time
from api.kit.loop import Loop

CLEAN_UP_SECONDS = 60.0

BATCH_ROWS = 5_000
"""Events that one transaction deletes."""

ORGANIZATIONS = 200
"""Organizations that are read together."""


def events_loop(database: Database) -> Loop:
    async def step() -> bool:
        return await clean_up(database)

    return Loop("clean-up-events", step, interval=CLEAN_UP_SECONDS)


async def clean_up(database: Database) -> bool:
    """Delete one batch of each organization. Returns whether one was full: then there may be more."""
    more, last = False, None
    while True:
        async with database.transaction() as session:
            found = await queries.organizations_after(session, last, limit=ORGANIZATIONS)
        for organization_id in found:
            more = await _clean_up(database, organization_id) or more
        if len(found) < ORGANIZATIONS:
            return more
        last = found[-1]


async def _clean_up(database: Database, organization_id: UUID) -> bool:
    async with database.transaction() as session:
        now = await database_time(session)
        old = await queries.delete_before(session, organization_id, now - KEEP, only=None, limit=BATCH_ROWS)
        live = await queries.delete_before(
            session, organization_id, now - KEEP_LIVE, only=EventType.LIVE_CHANGED, limit=BATCH_ROWS
        )
    return BATCH_ROWS in (old, live)
