"""Imports a file: reads it, then stores it at once or starts a job for a worker (`jobs`).

The upload ends before the first transaction begins, so that no transaction waits for the client.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import IO
from uuid import UUID

import structlog
from fastapi import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.errors import PermissionRequired
from api.access.rules import Permission, Principal, first_missing
from api.directory.importing import jobs, queries
from api.directory.importing.csv_rows import read_csv
from api.directory.importing.once import Once
from api.directory.importing.reports import RecordResult, Report
from api.directory.importing.rows import Entry, Readable, Refused, distinct, read_json, read_ndjson
from api.directory.importing.storing import failed_alone, finish, is_retryable, retried, store_records
from api.directory.rules import ImportOutcome, OwnerKind
from api.kit.database import Database
from api.kit.database_unavailable import DATABASE_ERRORS, is_database_unavailable
from api.kit.errors import Conflict, Invalid, NotSignedIn

MAX_BYTES = 64 * 1024 * 1024
ROWS_AT_ONCE = 1_000
"""A file with more rows becomes a job."""

NUMBERS_AT_ONCE = 5_000
"""A file with more phone numbers becomes a job too: one transaction would lock them all for seconds."""

ANOTHER_RUNS = "Another import of this business is running. Try again when it has ended."
MAYBE_NOT_STORED = "The database could not be reached, so this record may not be stored. Import the file again."

log = structlog.get_logger(__name__)


class Format(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"
    JSON = "json"


READERS = {Format.CSV: read_csv, Format.NDJSON: read_ndjson, Format.JSON: read_json}


async def import_directory(
    database: Database,
    principal: Principal,
    file: IO[bytes],
    form: Format,
    *,
    partial: bool,
    import_id: UUID,
    once: Once,
) -> Response | Report:
    """Import a file: at once up to `ROWS_AT_ONCE` rows, else as a job. Returns a `Report` if nothing was stored.

    A partial import stores its records in several transactions, and its answer in the last one: if the process dies
    in between, repeating it stores the rest, and rows without an external id again.

    Raises `Invalid` for a file that is empty or not of its format, `TooLarge`, `NotSignedIn`, `PermissionRequired`
    for staff members in an import that is all or nothing, and `Conflict` while another one runs or too many wait.
    """
    async with database.transaction() as session:
        # The upload may have taken its time: the caller's permissions are those of now (PERM-NOW).
        current = (await access.current_principals(session, [principal]))[principal]
        country = await access.country_of_organization(session, principal.organization_id)
    if current is None:
        raise NotSignedIn("The session or API key has ended meanwhile.")
    missing = first_missing(current.permissions, [Permission.DIRECTORY])
    if missing is not None:
        raise PermissionRequired(missing)
    async with database.transaction() as session:
        repeated = await once.answer_before(session)
    if repeated is not None:
        return repeated
    reading = distinct(READERS[form](file, country=country))
    if not partial:
        reading = _only_allowed(reading, current)
    first, is_whole = await asyncio.to_thread(_take, reading)
    if not first:
        raise Invalid([("", "The file has no rows.")])
    if is_whole:
        return await (_import_partly if partial else _import_whole)(database, current, first, import_id, once)
    return await jobs.start(database, current, first, reading, partial=partial, import_id=import_id, once=once)


def _only_allowed(entries: Iterator[Entry], principal: Principal) -> Iterator[Entry]:
    """Raises `PermissionRequired` at the first staff member, unless an administrator imports them."""
    for entry in entries:
        if entry.kind is OwnerKind.STAFF_MEMBER and not principal.is_admin:
            raise PermissionRequired(None)
        yield entry


def _take(entries: Iterator[Entry]) -> tuple[list[Entry], bool]:
    """The entries of a file that is imported at once, and True; else the first entries, and False."""
    taken: list[Entry] = []
    rows = numbers = 0
    for entry in entries:
        taken.append(entry)
        rows += len(entry.rows)
        numbers += len(entry.wanted.all_phone_records()) if isinstance(entry, Readable) else 0
        if rows > ROWS_AT_ONCE or numbers > NUMBERS_AT_ONCE:
            return taken, False
    return taken, True


# All or nothing.


class _NothingStored(Exception):
    """Rolls the import back, since a record of it failed."""

    def __init__(self, results: Sequence[RecordResult]) -> None:
        super().__init__()
        self.failed = [each for each in results if each.outcome is ImportOutcome.FAILED]


async def _import_whole(
    database: Database, principal: Principal, entries: list[Entry], import_id: UUID, once: Once
) -> Response | Report:
    """One transaction for the whole file."""
    readable = [entry for entry in entries if isinstance(entry, Readable)]
    if len(readable) < len(entries):
        return _report(entries, [], committed=False)

    async def store(session: AsyncSession) -> Report:
        key = hashlib.sha256(b"import/" + principal.organization_id.bytes).digest()[:8]
        if not await queries.try_lock_imports(session, int.from_bytes(key, signed=True)):
            raise Conflict(ANOTHER_RUNS)
        report = Report(True, await store_records(session, principal, readable, import_id))
        if report.counts[ImportOutcome.FAILED]:
            raise _NothingStored(report.records)
        await finish(session, principal, import_id, report.counts, partial=False)
        return report

    async def store_once() -> Response:
        async with database.transaction() as session:
            return await once(session, lambda: store(session))

    try:
        return await retried(store_once)
    except _NothingStored as error:
        return _report(entries, error.failed, committed=False)
    except DBAPIError as error:
        if not is_retryable(error):
            raise
        raise Conflict("Somebody else is changing the same records. Try again.") from error


def _report(entries: Sequence[Entry], results: Sequence[RecordResult], *, committed: bool) -> Report:
    """In the order of the file. `results`: of readable records; one without a result is not stored."""
    by_row = {result.rows[0]: result for result in results}
    records = [
        RecordResult.refused(entry)
        if isinstance(entry, Refused)
        else by_row.get(entry.rows[0], RecordResult.not_stored(entry))
        for entry in entries
    ]
    return Report(committed, records)


# Partial.


async def _import_partly(
    database: Database, principal: Principal, entries: list[Entry], import_id: UUID, once: Once
) -> Response | Report:
    """What can be stored is stored. A record that fails does not fail others."""
    readable = [entry for entry in entries if isinstance(entry, Readable)]
    results = await _store_each(database, principal, readable, import_id)
    report = _report(entries, results, committed=True)

    async def end(session: AsyncSession) -> Report:
        await finish(session, principal, import_id, report.counts, partial=True)
        return report

    try:
        async with database.transaction() as session:
            return await once(session, lambda: end(session))
    except DATABASE_ERRORS as error:
        # Each change has its own entry. Only the entry of the import is missing.
        log.warning("import.not_audited", import_id=str(import_id), error=type(error).__name__)
    return report


async def _store_each(
    database: Database, principal: Principal, entries: Sequence[Readable], import_id: UUID
) -> list[RecordResult]:
    """Store the records together; if that fails, one by one."""
    results: list[RecordResult] = []
    try:
        try:
            return await _store_together(database, principal, entries, import_id)
        except DBAPIError as error:
            if is_database_unavailable(error):
                raise
        for entry in entries:
            try:
                results += await _store_together(database, principal, [entry], import_id)
            except DBAPIError as error:
                if is_database_unavailable(error):
                    raise
                results.append(failed_alone(entry, error, import_id))
    except DATABASE_ERRORS as error:
        log.warning("import.database_unavailable", error=type(error).__name__)
        results += [RecordResult.failed(entry, MAYBE_NOT_STORED) for entry in entries[len(results) :]]
    return results


async def _store_together(
    database: Database, principal: Principal, entries: Sequence[Readable], import_id: UUID
) -> list[RecordResult]:
    async def store() -> list[RecordResult]:
        async with database.transaction() as session:
            return await store_records(session, principal, entries, import_id)

    return await retried(store)
