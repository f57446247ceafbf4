"""SQL of sign-up messages (MASS-SIGNUP)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.directory.signups import Signup
from api.kit.bulk import is_any, update_together

QUIET = {"synchronize_session": False}


async def organizations_with_due(session: AsyncSession) -> list[UUID]:
    rows = await session.scalars(
        select(Signup.organization_id).where(text("state = 'waiting'"), Signup.due_at <= func.now()).distinct()
    )
    return list(rows)


async def lock_due(session: AsyncSession, organization_id: UUID, *, at: datetime, limit: int) -> Sequence[Signup]:
    """Those that another worker has locked are left to it."""
    rows = await session.scalars(
        select(Signup)
        .where(Signup.organization_id == organization_id, text("state = 'waiting'"), Signup.due_at <= at)
        .order_by(Signup.due_at, Signup.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def forget(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> None:
    if ids:
        await session.execute(
            delete(Signup)
            .where(Signup.organization_id == organization_id, Signup.id == is_any(ids))
            .execution_options(**QUIET)
        )


async def defer(session: AsyncSession, organization_id: UUID, times: Mapping[UUID, datetime]) -> None:
    rows = [{"organization_id": organization_id, "id": each, "due_at": at} for each, at in times.items()]
    await update_together(session, Signup, rows)


async def mark_sent(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> None:
    if ids:
        await session.execute(
            update(Signup)
            .where(Signup.organization_id == organization_id, Signup.id == is_any(ids))
            .values(state="sent")
            .execution_options(**QUIET)
        )
