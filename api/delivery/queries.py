"""SQL of the outbox and of heartbeats."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, delete, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import Conversation, Message, OutboxEntry
from api.delivery.claim_queries import Candidate
from api.delivery.hold_queries import is_not_held
from api.delivery.models import WorkerHeartbeat
from api.kit.bulk import is_any
from api.kit.process import PROCESS_ID

# Written into the statements: `ix_outbox_claimed` is partial.
_IS_SENDING = OutboxEntry.state == literal_column("'sending'")
_IS_UNKNOWN = OutboxEntry.state == literal_column("'unknown'")


def _outbox(organization_id: UUID) -> Select[UUID, UUID, UUID, UUID]:
    """An organization's outbox, as the columns of a `Candidate`."""
    return (
        select(OutboxEntry.id, OutboxEntry.conversation_id, Conversation.phone_number_id, OutboxEntry.line_id)
        .join(
            Conversation,
            (Conversation.organization_id == OutboxEntry.organization_id)
            & (Conversation.id == OutboxEntry.conversation_id),
        )
        .where(OutboxEntry.organization_id == organization_id)
    )


async def count_outbox(session: AsyncSession, organization_id: UUID, *, up_to: int) -> dict[str, int]:
    """How many entries are in each state. Each count stops at `up_to`."""

    def counted(state: str) -> ScalarSelect[int]:
        entries = (
            select(literal(1))
            .select_from(OutboxEntry)
            .where(OutboxEntry.organization_id == organization_id, OutboxEntry.state == state)
            .limit(up_to)
        )
        return select(func.count()).select_from(entries.subquery()).scalar_subquery()

    states = ("queued", "sending", "unknown")
    row = (await session.execute(select(*(counted(state) for state in states)))).one()
    return dict(zip(states, row, strict=True))


async def oldest_waiting_at(session: AsyncSession, organization_id: UUID) -> datetime | None:
    """When the queued message that has waited longest was accepted. Ids are in that order."""
    oldest = (
        select(OutboxEntry.id)
        .where(OutboxEntry.organization_id == organization_id, OutboxEntry.state == "queued")
        .order_by(OutboxEntry.id)
        .limit(1)
        .scalar_subquery()
    )
    return await session.scalar(
        select(Message.created_at).where(Message.organization_id == organization_id, Message.id == oldest)
    )


