"""SQL of the lines room."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.lines.models import Line


async def line(session: AsyncSession, organization_id: UUID, line_id: UUID) -> Line | None:
    return (
        await session.execute(select(Line).where(Line.organization_id == organization_id, Line.id == line_id))
    ).scalar_one_or_none()


async def line_by_id(session: AsyncSession, line_id: UUID) -> Line | None:
    """For webhooks, whose address names the line alone."""
    return (await session.execute(select(Line).where(Line.id == line_id))).scalar_one_or_none()


async def default_line(session: AsyncSession, organization_id: UUID) -> Line | None:
    """The oldest line in service: the one meant where none is named."""
    return (
        await session.scalars(
            select(Line)
            .where(Line.organization_id == organization_id)
            .order_by(Line.enabled.desc(), Line.created_at, Line.id)
            .limit(1)
        )
    ).one_or_none()


async def lines(session: AsyncSession, organization_id: UUID, *, after: UUID | None, limit: int) -> Sequence[Line]:
    statement = select(Line).where(Line.organization_id == organization_id)
    if after is not None:
        statement = statement.where(Line.id > after)
    return (await session.scalars(statement.order_by(Line.id).limit(limit))).all()


async def lines_by_ids(session: AsyncSession, organization_id: UUID, line_ids: Sequence[UUID]) -> dict[UUID, Line]:
    rows = await session.scalars(select(Line).where(Line.organization_id == organization_id, Line.id.in_(line_ids)))
    return {row.id: row for row in rows}
