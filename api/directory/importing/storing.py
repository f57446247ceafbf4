"""What an import at once and an import of a worker share: storing records in a transaction, and its retries."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.directory import service as directory
from api.directory.importing.reports import RecordResult
from api.directory.importing.rows import Readable
from api.directory.rules import ImportOutcome
from api.kit.database_unavailable import sqlstate
from api.live.service import announce

ATTEMPTS = 3
"""Of a transaction that lost against another one."""

RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03", "23505"})
"""Serialization failure, deadlock, lock not available, and a key that another transaction has just stored."""

Result = TypeVar("Result")

log = structlog.get_logger(__name__)


def is_retryable(error: DBAPIError) -> bool:
    return sqlstate(error) in RETRYABLE_SQLSTATES


async def retried(transaction: Callable[[], Awaitable[Result]]) -> Result:
    """Run a transaction, up to `ATTEMPTS` times while its error is retryable."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await transaction()
        except DBAPIError as error:
            if not is_retryable(error):
                raise
    return await transaction()


async def store_records(
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


def failed_alone(entry: Readable, error: DBAPIError, import_id: UUID) -> RecordResult:
    """The result of a record that could not be stored in a transaction of its own."""
    if is_retryable(error):
        detail = "Somebody else is changing the same record, or has just taken its external id or email address."
    else:
        log.error("import.record_failed", import_id=str(import_id), exc_info=error)
        detail = "This record could not be stored. It has been noted."
    return RecordResult.failed(entry, detail)


async def finish(
    session: AsyncSession,
    principal: Principal,
    import_id: UUID,
    counts: Mapping[ImportOutcome, int],
    *,
    partial: bool,
) -> None:
    """Write the import's own audit entry and its last live event. An import that changed nothing leaves no entry."""
    rows = sum(counts.values())
    if counts[ImportOutcome.CREATED] or counts[ImportOutcome.UPDATED]:
        details = {"import_id": str(import_id), "partial": partial, "rows": rows}
        details |= {outcome.value: count for outcome, count in counts.items()}
        await audit.record(
            session, principal.organization_id, NewEntry(Action.DIRECTORY_IMPORTED, principal.actor, details=details)
        )
    announce_progress(session, principal.organization_id, import_id, done=rows, total=rows)


def announce_progress(session: AsyncSession, organization_id: UUID, import_id: UUID, *, done: int, total: int) -> None:
    announce(session, organization_id, "import", import_id=str(import_id), done=done, total=total)
