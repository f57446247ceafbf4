"""SQL of notifications."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, delete, func, or_, select, text, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import StaffMember, StaffSession
from api.access.rules import Permission
from api.kit.bulk import is_any
from api.notifications.models import Notice, NotificationSettings, Push, PushSubscription
from api.notifications.rules import MAX_SUBSCRIPTIONS, NewNotice

CLAIMED_SECONDS = 60
"""How long a claimed push is left to its worker. After that another one posts it again."""


async def add_notices(session: AsyncSession, organization_id: UUID, notices: Sequence[NewNotice]) -> bool:
    """Add them, unless no browser of the organization shows notifications. One statement. Returns whether it did."""
    added = await session.execute(
        text(
            "INSERT INTO notices (organization_id, id, kind, conversation_id, staff_member_id, by)"
            " SELECT :organization_id, new.* FROM unnest(:ids, :kinds, :conversations, :people, :names)"
            " AS new(id, kind, conversation_id, staff_member_id, by)"
            " WHERE EXISTS (SELECT FROM push_subscriptions WHERE organization_id = :organization_id)"
        ).bindparams(
            bindparam("organization_id", organization_id, Uuid()),
            bindparam("ids", [each.id for each in notices], ARRAY(Uuid())),
            bindparam("kinds", [each.kind.value for each in notices], ARRAY(Text())),
            bindparam("conversations", [each.conversation_id for each in notices], ARRAY(Uuid())),
            bindparam("people", [each.staff_member_id for each in notices], ARRAY(Uuid())),
            bindparam("names", [each.by for each in notices], ARRAY(Text())),
        )
    )
    return bool(added.rowcount)  # type: ignore[attr-defined]


async def organizations_with_work(session: AsyncSession) -> Sequence[UUID]:
    due = union(
        select(Notice.organization_id), select(Push.organization_id).where(Push.due_at <= func.now())
    ).subquery()
    return (await session.scalars(select(due.c.organization_id))).all()


async def take_notices(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[Notice]:
    """The oldest notices. They are deleted: what becomes of them is written in the same transaction."""
    oldest = (
        select(Notice.id)
        .where(Notice.organization_id == organization_id)
        .order_by(Notice.at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await session.scalars(
        delete(Notice)
        .where(Notice.organization_id == organization_id, Notice.id.in_(oldest))
        .returning(Notice)
        .execution_options(synchronize_session=False)
    )
    return sorted(taken, key=lambda notice: notice.at)


@dataclass(frozen=True)
class Browser:
    """A browser that shows notifications, whose person may read texts, with what they wish."""

    subscription: PushSubscription
    settings: NotificationSettings | None


async def browsers(session: AsyncSession, organization_id: UUID) -> list[Browser]:
    """Of people who are signed in there and have SMS Logs now (PERM-NOW)."""
    rows = await session.execute(
        select(PushSubscription, NotificationSettings)
        .join(
            StaffSession,
            (StaffSession.organization_id == PushSubscription.organization_id)
            & (StaffSession.id == PushSubscription.session_id),
        )
        .join(
            StaffMember,
            (StaffMember.organization_id == PushSubscription.organization_id)
            & (StaffMember.id == PushSubscription.staff_member_id),
        )
        .outerjoin(
            NotificationSettings,
            (NotificationSettings.organization_id == PushSubscription.organization_id)
            & (NotificationSettings.id == PushSubscription.staff_member_id),
        )
        .where(
            PushSubscription.organization_id == organization_id,
            StaffSession.staff_member_id == PushSubscription.staff_member_id,
            StaffSession.expires_at > func.now(),
            StaffMember.archived_at.is_(None),
            or_(StaffMember.is_admin, StaffMember.holds(Permission.SMS_LOGS)),
        )
    )
    return [Browser(subscription, settings) for subscription, settings in rows]


@dataclass(frozen=True)
class Claimed:
    push: Push
    subscription: PushSubscription


async def claim_pushes(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[Claimed]:
    """The oldest due pushes. Another worker takes them after `CLAIMED_SECONDS`."""
    due = (
        select(Push.id)
        .where(Push.organization_id == organization_id, Push.due_at <= func.now())
        .order_by(Push.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = await session.scalars(
        update(Push)
        .where(Push.organization_id == organization_id, Push.id.in_(due))
        .values(due_at=func.now() + timedelta(seconds=CLAIMED_SECONDS), attempts=Push.attempts + 1)
        .returning(Push)
        .execution_options(synchronize_session=False)
    )
    pushes = claimed.all()
    found = await session.scalars(
        select(PushSubscription).where(
            PushSubscription.organization_id == organization_id,
            is_any({push.subscription_id for push in pushes}) == PushSubscription.id,
        )
    )
    by_id = {subscription.id: subscription for subscription in found}
    return [Claimed(push, by_id[push.subscription_id]) for push in pushes]


async def delete_pushes(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> None:
    await session.execute(delete(Push).where(Push.organization_id == organization_id, is_any(ids) == Push.id))


async def discard(session: AsyncSession, organization_id: UUID) -> None:
    """Tell nobody what waits to be told."""
    await session.execute(delete(Notice).where(Notice.organization_id == organization_id))
    await session.execute(delete(Push).where(Push.organization_id == organization_id))


async def defer(session: AsyncSession, organization_id: UUID, push_id: UUID, *, wait: timedelta) -> None:
    await session.execute(
        update(Push).where(Push.organization_id == organization_id, Push.id == push_id).values(due_at=func.now() + wait)
    )


async def note_pushed(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> None:
    await session.execute(
        update(PushSubscription)
        .where(PushSubscription.organization_id == organization_id, is_any(ids) == PushSubscription.id)
        .values(pushed_at=func.now())
    )


async def delete_subscriptions(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> None:
    """With what was still to be posted to them."""
    await session.execute(
        delete(Push).where(Push.organization_id == organization_id, is_any(ids) == Push.subscription_id)
    )
    await session.execute(
        delete(PushSubscription).where(
            PushSubscription.organization_id == organization_id, is_any(ids) == PushSubscription.id
        )
    )


async def ended_subscriptions(session: AsyncSession, organization_id: UUID) -> Sequence[UUID]:
    """Subscriptions whose session is over."""
    return (
        await session.scalars(
            select(PushSubscription.id)
            .outerjoin(
                StaffSession,
                (StaffSession.organization_id == PushSubscription.organization_id)
                & (StaffSession.id == PushSubscription.session_id),
            )
            .where(
                PushSubscription.organization_id == organization_id,
                or_(StaffSession.id.is_(None), StaffSession.expires_at <= func.now()),
            )
        )
    ).all()


async def subscriptions_of(
    session: AsyncSession, organization_id: UUID, staff_member_id: UUID
) -> Sequence[PushSubscription]:
    """A person's browsers, the newest first."""
    return (
        await session.scalars(
            select(PushSubscription)
            .where(
                PushSubscription.organization_id == organization_id,
                PushSubscription.staff_member_id == staff_member_id,
            )
            .order_by(PushSubscription.created_at.desc(), PushSubscription.id)
            .limit(MAX_SUBSCRIPTIONS + 1)
        )
    ).all()


