"""SQL of the default lines."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.lines.models import Line, LineDefault


async def every_line(session: AsyncSession, organization_id: UUID) -> Sequence[Line]:
    """All lines, the oldest first. A business has a few."""
    statement = select(Line).where(Line.organization_id == organization_id).order_by(Line.created_at, Line.id)
    return (await session.scalars(statement)).all()


async def defaults(session: AsyncSession, organization_id: UUID) -> Sequence[LineDefault]:
    statement = select(LineDefault).where(LineDefault.organization_id == organization_id)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def lock_lines(session: AsyncSession, organization_id: UUID) -> dict[UUID, str]:
    """Lock all lines. Returns their numbers."""
    rows = await session.execute(
        select(Line.id, Line.phone_number)
        .where(Line.organization_id == organization_id)
        .order_by(Line.id)
        .with_for_update(key_share=True)
    )
    return {row[0]: row[1] for row in rows}


async def clear(session: AsyncSession, organization_id: UUID, line_id: UUID, countries: Sequence[str | None]) -> None:
    """Delete the line's defaults, and other lines' for these countries."""
    taken = or_(
        LineDefault.line_id == line_id,
        LineDefault.country.in_([each for each in countries if each is not None]),
        *([LineDefault.country.is_(None)] if None in countries else []),
    )
    await session.execute(delete(LineDefault).where(LineDefault.organization_id == organization_id, taken))
