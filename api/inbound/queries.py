"""SQL of the inbound room."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.inbound.models import InboundEvent
from api.kit.ids import new_id
from api.messages.models import Message, OutboxEntry
from api.providers.port import WebhookEvent


class JournalRow(NamedTuple):
    """A webhook event on its way into the journal."""

    organization_id: UUID
    line_id: UUID
    provider: str
    event: WebhookEvent
    message_ref: UUID | None


async def add_to_journal(session: AsyncSession, rows: Sequence[JournalRow]) -> None:
    """Every row in one statement; one that is there already stays as it is (RECV-ONCE)."""
    await session.execute(
        text(
            "INSERT INTO inbound_events"
            " (organization_id, id, line_id, provider, event_id, kind, phone_number, content_type, body, message_ref)"
            " SELECT * FROM unnest(CAST(:organization_ids AS uuid[]), CAST(:ids AS uuid[]),"
            " CAST(:line_ids AS uuid[]), CAST(:providers AS text[]), CAST(:event_ids AS text[]),"
            " CAST(:kinds AS text[]), CAST(:phone_numbers AS text[]), CAST(:content_types AS text[]),"
            " CAST(:bodies AS bytea[]), CAST(:message_refs AS uuid[]))"
            " ON CONFLICT (organization_id, provider, event_id) DO NOTHING"
        ),
        {
            "organization_ids": [row.organization_id for row in rows],
            "ids": [new_id() for _ in rows],
            "line_ids": [row.line_id for row in rows],
            "providers": [row.provider for row in rows],
            "event_ids": [row.event.event_id for row in rows],
            "kinds": [row.event.kind.value for row in rows],
            "phone_numbers": [row.event.phone_number for row in rows],
            "content_types": [row.event.content_type for row in rows],
            "bodies": [row.event.body for row in rows],
            "message_refs": [row.message_ref for row in rows],
        },
    )


async def organizations_with_due_events(session: AsyncSession) -> list[UUID]:
    return list(
        await session.scalars(
            select(InboundEvent.organization_id)
            .where(InboundEvent.state == "pending", InboundEvent.due_at <= func.clock_timestamp())
            .distinct()
        )
    )


async def try_lock_application(session: AsyncSession, organization_id: UUID) -> bool:
    """One process at a time applies an organization's journal, so order is kept per (line, number)."""
    key = int.from_bytes(organization_id.bytes[8:], signed=True)
    taken: bool = (await session.execute(select(func.pg_try_advisory_xact_lock(key)))).scalar_one()
    return taken


async def due_events(session: AsyncSession, organization_id: UUID, *, limit: int) -> Sequence[InboundEvent]:
    """In the order of arrival."""
    return (
        await session.scalars(
            select(InboundEvent)
            .where(
                InboundEvent.organization_id == organization_id,
                InboundEvent.state == "pending",
                InboundEvent.due_at <= func.clock_timestamp(),
            )
            .order_by(InboundEvent.id)
            .limit(limit)
        )
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
        .where(InboundEvent.organization_id == organization_id, InboundEvent.id == event_id)
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


async def settle_unknown(session: AsyncSession, organization_id: UUID, message_ids: Sequence[UUID]) -> None:
    """The provider has reported on these, so their outcome is known: they leave the outbox."""
    await session.execute(
        OutboxEntry.__table__.delete().where(  # type: ignore[attr-defined]  # A Table, typed as FromClause.
            OutboxEntry.organization_id == organization_id,
            OutboxEntry.id.in_(message_ids),
            OutboxEntry.state == "unknown",
        )
    )
