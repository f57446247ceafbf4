"""Exporting and proving the whole log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, Broken, NewEntry
from api.audit_log import queries
from api.audit_log.rules import EntryFilter, csv_head, csv_lines
from api.kit.database import Database, database_time
from api.kit.errors import RateLimited, Unavailable

BATCH = 200
"""Entries of one statement of an export, made into lines without a pause: about 5 ms."""

PROOF_SECONDS = 60
"""How long a request may prove. It keeps a snapshot, and with it dead rows, for as long."""

PROOF_LOCK = 0x41554449
"""Of the advisory locks, those that keep an organization's proofs from running beside each other."""


async def start_export(session: AsyncSession, principal: Principal, asked: EntryFilter) -> EntryFilter:
    """Record who takes what, in the caller's transaction. Returns what to export: nothing from now on."""
    at = await database_time(session)
    await audit.record(
        session,
        principal.organization_id,
        NewEntry(Action.AUDIT_LOG_EXPORTED, principal.actor, details={"filters": asked.as_json()}),
        at=at,
    )
    return replace(asked, until=at if asked.until is None else min(asked.until, at))


async def export(database: Database, organization_id: UUID, asked: EntryFilter, zone: ZoneInfo) -> AsyncIterator[bytes]:
    """The entries as CSV, newest first. Each batch is a transaction of its own: none waits for the client."""
    yield csv_head().encode()
    before: tuple[datetime, UUID] | None = None
    while True:
        async with database.transaction() as session:
            found = await queries.entries(session, organization_id, asked, before=before, limit=BATCH)
        yield csv_lines(found, zone).encode()
        if len(found) < BATCH:
            return
        before = (found[-1].at, found[-1].id)


async def prove(database: Database, organization_id: UUID) -> int | Broken:
    """Prove the log whole: the count of its entries, or the first that is not as it was written.

    Everything is read from one snapshot, so what is written meanwhile is no part of it. Beyond the chains themselves,
    each conversation must have its chain and each message of ours its entry: a chain that was deleted with its head,
    or cut and its head set back, would otherwise look whole.
    """
    async with database.snapshot() as session:
        return await _prove(session, organization_id)


async def prove_now(database: Database, organization_id: UUID) -> int | Broken:
    """The same within a request. Raises `RateLimited` while another one runs, `Unavailable` when it takes too long."""
    try:
        async with asyncio.timeout(PROOF_SECONDS), database.snapshot() as session:
            if not await queries.try_lock_proof(session, organization_id.int % 2**31 << 32 | PROOF_LOCK):
                raise RateLimited("This log is being proved at this moment.", retry_after_seconds=5)
            return await _prove(session, organization_id)
    except TimeoutError:
        raise Unavailable(
            f"This log takes longer than {PROOF_SECONDS} seconds to prove. Run `messenger verify-audit` instead.",
            retry_after_seconds=PROOF_SECONDS,
        ) from None


async def _prove(session: AsyncSession, organization_id: UUID) -> int | Broken:
    result = await audit.verify(session, organization_id)
    if isinstance(result, Broken):
        return result
    subject = await queries.subject_without_chain(session, organization_id)
    if subject is not None:
        return Broken(subject, 1, None, "this whole chain is missing")
    unrecorded = await queries.message_without_entry(session, organization_id)
    if unrecorded is not None:
        problem = f"the entry of sending message {unrecorded.message_id} is missing"
        return Broken(unrecorded.conversation_id, unrecorded.entries + 1, None, problem)
    return result
