"""Writing and proving the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import queries
from api.audit.models import AuditEntry
from api.audit.rules import GENESIS, Broken, NewEntry, entry_hash
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
        covered: dict[str, Any] = {
            "previous_hash": previous_hash,
            "organization_id": organization_id,
            "chain_subject": subject,
            "chain_number": number + 1,
            "at": at,
            "action": entry.action.value,
            "actor_kind": entry.actor.kind.value,
            "actor_id": entry.actor.id,
            "actor_name": entry.actor.name,
            "conversation_id": entry.conversation_id,
            "message_id": entry.message_id,
            "phone_number": entry.phone_number,
            "details": dict(entry.details or {}),
        }
        entry_id = new_id()
        digest = entry_hash(entry_id=entry_id, **covered)
        rows.append({"id": entry_id, "hash": digest, **covered})
        heads[subject] = (number + 1, digest)
    await queries.append(session, organization_id, entries=rows, heads=heads)


async def verify(session: AsyncSession, organization_id: UUID) -> int | Broken:
    """Prove every chain of the organization whole: the count of entries, or the first that is not."""
    heads = {
        chain.id: (chain.last_number, chain.last_hash) for chain in await queries.all_chains(session, organization_id)
    }
    count = 0
    expected_number, expected_hash, subject = 0, GENESIS, None
    async for entry in queries.stream_entries(session, organization_id):
        if entry.chain_subject != subject:
            if subject is not None and (broken := _check_end(subject, expected_number, expected_hash, heads)):
                return broken
            subject, expected_number, expected_hash = entry.chain_subject, 0, GENESIS
        expected_number += 1
        if broken := _check_entry(entry, expected_number, expected_hash):
            return broken
        expected_hash = entry.hash
        count += 1
    if subject is not None and (broken := _check_end(subject, expected_number, expected_hash, heads)):
        return broken
    for remaining, (number, _) in heads.items():
        if number > 0:
            return Broken(remaining, 1, None, "every entry of this chain is missing")
    return count


def _check_entry(entry: AuditEntry, number: int, previous_hash: bytes) -> Broken | None:
    if entry.chain_number != number:
        return Broken(entry.chain_subject, number, None, f"entry {number} is missing")
    digest = entry_hash(
        previous_hash=entry.previous_hash,
        organization_id=entry.organization_id,
        chain_subject=entry.chain_subject,
        chain_number=entry.chain_number,
        entry_id=entry.id,
        at=entry.at,
        action=entry.action,
        actor_kind=entry.actor_kind,
        actor_id=entry.actor_id,
        actor_name=entry.actor_name,
        conversation_id=entry.conversation_id,
        message_id=entry.message_id,
        phone_number=entry.phone_number,
        details=entry.details,
    )
    if digest != entry.hash:
        return Broken(entry.chain_subject, number, entry.id, "its content is not what was written")
    if entry.previous_hash != previous_hash:
        return Broken(entry.chain_subject, number, entry.id, "it does not follow the entry before it")
    return None


def _check_end(subject: UUID, number: int, digest: bytes, heads: dict[UUID, tuple[int, bytes]]) -> Broken | None:
    """Compare a chain's last entry with its head, and take the head off the list of those to see."""
    head = heads.pop(subject, None)
    if head == (number, digest):
        return None
    if head is not None and head[0] > number:
        return Broken(subject, number + 1, None, f"entry {number + 1} is missing")
    return Broken(subject, number, None, "the chain's head does not match its last entry")
