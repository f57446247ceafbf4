"""SQL of API keys."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from api.access.models import ApiKey, StaffMember


class ListedKey(NamedTuple):
    key: ApiKey
    creator: StaffMember | None
    """None if another key made it."""
    is_valid: bool


async def live_api_key(session: AsyncSession, organization_id: UUID, key_hash: bytes) -> ApiKey | None:
    return (
        await session.execute(
            select(ApiKey).where(ApiKey.organization_id == organization_id, ApiKey.key_hash == key_hash, is_live())
        )
    ).scalar_one_or_none()


async def live_api_keys(
    session: AsyncSession, credentials: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], ApiKey]:
    rows = await session.scalars(
        select(ApiKey).where(tuple_(ApiKey.organization_id, ApiKey.id).in_(credentials), is_live())
    )
    return {(row.organization_id, row.id): row for row in rows}


async def share_live_api_key(session: AsyncSession, organization_id: UUID, api_key_id: UUID) -> ApiKey | None:
    """The key, if it is valid. Nobody changes it until the transaction ends."""
    statement = select(ApiKey).where(ApiKey.organization_id == organization_id, ApiKey.id == api_key_id, is_live())
    locked = statement.with_for_update(read=True, of=ApiKey).execution_options(populate_existing=True)
    return (await session.execute(locked)).scalar_one_or_none()


def is_live() -> ColumnElement[bool]:
    """SQL condition: requests with the key are accepted."""
    creator = aliased(StaffMember)
    archived = exists().where(
        creator.organization_id == ApiKey.organization_id,
        creator.id == ApiKey.created_by,
        creator.archived_at.is_not(None),
    )
    return and_(
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
        or_(~ApiKey.ends_with_creator, ~archived),
    )


async def touch_api_key(session: AsyncSession, organization_id: UUID, api_key_id: UUID) -> None:
    await session.execute(
        update(ApiKey)
        .where(ApiKey.organization_id == organization_id, ApiKey.id == api_key_id)
        .values(last_used_at=func.now())
    )


def _listed(organization_id: UUID) -> Select[ApiKey, StaffMember, bool]:
    is_creator = and_(StaffMember.organization_id == ApiKey.organization_id, StaffMember.id == ApiKey.created_by)
    return (
        select(ApiKey, StaffMember, is_live())
        .outerjoin(StaffMember, is_creator)
        .where(ApiKey.organization_id == organization_id)
    )


async def api_keys(
    session: AsyncSession, organization_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[ListedKey]:
    """Newest first."""
    statement = _listed(organization_id)
    if after is not None:
        statement = statement.where(ApiKey.id < after)
    rows = await session.execute(statement.order_by(ApiKey.id.desc()).limit(limit))
    return [ListedKey(row[0], row[1], row[2]) for row in rows]


async def api_key(session: AsyncSession, organization_id: UUID, api_key_id: UUID) -> ListedKey | None:
    row = (await session.execute(_listed(organization_id).where(ApiKey.id == api_key_id))).one_or_none()
    return ListedKey(row[0], row[1], row[2]) if row is not None else None


async def lock_api_key(session: AsyncSession, organization_id: UUID, api_key_id: UUID) -> ListedKey | None:
    """The key, locked against other changes until the transaction ends."""
    statement = _listed(organization_id).where(ApiKey.id == api_key_id).with_for_update(of=ApiKey)
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    return ListedKey(row[0], row[1], row[2]) if row is not None else None
