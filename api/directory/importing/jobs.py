"""Imports that a worker runs: each row once, in bounded transactions, resumed where a crash left them.

An import that is all or nothing is checked whole before its first record is stored; one that fails is refused, and
nothing of it is stored. Each transaction takes a batch of records, plans them and commits what came of them with
them. The imports of an organization run one after another, those of several organizations in turn.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import accumulate, chain, islice
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.errors import PermissionRequired
from api.access.rules import Permission, Principal, PrincipalKind
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.directory import service as directory
from api.directory.importing import queries
from api.directory.importing.reports import COUNTED, RecordResult, RowResult, counts_of
from api.directory.importing.rows import Entry, Readable, Refused, RowError, decoded, encoded
from api.directory.models import Import, ImportRecord
from api.directory.rules import ImportOutcome, OwnerKind
from api.kit.bulk import insert_together
from api.kit.database import Database, database_time, notify
from api.kit.database_unavailable import is_database_unavailable, sqlstate
from api.kit.errors import Conflict, NotFound
from api.live.service import announce

IMPORTS_CHANNEL = "messenger_imports"
"""The NOTIFY channel that wakes the workers."""

BATCH = 500
"""Records of one transaction."""

ALONE = 50
"""Records stored one by one in a turn, after a batch that failed whole."""

ATTEMPTS = 3
"""Of a transaction that lost against another one."""

BATCH_NUMBERS = 2_500
"""Phone numbers of one transaction, unless one record alone has more."""

FORGOTTEN_AT_ONCE = 5_000
"""Records of an old import that one transaction deletes."""

MAX_UNFINISHED = 10
"""Imports of one organization that wait for a worker."""

KEPT = timedelta(days=7)
"""How long a finished import and its report are kept."""

RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03", "23505"})
"""Serialization failure, deadlock, lock not available, and somebody else having stored the same key just now."""

log = structlog.get_logger(__name__)


class ImportState(StrEnum):
    CHECKING = "checking"
    """All or nothing: nothing is stored yet."""
    STORING = "storing"
    DONE = "done"
    REFUSED = "refused"
    """A row failed in the check, so nothing was stored."""
    STOPPED = "stopped"
    """Its author may no longer import. What was stored before stays."""


def is_retryable(error: DBAPIError) -> bool:
    return sqlstate(error) in RETRYABLE_SQLSTATES


def why_failed(error: DBAPIError, import_id: UUID) -> str:
    """For a record that could not be stored, also not alone."""
    if is_retryable(error):
        return "Somebody else is changing the same record, or has just taken its external id or email address."
    log.error("import.record_failed", import_id=str(import_id), exc_info=error)
    return "This record could not be stored. It has been noted."


async def apply(
    session: AsyncSession,
    principal: Principal,
    entries: Sequence[Readable],
    import_id: UUID,
    *,
    is_trial: bool = False,
) -> list[RecordResult]:
    """Store the records, or try whether they can be stored. One that fails leaves nothing of itself."""
    if not entries:
        return []
    planned = await directory.change_all(
        session, principal, [entry.wanted for entry in entries], import_id=import_id, is_trial=is_trial
    )
    return [RecordResult.of(entry, each) for entry, each in zip(entries, planned, strict=True)]


async def note_imported(
    session: AsyncSession,
    principal: Principal,
    import_id: UUID,
    counts: Mapping[ImportOutcome, int],
    *,
    partial: bool,
) -> None:
    """The import's own audit entry, and its last live event. An import that changed nothing leaves no entry."""
    rows = sum(counts.values())
    if counts[ImportOutcome.CREATED] or counts[ImportOutcome.UPDATED]:
        details = {"import_id": str(import_id), "partial": partial, "rows": rows}
        details |= {outcome.value: count for outcome, count in counts.items()}
        await audit.record(
            session, principal.organization_id, NewEntry(Action.DIRECTORY_IMPORTED, principal.actor, details=details)
        )
    _announce(session, principal.organization_id, import_id, done=rows, total=rows)


def _announce(session: AsyncSession, organization_id: UUID, import_id: UUID, *, done: int, total: int) -> None:
    announce(session, organization_id, "import", import_id=str(import_id), done=done, total=total)


# Starting.


async def start(
    database: Database,
    principal: Principal,
    first: Sequence[Entry],
    rest: Iterator[Entry],
    *,
    partial: bool,
    import_id: UUID,
) -> Import:
    """Store the rows of a file for the worker. Raises `Conflict` if too many imports wait, or the id is taken."""
    organization_id = principal.organization_id
    author: dict[str, Any] = {
        "kind": principal.kind.value,
        "id": str(principal.id),
        "name": principal.name,
        "credential_id": str(principal.credential_id),
    }
    state = ImportState.STORING if partial else ImportState.CHECKING
    job = Import(organization_id=organization_id, id=import_id, state=state.value, is_partial=partial, author=author)
    job.rows = job.done = job.next_position = job.created = job.updated = job.unchanged = job.failed = 0
    entries = chain(first, rest)
    async with database.transaction() as session:
        if await queries.count_unfinished(session, organization_id) >= MAX_UNFINISHED:
            raise Conflict(f"{MAX_UNFINISHED} imports of this business are waiting. Try again when one has ended.")
        session.add(job)
        try:
            await session.flush()
        except IntegrityError as error:
            raise Conflict("There is an import with this import_id already.") from error
        position = 0
        while rows := await asyncio.to_thread(_rows_of, job, entries, position):
            await insert_together(session, ImportRecord, rows)
            position += len(rows)
        if job.failed and not partial:
            await _finish(session, job, ImportState.REFUSED)
        notify(session, IMPORTS_CHANNEL, {"organization_id": str(organization_id)})
        await session.flush()
        await session.refresh(job)
    return job


