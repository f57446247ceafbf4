"""Imports that a worker runs: each row once, in bounded transactions, resumed where a crash left them.

An import that is all or nothing is checked whole before its first record is stored; one that fails is refused, and
nothing of it is stored. Each transaction takes a batch of records, plans them and commits what came of them with
them. The imports of an organization run one after another, those of several organizations in turn.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum
from itertools import chain, islice
from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.errors import PermissionRequired
from api.access.rules import Permission, Principal, PrincipalKind
from api.directory.importing import queries
from api.directory.importing.once import Once
from api.directory.importing.reports import COUNTED, RecordResult, counts_of
from api.directory.importing.rows import MAX_ROWS, Entry, Readable, Refused, RowError, decoded, encoded
from api.directory.importing.storing import announce_progress, failed_alone, finish, retried, store_records
from api.directory.models import Import, ImportRecord
from api.directory.rules import ImportOutcome, OwnerKind
from api.kit.bulk import insert_together
from api.kit.database import Database, database_time, notify
from api.kit.database_unavailable import is_database_unavailable
from api.kit.errors import AlreadyExists, Conflict, NotFound
from api.kit.paging import PageQuery, decode_number_cursor, how_many_fit

IMPORTS_CHANNEL = "messenger_imports"
"""The NOTIFY channel that wakes the workers."""

BATCH_RECORDS = 500
"""Records of one transaction."""

ONE_BY_ONE = 50
"""Records that are stored one by one after their batch failed."""

BATCH_NUMBERS = 2_500
"""Phone numbers of one transaction, unless one record alone has more."""

FORGOTTEN_AT_ONCE = 5_000
"""Records of an old import that one transaction deletes."""

MAX_UNFINISHED = 10
"""Imports of one organization that wait for a worker."""

KEPT = timedelta(days=7)
"""How long a finished import and its report are kept."""


class ImportState(StrEnum):
    CHECKING = "checking"
    """All or nothing: nothing is stored yet."""
    STORING = "storing"
    DONE = "done"
    REFUSED = "refused"
    """A row failed in the check, so nothing was stored."""
    STOPPED = "stopped"
    """Its author may no longer import. What was stored before stays."""


# Starting.


async def start(
    database: Database,
    principal: Principal,
    first: Sequence[Entry],
    rest: Iterator[Entry],
    *,
    partial: bool,
    import_id: UUID,
    once: Once,
) -> Response:
    """Store the rows of a file for the worker. Raises `Conflict` if too many imports wait, or the id is taken."""
    author: dict[str, Any] = {
        "kind": principal.kind.value,
        "id": str(principal.id),
        "name": principal.name,
        "credential_id": str(principal.credential_id),
    }
    state = ImportState.STORING if partial else ImportState.CHECKING
    job = Import(
        organization_id=principal.organization_id,
        id=import_id,
        state=state.value,
        is_partial=partial,
        author=author,
    )
    async with database.transaction() as session:
        return await once(session, lambda: _store(session, job, chain(first, rest)))


async def _store(session: AsyncSession, job: Import, entries: Iterator[Entry]) -> Import:
    job.rows = job.done = job.next_position = job.created = job.updated = job.unchanged = job.failed = 0
    if await queries.count_unfinished(session, job.organization_id) >= MAX_UNFINISHED:
        raise Conflict(f"{MAX_UNFINISHED} imports of this business are waiting. Try again when one has ended.")
    session.add(job)
    try:
        await session.flush()
    except IntegrityError as error:
        raise AlreadyExists(
            "There is an import with this import_id already.",
            existing_id=job.id,
            conflicting=["/query/import_id"],
        ) from error
    position = 0
    while rows := await asyncio.to_thread(_rows_of, job, entries, position):
        await insert_together(session, ImportRecord, rows)
        position += len(rows)
    if job.failed and not job.is_partial:
        await _end(session, job, ImportState.REFUSED)
    notify(session, IMPORTS_CHANNEL, {"organization_id": str(job.organization_id)})
    await session.flush()
    await session.refresh(job)
    return job


def _rows_of(job: Import, entries: Iterator[Entry], position: int) -> list[dict[str, object]]:
    """The next rows of `import_records`, counted in the job. Empty at the end of the file."""
    rows: list[dict[str, object]] = []
    for entry in islice(entries, BATCH_RECORDS):
        is_refused = isinstance(entry, Refused)
        job.rows += len(entry.rows)
        job.failed += len(entry.rows) if is_refused else 0
        rows.append(
            {
                "organization_id": job.organization_id,
                "import_id": job.id,
                "position": position + len(rows),
                "rows": list(entry.rows),
                "kind": entry.kind.value if entry.kind else None,
                "external_id": entry.external_id,
                "wanted": None if isinstance(entry, Refused) else encoded(entry.wanted),
                "outcome": ImportOutcome.FAILED.value if is_refused else None,
                "errors": [asdict(error) for error in entry.errors] if isinstance(entry, Refused) else [],
            }
        )
    return rows


# Running.


async def run_batch(database: Database, organization_id: UUID, *, limit: int) -> bool:
    """Check or store the next batch of the organization's oldest import. False if there is nothing to do.

    If the batch fails, its first records are stored one by one. A record that fails alone is marked as failed.
    """
    try:
        return await _run_transaction(database, organization_id, limit=limit)
    except DBAPIError as error:
        if is_database_unavailable(error):
            raise
    for _ in range(ONE_BY_ONE):
        if not await _run_alone(database, organization_id):
            break
    return True


async def _run_alone(database: Database, organization_id: UUID) -> bool:
    try:
        return await retried(lambda: _run_transaction(database, organization_id, limit=1))
    except DBAPIError as error:
        if is_database_unavailable(error):
            raise
        await _fail_next(database, organization_id, error)
        return True


async def _run_transaction(database: Database, organization_id: UUID, *, limit: int) -> bool:
    async with database.transaction() as session:
        job = await queries.lock_oldest_unfinished(session, organization_id)
        if job is None:
            return False
        await _run(session, job, limit)
        return True


@dataclass(frozen=True)
class _Batch:
    records: Sequence[ImportRecord]
    readable: Mapping[int, Readable]
    """Those of the records that can be stored, by position."""
    is_last: bool


async def _run(session: AsyncSession, job: Import, limit: int) -> None:
    author = await access.principal_now(session, _author(job))
    if author is None or Permission.DIRECTORY not in author.permissions:
        await _end(session, job, ImportState.STOPPED)
        return
    records = await queries.records_from(session, job, job.next_position, limit=limit)
    batch = await asyncio.to_thread(_batch_of, records, limit)
    is_trial = job.state == ImportState.CHECKING
    results = await store_records(session, author, [*batch.readable.values()], job.id, is_trial=is_trial)
    known = {
        position: result
        for position, result in zip(batch.readable, results, strict=True)
        if not is_trial or result.outcome is ImportOutcome.FAILED
    }
    await _advance(session, job, author, batch, known)


def _author(job: Import) -> Principal:
    """Without permissions: those of now are loaded (PERM-NOW)."""
    return Principal(
        kind=PrincipalKind(job.author["kind"]),
        organization_id=job.organization_id,
        id=UUID(job.author["id"]),
        name=job.author["name"],
        permissions=frozenset(),
        is_admin=False,
        credential_id=UUID(job.author["credential_id"]),
    )


def _batch_of(records: Sequence[ImportRecord], limit: int) -> _Batch:
    """The first of the records, until they have `BATCH_NUMBERS` phone numbers: one at least."""
    readable: dict[int, Readable] = {}
    numbers = 0
    for index, record in enumerate(records):
        if record.wanted is None:
            continue
        wanted = decoded(record.wanted)
        numbers += len(wanted.all_phone_records())
        if numbers > BATCH_NUMBERS and index > 0:
            return _Batch(records[:index], readable, is_last=False)
        readable[record.position] = Readable(record.rows, wanted)
    return _Batch(records, readable, is_last=len(records) < limit)


async def _advance(
    session: AsyncSession, job: Import, author: Principal, batch: _Batch, results: Mapping[int, RecordResult]
) -> None:
    """Note what came of a batch, and end the check or the import with the last one."""
    await queries.write_results(session, job, results)
    for outcome, count in counts_of(results.values()).items():
        setattr(job, outcome.value, getattr(job, outcome.value) + count)
    if batch.records:
        job.done += sum(len(record.rows) for record in batch.records)
        job.next_position = batch.records[-1].position + 1
    if not batch.is_last:
        announce_progress(session, job.organization_id, job.id, done=job.done, total=job.rows)
    elif job.state == ImportState.STORING:
        counts = {outcome: getattr(job, outcome.value) for outcome in COUNTED}
        await finish(session, author, job.id, counts, partial=job.is_partial)
        await _end(session, job, ImportState.DONE)
    elif job.failed:
        await _end(session, job, ImportState.REFUSED)
    else:
        job.state, job.done, job.next_position = ImportState.STORING.value, 0, 0


async def _end(session: AsyncSession, job: Import, state: ImportState) -> None:
    at = await database_time(session)
    job.state, job.finished_at = state.value, at


async def _fail_next(database: Database, organization_id: UUID, error: DBAPIError) -> None:
    """Mark the next record of the organization's oldest import as failed."""
    async with database.transaction() as session:
        job = await queries.lock_oldest_unfinished(session, organization_id)
        if job is None:
            return
        records = await queries.records_from(session, job, job.next_position, limit=1)
        author = _author(job)
        batch = _batch_of(records, limit=1)
        results = {position: failed_alone(entry, error, job.id) for position, entry in batch.readable.items()}
        await _advance(session, job, author, batch, results)


