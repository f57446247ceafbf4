"""Raw content of provider events is kept for a while, for whoever has to find out what came, and then forgotten."""

from datetime import timedelta
from uuid import UUID

from api.inbound import queries
from api.kit.database import Database, database_time

BATCH = 500
"""Events that one transaction empties."""


async def forget_raw_content(database: Database, organization_id: UUID, *, older_than: timedelta) -> int:
    """Empty what was applied and is older than that, a batch in a transaction. Returns how many events.

    An event's row stays: its key is what makes a webhook that comes again the same event (RECV-ONCE). What waits or
    is held back keeps its content, however old it is.
    """
    count = 0
    while True:
        async with database.transaction() as session:
            before = await database_time(session) - older_than
            emptied = await queries.forget_raw(session, organization_id, before=before, limit=BATCH)
        count += emptied
        if emptied < BATCH:
            return count