def _rows_of(job: Import, entries: Iterator[Entry], position: int) -> list[dict[str, object]]:
    """The next rows of `import_records`, counted in the job. Empty at the end of the file."""
    rows: list[dict[str, object]] = []
    for entry in islice(entries, BATCH):
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
                "errors": queries.errors_as_json(entry.errors) if isinstance(entry, Refused) else [],
            }
        )
    return rows


# Running.


async def run_batch(database: Database, organization_id: UUID, *, limit: int) -> bool:
    """Check or store the next batch of the organization's oldest import. False if there is nothing to do.

    Of a batch that fails whole the next records are stored one by one, and one that fails alone is marked as failed.
    """
    try:
        return await _run_transaction(database, organization_id, limit=limit)
    except DBAPIError as error:
        if is_database_unavailable(error):
            raise
    for _ in range(ALONE):
        if not await _run_alone(database, organization_id):
            break
    return True


async def _run_alone(database: Database, organization_id: UUID) -> bool:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _run_transaction(database, organization_id, limit=1)
        except DBAPIError as error:
            if is_database_unavailable(error):
                raise
            if attempt == ATTEMPTS or not is_retryable(error):
                await _fail_next(database, organization_id, error)
                break
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
        await _finish(session, job, ImportState.STOPPED)
        return
    records = await queries.records_from(session, job, job.next_position, limit=limit)
    batch = await asyncio.to_thread(_batch_of, records, limit)
    is_trial = job.state == ImportState.CHECKING
    results = await apply(session, author, [*batch.readable.values()], job.id, is_trial=is_trial)
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
        _announce(session, job.organization_id, job.id, done=job.done, total=job.rows)
    elif job.state == ImportState.STORING:
        counts = {outcome: getattr(job, outcome.value) for outcome in COUNTED}
        await note_imported(session, author, job.id, counts, partial=job.is_partial)
        await _finish(session, job, ImportState.DONE)
    elif job.failed:
        await _finish(session, job, ImportState.REFUSED)
    else:
        job.state, job.done, job.next_position = ImportState.STORING.value, 0, 0


async def _finish(session: AsyncSession, job: Import, state: ImportState) -> None:
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
        results = {
            position: RecordResult.failed(entry, why_failed(error, job.id))
            for position, entry in batch.readable.items()
        }
        await _advance(session, job, author, batch, results)


# Reading and forgetting.


@dataclass(frozen=True)
class ReportPage:
    job: Import
    results: Sequence[RowResult]
    next_position: int | None
    """Of the next page; None on the last one."""


async def report_page(
    session: AsyncSession,
    principal: Principal,
    import_id: UUID,
    *,
    position: int,
    outcome: ImportOutcome | None,
    limit: int,
) -> ReportPage:
    """An import with a page of its report: at least one record with all its rows, at most `limit` records.

    Raises `PermissionRequired`, and `NotFound`, also for an import of another organization (PERM-TENANT).
    """
    if Permission.DIRECTORY not in principal.permissions:
        raise PermissionRequired(Permission.DIRECTORY)
    job = await queries.find(session, principal.organization_id, import_id)
    if job is None:
        raise NotFound("There is no such import. One that has ended is kept for 7 days.")
    records = await queries.report_page(session, job, position=position, outcome=outcome, limit=limit + 1)
    ends = list(accumulate(len(record.rows) for record in records[:limit]))
    shown = records[: max(1, bisect_right(ends, limit))]
    results = [row for record in shown for row in _result_of(record).by_row()]
    return ReportPage(job, results, shown[-1].position + 1 if len(shown) < len(records) else None)


def _result_of(record: ImportRecord) -> RecordResult:
    return RecordResult(
        rows=record.rows,
        kind=OwnerKind(record.kind) if record.kind else None,
        external_id=record.external_id,
        outcome=ImportOutcome(record.outcome) if record.outcome else ImportOutcome.NOT_STORED,
        record_id=record.record_id,
        errors=[RowError(each["row"], each["pointer"], each["detail"]) for each in record.errors],
    )


async def forget_finished(database: Database) -> bool:
    """Delete a part of an import that ended `KEPT` ago, in one transaction. Whether there was one."""
    async with database.transaction() as session:
        old = await queries.finished_before(session, KEPT)
        if old is None:
            return False
        await queries.delete_records(session, *old, limit=FORGOTTEN_AT_ONCE)
        return True
