"""SQL of the access slice."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import (
    DeletedOrganization,
    Organization,
    SignInFailure,
    SignInTry,
    StaffMember,
    StaffSession,
)
from api.kit.bulk import is_any


class SessionOwner(NamedTuple):
    session_id: UUID
    last_used_at: datetime
    staff_member: StaffMember


async def organization_by_slug(session: AsyncSession, slug: str) -> Organization | None:
    return (await session.execute(select(Organization).where(Organization.slug == slug))).scalar_one_or_none()


async def organization(session: AsyncSession, organization_id: UUID) -> Organization:
    return (await session.execute(select(Organization).where(Organization.id == organization_id))).scalar_one()


async def lock_organization(session: AsyncSession, organization_id: UUID) -> Organization:
    statement = select(Organization).where(Organization.id == organization_id).with_for_update(key_share=True)
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


async def organizations(session: AsyncSession) -> Sequence[Organization]:
    """Every organization that is not being deleted."""
    return (await session.scalars(select(Organization).where(is_not_deleted()).order_by(Organization.slug))).all()


def is_not_deleted() -> ColumnElement[bool]:
    """SQL condition: nobody has begun to delete the organization."""
    return ~exists().where(DeletedOrganization.id == Organization.id)


async def organization_page(session: AsyncSession, *, after_slug: str | None, limit: int) -> Sequence[Organization]:
    """By slug. None that is being deleted."""
    statement = select(Organization).where(is_not_deleted()).order_by(Organization.slug).limit(limit)
    if after_slug is not None:
        statement = statement.where(Organization.slug > after_slug)
    return (await session.scalars(statement)).all()


async def count_staff(session: AsyncSession, organization_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many staff members each organization has, without archived ones. One without is left out."""
    rows = await session.execute(
        select(StaffMember.organization_id, func.count())
        .where(StaffMember.organization_id == is_any(organization_ids), StaffMember.archived_at.is_(None))
        .group_by(StaffMember.organization_id)
    )
    return {row[0]: row[1] for row in rows}


async def account(session: AsyncSession, slug: str, email: str) -> tuple[str, Organization | None, StaffMember | None]:
    """The email in the database's lower case, the organization, and its staff member with that email.

    It is one statement whether or not they exist, so that the time tells nothing.
    """
    given = select(func.lower(cast(email, Text)).label("email")).subquery()
    row = (
        await session.execute(
            select(given.c.email, Organization, StaffMember)
            .select_from(given)
            .outerjoin(Organization, (Organization.slug == slug) & is_not_deleted())
            .outerjoin(
                StaffMember,
                (StaffMember.organization_id == Organization.id)
                & (func.lower(StaffMember.email) == given.c.email)
                & StaffMember.archived_at.is_(None),
            )
        )
    ).one()
    return row[0], row[1], row[2]


