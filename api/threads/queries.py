"""SQL of threads: each source of items with its own keyset, forwards or backwards from a position."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.models import IN_THREADS, IN_THREADS_BY_TIME, OF_NUMBER, AuditEntry
from api.audit.rules import OF_NUMBERS
from api.conversations.models import InboxRow, Message
from api.kit.bulk import is_any
from api.kit.phone import old_spellings
from api.threads.rules import Position

MAX_SEQ = 2**31 - 1


class Range(NamedTuple):
    """`limit` items: the first ones after a position, or the last ones before it. None: from that end of the thread."""

    position: Position | None
    forwards: bool
    limit: int


class MessageRow(NamedTuple):
    id: UUID
    seq: int
    created_at: datetime


async def messages(session: AsyncSession, row: InboxRow, wanted: Range) -> list[MessageRow]:
    """In order of `seq`."""
    conversation, position = row.conversation, wanted.position
    statement = select(Message.id, Message.seq, Message.created_at).where(
        Message.organization_id == conversation.organization_id, Message.conversation_id == conversation.id
    )
    if position is not None:
        seq = min(position.seq, MAX_SEQ)
        if wanted.forwards:
            statement = statement.where(Message.seq > seq)
        else:
            follows_message = position.number > 0 or position.row != ""
            statement = statement.where(Message.seq <= seq if follows_message else Message.seq < seq)
    statement = statement.order_by(Message.seq if wanted.forwards else Message.seq.desc()).limit(wanted.limit)
    found = [MessageRow(*each) for each in await session.execute(statement)]
    return found if wanted.forwards else found[::-1]


async def numbered_entries(session: AsyncSession, row: InboxRow, wanted: Range) -> list[AuditEntry]:
    """Entries that have their place, in its order."""
    conversation, position = row.conversation, wanted.position
    key = tuple_(AuditEntry.after_seq, AuditEntry.chain_number)
    statement = select(AuditEntry).where(
        AuditEntry.organization_id == conversation.organization_id,
        AuditEntry.conversation_id == conversation.id,
        IN_THREADS,
    )
    if position is not None:
        at = tuple_(min(position.seq, MAX_SEQ), position.number)
        if wanted.forwards:
            statement = statement.where(key > at)
        else:
            statement = statement.where(key <= at if position.row else key < at)
    order = (AuditEntry.after_seq, AuditEntry.chain_number)
    statement = statement.order_by(*(order if wanted.forwards else [each.desc() for each in order]))
    found = list(await session.scalars(statement.limit(wanted.limit)))
    return found if wanted.forwards else found[::-1]


async def timed_entries(session: AsyncSession, row: InboxRow, wanted: Range) -> list[AuditEntry]:
    """Entries that are placed by their time, in order of time: of the number, and of versions before 0022."""
    conversation, number = row
    of_organization = select(AuditEntry).where(AuditEntry.organization_id == conversation.organization_id)
    spellings = [number.number, *old_spellings(number.number)]
    found: list[AuditEntry] = []
    for statement in (
        of_organization.where(AuditEntry.conversation_id == conversation.id, IN_THREADS_BY_TIME),
        of_organization.where(
            AuditEntry.phone_number == is_any(spellings, "text"),
            OF_NUMBER,
            AuditEntry.action == is_any([each.value for each in OF_NUMBERS], "text"),
        ),
    ):
        found += await session.scalars(_by_time(statement, wanted))
    found.sort(key=lambda entry: (entry.at, entry.id.int))
    return found[: wanted.limit] if wanted.forwards else found[-wanted.limit :]


def _by_time(statement: Select[AuditEntry], wanted: Range) -> Select[AuditEntry]:
    key, position = tuple_(AuditEntry.at, AuditEntry.id), wanted.position
    if position is not None:
        at = tuple_(position.time, position.row_id)
        statement = statement.where(key > at if wanted.forwards else key < at)
    order = (AuditEntry.at, AuditEntry.id)
    return statement.order_by(*(order if wanted.forwards else [each.desc() for each in order])).limit(wanted.limit)


async def message_with_seq(session: AsyncSession, row: InboxRow, seq: int) -> MessageRow | None:
    return await _message(session, row, Message.seq == seq)


async def message_with_id(session: AsyncSession, row: InboxRow, message_id: UUID) -> MessageRow | None:
    return await _message(session, row, Message.id == message_id)


async def _message(session: AsyncSession, row: InboxRow, condition: ColumnElement[bool]) -> MessageRow | None:
    statement = select(Message.id, Message.seq, Message.created_at).where(
        Message.organization_id == row.conversation.organization_id,
        Message.conversation_id == row.conversation.id,
        condition,
    )
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else MessageRow(*found)


async def entry(session: AsyncSession, organization_id: UUID, entry_id: UUID) -> AuditEntry | None:
    return await session.scalar(
        select(AuditEntry).where(AuditEntry.organization_id == organization_id, AuditEntry.id == entry_id)
    )


async def entries(session: AsyncSession, organization_id: UUID, entry_ids: Sequence[UUID]) -> list[AuditEntry]:
    """Those of this organization among these ids."""
    if not entry_ids:
        return []
    return list(
        await session.scalars(
            select(AuditEntry).where(AuditEntry.organization_id == organization_id, AuditEntry.id == is_any(entry_ids))
        )
    )


async def last_message_at(session: AsyncSession, row: InboxRow, at: datetime) -> MessageRow | None:
    """The last message that is not later. Messages are in order of time, so it takes a search by halves."""
    conversation = row.conversation
    low, high, last = 1, conversation.last_seq, None
    while low <= high:
        middle = (low + high) // 2
        found = await message_with_seq(session, row, middle)
        if found is not None and found.created_at <= at:
            low, last = middle + 1, found
        else:
            high = middle - 1
    return last


async def last_number_at(session: AsyncSession, row: InboxRow, seq: int, at: datetime) -> int:
    """The number of the last entry after message `seq` that is not later; 0 if there is none."""
    statement = select(func.max(AuditEntry.chain_number)).where(
        AuditEntry.organization_id == row.conversation.organization_id,
        AuditEntry.conversation_id == row.conversation.id,
        AuditEntry.after_seq == seq,
        IN_THREADS,
        AuditEntry.at <= at,
    )
    number: int | None = (await session.execute(statement)).scalar_one()
    return number or 0
