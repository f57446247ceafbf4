"""What a worker does for imports: a batch for each organization in turn, and deleting old ones."""

import structlog

from api.directory.importing import jobs, queries
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.kit.loop import Loop
from api.live.bus import Bus

POLL_SECONDS = 1.0

log = structlog.get_logger(__name__)


def imports_loop(database: Database, bus: Bus) -> Loop:
    loop = Loop("imports", lambda: run_due_imports(database), interval=POLL_SECONDS)
    bus.subscribe(jobs.IMPORTS_CHANNEL, lambda _: loop.wake(), on_gap=loop.wake)
    return loop


async def run_due_imports(database: Database) -> bool:
    """One round: a batch of the oldest import of each organization. Whether there is more to do.

    An import that cannot be continued does not stop those of other organizations. It is tried again at the next round.
    """
    async with database.transaction() as session:
        organizations = await queries.organizations_with_unfinished_imports(session)
    more = False
    for organization_id in organizations:
        try:
            more |= await jobs.run_batch(database, organization_id, limit=jobs.BATCH_RECORDS)
        except Exception as error:
            if is_database_unavailable(error):
                raise
            log.exception("import.batch_failed", organization_id=str(organization_id))
    return await jobs.forget_finished(database) or more
