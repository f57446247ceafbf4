"""SQL of the journal of inbound events."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal_column, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from api.conversations.models import Message
from api.inbound.models import InboundAttempt, InboundEvent
from api.inbound.rules import EventSource, EventState
from api.kit.bulk import is_any
from api.kit.ids import first_id_at, new_id
from api.providers.port import WebhookEvent

WRITE_SECONDS = 10.0
"""How long one write to the journal may take; providers wait no longer than 15 s for their answer."""


class JournalRow(NamedTuple):
    """A webhook event on its way into the journal."""

    organization_id: UUID
    line_id: UUID
    provider: str
    event: WebhookEvent
    message_ref: UUID | None
    source: EventSource = EventSource.WEBHOOK


ADD_TO_JOURNAL = (
    "INSERT INTO inbound_events"
    " (organization_id, id, line_id, provider, event_id, kind, phone_number, content_type, body, message_ref, source)"
    " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],"
    " $8::text[], $9::bytea[], $10::uuid[], $11::text[])"
    " ON CONFLICT (organization_id, provider, event_id) DO NOTHING"
)
"""Every row in one statement; one that is there already stays as it is (RECV-ONCE). Takes `_columns`."""


def _columns(rows: Sequence[JournalRow]) -> list[list[Any]]:
    """Ids in the order of arrival; rows in that of their key, so that no two writers wait for each other."""
    numbered = sorted(((row, new_id()) for row in rows), key=_key)
    return [
        [row.organization_id for row, _ in numbered],
        [id for _, id in numbered],
        [row.line_id for row, _ in numbered],
        [row.provider for row, _ in numbered],
        [row.event.event_id for row, _ in numbered],
        [row.event.kind.value for row, _ in numbered],
        [row.event.phone_number for row, _ in numbered],
        [row.event.content_type for row, _ in numbered],
        [row.event.body for row, _ in numbered],
        [row.message_ref for row, _ in numbered],
        [row.source.value for row, _ in numbered],
    ]


def _key(numbered: tuple[JournalRow, UUID]) -> tuple[str, str, UUID]:
    row, _ = numbered
    return row.event.event_id, row.provider, row.organization_id


async def add_to_journal(session: AsyncSession, rows: Sequence[JournalRow]) -> int:
    """In the session's transaction. Returns how many are new."""
    connection = await session.connection()
    return len((await connection.exec_driver_sql(f"{ADD_TO_JOURNAL} RETURNING id", tuple(_columns(rows)))).all())


async def add_to_journal_at_once(connection: "asyncpg.Connection[Any]", rows: Sequence[JournalRow]) -> None:
    """In a transaction of its own, which is committed, and durable, when this returns. Raises what asyncpg raises."""
    await connection.execute(ADD_TO_JOURNAL, *_columns(rows), timeout=WRITE_SECONDS)


async def add_due_later(
    session: AsyncSession, organization_id: UUID, *, line_id: UUID, provider: str, event: WebhookEvent, due_at: datetime
) -> None:
    """Add an event that counts as received at `due_at`. One that is there already stays as it is (RECV-ONCE)."""
    await session.execute(
        insert(InboundEvent)
        .values(
            organization_id=organization_id,
            id=new_id(),
            line_id=line_id,
            provider=provider,
            event_id=event.event_id,
            kind=event.kind.value,
            phone_number=event.phone_number,
            content_type=event.content_type,
            body=event.body,
            message_ref=event.message_ref,
            due_at=due_at,
            received_at=due_at,
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "provider", "event_id"])
    )


async def organizations_with_due_events(session: AsyncSession) -> list[UUID]:
    """Organizations with an unfinished attempt come last: if their event hangs the process, the others are done."""
    found = (
        select(InboundEvent.organization_id)
        .where(InboundEvent.state == "pending", InboundEvent.due_at <= func.clock_timestamp())
        .distinct()
        .subquery()
    )
    unfinished = select(InboundAttempt.id).where(InboundAttempt.organization_id == found.c.organization_id).exists()
    return list(await session.scalars(select(found.c.organization_id).order_by(unfinished)))


async def try_lock_application(session: AsyncSession, organization_id: UUID) -> bool:
    """Take the organization's lock until the transaction ends; false if another process has it.

    One process at a time applies an organization's journal, so order is kept per (line, number).
    """
    key = int.from_bytes(organization_id.bytes[8:], signed=True)
    taken: bool = (await session.execute(select(func.pg_try_advisory_xact_lock(key)))).scalar_one()
    return taken


