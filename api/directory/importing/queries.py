"""SQL of imports."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.directory.importing.reports import RecordResult
from api.directory.models import Import, ImportRecord
from api.directory.rules import ImportOutcome


async def try_lock_imports(session: AsyncSession, key: int) -> bool:
    taken: bool = (await session.execute(select(func.pg_try_advisory_xact_lock(key)))).scalar_one()
    return taken


async def count_unfinished(session: AsyncSession, organization_id: UUID) -> int:
    unfinished = select(func.count()).where(Import.organization_id == organization_id, Import.finished_at.is_(None))
    return (await session.execute(unfinished)).scalar_one()


async def find(session: AsyncSession, organization_id: UUID, import_id: UUID) -> Import | None:
    return (
        await session.scalars(select(Import).where(Import.organization_id == organization_id, Import.id == import_id))
    ).one_or_none()


async def organizations_with_unfinished_imports(session: AsyncSession) -> Sequence[UUID]:
    unfinished = select(Import.organization_id).where(Import.finished_at.is_(None)).distinct()
    return (await session.scalars(unfinished)).all()


async def lock_oldest_unfinished(session: AsyncSession, organization_id: UUID) -> Import | None:
    """The organization's imports run one after another. None if there is none, or another worker has it."""
    oldest = (
        select(Import.id)
        .where(Import.organization_id == organization_id, Import.finished_at.is_(None))
        .order_by(Import.created_at, Import.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        await session.scalars(
            select(Import)
            .where(Import.organization_id == organization_id, Import.id == oldest, Import.finished_at.is_(None))
            .with_for_update(skip_locked=True)
        )
    ).one_or_none()


async def records_from(session: AsyncSession, job: Import, position: int, *, limit: int) -> Sequence[ImportRecord]:
    return (await session.scalars(_records_from(job, position, limit=limit))).all()


async def report_page(
    session: AsyncSession, job: Import, *, position: int, outcome: ImportOutcome | None, limit: int
) -> Sequence[ImportRecord]:
    """Records from `position` on. While the import runs, those that are done."""
    statement = _records_from(job, position, limit=limit)
    if outcome is ImportOutcome.NOT_STORED:
        statement = statement.where(ImportRecord.outcome.is_(None))
    elif outcome is not None:
        statement = statement.where(ImportRecord.outcome == outcome.value)
    if job.finished_at is None:
        statement = statement.where(ImportRecord.outcome.is_not(None))
    return (await session.scalars(statement)).all()


def _records_from(job: Import, position: int, *, limit: int) -> Select[ImportRecord]:
    return (
        select(ImportRecord)
        .where(
            ImportRecord.organization_id == job.organization_id,
            ImportRecord.import_id == job.id,
            ImportRecord.position >= position,
        )
        .order_by(ImportRecord.position)
        .limit(limit)
    )


async def write_results(session: AsyncSession, job: Import, results: Mapping[int, RecordResult]) -> None:
    """What came of the records at these positions. Their content is no longer needed."""
    if not results:
        return
    await session.execute(
        text(
            "UPDATE import_records AS record SET outcome = new.outcome, record_id = new.record_id,"
            " errors = CAST(new.errors AS jsonb), wanted = NULL"
            " FROM unnest(CAST(:positions AS integer[]), CAST(:outcomes AS text[]), CAST(:record_ids AS uuid[]),"
            " CAST(:errors AS text[])) AS new(position, outcome, record_id, errors)"
            " WHERE record.organization_id = :organization_id AND record.import_id = :import_id"
            " AND record.position = new.position"
        ),
        {
            "organization_id": job.organization_id,
            "import_id": job.id,
            "positions": list(results),
            "outcomes": [each.outcome.value for each in results.values()],
            "record_ids": [each.record_id for each in results.values()],
            "errors": [json.dumps([asdict(error) for error in each.errors]) for each in results.values()],
        },
    )


async def finished_before(session: AsyncSession, age: timedelta) -> tuple[UUID, UUID] | None:
    """(organization, import) of one that finished so long ago."""
    row = (
        await session.execute(
            select(Import.organization_id, Import.id)
            .where(Import.finished_at < func.now() - age)
            .order_by(Import.finished_at)
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def delete_records(session: AsyncSession, organization_id: UUID, import_id: UUID, *, limit: int) -> bool:
    """Delete so many records of an import and, with the last of them, the import. Whether it is gone."""
    key = (ImportRecord.organization_id == organization_id, ImportRecord.import_id == import_id)
    some = select(ImportRecord.position).where(*key).limit(limit)
    deleted = await session.scalars(
        delete(ImportRecord)
        .where(*key, ImportRecord.position.in_(some))
        .returning(ImportRecord.position)
        .execution_options(synchronize_session=False)
    )
    if len(deleted.all()) == limit:
        return False
    await session.execute(delete(Import).where(Import.organization_id == organization_id, Import.id == import_id))
    return True
