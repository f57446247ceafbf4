"""SQL of what is exported: for each source the keys of its next rows, then the chosen rows.

Keys never change, and rows are read in their order: a row that was committed when the export began is read once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, Text, cast, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.models import AuditEntry
from api.audit.rules import OF_NUMBERS
from api.conversations.models import Conversation, Message
from api.conversations.scheduled_models import ScheduledText
from api.directory.models import PhoneNumber
from api.exports.models import Export
from api.exports.rules import ExportKind, Source
from api.kit.bulk import is_any
from api.kit.phone import old_spellings
from api.notes.models import Note

CONSENT_ACTIONS = [each.value for each in OF_NUMBERS]


@dataclass(frozen=True)
class Scope:
    """What an export is about."""

    job: Export
    conversations: Sequence[UUID]
    """In order of their ids. Empty for a range."""
    numbers: Sequence[str]
    """The spellings of its number. Empty for a range."""


class Key(NamedTuple):
    """A row to export."""

    source: Source
    after: list[Any]
    """Its place in the order of its source, as JSON."""
    at: datetime
    id: UUID
    size: int
    """Bytes of its text, about."""


async def scope_of(session: AsyncSession, job: Export) -> Scope:
    organization_id = job.organization_id
    if job.kind == ExportKind.RANGE:
        return Scope(job, [], [])
    numbers: list[str] = []
    if job.kind == ExportKind.PHONE_NUMBER:
        number = await session.scalar(
            select(PhoneNumber.number).where(
                PhoneNumber.organization_id == organization_id, PhoneNumber.id == job.phone_number_id
            )
        )
        numbers = [] if number is None else [number, *old_spellings(number)]
        threads = (
            select(Conversation.id)
            .join(
                PhoneNumber,
                (PhoneNumber.organization_id == Conversation.organization_id)
                & (PhoneNumber.id == Conversation.phone_number_id),
            )
            .where(Conversation.organization_id == organization_id, PhoneNumber.number == is_any(numbers, "text"))
            .order_by(Conversation.id)
        )
        return Scope(job, list(await session.scalars(threads)), numbers)
    assert job.conversation_id is not None
    number = await session.scalar(
        select(PhoneNumber.number)
        .join(
            Conversation,
            (Conversation.organization_id == PhoneNumber.organization_id)
            & (Conversation.phone_number_id == PhoneNumber.id),
        )
        .where(Conversation.organization_id == organization_id, Conversation.id == job.conversation_id)
    )
    assert number is not None
    return Scope(job, [job.conversation_id], [number, *old_spellings(number)])


async def keys(
    session: AsyncSession, scope: Scope, source: Source, after: list[Any] | None, *, limit: int
) -> list[Key]:
    """The next rows of a source."""
    if source is Source.MESSAGES and scope.job.kind != ExportKind.RANGE:
        return await _messages_of_conversations(session, scope, after, limit=limit)
    statement, at, row_id = _source(scope, source)
    if after is not None:
        statement = statement.where(tuple_(at, row_id) > tuple_(datetime.fromisoformat(after[0]), UUID(after[1])))
    rows = await session.execute(statement.order_by(at, row_id).limit(limit))
    return [Key(source, [row[0].isoformat(), str(row[1])], row[0], row[1], row[2]) for row in rows]


async def count(session: AsyncSession, scope: Scope, source: Source) -> int:
    statement = _source(scope, source)[0]
    return (await session.execute(select(func.count()).select_from(statement.subquery()))).scalar_one()


async def _messages_of_conversations(
    session: AsyncSession, scope: Scope, after: list[Any] | None, *, limit: int
) -> list[Key]:
    """One conversation after another, each in order of `seq`, which has an index."""
    conversations, seq = list(scope.conversations), 0
    if after is not None:
        conversations, seq = conversations[conversations.index(UUID(after[0])) :], after[1]
    found: list[Key] = []
    for conversation_id in conversations:
        statement = select(Message.created_at, Message.id, func.octet_length(Message.body), Message.seq).where(
            Message.organization_id == scope.job.organization_id,
            Message.conversation_id == conversation_id,
            Message.seq > seq,
            *_within(scope.job, Message.created_at),
        )
        rows = await session.execute(statement.order_by(Message.seq).limit(limit - len(found)))
        found += [Key(Source.MESSAGES, [str(conversation_id), row[3]], row[0], row[1], row[2]) for row in rows]
        if len(found) >= limit:
            break
        seq = 0
    return found


Rows = Select[datetime, UUID, int]
"""(time, id, size)."""


def _source(scope: Scope, source: Source) -> tuple[Rows, SQLColumnExpression[datetime], SQLColumnExpression[UUID]]:
    """The (time, id, size) of a source's rows, and the two columns by which they are in order."""
    match source:
        case Source.MESSAGES:
            return _messages(scope), Message.created_at, Message.id
        case Source.NOTES:
            return _notes(scope), Note.created_at, Note.id
        case Source.AUDIT:
            return _entries(scope), AuditEntry.at, AuditEntry.id
        case Source.CONSENT:
            return _consent_entries(scope), AuditEntry.at, AuditEntry.id
        case Source.SCHEDULED:
            return _scheduled(scope), ScheduledText.created_at, ScheduledText.id