async def subscription_at(session: AsyncSession, organization_id: UUID, endpoint: str) -> PushSubscription | None:
    found: PushSubscription | None = await session.scalar(
        select(PushSubscription).where(
            PushSubscription.organization_id == organization_id, PushSubscription.endpoint == endpoint
        )
    )
    return found


async def store_subscription(session: AsyncSession, values: dict[str, object]) -> PushSubscription:
    """A browser that has subscribed before keeps its row: it is now of this person and session."""
    statement = insert(PushSubscription).values(**values)
    stored = await session.scalars(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "endpoint"],
            set_={
                name: statement.excluded[name]
                for name in ("staff_member_id", "session_id", "public_key", "auth_secret", "device")
            },
        ).returning(PushSubscription)
    )
    return stored.one()


async def settings_of(
    session: AsyncSession, organization_id: UUID, staff_member_id: UUID
) -> NotificationSettings | None:
    return await session.get(NotificationSettings, (organization_id, staff_member_id))


async def store_settings(session: AsyncSession, values: dict[str, object]) -> None:
    statement = insert(NotificationSettings).values(**values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "id"],
            set_={name: statement.excluded[name] for name in values if name not in {"organization_id", "id"}}
            | {"updated_at": func.now()},
        )
    )


async def add_test(session: AsyncSession, subscription: PushSubscription, *, at: datetime) -> bool:
    """Add a push that tests the browser. False if one is still to be posted."""
    waiting = await session.scalar(
        select(Push.id).where(
            Push.organization_id == subscription.organization_id,
            Push.subscription_id == subscription.id,
            Push.kind == "test",
        )
    )
    if waiting is not None:
        return False
    session.add(
        Push(
            organization_id=subscription.organization_id,
            subscription_id=subscription.id,
            kind="test",
            shows_text=True,
            at=at,
            due_at=at,
        )
    )
    return True