class DueEvent(NamedTuple):
    """A pending inbound event, as far as applying it needs."""

    id: UUID
    line_id: UUID
    provider: str
    kind: str
    phone_number: str | None
    body: bytes | None
    source: str
    message_ref: UUID | None
    attempts: int


def due_columns() -> Select[*tuple[Any, ...]]:
    """The columns of a `DueEvent`."""
    return select(
        InboundEvent.id,
        InboundEvent.line_id,
        InboundEvent.provider,
        InboundEvent.kind,
        InboundEvent.phone_number,
        InboundEvent.body,
        InboundEvent.source,
        InboundEvent.message_ref,
        InboundEvent.attempts,
    )


def due(organization_id: UUID) -> Select[*tuple[Any, ...]]:
    return due_columns().where(
        InboundEvent.organization_id == organization_id,
        InboundEvent.state == "pending",
        InboundEvent.due_at <= func.clock_timestamp(),
    )


async def due_events(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[DueEvent]:
    """The oldest due events, in the order of arrival."""
    rows = await session.execute(due(organization_id).order_by(InboundEvent.id).limit(limit))
    return [DueEvent(*row) for row in rows]


MARK_APPLIED = text(
    "UPDATE inbound_events SET state = 'applied', applied_at = now(), error = NULL"
    " WHERE organization_id = :organization_id AND id = ANY(CAST(:event_ids AS uuid[])) AND state = 'pending'"
    " RETURNING id"
)


async def mark_applied(session: AsyncSession, organization_id: UUID, event_ids: Sequence[UUID]) -> int:
    """Mark the pending ones of these events as applied. Returns how many they are."""
    given = {"organization_id": organization_id, "event_ids": list(event_ids)}
    return len((await session.execute(MARK_APPLIED, given)).all())


async def mark_failed(
    session: AsyncSession,
    organization_id: UUID,
    event_id: UUID,
    *,
    error: str,
    attempts: int,
    retry_at: datetime | None,
) -> None:
    """Retry the pending event at `retry_at`, or quarantine it if that is None."""
    values: dict[str, object] = {"error": error, "attempts": attempts}
    if retry_at is None:
        values["state"] = "quarantined"
    else:
        values["due_at"] = retry_at
    await session.execute(
        update(InboundEvent)
        .where(
            InboundEvent.organization_id == organization_id,
            InboundEvent.id == event_id,
            InboundEvent.state == "pending",
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def known_provider_ids(
    session: AsyncSession, organization_id: UUID, *, line_ids: Sequence[UUID], provider_ids: Sequence[str]
) -> set[tuple[UUID, str]]:
    """Those of these messages that are stored already."""
    rows = await session.execute(
        select(Message.line_id, Message.provider_message_id).where(
            Message.organization_id == organization_id,
            Message.line_id == is_any(line_ids),
            Message.provider_message_id == is_any(provider_ids, "text"),
        )
    )
    return {(row[0], row[1]) for row in rows if row[1] is not None}


async def messages_reported_on(
    session: AsyncSession, organization_id: UUID, *, refs: Collection[UUID], provider_ids: Collection[str]
) -> Sequence[Message]:
    """Outgoing messages by our id or by the provider's."""
    return (
        await session.scalars(
            select(Message).where(
                Message.organization_id == organization_id,
                Message.direction == "outbound",
                or_(Message.id == is_any(refs), Message.provider_message_id == is_any(provider_ids, "text")),
            )
        )
    ).all()


async def messages_by_ids(
    session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]
) -> dict[UUID, Message]:
    """As they are stored now, whatever the session has loaded before."""
    rows = await session.scalars(
        select(Message)
        .where(Message.organization_id == organization_id, Message.id == is_any(message_ids))
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


class EventFilter(NamedTuple):
    """Filters of a list of events. `since` is inclusive, `until` exclusive."""

    state: EventState | None = None
    line_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


CLOCK_SKEW = timedelta(hours=1)
"""How far an id's time, from a process's clock, may be from `received_at`, from the database's."""


async def events(
    session: AsyncSession, organization_id: UUID, wanted: EventFilter, *, before: UUID | None, limit: int
) -> Sequence[InboundEvent]:
    """Newest first, without their raw content."""
    statement = _without_raw().where(InboundEvent.organization_id == organization_id)
    if wanted.state is not None:
        statement = statement.where(InboundEvent.state == literal_column(f"'{wanted.state.value}'"))
    if wanted.line_id is not None:
        statement = statement.where(InboundEvent.line_id == wanted.line_id)
    # Ids rise with time, so they bound what is read of a large journal.
    if wanted.since is not None:
        statement = statement.where(
            InboundEvent.received_at >= wanted.since, InboundEvent.id >= first_id_at(wanted.since - CLOCK_SKEW)
        )
    if wanted.until is not None:
        statement = statement.where(
            InboundEvent.received_at < wanted.until, InboundEvent.id < first_id_at(wanted.until + CLOCK_SKEW)
        )
    if before is not None:
        statement = statement.where(InboundEvent.id < before)
    return (await session.scalars(statement.order_by(InboundEvent.id.desc()).limit(limit))).all()


def _without_raw() -> Select[InboundEvent]:
    return select(InboundEvent).options(defer(InboundEvent.body, raiseload=True))


async def event(session: AsyncSession, organization_id: UUID, event_id: UUID) -> InboundEvent | None:
    return (
        await session.scalars(
            select(InboundEvent)
            .where(InboundEvent.organization_id == organization_id, InboundEvent.id == event_id)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()


async def event_of_provider(session: AsyncSession, organization_id: UUID, provider: str, event_id: str) -> UUID:
    """Our id of an event that is stored, by the provider's."""
    return (
        await session.execute(
            select(InboundEvent.id).where(
                InboundEvent.organization_id == organization_id,
                InboundEvent.provider == provider,
                InboundEvent.event_id == event_id,
            )
        )
    ).scalar_one()


async def lock_quarantined(
    session: AsyncSession, organization_id: UUID, *, event_id: UUID | None = None, after: UUID | None = None, limit: int
) -> Sequence[InboundEvent]:
    """The quarantined event `event_id`, or the oldest with ids above `after`; locked, without raw content."""
    statement = _without_raw().where(
        InboundEvent.organization_id == organization_id, InboundEvent.state == literal_column("'quarantined'")
    )
    if event_id is not None:
        statement = statement.where(InboundEvent.id == event_id)
    if after is not None:
        statement = statement.where(InboundEvent.id > after)
    return (await session.scalars(statement.order_by(InboundEvent.id).limit(limit).with_for_update())).all()


async def release(session: AsyncSession, organization_id: UUID, event_ids: Sequence[UUID], *, due_at: datetime) -> None:
    """Release the events from quarantine, with all their attempts before them."""
    await session.execute(
        update(InboundEvent)
        .where(InboundEvent.organization_id == organization_id, InboundEvent.id.in_(event_ids))
        .values(state="pending", attempts=0, error=None, due_at=due_at)
        .execution_options(synchronize_session=False)
    )


class JournalFigures(NamedTuple):
    quarantined: int
    pending: int
    oldest_pending_at: datetime | None
    """When the event that has waited longest was received."""
    missed: int
    """Found by a backfill, ever or since a moment."""


async def journal_figures(
    session: AsyncSession, *, organization_id: UUID | None, missed_since: datetime | None = None
) -> JournalFigures:
    """Figures of one organization or, for the operator's metrics, of all, from small partial indexes."""

    def counted(*conditions: ColumnElement[bool], value: ColumnElement[Any] | None = None) -> ScalarSelect[Any]:
        statement = select(func.count() if value is None else value).select_from(InboundEvent).where(*conditions)
        if organization_id is not None:
            statement = statement.where(InboundEvent.organization_id == organization_id)
        return statement.scalar_subquery()

    pending = InboundEvent.state == literal_column("'pending'")
    missed = [InboundEvent.source == literal_column("'reconciliation'")]
    if missed_since is not None:
        missed += [InboundEvent.received_at >= missed_since, InboundEvent.id >= first_id_at(missed_since - CLOCK_SKEW)]
    row = (
        await session.execute(
            select(
                counted(InboundEvent.state == literal_column("'quarantined'")),
                counted(pending),
                counted(pending, value=func.min(InboundEvent.received_at)),
                counted(*missed),
            )
        )
    ).one()
    return JournalFigures(*row)


async def forget_raw(session: AsyncSession, organization_id: UUID, *, before: datetime, limit: int) -> int:
    """Empty the raw content of the oldest applied events received before `before`. Returns how many."""
    oldest = (
        select(InboundEvent.id)
        .where(
            InboundEvent.organization_id == organization_id,
            InboundEvent.state == literal_column("'applied'"),
            InboundEvent.body.is_not(None),
            InboundEvent.id < first_id_at(before + CLOCK_SKEW),
            InboundEvent.received_at < before,
        )
        .order_by(InboundEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    emptied = await session.execute(
        update(InboundEvent)
        .where(InboundEvent.organization_id == organization_id, InboundEvent.id.in_(oldest.scalar_subquery()))
        .values(body=None)
        .returning(InboundEvent.id)
        .execution_options(synchronize_session=False)
    )
    return len(emptied.all())
