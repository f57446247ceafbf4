"""What a worker runs of this slice: viewers and the deadlines of unseen messages, and scheduled texts."""

from api.conversations import queries, viewing
from api.conversations.leaving import HeldOrganizations, send_due
from api.kit.database import Database
from api.kit.loop import POLL_SECONDS, Loop
from api.settings import Settings


def sweep_loop(database: Database, settings: Settings) -> Loop:
    """STATUS-VIEWING and STATUS-SEEN, of every organization."""

    async def step() -> bool:
        async with database.transaction() as session:
            organizations = await queries.organizations_to_sweep(session)
        for organization_id in organizations:
            async with database.transaction() as session:
                await viewing.sweep(session, organization_id)
        return False

    interval = min(1.0, settings.viewer_lease_seconds / 4, settings.seen_deadline_seconds / 4)
    return Loop("sweep-viewers", step, interval=interval)


def scheduled_texts_loop(database: Database, *, held: HeldOrganizations) -> Loop:
    """LATER, of every organization."""

    async def step() -> bool:
        return await send_due(database, held)

    return Loop("scheduled-texts", step, interval=POLL_SECONDS)