# Reading and forgetting.


async def report_page(
    session: AsyncSession,
    principal: Principal,
    import_id: UUID,
    *,
    paging: PageQuery,
    outcome: ImportOutcome | None,
) -> tuple[Import, list[RecordResult], str | None]:
    """An import, a page of its report, and the cursor of the next page, if there is one.

    A page holds `paging.limit` rows, and whole records: at least one. Raises `PermissionRequired`, and `NotFound`, also
    for an import of another organization (PERM-TENANT).
    """
    if Permission.DIRECTORY not in principal.permissions:
        raise PermissionRequired(Permission.DIRECTORY)
    position = decode_number_cursor(paging.cursor, maximum=MAX_ROWS) if paging.cursor else 0
    job = await queries.find(session, principal.organization_id, import_id)
    if job is None:
        raise NotFound("There is no such import. One that has ended is kept for 7 days.")
    records = await queries.report_page(session, job, position=position, outcome=outcome, limit=paging.rows_to_read)
    fitting = how_many_fit([len(record.rows) for record in records[: paging.limit]], paging.limit)
    shown, next_cursor = replace(paging, limit=fitting).cut(records, lambda record: (record.position + 1,))
    return job, [_result_of(record) for record in shown], next_cursor


def _result_of(record: ImportRecord) -> RecordResult:
    return RecordResult(
        rows=record.rows,
        kind=OwnerKind(record.kind) if record.kind else None,
        external_id=record.external_id,
        outcome=ImportOutcome(record.outcome) if record.outcome else ImportOutcome.NOT_STORED,
        record_id=record.record_id,
        errors=[RowError(**each) for each in record.errors],
    )


async def forget_finished(database: Database) -> bool:
    """Delete a part of an import that ended `KEPT` ago, in one transaction. Whether there was one."""
    async with database.transaction() as session:
        old = await queries.finished_before(session, KEPT)
        if old is None:
            return False
        await queries.delete_records(session, *old, limit=FORGOTTEN_AT_ONCE)
        return True
