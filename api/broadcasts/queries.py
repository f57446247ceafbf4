"""SQL of mass texts and their recipients."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.broadcasts.models import Broadcast, BroadcastRecipient
from api.broadcasts.rules import ENDED, UNFINISHED, BroadcastState, RecipientState
from api.conversations.models import Message
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.directory.rules import OwnerKind
from api.kit.bulk import is_any, update_together

QUIET = {"synchronize_session": False}


# Mass texts.


async def broadcast(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> Broadcast | None:
    return await session.scalar(
        select(Broadcast)
        .where(Broadcast.organization_id == organization_id, Broadcast.id == broadcast_id)
        .execution_options(populate_existing=True)
    )


async def lock_broadcast(
    session: AsyncSession, organization_id: UUID, broadcast_id: UUID, *, skip_locked: bool = False
) -> Broadcast | None:
    """None if there is none or, with `skip_locked`, if another process has it."""
    return await session.scalar(
        select(Broadcast)
        .where(Broadcast.organization_id == organization_id, Broadcast.id == broadcast_id)
        .with_for_update(key_share=True, skip_locked=skip_locked)
        .execution_options(populate_existing=True)
    )


async def broadcasts(
    session: AsyncSession,
    organization_id: UUID,
    *,
    states: Sequence[BroadcastState],
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Broadcast]:
    """The newest first. Without states: of every state."""
    statement = select(Broadcast).where(Broadcast.organization_id == organization_id)
    if states:
        statement = statement.where(Broadcast.state == is_any([each.value for each in states], "text"))
    if before is not None:
        statement = statement.where(tuple_(Broadcast.created_at, Broadcast.id) < tuple_(*before))
    ordered = statement.order_by(Broadcast.created_at.desc(), Broadcast.id.desc())
    return (await session.scalars(ordered.limit(limit))).all()


async def count_unended(session: AsyncSession, organization_id: UUID, *, up_to: int) -> int:
    some = (
        select(literal(1))
        .select_from(Broadcast)
        .where(
            Broadcast.organization_id == organization_id,
            Broadcast.state.not_in([each.value for each in ENDED]),
        )
        .limit(up_to)
    )
    return (await session.execute(select(func.count()).select_from(some.subquery()))).scalar_one()


async def retry_of(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> UUID | None:
    """The mass text that goes to those whom this one did not reach."""
    return await session.scalar(
        select(Broadcast.id).where(
            Broadcast.organization_id == organization_id,
            Broadcast.retry_of_broadcast_id == broadcast_id,
            Broadcast.state != BroadcastState.CANCELLED.value,
        )
    )


class Active(NamedTuple):
    organization_id: UUID
    broadcast_id: UUID


async def active(session: AsyncSession) -> list[Active]:
    """The mass texts that workers have something to do for, of every organization, the oldest first."""
    is_due = or_(Broadcast.state != BroadcastState.SCHEDULED.value, Broadcast.send_at <= func.now())
    rows = await session.execute(
        select(Broadcast.organization_id, Broadcast.id)
        .where(Broadcast.is_active, Broadcast.state != BroadcastState.PAUSED.value, is_due)
        .order_by(Broadcast.id)
    )
    return [Active(*row) for row in rows]


# Recipients.


async def remove_recipients(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> None:
    """Of a mass text of which nothing was queued yet."""
    await session.execute(
        delete(BroadcastRecipient)
        .where(BroadcastRecipient.organization_id == organization_id, BroadcastRecipient.broadcast_id == broadcast_id)
        .execution_options(**QUIET)
    )


class Count(NamedTuple):
    state: str
    reason: str | None
    recipients: int


async def counts(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> list[Count]:
    rows = await session.execute(
        select(BroadcastRecipient.state, BroadcastRecipient.reason, func.count())
        .where(BroadcastRecipient.organization_id == organization_id, BroadcastRecipient.broadcast_id == broadcast_id)
        .group_by(BroadcastRecipient.state, BroadcastRecipient.reason)
    )
    return [Count(*row) for row in rows]


async def is_unfinished(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> bool:
    found = await session.scalar(
        select(literal(True))
        .where(
            BroadcastRecipient.organization_id == organization_id,
            BroadcastRecipient.broadcast_id == broadcast_id,
            BroadcastRecipient.state.in_([each.value for each in UNFINISHED]),
        )
        .limit(1)
    )
    return found is not None


async def count_in_outbox(session: AsyncSession, organization_id: UUID, broadcast_id: UUID, *, up_to: int) -> int:
    some = (
        select(literal(1))
        .select_from(BroadcastRecipient)
        .where(
            BroadcastRecipient.organization_id == organization_id,
            BroadcastRecipient.broadcast_id == broadcast_id,
            BroadcastRecipient.state.in_([RecipientState.QUEUED.value, RecipientState.SENDING.value]),
        )
        .limit(up_to)
    )
    return (await session.execute(select(func.count()).select_from(some.subquery()))).scalar_one()


async def due_recipients(
    session: AsyncSession, organization_id: UUID, broadcast_id: UUID, *, at: datetime, limit: int
) -> Sequence[BroadcastRecipient]:
    """Those that wait and are due. The lock of the mass text keeps others from them."""
    return (
        await session.scalars(
            select(BroadcastRecipient)
            .where(
                BroadcastRecipient.organization_id == organization_id,
                BroadcastRecipient.broadcast_id == broadcast_id,
                BroadcastRecipient.state == RecipientState.WAITING.value,
                BroadcastRecipient.due_at <= at,
            )
            .order_by(BroadcastRecipient.due_at, BroadcastRecipient.id)
            .limit(limit)
            .execution_options(populate_existing=True)
        )
    ).all()


async def next_due(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> datetime | None:
    """When the first of those that wait is due. None if none waits."""
    return await session.scalar(
        select(BroadcastRecipient.due_at)
        .where(
            BroadcastRecipient.organization_id == organization_id,
            BroadcastRecipient.broadcast_id == broadcast_id,
            BroadcastRecipient.state == RecipientState.WAITING.value,
        )
        .order_by(BroadcastRecipient.due_at)
        .limit(1)
    )


async def moved(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Of these recipients, those whose number is no longer on the living record through which it was in the audience.

    A number that was given by itself came through no record, and stays.
    """
    row = BroadcastRecipient
    of_family = exists().where(
        Family.organization_id == row.organization_id,
        Family.id == row.owner_id,
        Family.archived_at.is_(None),
        Contact.organization_id == row.organization_id,
        Contact.family_id == Family.id,
        PhoneRecord.organization_id == row.organization_id,
        PhoneRecord.contact_id == Contact.id,
        PhoneRecord.phone_number_id == row.phone_number_id,
    )
    of_staff = exists().where(
        StaffMember.organization_id == row.organization_id,
        StaffMember.id == row.owner_id,
        StaffMember.archived_at.is_(None),
        PhoneRecord.organization_id == row.organization_id,
        PhoneRecord.staff_member_id == StaffMember.id,
        PhoneRecord.phone_number_id == row.phone_number_id,
    )
    found = await session.scalars(
        select(row.id).where(
            row.organization_id == organization_id,
            row.id == is_any(ids),
            or_(
                and_(row.owner_kind == OwnerKind.FAMILY.value, ~of_family),
                and_(row.owner_kind == OwnerKind.STAFF_MEMBER.value, ~of_staff),
            ),
        )
    )
    return set(found)


