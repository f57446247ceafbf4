"""SQL of saved audiences."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts.models import Audience
from api.kit.bulk import is_any


async def descriptions(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Of those of these saved audiences that are the organization's."""
    if not ids:
        return []
    rows = await session.scalars(
        select(Audience.audience).where(Audience.organization_id == organization_id, Audience.id == is_any(set(ids)))
    )
    return list(rows)


async def audiences(
    session: AsyncSession, organization_id: UUID, *, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Audience]:
    """By name."""
    statement = select(Audience).where(Audience.organization_id == organization_id)
    if after is not None:
        statement = statement.where(tuple_(Audience.name, Audience.id) > tuple_(*after))
    return (await session.scalars(statement.order_by(Audience.name, Audience.id).limit(limit))).all()


async def id_of_audience(session: AsyncSession, organization_id: UUID, key: str) -> UUID | None:
    """The saved audience with this folded name."""
    return await session.scalar(
        select(Audience.id).where(Audience.organization_id == organization_id, Audience.key == key)
    )


async def lock_audience(session: AsyncSession, organization_id: UUID, audience_id: UUID) -> Audience | None:
    return await session.scalar(
        select(Audience)
        .where(Audience.organization_id == organization_id, Audience.id == audience_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def count(session: AsyncSession, organization_id: UUID) -> int:
    return (await session.execute(select(func.count()).where(Audience.organization_id == organization_id))).scalar_one()
