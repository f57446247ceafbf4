"""Deleting an organization with every row of it. Only the command `messenger delete-organization` does it, as the
database's owner: the application may not delete audit entries."""

from collections.abc import Callable, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, MetaData, Select, Table, TextClause, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.models import ApiKey, DeletedOrganization, Organization, StaffSession
from api.audit.models import AuditChain
from api.conversations.models import OutboxEntry
from api.kit.database import Database, notify
from api.kit.errors import Conflict
from api.lines.models import Line
from api.lines.service import CHANNEL as LINES_CHANNEL

BATCH = 2_000
"""Rows that one transaction deletes."""

Progress = Callable[[str, int], None]
"""Called with a table and the rows of it that were deleted so far."""


def owned_tables(metadata: MetaData) -> list[Table]:
    """Every table with rows of organizations, those that refer to others first. A new table is among them."""
    return [table for table in reversed(metadata.sorted_tables) if "organization_id" in table.c]


async def find(database: Database, slug: str) -> Organization:
    """The organization, even if its deletion has begun. Raises `NotFound`."""
    async with database.transaction() as session:
        found = await access.organization_by_slug(session, slug)
    if found is None:
        raise access.no_such_organization(slug)
    return found


async def delete_organization(
    database: Database,
    organization: Organization,
    tables: Sequence[Table],
    *,
    even_if_queued: bool,
    on_progress: Progress,
) -> dict[str, int]:
    """Delete it in batches, each in a transaction of its own. Returns the rows of each table. `tables`: `owned_tables`.

    It can be interrupted and repeated. Raises `Conflict` while texts wait to be sent, unless `even_if_queued`.
    """
    organization_id = organization.id
    await _begin(database, organization, even_if_queued=even_if_queued)
    more = True
    while more:
        more = False
        for table in tables:
            count = await _empty(database, table, organization_id, on_progress)
            more = more or count > 0
    async with database.transaction() as session:
        mark = (await session.execute(_mark_of(organization_id))).scalar_one()
        await session.execute(text("DELETE FROM organizations WHERE id = :id"), {"id": organization_id})
        mark.finished_at = (await session.execute(select(func.now()))).scalar_one()
        rows: dict[str, int] = dict(mark.rows)
    return rows


def _mark_of(organization_id: UUID) -> Select[DeletedOrganization]:
    return select(DeletedOrganization).where(DeletedOrganization.id == organization_id).with_for_update()


async def _begin(database: Database, organization: Organization, *, even_if_queued: bool) -> None:
    """From its commit on nobody is signed in, and webhooks are answered as for unknown lines."""
    organization_id = organization.id
    async with database.transaction() as session:
        queued = await session.scalar(
            select(func.count()).select_from(OutboxEntry).where(OutboxEntry.organization_id == organization_id)
        )
        is_begun = (await session.execute(_mark_of(organization_id))).scalar_one_or_none() is not None
        if queued and not even_if_queued and not is_begun:
            raise Conflict(
                f"{queued} texts of “{organization.slug}” wait to be sent. Let them go, or give --even-if-queued."
            )
        head = await session.scalar(
            select(AuditChain.last_hash).where(
                AuditChain.organization_id == organization_id, AuditChain.id == organization_id
            )
        )
        await session.execute(
            insert(DeletedOrganization)
            .values(id=organization_id, slug=organization.slug, rows={}, audit_head=head)
            .on_conflict_do_nothing()
        )
        await session.execute(delete(StaffSession).where(StaffSession.organization_id == organization_id))
        await session.execute(
            update(ApiKey)
            .where(ApiKey.organization_id == organization_id, ApiKey.revoked_at.is_(None))
            .values(revoked_at=func.now())
        )
        for line_id in await session.scalars(select(Line.id).where(Line.organization_id == organization_id)):
            notify(session, LINES_CHANNEL, {"line_id": str(line_id)})


def _all_of(table: str) -> TextClause:
    return text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608  # Names of our own tables.
        f"SELECT ctid FROM {table} WHERE organization_id = :organization_id LIMIT :limit))"
    )


async def _empty(database: Database, table: Table, organization_id: UUID, on_progress: Progress) -> int:
    """Delete the organization's rows of the table. Returns how many."""
    await _unlink(database, table, organization_id)
    count = 0
    while True:
        async with database.transaction() as session:
            deleted = await _rows(session, _all_of(table.name), organization_id)
            if deleted:
                mark = (await session.execute(_mark_of(organization_id))).scalar_one()
                mark.rows = {**mark.rows, table.name: mark.rows.get(table.name, 0) + deleted}
        count += deleted
        if deleted:
            on_progress(table.name, count)
        if deleted < BATCH:
            return count


async def _unlink(database: Database, table: Table, organization_id: UUID) -> None:
    """Empty the columns with which rows refer to others of the same table, which may be in another batch."""
    for key in table.foreign_key_constraints:
        if key.referred_table is not table:
            continue
        for name in (each.name for each in key.columns if each.name != "organization_id"):
            statement = text(
                f"UPDATE {table.name} SET {name} = NULL WHERE ctid = ANY(ARRAY("  # noqa: S608  # As above.
                f"SELECT ctid FROM {table.name} WHERE organization_id = :organization_id AND {name} IS NOT NULL"
                " LIMIT :limit))"
            )
            emptied = BATCH
            while emptied == BATCH:
                async with database.transaction() as session:
                    emptied = await _rows(session, statement, organization_id)


async def _rows(session: AsyncSession, statement: TextClause, organization_id: UUID) -> int:
    done = await session.execute(statement, {"organization_id": organization_id, "limit": BATCH})
    return cast("CursorResult[object]", done).rowcount
