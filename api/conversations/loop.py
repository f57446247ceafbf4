"""What a worker runs of this slice: leases, deadlines, reminders, scheduled texts, and corrections of what earlier
versions wrote."""

from api.access import service as access
from api.conversations import (
    assignment,
    bulk,
    correction_queries,
    corrections,
    queries,
    reminders,
    team_queries,
    viewing,
)
from api.conversations.leaving import HeldOrganizations, send_due
from api.kit.database import Database
from api.kit.loop import POLL_SECONDS, Loop
from api.settings import Settings

CORRECT_EVERY_SECONDS = 600.0
"""How often everything that an earlier version may have left is looked for. It is done at once when a worker starts."""


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


def reminders_loop(database: Database) -> Loop:
    """REMIND, of every organization; and conversations that an earlier version has changed."""

    async def step() -> bool:
        async with database.transaction() as session:
            due = await team_queries.organizations_with_due_reminders(session)
            uncounted = await correction_queries.organizations_with_uncounted(session)
        for organization_id in due:
            async with database.transaction() as session:
                await reminders.sweep_reminders(session, organization_id)
        more = False
        for organization_id in uncounted:
            async with database.transaction() as session:
                more = await corrections.correct_conversations(session, organization_id) or more
        return more

    return Loop("sweep-reminders", step, interval=POLL_SECONDS)


def corrections_loop(database: Database) -> Loop:
    """What an earlier version has failed or has not released, and undos that are too old, of every organization."""

    async def step() -> bool:
        async with database.transaction() as session:
            organizations = [each.id for each in await access.organizations(session)]
        more = False
        for organization_id in organizations:
            async with database.transaction() as session:
                await bulk.forget_undos(session, organization_id)
                more = await corrections.count_failures(session, organization_id) or more
            async with database.transaction() as session:
                more = await assignment.sweep_assignments(session, organization_id) or more
        return more

    return Loop("corrections", step, interval=CORRECT_EVERY_SECONDS)


def scheduled_texts_loop(database: Database, *, held: HeldOrganizations) -> Loop:
    """LATER, of every organization."""

    async def step() -> bool:
        return await send_due(database, held)

    return Loop("scheduled-texts", step, interval=POLL_SECONDS)
