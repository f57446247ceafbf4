"""Writing and verifying the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import queries
from api.audit.models import AuditEntry
from api.audit.queries import EntryWithHead
from api.audit.rules import GENESIS, BrokenEntry, EntryContent, NewEntry
from api.kit.database import database_time
from api.kit.ids import new_id


async def record(session: AsyncSession, organization_id: UUID, *entries: NewEntry, at: datetime | None = None) -> None:
    """Write `entries` in the caller's transaction (AUDIT-SAME-TX), in this order.

    Locks the chains it appends to until the transaction ends, so call it after every other lock is taken.
    """
    if not entries:
        return
    if at is None:
        at = await database_time(session)
    subjects = sorted({entry.conversation_id or organization_id for entry in entries})
    heads = await queries.lock_chains(session, organization_id, subjects)
    rows: list[dict[str, Any]] = []
    for entry in entries:
        subject = entry.conversation_id or organization_id
        number, previous_hash = heads[subject]
        content = EntryContent(
            previous_hash=previous_hash,
            organization_id=organization_id,
            chain_subject=subject,
            chain_number=number + 1,
            id=new_id(),
            at=at,
            action=entry.action.value,
            actor_kind=entry.actor.kind.value,
            actor_id=entry.actor.id,
            actor_name=entry.actor.name,
            conversation_id=entry.conversation_id,
            message_id=entry.message_id,
            phone_number=entry.phone_number,
            details=dict(entry.details or {}),
        )
        digest = content.hash()
        rows.append({**vars(content), "hash": digest})
        heads[subject] = (number + 1, digest)
    await queries.append(session, organization_id, rows, heads)


async def verify(session: AsyncSession, organization_id: UUID) -> int | BrokenEntry:
    """Verify every chain of the organization: the count of entries, or the first broken one.

    The session must read one snapshot: entries written meanwhile would look like a break.
    """
    count = 0
    last: EntryWithHead | None = None
    async for found in queries.stream_entries(session, organization_id):
        entry = found.entry
        if last is not None and last.entry.chain_subject == entry.chain_subject:
            number, previous_hash = last.entry.chain_number + 1, last.entry.hash
        else:
            if last is not None and (broken := _check_end(last)):
                return broken
            number, previous_hash = 1, GENESIS
        if broken := _check_entry(entry, number, previous_hash):
            return broken
        count += 1
        last = found
    if last is not None and (broken := _check_end(last)):
        return broken
    subject = await queries.chain_without_entries(session, organization_id)
    return count if subject is None else BrokenEntry(subject, 1, None, "every entry of this chain is missing")


def _check_entry(entry: AuditEntry, number: int, previous_hash: bytes) -> BrokenEntry | None:
    if entry.chain_number != number:
        return BrokenEntry(entry.chain_subject, number, None, f"entry {number} is missing")
    if entry.content().hash() != entry.hash:
        return BrokenEntry(entry.chain_subject, number, entry.id, "its content is not what was written")
    if entry.previous_hash != previous_hash:
        return BrokenEntry(entry.chain_subject, number, entry.id, "it does not follow the entry before it")
    return None


def _check_end(last: EntryWithHead) -> BrokenEntry | None:
    """Compare the last entry of a chain with the chain's head."""
    entry = last.entry
    if (last.last_number, last.last_hash) == (entry.chain_number, entry.hash):
        return None
    if last.last_number is not None and last.last_number > entry.chain_number:
        missing = entry.chain_number + 1
        return BrokenEntry(entry.chain_subject, missing, None, f"entry {missing} is missing")
    return BrokenEntry(entry.chain_subject, entry.chain_number, None, "the chain's head does not match its last entry")