async def store_outcomes(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of {organization_id, id, state, reason}. Their fields are emptied: the message holds the text."""
    await update_together(session, BroadcastRecipient, [{**row, "fields": None} for row in rows])


async def store_due_times(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of {organization_id, id, due_at}."""
    await update_together(session, BroadcastRecipient, rows)


async def cancel_waiting(session: AsyncSession, organization_id: UUID, broadcast_id: UUID, *, limit: int) -> int:
    """Cancel recipients that are not queued yet. Returns how many."""
    some = (
        select(BroadcastRecipient.id)
        .where(
            BroadcastRecipient.organization_id == organization_id,
            BroadcastRecipient.broadcast_id == broadcast_id,
            BroadcastRecipient.state == RecipientState.WAITING.value,
        )
        .limit(limit)
    )
    done = await session.execute(
        update(BroadcastRecipient)
        .where(BroadcastRecipient.organization_id == organization_id, BroadcastRecipient.id.in_(some))
        .values(state=RecipientState.CANCELLED.value, fields=None)
        .returning(BroadcastRecipient.id)
        .execution_options(**QUIET)
    )
    return len(done.all())


async def messages(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> dict[UUID, Message]:
    rows = await session.scalars(
        select(Message)
        .where(Message.organization_id == organization_id, Message.id == is_any(ids))
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


async def numbers_of(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> dict[UUID, str]:
    """The number of each of these recipients."""
    rows = await session.execute(
        select(BroadcastRecipient.id, PhoneNumber.number)
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == BroadcastRecipient.organization_id)
            & (PhoneNumber.id == BroadcastRecipient.phone_number_id),
        )
        .where(BroadcastRecipient.organization_id == organization_id, BroadcastRecipient.id == is_any(ids))
    )
    return {row[0]: row[1] for row in rows}


class ReportRow(NamedTuple):
    recipient: BroadcastRecipient
    number: str | None
    conversation_id: UUID | None
    segments: int | None
    error_title: str | None
    sent_at: datetime | None
    delivered_at: datetime | None


async def report(
    session: AsyncSession,
    organization_id: UUID,
    broadcast_id: UUID,
    *,
    state: RecipientState | None,
    reason: str | None = None,
    after: UUID | None,
    limit: int,
) -> list[ReportRow]:
    """Recipients in the order in which they were confirmed."""
    statement = (
        select(
            BroadcastRecipient,
            PhoneNumber.number,
            Message.conversation_id,
            Message.segments,
            Message.error_title,
            Message.sent_at,
            Message.delivered_at,
        )
        .outerjoin(
            PhoneNumber,
            (PhoneNumber.organization_id == BroadcastRecipient.organization_id)
            & (PhoneNumber.id == BroadcastRecipient.phone_number_id),
        )
        .outerjoin(
            Message,
            (Message.organization_id == BroadcastRecipient.organization_id) & (Message.id == BroadcastRecipient.id),
        )
        .where(BroadcastRecipient.organization_id == organization_id, BroadcastRecipient.broadcast_id == broadcast_id)
    )
    if state is not None:
        statement = statement.where(BroadcastRecipient.state == state.value)
    if reason is not None:
        statement = statement.where(BroadcastRecipient.reason == reason)
    if after is not None:
        statement = statement.where(BroadcastRecipient.id > after)
    rows = await session.execute(statement.order_by(BroadcastRecipient.id).limit(limit))
    return [ReportRow(*row) for row in rows]


async def owners(
    session: AsyncSession, organization_id: UUID, records: Sequence[tuple[str | None, UUID | None]]
) -> dict[UUID, str]:
    """The names of records, which are given by kind and id."""
    found: dict[UUID, str] = {}
    for kind, model in ((OwnerKind.FAMILY, Family), (OwnerKind.STAFF_MEMBER, StaffMember)):
        ids = {owner_id for owner_kind, owner_id in records if owner_kind == kind.value and owner_id is not None}
        if ids:
            named = await session.execute(
                select(model.id, model.name).where(model.organization_id == organization_id, model.id == is_any(ids))
            )
            found |= {row[0]: row[1] for row in named}
    return found
