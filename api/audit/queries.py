"""SQL of the audit log."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, cast, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.audit.models import AuditChain, AuditEntry
from api.audit.rules import ENTRIES, GENESIS, Action, EntryContent
from api.kit.bulk import holds_any, insert_together, is_any, update_together

LAST_SEQ = """coalesce(new.after_seq, (
    SELECT conversation.last_seq FROM conversations AS conversation
    WHERE conversation.organization_id = new.organization_id AND conversation.id = new.conversation_id
))"""
"""Read by the statement that inserts the entry, which holds the lock of the chain: an entry never stands before one
with a lower number."""


async def lock_chains(
    session: AsyncSession, organization_id: UUID, subjects: Sequence[UUID]
) -> dict[UUID, tuple[int, bytes]]:
    """The (last number, last hash) of each subject's chain, locked, in the order of ids."""
    statement = (
        select(AuditChain.id, AuditChain.last_number, AuditChain.last_hash)
        .where(AuditChain.organization_id == organization_id, AuditChain.id.in_(subjects))
        .order_by(AuditChain.id)
        .with_for_update()
    )
    heads = {row.id: (row.last_number, row.last_hash) for row in await session.execute(statement)}
    missing = sorted(set(subjects) - heads.keys())
    if missing:
        new = {"organization_id": organization_id, "last_number": 0, "last_hash": GENESIS}
        await insert_together(session, AuditChain, [{**new, "id": each} for each in missing], skip_existing=True)
        heads = {row.id: (row.last_number, row.last_hash) for row in await session.execute(statement)}
    return heads


async def append(
    session: AsyncSession, organization_id: UUID, entries: list[dict[str, Any]], heads: dict[UUID, tuple[int, bytes]]
) -> None:
    """Insert the entries and move the heads (last number, last hash) of their chains."""
    await insert_together(session, AuditEntry, entries, instead={"after_seq": LAST_SEQ})
    moved = [
        {"organization_id": organization_id, "id": subject, "last_number": number, "last_hash": last}
        for subject, (number, last) in heads.items()
    ]
    await update_together(session, AuditChain, moved)


class EntryWithHead(NamedTuple):
    entry: AuditEntry
    last_number: int | None
    """Of the head of its chain; None if there is no head."""
    last_hash: bytes | None
    erased_as: str | None
    """`Erased.proof` of the entry that erased it; None if there is no such entry."""


async def stream_entries(session: AsyncSession, organization_id: UUID) -> AsyncIterator[EntryWithHead]:
    """Every entry, chain by chain in order, in bounded memory."""
    eraser = aliased(AuditEntry)
    result = await session.stream(
        select(
            AuditEntry,
            AuditChain.last_number,
            AuditChain.last_hash,
            eraser.details[ENTRIES][cast(AuditEntry.id, Text)].astext,
        )
        .outerjoin(
            AuditChain,
            (AuditChain.organization_id == AuditEntry.organization_id) & (AuditChain.id == AuditEntry.chain_subject),
        )
        .outerjoin(
            eraser,
            (eraser.organization_id == AuditEntry.organization_id)
            & (eraser.id == AuditEntry.erased_by)
            & (eraser.action == Action.AUDIT_ENTRIES_ERASED.value)
            & eraser.erased_by.is_(None),
        )
        .where(AuditEntry.organization_id == organization_id)
        .order_by(AuditEntry.chain_subject, AuditEntry.chain_number)
        # A batch is verified without a pause: about 5 ms.
        .execution_options(yield_per=100)
    )
    async for row in result:
        yield EntryWithHead(*row)


