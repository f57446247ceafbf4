"""Staff members who may view conversations: they are not archived, and have SMS Logs (PERM-VIEW)."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember
from api.access.rules import Permission
from api.kit.bulk import is_any


def may_view() -> ColumnElement[bool]:
    """SQL condition on a row of `staff_members`."""
    return StaffMember.archived_at.is_(None) & or_(StaffMember.is_admin, StaffMember.holds(Permission.SMS_LOGS))


async def lock_viewer(session: AsyncSession, organization_id: UUID, staff_member_id: UUID) -> StaffMember | None:
    """The staff member, who can neither be archived nor lose the permission until the transaction ends.

    None if they may not view conversations. Lock staff members before phone numbers and conversations (decision 0006).
    """
    statement = (
        select(StaffMember)
        .where(StaffMember.organization_id == organization_id, StaffMember.id == staff_member_id, may_view())
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def former_viewers(
    session: AsyncSession, organization_id: UUID, staff_member_ids: Collection[UUID]
) -> Sequence[UUID]:
    """Those of these staff members who may not view conversations."""
    statement = select(StaffMember.id).where(
        StaffMember.organization_id == organization_id, StaffMember.id == is_any(staff_member_ids), ~may_view()
    )
    return (await session.scalars(statement)).all()


async def staff_names(
    session: AsyncSession, organization_id: UUID, staff_member_ids: Collection[UUID]
) -> dict[UUID, str]:
    """The names of these staff members, archived ones too."""
    if not staff_member_ids:
        return {}
    statement = select(StaffMember.id, StaffMember.name).where(
        StaffMember.organization_id == organization_id, StaffMember.id == is_any(staff_member_ids)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}