async def share_staff_member(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> StaffMember | None:
    """The row with a share lock: it stays as it is until the transaction ends."""
    return (
        await session.scalars(_staff_members(organization_id, [staff_member_id]).with_for_update(read=True))
    ).first()


async def lock_staff_member(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> StaffMember | None:
    """The row as it is now, locked until the transaction ends."""
    statement = _staff_members(organization_id, [staff_member_id]).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def staff_members_by_ids(
    session: AsyncSession, organization_id: UUID, staff_member_ids: Collection[UUID]
) -> dict[UUID, StaffMember]:
    rows = await session.scalars(_staff_members(organization_id, staff_member_ids))
    return {row.id: row for row in rows}


async def staff_member(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> StaffMember | None:
    """The staff member, archived or not."""
    return (await session.scalars(_staff_members(organization_id, [staff_member_id]))).first()


def _staff_members(organization_id: UUID, ids: Collection[UUID]) -> Select[StaffMember]:
    return select(StaffMember).where(StaffMember.organization_id == organization_id, StaffMember.id.in_(ids))


# Sessions and API keys.


async def session_owner(session: AsyncSession, organization_id: UUID, token_hash: bytes) -> SessionOwner | None:
    """The valid session with this token, and its staff member."""
    statement = _live_sessions().where(
        StaffSession.organization_id == organization_id, StaffSession.token_hash == token_hash
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else SessionOwner(*row[1:])


async def live_sessions(
    session: AsyncSession, credentials: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], StaffMember]:
    """The staff member of each of these (organization, session) pairs whose session is valid."""
    rows = await session.execute(
        _live_sessions().where(tuple_(StaffSession.organization_id, StaffSession.id).in_(credentials))
    )
    return {(row[0], row[1]): row[3] for row in rows}


def _live_sessions() -> Select[UUID, UUID, datetime, StaffMember]:
    return (
        select(StaffSession.organization_id, StaffSession.id, StaffSession.last_used_at, StaffMember)
        .join(
            StaffMember,
            (StaffMember.organization_id == StaffSession.organization_id)
            & (StaffMember.id == StaffSession.staff_member_id),
        )
        .where(StaffSession.expires_at > func.now(), StaffMember.archived_at.is_(None))
    )


async def touch_session(
    session: AsyncSession,
    organization_id: UUID,
    session_id: UUID,
    *,
    every: timedelta,
    lifetime: timedelta,
    address: str,
) -> None:
    """Record the use of a session, unless that was done within `every` or another request is doing it now."""
    row = (StaffSession.organization_id, StaffSession.id)
    due = (
        select(*row)
        .where(
            StaffSession.organization_id == organization_id,
            StaffSession.id == session_id,
            StaffSession.last_used_at <= func.now() - every,
        )
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        update(StaffSession)
        .where(tuple_(*row).in_(due))
        .values(last_used_at=func.now(), expires_at=func.now() + lifetime, address=address)
        .execution_options(synchronize_session=False)
    )


async def sessions_of(
    session: AsyncSession, organization_id: UUID, staff_member_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[StaffSession]:
    """The staff member's valid sessions, the newest sign-in first."""
    statement = select(StaffSession).where(
        StaffSession.organization_id == organization_id,
        StaffSession.staff_member_id == staff_member_id,
        StaffSession.expires_at > func.now(),
    )
    if before is not None:
        statement = statement.where(StaffSession.id < before)
    return (await session.scalars(statement.order_by(StaffSession.id.desc()).limit(limit))).all()


async def end_session(
    session: AsyncSession, organization_id: UUID, staff_member_id: UUID, session_id: UUID
) -> StaffSession | None:
    """Delete and return one valid session of the staff member. None if there is none with this id."""
    deleted = await session.scalars(
        delete(StaffSession)
        .where(
            StaffSession.organization_id == organization_id,
            StaffSession.staff_member_id == staff_member_id,
            StaffSession.id == session_id,
            StaffSession.expires_at > func.now(),
        )
        .returning(StaffSession)
        .execution_options(synchronize_session=False)
    )
    return deleted.one_or_none()


async def delete_session(session: AsyncSession, organization_id: UUID, session_id: UUID) -> None:
    await session.execute(
        delete(StaffSession).where(StaffSession.organization_id == organization_id, StaffSession.id == session_id)
    )


async def end_sessions(
    session: AsyncSession, organization_id: UUID, staff_member_id: UUID, *, except_for: UUID | None
) -> int:
    """End every session of the staff member but `except_for`. Returns how many were valid."""
    deleted = await session.execute(
        delete(StaffSession)
        .where(
            StaffSession.organization_id == organization_id,
            StaffSession.staff_member_id == staff_member_id,
            StaffSession.id.is_distinct_from(except_for),
        )
        .returning(StaffSession.expires_at > func.now())
        .execution_options(synchronize_session=False)
    )
    return sum(deleted.scalars())


async def delete_ended_sessions(session: AsyncSession, *, limit: int) -> int:
    """Delete up to `limit` ended sessions; returns how many."""
    row = (StaffSession.organization_id, StaffSession.id)
    ended = select(*row).where(StaffSession.expires_at <= func.now()).limit(limit).with_for_update(skip_locked=True)
    deleted = await session.execute(delete(StaffSession).where(tuple_(*row).in_(ended)).returning(StaffSession.id))
    return len(deleted.all())


async def lock_tries(session: AsyncSession, counted: Sequence[bytes]) -> None:
    """Lock these accounts, addresses or devices against other counts until the transaction ends."""
    for key in sorted(int.from_bytes(sha256(b"sign-in/" + each).digest()[:8], signed=True) for each in counted):
        await session.execute(select(func.pg_advisory_xact_lock(key)))


async def tries(
    session: AsyncSession,
    *,
    account: bytes | None = None,
    address: str | None = None,
    device: bytes | None = None,
    since: datetime,
) -> list[datetime]:
    """Times of the attempts of this account or address on this device; with None, on unknown devices.

    Newest first, 200 at most: the delay grows no further after so many.
    """
    statement = select(SignInTry.at).where(SignInTry.device.is_not_distinct_from(device), SignInTry.at > since)
    if account is not None:
        statement = statement.where(SignInTry.account == account)
    if address is not None:
        statement = statement.where(SignInTry.address == address)
    return list(await session.scalars(statement.order_by(SignInTry.at.desc()).limit(200)))


async def forget_tries(session: AsyncSession, account: bytes, *, device: bytes | None) -> Sequence[SignInTry]:
    """Delete and return the account's attempts on that device; with None, those on unknown devices."""
    deleted = await session.scalars(
        delete(SignInTry)
        .where(SignInTry.account == account, SignInTry.device.is_not_distinct_from(device))
        .returning(SignInTry)
        .execution_options(synchronize_session=False)
    )
    return deleted.all()


async def forget_all_tries(session: AsyncSession, account: bytes) -> Sequence[SignInTry]:
    """Delete and return the account's attempts on every device."""
    deleted = await session.scalars(
        delete(SignInTry)
        .where(SignInTry.account == account)
        .returning(SignInTry)
        .execution_options(synchronize_session=False)
    )
    return deleted.all()


async def count_audited_tries(
    session: AsyncSession, organization_id: UUID | None, staff_member_id: UUID | None, *, since: datetime
) -> int:
    return (
        await session.execute(
            select(func.count()).where(
                SignInTry.organization_id == organization_id,
                SignInTry.staff_member_id.is_not_distinct_from(staff_member_id),
                SignInTry.is_audited,
                SignInTry.at > since,
            )
        )
    ).scalar_one()


async def mark_audited(session: AsyncSession, try_ids: Sequence[UUID]) -> None:
    await session.execute(
        update(SignInTry)
        .where(SignInTry.id.in_(try_ids))
        .values(is_audited=True)
        .execution_options(synchronize_session=False)
    )


async def organizations_with_refusals_before(session: AsyncSession, before: datetime, *, limit: int) -> Sequence[UUID]:
    """Organizations with attempts until `before` that have no audit entry yet."""
    rows = await session.scalars(
        select(SignInTry.organization_id)
        .where(SignInTry.at <= before, SignInTry.organization_id.is_not(None), ~SignInTry.is_audited)
        .distinct()
        .limit(limit)
    )
    return [each for each in rows if each is not None]


async def unaudited_tries(
    session: AsyncSession, organization_id: UUID, *, before: datetime, limit: int
) -> Sequence[SignInTry]:
    """Attempts without an audit entry, locked, by staff member, then by time."""
    return (
        await session.scalars(
            select(SignInTry)
            .where(SignInTry.organization_id == organization_id, SignInTry.at <= before, ~SignInTry.is_audited)
            .order_by(SignInTry.staff_member_id, SignInTry.at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()


async def delete_tries_before(session: AsyncSession, before: datetime, *, limit: int) -> int:
    """Delete up to `limit` old attempts, except those that still need an audit entry; returns how many."""
    old = (
        select(SignInTry.id)
        .where(SignInTry.at <= before, or_(SignInTry.is_audited, SignInTry.organization_id.is_(None)))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    deleted = await session.execute(delete(SignInTry).where(SignInTry.id.in_(old)).returning(SignInTry.id))
    return len(deleted.all())


async def delete_failures_before(session: AsyncSession, before: datetime, *, limit: int) -> int:
    """Delete up to `limit` failures that processes of the previous version counted; returns how many."""
    row = (SignInFailure.organization_id, SignInFailure.id)
    old = select(*row).where(SignInFailure.at <= before).limit(limit).with_for_update(skip_locked=True)
    deleted = await session.execute(delete(SignInFailure).where(tuple_(*row).in_(old)).returning(SignInFailure.id))
    return len(deleted.all())