async def lock_queued(
    session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]
) -> Sequence[OutboxEntry]:
    """Lock the entries among these that are still queued and due, in the order of ids.

    Skips those that another worker is claiming.
    """
    return (
        await session.scalars(
            select(OutboxEntry)
            .where(
                OutboxEntry.organization_id == organization_id,
                OutboxEntry.id == is_any(message_ids),
                OutboxEntry.state == "queued",
                OutboxEntry.due_at <= func.clock_timestamp(),
            )
            .order_by(OutboxEntry.id)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
    ).all()


async def messages(session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]) -> dict[UUID, Message]:
    rows = await session.scalars(
        select(Message)
        .where(Message.organization_id == organization_id, Message.id == is_any(message_ids))
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def lock_entries(
    session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]
) -> dict[UUID, OutboxEntry]:
    """Lock these messages' entries, whatever their state, in the order of ids. Settled messages have none."""
    rows = await session.scalars(
        select(OutboxEntry)
        .where(OutboxEntry.organization_id == organization_id, OutboxEntry.id == is_any(message_ids))
        .order_by(OutboxEntry.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def expired_leases(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[Candidate]:
    """Claimed messages whose lease has expired. Not locked yet."""
    rows = await session.execute(
        _outbox(organization_id)
        .where(_IS_SENDING, OutboxEntry.due_at <= func.statement_timestamp())
        .order_by(OutboxEntry.due_at)
        .limit(limit)
    )
    return [Candidate(*row) for row in rows]


async def due_unknown(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[Candidate]:
    """Unknown outcomes that are due for reconciliation. None while a hold waits for its backfill. Not locked yet."""
    rows = await session.execute(
        _outbox(organization_id)
        .where(
            _IS_UNKNOWN,
            OutboxEntry.due_at <= func.statement_timestamp(),
            is_not_held(organization_id, until_backfilled=True),
        )
        .order_by(OutboxEntry.due_at)
        .limit(limit)
    )
    return [Candidate(*row) for row in rows]


async def lock_unknown(
    session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]
) -> Sequence[OutboxEntry]:
    """Lock the entries among these that are still unknown and due. Skips those that another worker is reconciling."""
    return (
        await session.scalars(
            select(OutboxEntry)
            .where(
                OutboxEntry.organization_id == organization_id,
                OutboxEntry.id == is_any(message_ids),
                OutboxEntry.state == "unknown",
                OutboxEntry.due_at <= func.clock_timestamp(),
            )
            .order_by(OutboxEntry.due_at)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
    ).all()


async def last_outgoing_seqs(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> dict[UUID, int]:
    """The `seq` of each conversation's last outgoing message, sent or not."""
    rows = await session.execute(
        select(Message.conversation_id, func.max(Message.seq))
        .where(
            Message.organization_id == organization_id,
            Message.conversation_id == is_any(conversation_ids),
            Message.direction == "outbound",
        )
        .group_by(Message.conversation_id)
    )
    return {row[0]: row[1] for row in rows}


async def unknown_duplicates(session: AsyncSession, message: Message, phone_number_id: UUID) -> list[datetime]:
    """When the other messages with this body to this number and no outcome yet were claimed, in order."""
    rows = await session.scalars(
        select(OutboxEntry.claimed_at)
        .join(
            Message,
            (Message.organization_id == OutboxEntry.organization_id) & (Message.id == OutboxEntry.id),
        )
        .join(
            Conversation,
            (Conversation.organization_id == OutboxEntry.organization_id)
            & (Conversation.id == OutboxEntry.conversation_id),
        )
        .where(
            OutboxEntry.organization_id == message.organization_id,
            OutboxEntry.state != literal_column("'queued'"),
            OutboxEntry.id != message.id,
            OutboxEntry.claimed_at.is_not(None),
            Conversation.phone_number_id == phone_number_id,
            Message.body == message.body,
            Message.provider_message_id.is_(None),
        )
        .order_by(OutboxEntry.claimed_at)
    )
    return [row for row in rows if row is not None]


async def provider_ids_since(
    session: AsyncSession, organization_id: UUID, phone_number_id: UUID, *, since: datetime
) -> set[str]:
    """The provider's ids of messages to this number, of any line, that were sent since then."""
    rows = await session.scalars(
        select(Message.provider_message_id)
        .join(
            Conversation,
            (Conversation.organization_id == Message.organization_id) & (Conversation.id == Message.conversation_id),
        )
        .where(
            Message.organization_id == organization_id,
            Conversation.phone_number_id == phone_number_id,
            Message.provider_message_id.is_not(None),
            or_(Message.sent_at.is_(None), Message.sent_at >= since),
        )
    )
    return {row for row in rows if row is not None}


async def message_with_provider_id(
    session: AsyncSession, organization_id: UUID, line_id: UUID, provider_message_id: str
) -> UUID | None:
    return (
        await session.scalars(
            select(Message.id).where(
                Message.organization_id == organization_id,
                Message.line_id == line_id,
                Message.provider_message_id == provider_message_id,
            )
        )
    ).one_or_none()


async def beat(session: AsyncSession) -> None:
    """Record that this process's outbox loop has turned now."""
    at = func.clock_timestamp()
    row = insert(WorkerHeartbeat).values(id=PROCESS_ID, beat_at=at)
    await session.execute(row.on_conflict_do_update(index_elements=[WorkerHeartbeat.id], set_={"beat_at": at}))


class LastHeartbeat(NamedTuple):
    beat_at: datetime
    age: timedelta


async def last_heartbeat(session: AsyncSession) -> LastHeartbeat | None:
    """The latest heartbeat of any worker. None if there is none."""
    newest = select(func.max(WorkerHeartbeat.beat_at).label("beat_at")).subquery()
    row = (await session.execute(select(newest.c.beat_at, func.clock_timestamp() - newest.c.beat_at))).one()
    return None if row[0] is None else LastHeartbeat(*row)


async def count_workers(session: AsyncSession, *, within: timedelta) -> int:
    """Workers whose latest heartbeat is not older than this."""
    alive = select(func.count()).where(WorkerHeartbeat.beat_at >= func.clock_timestamp() - within)
    return (await session.execute(alive)).scalar_one()


async def count_states(session: AsyncSession) -> dict[str, int]:
    """The entries of every organization's outbox, by state."""
    rows = await session.execute(select(OutboxEntry.state, func.count()).group_by(OutboxEntry.state))
    return {row[0]: row[1] for row in rows}


async def heartbeats(session: AsyncSession, *, since: timedelta, limit: int) -> list[tuple[WorkerHeartbeat, timedelta]]:
    """The heartbeat of each worker and its age, the latest first. None older than `since`."""
    age = func.clock_timestamp() - WorkerHeartbeat.beat_at
    rows = await session.execute(
        select(WorkerHeartbeat, age)
        .where(WorkerHeartbeat.beat_at >= func.now() - since)
        .order_by(WorkerHeartbeat.beat_at.desc(), WorkerHeartbeat.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def delete_heartbeats(session: AsyncSession, *, older_than: timedelta) -> None:
    await session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.beat_at < func.now() - older_than))
