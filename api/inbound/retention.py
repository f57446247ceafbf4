"""Retention: the raw content of applied events is emptied after some days."""

from datetime import timedelta
from uuid import UUID

from api.inbound import queries
from api.kit.database import Database, database_time

BATCH = 500
"""Events that one transaction empties."""


async def forget_raw_content(database: Database, organization_id: UUID, *, older_than: timedelta) -> int:
    """Empty the raw content of older applied events, a batch in a transaction. Returns how many.

    The rows stay: their key makes a repeated webhook the same event (RECV-ONCE). Pending and quarantined events keep
    their content, however old they are.
    """
    count = 0
    while True:
        async with database.transaction() as session:
            before = await database_time(session) - older_than
            emptied = await queries.forget_raw(session, organization_id, before=before, limit=BATCH)
        count += emptied
        if emptied < BATCH:
            return count
