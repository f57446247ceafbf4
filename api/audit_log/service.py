"""Exporting and verifying the audit log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, BrokenEntry, EntryCount, NewEntry
from api.audit_log import queries
from api.audit_log.names import EntryNames, names_of
from api.audit_log.rules import CsvNames, EntryFilter, csv_head, csv_lines
from api.kit.database import Database, database_time
from api.kit.errors import RateLimited, Unavailable

BATCH = 200
"""Entries that an export reads and formats without a pause: about 5 ms."""

VERIFY_SECONDS = 60
"""Limit of a verification within a request. Its snapshot keeps dead rows for as long."""

VERIFY_LOCK = 0x41554449
"""The class of the advisory locks that let one verification of an organization run at a time."""


async def start_export(session: AsyncSession, principal: Principal, filters: EntryFilter) -> EntryFilter:
    """Record the export in the caller's transaction. Returns its filter, which ends at this moment."""
    at = await database_time(session)
    await audit.record(
        session,
        principal.organization_id,
        NewEntry(Action.AUDIT_LOG_EXPORTED, principal.actor, details={"filters": filters.as_json()}),
        at=at,
    )
    return replace(filters, until=at if filters.until is None else min(filters.until, at))


async def export(
    database: Database, organization_id: UUID, filters: EntryFilter, zone: ZoneInfo
) -> AsyncIterator[bytes]:
    """The entries as CSV, newest first. Each batch has its own transaction: none is open while the client reads."""
    yield csv_head().encode()
    before: tuple[datetime, UUID] | None = None
    while True:
        async with database.transaction() as session:
            found = await queries.entries(session, organization_id, filters, before=before, limit=BATCH)
            names = await names_of(session, organization_id, found)
        yield csv_lines(((entry.content(), entry.hash, _in_csv(names[entry.id])) for entry in found), zone).encode()
        if len(found) < BATCH:
            return
        before = (found[-1].at, found[-1].id)


def _in_csv(names: EntryNames) -> CsvNames:
    return CsvNames(
        holders="; ".join(each.shown for each in names.holders),
        holder_ids="; ".join(str(each.id) for each in names.holders if each.id),
        line_label=names.line.label if names.line else None,
        line_id=names.line.id if names.line else None,
        subject_kind=names.subject.kind if names.subject else None,
        subject_name=names.subject.shown if names.subject else None,
        subject_id=names.subject.id if names.subject else None,
    )


async def verify_log(database: Database, organization_id: UUID) -> EntryCount | BrokenEntry:
    """The count of the log's entries, or the first broken one. Reads one snapshot.

    Beyond the chains, each conversation must have its chain and each outbound message its entry. Otherwise a chain that
    was deleted with its head, or truncated with its head set back, would look whole.
    """
    async with database.snapshot() as session:
        return await _verify(session, organization_id)


async def verify_log_in_request(database: Database, organization_id: UUID) -> EntryCount | BrokenEntry:
    """As `verify_log`. Raises `RateLimited` while another one runs, `Unavailable` after `VERIFY_SECONDS`."""
    try:
        async with asyncio.timeout(VERIFY_SECONDS), database.snapshot() as session:
            if not await queries.try_verify_lock(session, organization_id.int % 2**31 << 32 | VERIFY_LOCK):
                raise RateLimited("This log is being verified at this moment.", retry_after_seconds=5)
            return await _verify(session, organization_id)
    except TimeoutError:
        raise Unavailable(
            f"This log takes longer than {VERIFY_SECONDS} seconds to verify. Run `messenger verify-audit` instead.",
            retry_after_seconds=VERIFY_SECONDS,
        ) from None


async def _verify(session: AsyncSession, organization_id: UUID) -> EntryCount | BrokenEntry:
    result = await audit.verify(session, organization_id)
    if isinstance(result, BrokenEntry):
        return result
    subject = await queries.subject_without_chain(session, organization_id)
    if subject is not None:
        return BrokenEntry(subject, 1, None, "this whole chain is missing")
    unrecorded = await queries.message_without_entry(session, organization_id)
    if unrecorded is not None:
        problem = f"the entry of sending message {unrecorded.message_id} is missing"
        return BrokenEntry(unrecorded.conversation_id, unrecorded.chain_length + 1, None, problem)
    return result
