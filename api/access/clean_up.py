"""What a worker deletes of this slice, in bounded batches: old tries to sign in, and sessions that have ended."""

from itertools import groupby
from uuid import UUID

from api.access import queries
from api.access.models import SignInTry
from api.access.sign_in import WINDOW, actor_of
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.kit.database import Database, database_time

BATCH = 1_000

MAX_ADDRESSES = 5
"""Of a summary: the first ones."""


async def clean_up(database: Database) -> bool:
    """One round. Returns whether a batch was full: then there is more."""
    async with database.transaction() as session:
        since = await database_time(session) - WINDOW
        organizations = await queries.organizations_with_refusals_before(session, since, limit=BATCH)
    for organization_id in organizations:
        await summarise_refusals(database, organization_id)
    async with database.transaction() as session:
        tries = await queries.delete_tries_before(session, since, limit=BATCH)
        sessions = await queries.delete_ended_sessions(session, limit=BATCH)
    return BATCH in (tries, sessions)


async def summarise_refusals(database: Database, organization_id: UUID) -> None:
    """Write one audit entry for each person's refused sign-ins that have none, and one for those of nobody.

    It takes in every try so far, so a business gets a summary once in a window.
    """
    async with database.transaction() as session:
        tries = await queries.unaudited_tries(session, organization_id, limit=BATCH)
        people = await queries.staff_members_by_ids(
            session, organization_id, [each.staff_member_id for each in tries if each.staff_member_id is not None]
        )
        await queries.mark_audited(session, [each.id for each in tries])
        entries = [
            NewEntry(
                Action.SIGN_IN_REFUSED,
                actor_of(people.get(staff_member_id) if staff_member_id is not None else None),
                details=_summary(list(group)),
            )
            for staff_member_id, group in groupby(tries, key=lambda each: each.staff_member_id)
        ]
        await audit.record(session, organization_id, *entries)


def _summary(tries: list[SignInTry]) -> dict[str, object]:
    times = [each.at for each in tries]
    return {
        "times": len(tries),
        "from": min(times).isoformat(),
        "until": max(times).isoformat(),
        "addresses": list(dict.fromkeys(each.address for each in tries))[:MAX_ADDRESSES],
    }