async def chain_without_entries(session: AsyncSession, organization_id: UUID) -> UUID | None:
    """The subject of a chain whose head counts entries, of which none is stored."""
    statement = (
        select(AuditChain.id)
        .where(
            AuditChain.organization_id == organization_id,
            AuditChain.last_number > 0,
            ~exists().where(
                AuditEntry.organization_id == AuditChain.organization_id, AuditEntry.chain_subject == AuditChain.id
            ),
        )
        .order_by(AuditChain.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def erase(session: AsyncSession, organization_id: UUID, eraser: UUID, remaining: Sequence[EntryContent]) -> None:
    """Empty the personal columns of these entries. The application may not update the table, only call the function."""
    await session.execute(
        text("SELECT erase_audit_entries(:organization, :eraser, :ids, :names, :details)").bindparams(
            bindparam("organization", type_=Uuid()),
            bindparam("eraser", type_=Uuid()),
            bindparam("ids", type_=ARRAY(Uuid())),
            bindparam("names", type_=ARRAY(Text())),
            bindparam("details", type_=ARRAY(Text())),
        ),
        {
            "organization": organization_id,
            "eraser": eraser,
            "ids": [each.id for each in remaining],
            "names": [each.actor_name for each in remaining],
            "details": [json.dumps(each.details) for each in remaining],
        },
    )


async def entries_to_erase(
    session: AsyncSession,
    organization_id: UUID,
    *,
    numbers: Sequence[str],
    conversation_ids: Sequence[UUID],
    limit: int,
) -> Sequence[AuditEntry]:
    """Entries of these numbers and conversations that are not erased yet."""
    not_erased = (
        AuditEntry.organization_id == organization_id,
        AuditEntry.erased_by.is_(None),
        AuditEntry.action != Action.AUDIT_ENTRIES_ERASED.value,
    )
    of_numbers = select(AuditEntry).where(*not_erased, AuditEntry.phone_number == is_any(numbers, "text")).limit(limit)
    found = (await session.scalars(of_numbers)).all()
    if not found:
        of_threads = select(AuditEntry).where(*not_erased, AuditEntry.conversation_id == is_any(conversation_ids))
        found = (await session.scalars(of_threads.limit(limit))).all()
    return found


async def entries_with_wordings(
    session: AsyncSession, organization_id: UUID, *, conversation_ids: Sequence[UUID], note_ids: Sequence[UUID]
) -> Sequence[AuditEntry]:
    """Entries of these conversations that keep an earlier wording of one of these notes and are not erased yet."""
    statement = select(AuditEntry).where(
        AuditEntry.organization_id == organization_id,
        AuditEntry.conversation_id == is_any(conversation_ids),
        AuditEntry.action.in_([Action.NOTE_EDITED.value, Action.NOTE_REMOVED.value]),
        AuditEntry.details["note_id"].astext == is_any([str(each) for each in note_ids], "text"),
        AuditEntry.erased_by.is_(None),
    )
    return (await session.scalars(statement.order_by(AuditEntry.id))).all()


async def wordings_of_note(
    session: AsyncSession, organization_id: UUID, *, conversation_id: UUID, note_id: UUID
) -> Sequence[AuditEntry]:
    """The entries that keep what a note of the conversation said before, in their order."""
    statement = select(AuditEntry).where(
        AuditEntry.organization_id == organization_id,
        AuditEntry.conversation_id == conversation_id,
        AuditEntry.action.in_([Action.NOTE_EDITED.value, Action.NOTE_REMOVED.value]),
        AuditEntry.details["note_id"].astext == str(note_id),
    )
    return (await session.scalars(statement.order_by(AuditEntry.chain_number))).all()


async def last_actor(
    session: AsyncSession, organization_id: UUID, action: Action, *, details: Mapping[str, str], since: datetime
) -> tuple[str, UUID | None] | None:
    """The kind and id of whoever did this last, with these details among the entry's. None if nobody did since."""
    row = (
        await session.execute(
            select(AuditEntry.actor_kind, AuditEntry.actor_id)
            .where(
                AuditEntry.organization_id == organization_id,
                AuditEntry.action == action.value,
                AuditEntry.at > since,
                AuditEntry.details.contains(dict(details)),
            )
            .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def entries_that_name(
    session: AsyncSession, organization_id: UUID, needles: Sequence[str], *, after: int, limit: int
) -> tuple[list[AuditEntry], int | None]:
    """Entries of the organization's own chain, of the `limit` after this number, whose details hold one of `needles`.

    `needles`: regular expressions. Returns them, and the last number that was read; None at the end of the chain.
    """
    chain = (AuditEntry.organization_id == organization_id, AuditEntry.chain_subject == organization_id)
    window = (
        select(AuditEntry.chain_number)
        .where(*chain, AuditEntry.chain_number > after)
        .order_by(AuditEntry.chain_number)
        .limit(limit)
    ).subquery()
    last: int | None = (await session.execute(select(func.max(window.c.chain_number)))).scalar_one()
    if last is None:
        return [], None
    found = await session.scalars(
        select(AuditEntry).where(
            *chain,
            AuditEntry.chain_number > after,
            AuditEntry.chain_number <= last,
            AuditEntry.erased_by.is_(None),
            AuditEntry.action.not_in([Action.AUDIT_ENTRIES_ERASED.value, Action.PHONE_NUMBER_ERASED.value]),
            holds_any(cast(AuditEntry.details, Text), needles),
        )
    )
    return list(found), last
