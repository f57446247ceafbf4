"""SQL of the access room."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import ApiKey, Organization, SignInFailure, StaffMember, StaffSession


class SessionOwner(NamedTuple):
    session_id: UUID
    last_used_at: datetime
    staff_member: StaffMember


async def organization_by_slug(session: AsyncSession, slug: str) -> Organization | None:
    return (await session.execute(select(Organization).where(Organization.slug == slug))).scalar_one_or_none()


async def organization(session: AsyncSession, organization_id: UUID) -> Organization:
    return (await session.execute(select(Organization).where(Organization.id == organization_id))).scalar_one()


async def organizations(session: AsyncSession) -> Sequence[Organization]:
    return (await session.scalars(select(Organization).order_by(Organization.slug))).all()


async def staff_member_by_email(session: AsyncSession, organization_id: UUID, email: str) -> StaffMember | None:
    return (
        await session.execute(
            select(StaffMember).where(
                StaffMember.organization_id == organization_id,
                func.lower(StaffMember.email) == func.lower(email),
                StaffMember.archived_at.is_(None),
            )
        )
    ).scalar_one_or_none()


async def staff_member(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> StaffMember | None:
    return (
        await session.execute(
            select(StaffMember).where(StaffMember.organization_id == organization_id, StaffMember.id == staff_member_id)
        )
    ).scalar_one_or_none()


async def session_owner(session: AsyncSession, organization_id: UUID, token_hash: bytes) -> SessionOwner | None:
    row = (
        await session.execute(
            select(StaffSession.id, StaffSession.last_used_at, StaffMember)
            .join(
                StaffMember,
                (StaffMember.organization_id == StaffSession.organization_id)
                & (StaffMember.id == StaffSession.staff_member_id),
            )
            .where(
                StaffSession.organization_id == organization_id,
                StaffSession.token_hash == token_hash,
                StaffSession.expires_at > func.now(),
                StaffMember.archived_at.is_(None),
            )
        )
    ).one_or_none()
    return None if row is None else SessionOwner(row[0], row[1], row[2])


async def touch_session(session: AsyncSession, organization_id: UUID, session_id: UUID, *, lifetime: timedelta) -> None:
    await session.execute(
        update(StaffSession)
        .where(StaffSession.organization_id == organization_id, StaffSession.id == session_id)
        .values(last_used_at=func.now(), expires_at=func.now() + lifetime)
    )


async def delete_session(session: AsyncSession, organization_id: UUID, session_id: UUID) -> None:
    await session.execute(
        delete(StaffSession).where(StaffSession.organization_id == organization_id, StaffSession.id == session_id)
    )


async def delete_sessions_of(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> None:
    await session.execute(
        delete(StaffSession).where(
            StaffSession.organization_id == organization_id, StaffSession.staff_member_id == staff_member_id
        )
    )


async def live_api_key(session: AsyncSession, organization_id: UUID, key_hash: bytes) -> ApiKey | None:
    return (
        await session.execute(
            select(ApiKey).where(ApiKey.organization_id == organization_id, ApiKey.key_hash == key_hash, _is_live())
        )
    ).scalar_one_or_none()


async def touch_api_key(session: AsyncSession, organization_id: UUID, api_key_id: UUID) -> None:
    await session.execute(
        update(ApiKey)
        .where(ApiKey.organization_id == organization_id, ApiKey.id == api_key_id)
        .values(last_used_at=func.now())
    )


def _is_live() -> ColumnElement[bool]:
    return ApiKey.revoked_at.is_(None) & or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now())


async def live_sessions(
    session: AsyncSession, credentials: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], StaffMember]:
    """Of these (organization, session) pairs, those that still sign somebody in, with who."""
    rows = await session.execute(
        select(StaffSession.organization_id, StaffSession.id, StaffMember)
        .join(
            StaffMember,
            (StaffMember.organization_id == StaffSession.organization_id)
            & (StaffMember.id == StaffSession.staff_member_id),
        )
        .where(
            tuple_(StaffSession.organization_id, StaffSession.id).in_(credentials),
            StaffSession.expires_at > func.now(),
            StaffMember.archived_at.is_(None),
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def live_api_keys(
    session: AsyncSession, credentials: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], ApiKey]:
    rows = await session.scalars(
        select(ApiKey).where(tuple_(ApiKey.organization_id, ApiKey.id).in_(credentials), _is_live())
    )
    return {(row.organization_id, row.id): row for row in rows}


async def recent_failures(
    session: AsyncSession, organization_id: UUID, *, account: str, address: str, since: datetime
) -> tuple[list[datetime], list[datetime]]:
    """Times of refused sign-ins of this account, and from this address."""
    rows = (
        await session.execute(
            select(SignInFailure.account, SignInFailure.address, SignInFailure.at)
            .where(
                SignInFailure.organization_id == organization_id,
                or_(SignInFailure.account == account, SignInFailure.address == address),
                SignInFailure.at > since,
            )
            .order_by(SignInFailure.at.desc())
            .limit(200)
        )
    ).all()
    return [at for a, _, at in rows if a == account], [at for _, b, at in rows if b == address]


async def forget_failures(session: AsyncSession, organization_id: UUID, *, account: str) -> None:
    await session.execute(
        delete(SignInFailure).where(SignInFailure.organization_id == organization_id, SignInFailure.account == account)
    )


async def api_keys(session: AsyncSession, organization_id: UUID, *, after: UUID | None, limit: int) -> Sequence[ApiKey]:
    """Newest first."""
    statement = select(ApiKey).where(ApiKey.organization_id == organization_id)
    if after is not None:
        statement = statement.where(ApiKey.id < after)
    return (await session.scalars(statement.order_by(ApiKey.id.desc()).limit(limit))).all()


async def api_key(session: AsyncSession, organization_id: UUID, api_key_id: UUID) -> ApiKey | None:
    return (
        await session.execute(select(ApiKey).where(ApiKey.organization_id == organization_id, ApiKey.id == api_key_id))
    ).scalar_one_or_none()
