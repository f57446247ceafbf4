"""SQL of saved replies."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import Organization
from api.saved_replies.models import SavedReply

Key = tuple[int, str, UUID]
"""(uses, key, id) of a reply in its list."""


def visible(organization_id: UUID, staff_member_id: UUID | None) -> list[ColumnElement[bool]]:
    """The organization's replies, and the person's own."""
    owner = SavedReply.staff_member_id
    is_shown = owner.is_(None) if staff_member_id is None else or_(owner.is_(None), owner == staff_member_id)
    return [SavedReply.organization_id == organization_id, is_shown]


async def list_replies(
    session: AsyncSession,
    shown: Sequence[ColumnElement[bool]],
    *,
    words: Sequence[str],
    after: Key | None,
    limit: int,
) -> Sequence[SavedReply]:
    """The most used first. Each of the folded words must be in the title or the body."""
    statement = select(SavedReply).where(*shown, *(SavedReply.search.contains(word, autoescape=True) for word in words))
    if after is not None:
        uses, key, reply_id = after
        statement = statement.where(
            or_(
                SavedReply.uses < uses,
                (SavedReply.uses == uses) & (tuple_(SavedReply.key, SavedReply.id) > tuple_(key, reply_id)),
            )
        )
    return (
        await session.scalars(statement.order_by(SavedReply.uses.desc(), SavedReply.key, SavedReply.id).limit(limit))
    ).all()


async def reply(
    session: AsyncSession, shown: Sequence[ColumnElement[bool]], reply_id: UUID, *, lock: bool
) -> SavedReply | None:
    statement = select(SavedReply).where(*shown, SavedReply.id == reply_id).execution_options(populate_existing=True)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def id_of_title(
    session: AsyncSession, organization_id: UUID, staff_member_id: UUID | None, key: str
) -> UUID | None:
    """The reply of this owner with this folded title."""
    return await session.scalar(
        select(SavedReply.id).where(
            SavedReply.organization_id == organization_id,
            SavedReply.staff_member_id.is_not_distinct_from(staff_member_id),
            SavedReply.key == key,
        )
    )


async def count(session: AsyncSession, organization_id: UUID, staff_member_id: UUID | None) -> int:
    owner = SavedReply.staff_member_id
    return (
        await session.scalar(
            select(func.count())
            .select_from(SavedReply)
            .where(
                SavedReply.organization_id == organization_id,
                owner.is_(None) if staff_member_id is None else owner == staff_member_id,
            )
        )
    ) or 0


async def count_use(session: AsyncSession, organization_id: UUID, reply_id: UUID) -> None:
    await session.execute(
        update(SavedReply)
        .where(SavedReply.organization_id == organization_id, SavedReply.id == reply_id)
        .values(uses=SavedReply.uses + 1)
        .execution_options(synchronize_session=False)
    )


async def business_name(session: AsyncSession, organization_id: UUID) -> str:
    return (await session.execute(select(Organization.name).where(Organization.id == organization_id))).scalar_one()