def _messages(scope: Scope) -> Rows:
    job = scope.job
    statement = select(Message.created_at, Message.id, func.octet_length(Message.body)).where(
        Message.organization_id == job.organization_id, *_within(job, Message.created_at)
    )
    if job.kind != ExportKind.RANGE:
        return statement.where(Message.conversation_id == is_any(scope.conversations))
    return statement if job.line_id is None else statement.where(Message.line_id == job.line_id)


def _notes(scope: Scope) -> Rows:
    job = scope.job
    statement = select(Note.created_at, Note.id, func.octet_length(Note.body)).where(
        Note.organization_id == job.organization_id, *_within(job, Note.created_at)
    )
    if job.kind != ExportKind.RANGE:
        return statement.where(Note.conversation_id == is_any(scope.conversations))
    # As the index has it.
    statement = statement.where(Note.erased_at.is_(None))
    return statement if job.line_id is None else statement.where(_is_on_line(job, Note.conversation_id))


def _entries(scope: Scope) -> Rows:
    job = scope.job
    statement = _audit_entries(job)
    if job.kind != ExportKind.RANGE:
        return statement.where(AuditEntry.conversation_id == is_any(scope.conversations))
    if job.line_id is not None:
        return statement.where(_is_on_line(job, AuditEntry.conversation_id))
    return statement.where(
        or_(AuditEntry.conversation_id.is_not(None), AuditEntry.action == is_any(CONSENT_ACTIONS, "text"))
    )


def _consent_entries(scope: Scope) -> Rows:
    return _audit_entries(scope.job).where(
        AuditEntry.phone_number == is_any(scope.numbers, "text"),
        AuditEntry.conversation_id.is_(None),
        AuditEntry.action == is_any(CONSENT_ACTIONS, "text"),
    )


def _audit_entries(job: Export) -> Rows:
    return select(AuditEntry.at, AuditEntry.id, func.octet_length(cast(AuditEntry.details, Text))).where(
        AuditEntry.organization_id == job.organization_id, *_within(job, AuditEntry.at)
    )


def _scheduled(scope: Scope) -> Rows:
    job = scope.job
    statement = select(ScheduledText.created_at, ScheduledText.id, func.octet_length(ScheduledText.body)).where(
        ScheduledText.organization_id == job.organization_id, *_within(job, ScheduledText.created_at)
    )
    if job.kind != ExportKind.RANGE:
        return statement.where(ScheduledText.conversation_id == is_any(scope.conversations))
    return statement if job.line_id is None else statement.where(_is_on_line(job, ScheduledText.conversation_id))


def _within(job: Export, at: SQLColumnExpression[datetime]) -> list[ColumnElement[bool]]:
    return [*([at >= job.since] if job.since else []), *([at < job.until] if job.until else [])]


def _is_on_line(
    job: Export, conversation_id: SQLColumnExpression[UUID] | SQLColumnExpression[UUID | None]
) -> ColumnElement[bool]:
    return exists().where(
        Conversation.organization_id == job.organization_id,
        Conversation.id == conversation_id,
        Conversation.line_id == job.line_id,
    )


async def audit_entries(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> dict[UUID, AuditEntry]:
    rows = await session.scalars(
        select(AuditEntry).where(AuditEntry.organization_id == organization_id, AuditEntry.id == is_any(ids))
    )
    return {row.id: row for row in rows}
