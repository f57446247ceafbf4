"""Writing and verifying the audit log."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import queries
from api.audit.models import AuditEntry
from api.audit.queries import EntryWithHead
from api.audit.queries import last_actor as last_actor
from api.audit.queries import wordings_of_note as wordings_of_note
from api.audit.rules import (
    ENTRIES,
    GENESIS,
    SALT,
    SYSTEM,
    Action,
    Actor,
    BrokenEntry,
    EntryContent,
    EntryCount,
    Erased,
    NewEntry,
)
from api.kit.database import database_time
from api.kit.ids import new_id
from api.kit.slices import slices

ERASED_TOGETHER = 200
"""Entries that one entry of the log erases."""


async def record(
    session: AsyncSession, organization_id: UUID, *entries: NewEntry, at: datetime | None = None
) -> list[UUID]:
    """Write `entries` in the caller's transaction (AUDIT-SAME-TX), in this order. Returns their ids.

    Locks the chains it appends to until the transaction ends, so call it after every other lock is taken.
    """
    if not entries:
        return []
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
            details=_salted(entry),
        )
        digest = content.hash()
        rows.append({**vars(content), "hash": digest, "after_seq": entry.after_seq})
        heads[subject] = (number + 1, digest)
    await queries.append(session, organization_id, rows, heads)
    return [row["id"] for row in rows]


async def lock_organization_chain(session: AsyncSession, organization_id: UUID) -> None:
    """Lock the chain of the entries that are about no conversation. Its id is lower than every conversation's, so a
    transaction that writes its entries last locks it first (decision 0006)."""
    await queries.lock_chains(session, organization_id, [organization_id])


def _salted(entry: NewEntry) -> dict[str, Any]:
    """The details, with a salt if the entry may be erased one day: without it, its hash could be searched for."""
    details = dict(entry.details or {})
    if (details or entry.phone_number is not None) and entry.action is not Action.AUDIT_ENTRIES_ERASED:
        details[SALT] = secrets.token_hex(16)
    return details


async def erase_of(
    session: AsyncSession,
    organization_id: UUID,
    *,
    numbers: Sequence[str],
    conversation_ids: Sequence[UUID],
    erasure_id: UUID,
    actor: Actor,
) -> int:
    """Erase a batch of the entries of these numbers and conversations. Returns how many: 0 when none is left."""
    found = await queries.entries_to_erase(
        session, organization_id, numbers=numbers, conversation_ids=conversation_ids, limit=ERASED_TOGETHER
    )
    return await _erase(session, organization_id, found, erasure_id=erasure_id, actor=actor)


async def erase_naming(
    session: AsyncSession,
    organization_id: UUID,
    *,
    needles: Sequence[str],
    after: int,
    erasure_id: UUID,
    actor: Actor,
) -> tuple[int, int | None]:
    """Erase entries of the organization's own chain that hold one of `needles`, in a window after this number.

    Returns how many, and the last number that was read; None at the end of the chain.
    """
    found, last = await queries.entries_that_name(
        session, organization_id, needles, after=after, limit=ERASED_TOGETHER * 5
    )
    return await _erase(session, organization_id, found, erasure_id=erasure_id, actor=actor), last


async def erase_wordings(
    session: AsyncSession, organization_id: UUID, *, conversation_ids: Sequence[UUID], note_ids: Sequence[UUID]
) -> int:
    """Erase the entries that keep earlier wordings of these notes, which are too old. Returns how many."""
    found = await queries.entries_with_wordings(
        session, organization_id, conversation_ids=conversation_ids, note_ids=note_ids
    )
    return await _erase(session, organization_id, found, erasure_id=None, actor=SYSTEM)


async def _erase(
    session: AsyncSession,
    organization_id: UUID,
    entries: Sequence[AuditEntry],
    *,
    erasure_id: UUID | None,
    actor: Actor,
) -> int:
    """Empty the personal columns of the entries. An entry of the log says which, so that it can be verified."""
    for some in slices(entries, ERASED_TOGETHER):
        erased = [Erased.of(each.content(), each.hash) for each in some]
        details: dict[str, Any] = {ENTRIES: {str(each.remaining.id): each.proof for each in erased}}
        if erasure_id is not None:
            details["erasure_id"] = str(erasure_id)
        (eraser,) = await record(
            session, organization_id, NewEntry(Action.AUDIT_ENTRIES_ERASED, actor, details=details)
        )
        await queries.erase(session, organization_id, eraser, [each.remaining for each in erased])
    return len(entries)


async def verify(session: AsyncSession, organization_id: UUID) -> EntryCount | BrokenEntry:
    """Verify every chain of the organization: the count of entries, or the first broken one.

    The session must read one snapshot: entries written meanwhile would look like a break.
    """
    count = erased = 0
    last: EntryWithHead | None = None
    async for found in queries.stream_entries(session, organization_id):
        entry = found.entry
        if last is not None and last.entry.chain_subject == entry.chain_subject:
            number, previous_hash = last.entry.chain_number + 1, last.entry.hash
        else:
            if last is not None and (broken := _check_end(last)):
                return broken
            number, previous_hash = 1, GENESIS
        if broken := _check_entry(found, number, previous_hash):
            return broken
        count += 1
        erased += entry.erased_by is not None
        last = found
    if last is not None and (broken := _check_end(last)):
        return broken
    subject = await queries.chain_without_entries(session, organization_id)
    return (
        EntryCount(count, erased=erased)
        if subject is None
        else BrokenEntry(subject, 1, None, "every entry of this chain is missing")
    )


def _check_entry(found: EntryWithHead, number: int, previous_hash: bytes) -> BrokenEntry | None:
    entry = found.entry
    if entry.chain_number != number:
        return BrokenEntry(entry.chain_subject, number, None, f"entry {number} is missing")
    if entry.erased_by is not None:
        # The entry that erased it is in a chain of its own and is verified there.
        if found.erased_as is None:
            return BrokenEntry(entry.chain_subject, number, entry.id, "no entry says that it was erased")
        if found.erased_as != Erased(entry.hash, entry.content()).proof:
            return BrokenEntry(entry.chain_subject, number, entry.id, "it is not what was left when it was erased")
    elif entry.content().hash() != entry.hash:
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
