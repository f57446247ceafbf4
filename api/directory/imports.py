"""Importing families and staff members from a file: read it all, then store it, in bounded memory.

The file, what was read of it, the evidence of an import that is not yet sure, and the report lie in temporary files.
Nothing waits for the client while a transaction is open: the upload ends before the first one begins, and the report
leaves after the last.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from types import TracebackType
from typing import IO, Self
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access_queries
from api.access.errors import PermissionRequired
from api.access.rules import Permission, Principal, first_missing
from api.access.service import current_principals
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.directory import import_queries as queries
from api.directory.import_changes import Changes, Outcome, Stored
from api.directory.import_csv import read_csv
from api.directory.import_files import NEEDS_ADMINISTRATOR, Plan, Report, temporary_file
from api.directory.import_queries import Concerned
from api.directory.import_rows import Record, Refused, distinct, read_ndjson
from api.directory.queries import keep_refusals
from api.directory.rules import OwnerKind, RefusalCause
from api.directory.schemas import ImportOutcome
from api.kit.database import Database, database_time, notify
from api.kit.database_unavailable import is_database_unavailable, sqlstate
from api.kit.errors import Conflict, Invalid, NotSignedIn
from api.live.service import CHANNEL, announce_phone_number

MAX_BYTES = 64 * 1024 * 1024
ATTEMPTS = 3
PROGRESS_SECONDS = 0.3
AUDIT_BATCH = 1_000
MAX_ANNOUNCED = 100
"""Numbers of one transaction that are announced one by one; past it, everything shown is to be loaded again."""

PASSING_SQLSTATES = frozenset({"40001", "40P01", "55P03", "23505"})
"""Serialization failure, deadlock, lock not available, and somebody else having stored the same key just now."""

DATABASE_AWAY = (
    *(DBAPIError, PoolTimeoutError, OSError),
    # What asyncpg raises itself, of a connection that it could not make or that was killed.
    *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
)

ANOTHER_RUNS = "Another import of this business is running. Try again when it has ended."

log = structlog.get_logger(__name__)


class Format(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"


FORMATS = {
    "text/csv": Format.CSV,
    "application/x-ndjson": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
}


class Progress:
    """Announces on the live bus how far an import is, in transactions of their own: its own is not to be seen yet.

    While the file is read, `done` is 0 and `total` grows. Announcing is a courtesy: the import goes on without.
    """

    def __init__(self, database: Database, organization_id: UUID, import_id: UUID) -> None:
        self._database = database
        self._organization_id = organization_id
        self._import_id = import_id
        self._announced: tuple[int, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self.done = 0
        self.total = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="import-progress")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if error is None:
            await self._announce()

    async def _run(self) -> None:
        while True:
            await self._announce()
            await asyncio.sleep(PROGRESS_SECONDS)

    async def _announce(self) -> None:
        now = (self.done, self.total)
        if now == self._announced:
            return
        event = {
            "type": "import",
            "organization_id": str(self._organization_id),
            "import_id": str(self._import_id),
            "done": self.done,
            "total": self.total,
        }
        try:
            async with self._database.transaction() as session:
                notify(session, CHANNEL, event)
            self._announced = now
        except DATABASE_AWAY as failure:
            log.warning("import.progress_not_announced", error=type(failure).__name__)


async def _read(
    file: IO[bytes], plan: Plan, form: Format, *, country: str, progress: Progress, is_admin: bool, partial: bool
) -> None:
    entries = distinct((read_csv if form is Format.CSV else read_ndjson)(file, country=country))
    while await asyncio.to_thread(plan.take, entries, may_import_staff=is_admin, partial=partial):
        progress.total = plan.rows
    progress.total = plan.rows
    if plan.rows == 0:
        raise Invalid([("", "The file has no rows.")])


# Storing.


class _NothingStored(Exception):
    """Rolls the whole import back: a row of it failed."""


@dataclass
class Import:
    """One import under way."""

    database: Database
    principal: Principal
    import_id: UUID
    plan: Plan
    report: Report
    progress: Progress

    @property
    def _organization_id(self) -> UUID:
        return self.principal.organization_id

    async def _apply(
        self, session: AsyncSession, records: Sequence[Record], *, at: datetime
    ) -> tuple[list[Outcome], Changes]:
        """Store a batch whose rows are all locked. A record that fails leaves nothing of itself."""
        organization_id = self._organization_id
        concerned = _concerned(records)
        stored: dict[tuple[OwnerKind, str], Stored] = {}
        families = await queries.families(session, organization_id, concerned.families)
        stored |= {(OwnerKind.FAMILY, external_id): family for external_id, family in families.items()}
        people = await queries.staff_members(session, organization_id, concerned.staff_members)
        stored |= {(OwnerKind.STAFF_MEMBER, external_id): person for external_id, person in people.items()}
        emails = [record.email for record in records if record.email is not None]
        changes = Changes(
            actor=self.principal.actor,
            permissions=self.principal.permissions,
            import_id=self.import_id,
            numbers=await queries.number_ids(session, organization_id, concerned.numbers),
            emails=await queries.email_holders(session, organization_id, emails) if emails else {},
        )
        outcomes = await asyncio.to_thread(_decide, changes, records, stored)
        await self._keep_refusals(session, changes, at=at)
        await queries.store(session, organization_id, changes, at=at)
        return outcomes, changes

    async def _keep_refusals(self, session: AsyncSession, changes: Changes, *, at: datetime) -> None:
        """OPTIN-REMOVED."""
        for cause, records in (
            (RefusalCause.REMOVED, changes.removed_refusals),
            (RefusalCause.RESET, changes.reset_refusals),
        ):
            await keep_refusals(session, self._organization_id, records, cause=cause, by=changes.actor, at=at)

    def _announce(self, session: AsyncSession, numbers: set[str]) -> None:
        if len(numbers) <= MAX_ANNOUNCED:
            for number in sorted(numbers):
                announce_phone_number(session, self._organization_id, number)
        else:
            notify(session, CHANNEL, {"type": "resync", "organization_id": str(self._organization_id)})

    async def _note_imported(self, session: AsyncSession, *, partial: bool) -> None:
        """An import that changed nothing leaves no entry."""
        if self.report.counts[ImportOutcome.CREATED] or self.report.counts[ImportOutcome.UPDATED]:
            counts = {key: value for key, value in self.report.summary().items() if key != "committed"}
            details = {"import_id": str(self.import_id), "partial": partial, **counts}
            entry = NewEntry(Action.DIRECTORY_IMPORTED, self.principal.actor, details=details)
            await audit.record(session, self._organization_id, entry)

    # All or nothing.

    async def whole(self) -> None:
        """One transaction for the whole file. The report says `committed`, or what stood in the way."""
        if self.plan.names_staff and not self.principal.is_admin:
            raise PermissionRequired(None)
        failures: dict[int, Outcome] = {}
        if not self.plan.failed:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    failures = await self._try_whole()
                    break
                except DBAPIError as error:
                    if sqlstate(error) not in PASSING_SQLSTATES:
                        raise
                    if attempt == ATTEMPTS:
                        raise Conflict("Somebody else is changing the same records. Try again.") from error
            if not failures:
                self.report.committed = True
                return
        self.report.clear()
        self.plan.file.seek(0)
        while batch := await asyncio.to_thread(self.plan.batch):
            for entry in batch:
                if isinstance(entry, Refused):
                    self.report.refuse(entry)
                else:
                    fine = Outcome(ImportOutcome.NOT_STORED, None)
                    self.report.add(entry, failures.get(entry.rows[0], fine))

    async def _try_whole(self) -> dict[int, Outcome]:
        """The records that failed, by their first row; nothing is stored then."""
        failures: dict[int, Outcome] = {}
        self.report.clear()
        self.progress.done = 0
        self.plan.file.seek(0)
        try:
            with temporary_file() as evidence:
                async with self.database.transaction() as session:
                    await self._store_whole(session, evidence, failures)
                    if failures:
                        raise _NothingStored
        except _NothingStored:
            pass
        return failures

    async def _store_whole(self, session: AsyncSession, evidence: IO[bytes], failures: dict[int, Outcome]) -> None:
        organization_id = self._organization_id
        key = int.from_bytes(hashlib.sha256(b"import/" + organization_id.bytes).digest()[:8], signed=True)
        if not await queries.try_lock_imports(session, key):
            raise Conflict(ANOTHER_RUNS)
        administrator_id = self.principal.staff_member_id if self.plan.names_staff else None
        locked = await queries.lock(
            session,
            organization_id,
            Concerned(self.plan.families, self.plan.staff_members, sorted(self.plan.numbers)),
            administrator_id=administrator_id,
        )
        if self.plan.names_staff and not locked.is_administrator:
            raise PermissionRequired(None)
        at = await database_time(session)
        changed: set[str] = set()
        while batch := await asyncio.to_thread(self.plan.batch):
            records = [entry for entry in batch if isinstance(entry, Record)]
            outcomes, changes = await self._apply(session, records, at=at)
            for record, outcome in zip(records, outcomes, strict=True):
                self.report.add(record, outcome)
                if outcome.outcome is ImportOutcome.FAILED:
                    failures[record.rows[0]] = outcome
            changed |= changes.numbers_changed - locked.made
            await asyncio.to_thread(_write_evidence, evidence, changes.entries)
            self.progress.done = self.report.rows
        if failures:
            return
        # The audit chain is locked last, and no longer than it takes: everybody else of the business appends to it.
        evidence.seek(0)
        while entries := await asyncio.to_thread(self._read_evidence, evidence):
            await audit.record(session, organization_id, *entries, at=at)
        await self._note_imported(session, partial=False)
        self._announce(session, changed)

    def _read_evidence(self, evidence: IO[bytes]) -> list[NewEntry]:
        return [
            NewEntry(Action(action), self.principal.actor, phone_number=number, details=details)
            for action, number, details in map(json.loads, islice(evidence, AUDIT_BATCH))
        ]

    # Partial.

    async def partial(self) -> None:
        """A transaction for each batch; what fails is told in the report and fails nobody else."""
        available = True
        self.plan.file.seek(0)
        while batch := await asyncio.to_thread(self.plan.batch):
            records = [entry for entry in batch if isinstance(entry, Record)]
            try:
                outcomes = await self._store(records) if available else _unavailable(records)
            except DATABASE_AWAY as error:
                log.warning("import.database_unavailable", error=type(error).__name__)
                available = False
                outcomes = _unavailable(records)
            stored = iter(outcomes)
            for entry in batch:
                if isinstance(entry, Record):
                    self.report.add(entry, next(stored))
                else:
                    self.report.refuse(entry)
            self.progress.done = self.report.rows
        self.report.committed = True
        try:
            async with self.database.transaction() as session:
                await self._note_imported(session, partial=True)
        except DATABASE_AWAY as error:
            # Each change has its own entry; only the sum of them is missing.
            log.warning("import.sum_not_audited", import_id=str(self.import_id), error=type(error).__name__)

    async def _store(self, records: Sequence[Record]) -> list[Outcome]:
        """Together; record by record where that fails, so that one cannot fail its neighbours.

        Raises what says that the database is away.
        """
        error: DBAPIError | None = None
        for _ in range(ATTEMPTS):
            try:
                return await self._store_together(records)
            except DBAPIError as failure:
                error = failure
                if is_database_unavailable(failure):
                    raise
                if sqlstate(failure) not in PASSING_SQLSTATES:
                    break
        if len(records) > 1:
            return [outcome for record in records for outcome in await self._store([record])]
        if error is None or sqlstate(error) not in PASSING_SQLSTATES:
            log.error("import.record_failed", import_id=str(self.import_id), exc_info=error)
            detail = "This record could not be stored. It has been noted."
        else:
            detail = "Somebody else is changing the same record, or has just taken its external id or email address."
        return [Outcome(ImportOutcome.FAILED, None, (("", detail),)) for _ in records]

    async def _store_together(self, records: Sequence[Record]) -> list[Outcome]:
        if not records:
            return []
        names_staff = any(record.kind is OwnerKind.STAFF_MEMBER for record in records)
        async with self.database.transaction() as session:
            locked = await queries.lock(
                session,
                self._organization_id,
                _concerned(records),
                administrator_id=self.principal.staff_member_id if names_staff else None,
            )
            at = await database_time(session)
            allowed = [each for each in records if each.kind is OwnerKind.FAMILY or locked.is_administrator]
            applied, changes = await self._apply(session, allowed, at=at)
            await audit.record(session, self._organization_id, *changes.entries, at=at)
            self._announce(session, changes.numbers_changed - locked.made)
        outcomes = iter(applied)
        refused = Outcome(ImportOutcome.FAILED, None, (("/kind", NEEDS_ADMINISTRATOR),))
        return [
            next(outcomes) if each.kind is OwnerKind.FAMILY or locked.is_administrator else refused for each in records
        ]


def _concerned(records: Iterable[Record]) -> Concerned:
    families: list[str] = []
    staff_members: list[str] = []
    numbers: set[str] = set()
    for record in records:
        if record.external_id is not None:
            (families if record.kind is OwnerKind.FAMILY else staff_members).append(record.external_id)
        numbers.update(record.all_numbers())
    return Concerned(families, staff_members, sorted(numbers))


def _decide(changes: Changes, records: Sequence[Record], stored: dict[tuple[OwnerKind, str], Stored]) -> list[Outcome]:
    return [
        changes.add(record, None if record.external_id is None else stored.get((record.kind, record.external_id)))
        for record in records
    ]


def _write_evidence(file: IO[bytes], entries: Sequence[NewEntry]) -> None:
    for entry in entries:
        file.write(json.dumps([entry.action.value, entry.phone_number, entry.details]).encode() + b"\n")


def _unavailable(records: Sequence[Record]) -> list[Outcome]:
    detail = "The database could not be reached, so this record may not be stored. Import the file again."
    return [Outcome(ImportOutcome.FAILED, None, (("", detail),)) for _ in records]


async def import_directory(
    database: Database, principal: Principal, file: IO[bytes], form: Format, *, partial: bool, import_id: UUID
) -> Report:
    """Import a spooled file. The caller closes the report.

    Raises `Invalid` for a file that cannot be read as a table at all, `TooLarge`, `NotSignedIn`, `PermissionRequired`
    for staff members in an import that is all or nothing, and `Conflict` while another one runs.
    """
    async with database.transaction() as session:
        # The upload may have taken its time: what counts is who the caller is now (PERM-NOW).
        current = (await current_principals(session, [principal]))[principal]
        country = (await access_queries.organization(session, principal.organization_id)).country
    if current is None:
        raise NotSignedIn("The session or API key has ended meanwhile.")
    missing = first_missing(current, [Permission.DIRECTORY])
    if missing is not None:
        raise PermissionRequired(missing)
    report = Report()
    try:
        with temporary_file() as plan_file:
            plan = Plan(plan_file)
            async with Progress(database, principal.organization_id, import_id) as progress:
                await _read(
                    file, plan, form, country=country, progress=progress, is_admin=current.is_admin, partial=partial
                )
                running = Import(database, current, import_id, plan, report, progress)
                await (running.partial() if partial else running.whole())
    except BaseException:
        report.close()
        raise
    return report
