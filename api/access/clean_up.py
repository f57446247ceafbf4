"""Deletion of old sign-in attempts and ended sessions, in bounded batches, by a worker."""

from datetime import timedelta
from itertools import groupby
from uuid import UUID

from api.access import queries
from api.access.sign_in import WINDOW, summary
from api.audit import service as audit
from api.kit.database import Database, database_time

BATCH_ROWS = 1_000

SETTLED_AFTER = timedelta(minutes=1)
"""An attempt of this age was refused: a success would have deleted it."""


async def clean_up(database: Database) -> bool:
    """Delete one batch of each. Returns whether a batch was full: then there may be more."""
    async with database.transaction() as session:
        since = await database_time(session) - WINDOW
        organizations = await queries.organizations_with_refusals_before(session, since, limit=BATCH_ROWS)
    for organization_id in organizations:
        await summarise_refusals(database, organization_id)
    async with database.transaction() as session:
        tries = await queries.delete_tries_before(session, since, limit=BATCH_ROWS)
        failures = await queries.delete_failures_before(session, since, limit=BATCH_ROWS)
        sessions = await queries.delete_ended_sessions(session, limit=BATCH_ROWS)
    return BATCH_ROWS in (tries, failures, sessions)


async def summarise_refusals(database: Database, organization_id: UUID) -> None:
    """Write one audit entry for each staff member's refused sign-ins without one, and one for those of strangers.

    It covers every attempt until a minute ago.
    """
    async with database.transaction() as session:
        before = await database_time(session) - SETTLED_AFTER
        tries = await queries.unaudited_tries(session, organization_id, before=before, limit=BATCH_ROWS)
        people = await queries.staff_members_by_ids(
            session, organization_id, [each.staff_member_id for each in tries if each.staff_member_id is not None]
        )
        await queries.mark_audited(session, [each.id for each in tries])
        entries = [
            summary(people.get(staff_member_id) if staff_member_id else None, list(group))
            for staff_member_id, group in groupby(tries, key=lambda each: each.staff_member_id)
        ]
        await audit.record(session, organization_id, *entries)
