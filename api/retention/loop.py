"""What a worker runs of this slice: erasures that are not done, and retention once a day."""

from api.access import service as access
from api.kit.database import Database
from api.kit.loop import POLL_SECONDS, Loop
from api.retention.aging import retain
from api.retention.stages import work_off
from api.settings import Settings

RETENTION_SECONDS = 3600.0
"""How often a worker looks for organizations whose retention has not run today."""


def erasure_loop(database: Database) -> Loop:
    async def step() -> bool:
        return await work_off(database)

    return Loop("erasures", step, interval=5 * POLL_SECONDS)


def retention_loop(database: Database, settings: Settings) -> Loop:
    async def step() -> bool:
        async with database.transaction() as session:
            organizations = [each.id for each in await access.organizations(session)]
        for organization_id in organizations:
            await retain(database, organization_id, settings)
        return False

    return Loop("retention", step, interval=RETENTION_SECONDS)
