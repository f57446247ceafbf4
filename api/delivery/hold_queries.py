"""SQL of holds of the outbox, and of the database's identity."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, case, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts.models import Broadcast
from api.broadcasts.rules import PauseReason
from api.conversations.models import OutboxEntry
from api.conversations.scheduled_models import ScheduledText
from api.delivery.models import DatabaseIdentity, OutboxHold
from api.kit.ids import new_id

_IDENTITIES = text(
    "SELECT oid::text AS oid, has_function_privilege('pg_control_system()', 'EXECUTE') AS may_read_system,"
    " (SELECT value FROM database_identity) AS stored FROM pg_database WHERE datname = current_database()"
)
_SYSTEM = text("SELECT system_identifier::text FROM pg_control_system()")


def is_not_held(organization_id: UUID, *, until_backfilled: bool = False) -> ColumnElement[bool]:
    """Nothing of the organization's outbox is held. `until_backfilled`: a hold counts only until its backfill."""
    open_hold = exists().where(OutboxHold.organization_id == organization_id, OutboxHold.released_at.is_(None))
    return ~(open_hold.where(OutboxHold.backfilled_at.is_(None)) if until_backfilled else open_hold)


class Identities(NamedTuple):
    database: str
    """Of the database that this is: `<system identifier>/<oid>`. A managed server may hide the first: `-`."""
    stored: str | None
    """Of the database that the data was written in. None: nothing has been sent from this data yet."""


async def identities(session: AsyncSession) -> Identities:
    found = (await session.execute(_IDENTITIES)).one()
    system = await session.scalar(_SYSTEM) if found.may_read_system else "-"
    return Identities(f"{system}/{found.oid}", found.stored)


async def lock_identity(session: AsyncSession) -> str | None:
    """The stored identity, locked."""
    return await session.scalar(select(DatabaseIdentity.value).with_for_update())


async def store_identity(session: AsyncSession, value: str, *, replace: bool) -> None:
    row = insert(DatabaseIdentity).values(id=1, value=value)
    changed = {"value": value, "set_at": func.now()}
    await session.execute(
        row.on_conflict_do_update(index_elements=[DatabaseIdentity.id], set_=changed)
        if replace
        else row.on_conflict_do_nothing()
    )


async def hold(session: AsyncSession, organization_ids: Sequence[UUID], *, reason: str) -> None:
    """Hold the outbox of each organization. A hold that is open begins anew."""
    if not organization_ids:
        return
    rows = insert(OutboxHold).values(
        [{"organization_id": each, "id": new_id(), "reason": reason} for each in organization_ids]
    )
    await session.execute(
        rows.on_conflict_do_update(
            index_elements=[OutboxHold.organization_id],
            index_where=OutboxHold.released_at.is_(None),
            set_={"reason": rows.excluded.reason, "held_at": func.now(), "backfilled_at": None},
        )
    )


async def mark_restored(session: AsyncSession) -> None:
    """Mark everything in the outbox as coming from a backup. Unknown outcomes are due, as if never reconciled.

    Scheduled texts are due too: each is held back (`conversations.leaving`). Mass texts that were on their way are
    paused: nobody knows who has got them since.
    """
    on_their_way = ("scheduled", "sending", "paused")
    await session.execute(
        update(Broadcast)
        .where(Broadcast.state.in_(on_their_way))
        .values(state="paused", pause_reason=PauseReason.RESTORED.value)
    )
    await session.execute(
        update(ScheduledText)
        .where(ScheduledText.state == "scheduled")
        .values(restored=True, due_at=func.least(ScheduledText.due_at, func.now()))
    )
    is_unknown = OutboxEntry.state == "unknown"
    await session.execute(
        update(OutboxEntry).values(
            restored=True,
            attempts=case((is_unknown, 0), else_=OutboxEntry.attempts),
            due_at=case((is_unknown, func.now()), else_=OutboxEntry.due_at),
        )
    )


class OpenHold(NamedTuple):
    organization_id: UUID
    reason: str
    held_at: datetime
    backfilled_at: datetime | None


async def open_holds(session: AsyncSession) -> list[OpenHold]:
    rows = await session.execute(
        select(OutboxHold.organization_id, OutboxHold.reason, OutboxHold.held_at, OutboxHold.backfilled_at)
        .where(OutboxHold.released_at.is_(None))
        .order_by(OutboxHold.organization_id)
    )
    return [OpenHold(*row) for row in rows]


async def held_since(session: AsyncSession, organization_id: UUID) -> datetime | None:
    """When the organization's open hold began."""
    return await session.scalar(
        select(OutboxHold.held_at).where(
            OutboxHold.organization_id == organization_id, OutboxHold.released_at.is_(None)
        )
    )


async def last_held_at(session: AsyncSession, organization_id: UUID) -> datetime | None:
    """When the organization's last hold began, open or released."""
    return await session.scalar(
        select(func.max(OutboxHold.held_at)).where(OutboxHold.organization_id == organization_id)
    )


async def set_backfilled(session: AsyncSession, organization_id: UUID) -> None:
    await session.execute(
        update(OutboxHold)
        .where(OutboxHold.organization_id == organization_id, OutboxHold.released_at.is_(None))
        .values(backfilled_at=func.clock_timestamp())
    )


async def set_released(session: AsyncSession, organization_id: UUID) -> bool:
    """Close the organization's hold. False if none was open."""
    found = await session.scalar(
        update(OutboxHold)
        .where(OutboxHold.organization_id == organization_id, OutboxHold.released_at.is_(None))
        .values(released_at=func.clock_timestamp())
        .returning(OutboxHold.id)
    )
    return found is not None


async def unreconciled(session: AsyncSession, organization_id: UUID) -> int:
    """How many restored messages have not been reconciled once."""
    found: int = (
        await session.execute(
            select(func.count()).where(
                OutboxEntry.organization_id == organization_id,
                OutboxEntry.restored,
                or_(OutboxEntry.state != "unknown", OutboxEntry.attempts == 0),
            )
        )
    ).scalar_one()
    return found


class RestoredEntry(NamedTuple):
    message_id: UUID
    conversation_id: UUID


async def restored_waiting(session: AsyncSession, organization_id: UUID, *, limit: int) -> list[RestoredEntry]:
    """Restored messages that were waiting or being sent in the backup. Not locked yet."""
    rows = await session.execute(
        select(OutboxEntry.id, OutboxEntry.conversation_id)
        .where(
            OutboxEntry.organization_id == organization_id,
            OutboxEntry.restored,
            OutboxEntry.state.in_(["queued", "sending"]),
        )
        .order_by(OutboxEntry.id)
        .limit(limit)
    )
    return [RestoredEntry(*row) for row in rows]
