"""What a worker does for exports: a chunk for each organization in turn, and deleting old files."""

from api.exports import jobs, queries
from api.exports.rules import CHANNEL
from api.kit.database import Database
from api.kit.loop import Loop
from api.live.bus import Bus
from api.settings import Settings

POLL_SECONDS = 1.0


def exports_loop(database: Database, bus: Bus, settings: Settings) -> Loop:
    async def step() -> bool:
        return await run_due_exports(database, address=settings.public_base_url)

    loop = Loop("exports", step, interval=POLL_SECONDS)
    bus.subscribe(CHANNEL, lambda _: loop.wake(), on_gap=loop.wake)
    return loop


async def run_due_exports(database: Database, *, address: str) -> bool:
    """One round: a chunk of the oldest export of each organization. Whether there is more to do."""
    async with database.transaction() as session:
        organizations = await queries.organizations_with_unfinished(session)
    more = False
    for organization_id in organizations:
        more |= await jobs.run_step(database, organization_id, address=address)
    return await jobs.clean_up(database) or more
