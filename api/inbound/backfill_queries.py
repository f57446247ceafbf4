"""SQL of backfills, and of when texts arrived on a line."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.inbound.models import InboundEvent, LineBackfill
from api.inbound.queries import known_provider_ids
from api.lines.models import Line
from api.providers.port import ListedMessage

_BACKFILL = (LineBackfill.organization_id == Line.organization_id) & (LineBackfill.id == Line.id)


async def organizations_with_due_lines(session: AsyncSession) -> list[UUID]:
    return list(
        await session.scalars(
            select(Line.organization_id)
            .outerjoin(LineBackfill, _BACKFILL)
            .where(Line.enabled, or_(LineBackfill.id.is_(None), LineBackfill.due_at <= func.clock_timestamp()))
            .distinct()
        )
    )


async def lines_without_backfill(session: AsyncSession, organization_id: UUID) -> Sequence[UUID]:
    return (
        await session.scalars(
            select(Line.id)
            .outerjoin(LineBackfill, _BACKFILL)
            .where(Line.organization_id == organization_id, Line.enabled, LineBackfill.id.is_(None))
        )
    ).all()


async def add_backfills(session: AsyncSession, organization_id: UUID, due: Mapping[UUID, datetime]) -> None:
    if due:
        await session.execute(
            insert(LineBackfill).on_conflict_do_nothing(),
            [{"organization_id": organization_id, "id": line_id, "due_at": at} for line_id, at in due.items()],
        )


async def lock_due_backfills(
    session: AsyncSession, organization_id: UUID, *, limit: int
) -> Sequence[tuple[LineBackfill, Line]]:
    rows = await session.execute(
        select(LineBackfill, Line)
        .join(Line, _BACKFILL)
        .where(
            LineBackfill.organization_id == organization_id, Line.enabled, LineBackfill.due_at <= func.clock_timestamp()
        )
        .order_by(LineBackfill.due_at)
        .limit(limit)
        .with_for_update(of=LineBackfill, skip_locked=True)
    )
    return [(row[0], row[1]) for row in rows]


async def enabled_lines(session: AsyncSession, organization_id: UUID) -> Sequence[tuple[LineBackfill, Line]]:
    rows = await session.execute(
        select(LineBackfill, Line)
        .join(Line, _BACKFILL)
        .where(LineBackfill.organization_id == organization_id, Line.enabled)
        .order_by(Line.id)
    )
    return [(row[0], row[1]) for row in rows]


async def has_unapplied(session: AsyncSession, organization_id: UUID) -> bool:
    """Whether events of a backfill are pending."""
    found: bool = (
        await session.execute(
            select(
                exists().where(
                    InboundEvent.organization_id == organization_id,
                    InboundEvent.state == literal_column("'pending'"),
                    InboundEvent.source == literal_column("'reconciliation'"),
                )
            )
        )
    ).scalar_one()
    return found


async def set_complete_until(session: AsyncSession, organization_id: UUID, line_id: UUID, *, until: datetime) -> None:
    await session.execute(
        update(LineBackfill)
        .where(LineBackfill.organization_id == organization_id, LineBackfill.id == line_id)
        .values(compared_until=until)
    )


async def not_arrived(session: AsyncSession, line: Line, listed: Sequence[ListedMessage]) -> list[ListedMessage]:
    """The listed messages that are neither in the journal nor stored."""
    if not listed:
        return []
    journaled = set(
        await session.scalars(
            select(InboundEvent.event_id).where(
                InboundEvent.organization_id == line.organization_id,
                InboundEvent.provider == line.provider,
                InboundEvent.event_id.in_([each.event_id for each in listed]),
            )
        )
    )
    left = [each for each in listed if each.event_id not in journaled]
    known = await known_provider_ids(
        session,
        line.organization_id,
        line_ids=[line.id],
        provider_ids=[each.provider_message_id for each in left],
    )
    return [each for each in left if (line.id, each.provider_message_id) not in known]


class Arrivals(NamedTuple):
    hours: frozenset[datetime]
    """The start of each hour in which a text came."""
    last: datetime | None


async def arrivals(session: AsyncSession, organization_id: UUID, line_id: UUID, *, since: datetime) -> Arrivals:
    hour = func.date_trunc(literal_column("'hour'"), InboundEvent.received_at, literal_column("'UTC'")).label("hour")
    rows = (
        await session.execute(
            select(hour, func.max(InboundEvent.received_at))
            .where(
                InboundEvent.organization_id == organization_id,
                InboundEvent.line_id == line_id,
                InboundEvent.kind == literal_column("'message'"),
                InboundEvent.received_at >= since,
            )
            .group_by(hour)
        )
    ).all()
    return Arrivals(frozenset(row[0] for row in rows), max((row[1] for row in rows), default=None))


async def last_arrivals(session: AsyncSession, organization_id: UUID) -> dict[UUID, datetime]:
    """When the last text came to each line that has ever had one."""
    last = (
        select(InboundEvent.received_at)
        .where(
            InboundEvent.organization_id == organization_id,
            InboundEvent.line_id == Line.id,
            InboundEvent.kind == literal_column("'message'"),
        )
        .order_by(InboundEvent.received_at.desc())
        .limit(1)
        .correlate(Line)
        .scalar_subquery()
    )
    rows = await session.execute(select(Line.id, last).where(Line.organization_id == organization_id))
    return {row[0]: row[1] for row in rows if row[1] is not None}
