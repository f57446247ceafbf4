"""SQL of the inbound room."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from api.conversations.models import Message
from api.inbound.models import InboundAttempt, InboundEvent
from api.inbound.rules import EventSource, EventState
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


async def organizations_with_due_events(session: AsyncSession) -> list[UUID]:
    """Those with an unfinished attempt come last: if one of their events hangs the process, the others are done."""
    found = (
        select(InboundEvent.organization_id)
        .where(InboundEvent.state == "pending", InboundEvent.due_at <= func.clock_timestamp())
        .distinct()
        .subquery()
    )
    unfinished = select(InboundAttempt.id).where(InboundAttempt.organization_id == found.c.organization_id).exists()
    return list(await session.scalars(select(found.c.organization_id).order_by(unfinished)))


def application_lock(organization_id: UUID) -> ColumnElement[bool]:
    """Takes the organization's lock until the transaction ends; false where another transaction has it."""
    key = int.from_bytes(organization_id.bytes[8:], signed=True)
    return func.pg_try_advisory_xact_lock(key)


async def try_lock_application(session: AsyncSession, organization_id: UUID) -> bool:
    """One process at a time applies an organization's journal, so order is kept per (line, number)."""
    taken: bool = (await session.execute(select(application_lock(organization_id)))).scalar_one()
    return taken


def due(organization_id: UUID) -> Select[InboundEvent]:
    return select(InboundEvent).where(
        InboundEvent.organization_id == organization_id,
        InboundEvent.state == "pending",
        InboundEvent.due_at <= func.clock_timestamp(),
    )


async def due_events(session: AsyncSession, organization_id: UUID, *, limit: int) -> Sequence[InboundEvent]:
    """In the order of arrival."""
    return (await session.scalars(due(organization_id).order_by(InboundEvent.id).limit(limit))).all()


async def still_due(session: AsyncSession, organization_id: UUID, event_ids: Sequence[UUID]) -> Sequence[InboundEvent]:
    """Those of these events that nobody has applied or deferred, in the order of arrival."""
    return (
        await session.scalars(due(organization_id).where(InboundEvent.id.in_(event_ids)).order_by(InboundEvent.id))
    ).all()


async def mark_applied(
    session: AsyncSession, organization_id: UUID, event_ids: Sequence[UUID], *, at: datetime
) -> None:
    await session.execute(
        update(InboundEvent)
        .where(InboundEvent.organization_id == organization_id, InboundEvent.id.in_(event_ids))
        .values(state="applied", applied_at=at, error=None)
        .execution_options(synchronize_session=False)
    )


async def mark_failed(
    session: AsyncSession,
    organization_id: UUID,
    event_id: UUID,
    *,
    error: str,
    attempts: int,
    retry_at: datetime | None,
) -> None:
    """Try again at `retry_at`, or, where that is None, put it in quarantine."""
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
    """Of these messages, those that are stored already."""
    rows = await session.execute(
        select(Message.line_id, Message.provider_message_id).where(
            Message.organization_id == organization_id,
            Message.line_id.in_(line_ids),
            Message.provider_message_id.in_(provider_ids),
        )
    )
    return {(row[0], row[1]) for row in rows if row[1] is not None}


async def messages_reported_on(
    session: AsyncSession, organization_id: UUID, *, refs: Sequence[UUID], provider_ids: Sequence[str]
) -> Sequence[Message]:
    """Outgoing messages by our id or by the provider's."""
    return (
        await session.scalars(
            select(Message)
            .where(
                Message.organization_id == organization_id,
                Message.direction == "outbound",
                or_(Message.id.in_(refs), Message.provider_message_id.in_(provider_ids)),
            )
            .execution_options(populate_existing=True)
        )
    ).all()


class EventFilter(NamedTuple):
    """What a list of events is narrowed to. `since` is part of the span, `until` is not."""

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


async def lock_quarantined(
    session: AsyncSession, organization_id: UUID, *, event_id: UUID | None = None, after: UUID | None = None, limit: int
) -> Sequence[InboundEvent]:
    """That one, or the oldest after `after`; locked, without their raw content."""
    statement = _without_raw().where(
        InboundEvent.organization_id == organization_id, InboundEvent.state == literal_column("'quarantined'")
    )
    if event_id is not None:
        statement = statement.where(InboundEvent.id == event_id)
    if after is not None:
        statement = statement.where(InboundEvent.id > after)
    return (await session.scalars(statement.order_by(InboundEvent.id).limit(limit).with_for_update())).all()


async def release(session: AsyncSession, organization_id: UUID, event_ids: Sequence[UUID], *, due_at: datetime) -> None:
    """Out of quarantine, with every try before them."""
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
    """Found by comparison with the provider's list, ever or since a moment."""


async def journal_figures(
    session: AsyncSession, *, organization_id: UUID | None, missed_since: datetime | None = None
) -> JournalFigures:
    """Of one organization, or, for the operator's metrics, of all. Read from small partial indexes."""

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
