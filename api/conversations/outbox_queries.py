"""SQL of the outbox's order: which text of a conversation may leave, and which waits for an earlier one.

Every statement reads the same few rows whatever statistics say: a `LATERAL` subquery with a `LIMIT`, by an index that
gives its order. Planned for an outbox that was empty, a join would read the whole queue.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import OutboxEntry, OutboxPause
from api.kit.bulk import Row, insert_together, is_any

PLACED_AT_ONCE = 50
"""Texts of one conversation that are placed anew together. Later ones are placed once those have left."""


def _holds_up(entry: str) -> str:
    """SQL: later texts of its conversation wait for this waiting text.

    They do not wait for a mass text that is paused or not due: it may stay for days.
    """
    return (
        f"({entry}.state = 'sending' OR {entry}.broadcast_id IS NULL OR ({entry}.due_at <= statement_timestamp()"
        " AND NOT EXISTS (SELECT FROM outbox_pauses AS paused WHERE paused.organization_id = :organization_id"
        f" AND paused.id = {entry}.broadcast_id)))"
    )


_BEHIND = (
    "EXISTS (SELECT FROM outbox AS earlier WHERE earlier.organization_id = :organization_id"
    " AND earlier.conversation_id = new.conversation_id AND earlier.seq < new.seq AND earlier.state <> 'unknown'"
    f" AND {_holds_up('earlier')})"
)

_PLACE = text(
    f"""
    UPDATE outbox SET behind = placed.behind, priority = placed.priority
    FROM unnest(CAST(:conversation_ids AS uuid[])) AS conversation(id) CROSS JOIN LATERAL (
        SELECT id, coalesce(bool_or(holds_up) OVER earlier, false) AS behind,
            CASE WHEN holds_up THEN least(own_priority, min(own_priority) OVER later) ELSE own_priority END AS priority
        FROM (
            SELECT id, seq, {_holds_up("entry")} AS holds_up,
                CASE WHEN broadcast_id IS NULL THEN priority ELSE 2 END AS own_priority
            FROM outbox AS entry
            WHERE organization_id = :organization_id AND conversation_id = conversation.id AND state <> 'unknown'
            ORDER BY seq LIMIT {PLACED_AT_ONCE}
        ) AS waiting
        WINDOW earlier AS (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
            later AS (ORDER BY seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
    ) AS placed
    WHERE outbox.organization_id = :organization_id AND outbox.id = placed.id AND outbox.state = 'queued'
        AND (outbox.behind <> placed.behind OR outbox.priority <> placed.priority)
    """  # noqa: S608  # Our own SQL.
).bindparams(bindparam("organization_id", type_=Uuid()), bindparam("conversation_ids", type_=ARRAY(Uuid())))

_WAITING = text(
    f"""
    SELECT entry.id FROM unnest(CAST(:ids AS uuid[]), CAST(:conversation_ids AS uuid[]), CAST(:seqs AS integer[]),
        CAST(:broadcast_ids AS uuid[])) AS entry(id, conversation_id, seq, broadcast_id)
    WHERE EXISTS (SELECT FROM outbox_pauses AS paused WHERE paused.organization_id = :organization_id
            AND paused.id = entry.broadcast_id)
        OR (SELECT true FROM outbox AS earlier WHERE earlier.organization_id = :organization_id
            AND earlier.conversation_id = entry.conversation_id AND earlier.seq < entry.seq
            AND earlier.state <> 'unknown' AND {_holds_up("earlier")} LIMIT 1)
    """  # noqa: S608  # Our own SQL.
).bindparams(bindparam("organization_id", type_=Uuid()))


async def insert_entries(session: AsyncSession, organization_id: UUID, rows: Sequence[Row]) -> None:
    """Insert entries of one organization. Each is `behind` if an earlier one of its conversation is stored."""
    given = [{"organization_id": organization_id, **row, "behind": False} for row in rows]
    behind = _BEHIND.replace(":organization_id", "new.organization_id")
    await insert_together(session, OutboxEntry, given, instead={"behind": behind})


async def place(session: AsyncSession, organization_id: UUID, conversation_ids: Collection[UUID]) -> None:
    """Set `behind` and the priority of what is queued in these conversations.

    A text that one of a higher priority waits for has that priority until it has left.
    """
    if conversation_ids:
        await session.execute(
            _PLACE, {"organization_id": organization_id, "conversation_ids": sorted(conversation_ids)}
        )


async def must_wait(session: AsyncSession, organization_id: UUID, entries: Sequence[OutboxEntry]) -> set[UUID]:
    """The entries among these that may not leave now: behind an earlier text, or of a paused mass text."""
    if not entries:
        return set()
    found = await session.execute(
        _WAITING,
        {
            "organization_id": organization_id,
            "ids": [each.id for each in entries],
            "conversation_ids": [each.conversation_id for each in entries],
            "seqs": [each.seq for each in entries],
            "broadcast_ids": [each.broadcast_id for each in entries],
        },
    )
    return {row[0] for row in found}


async def mark_behind(session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]) -> None:
    """Mark these entries as `behind`. `place` frees those that are not."""
    await session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.organization_id == organization_id, OutboxEntry.id == is_any(message_ids))
        .values(behind=True)
        .execution_options(synchronize_session=False)
    )


_FREE_STUCK = text(
    f"""
    UPDATE outbox SET behind = false FROM (
        SELECT new.organization_id, new.id FROM (
            SELECT organization_id, id, conversation_id, seq FROM outbox
            WHERE behind AND (organization_id, conversation_id, seq) > (:organization_id, :conversation_id, :seq)
            ORDER BY organization_id, conversation_id, seq LIMIT :limit
        ) AS new
        WHERE NOT {_BEHIND.replace(":organization_id", "new.organization_id")}
        OFFSET 0
    ) AS free
    WHERE outbox.organization_id = free.organization_id AND outbox.id = free.id AND outbox.state = 'queued'
    """  # noqa: S608  # Our own SQL.
)


class Place(NamedTuple):
    """Where a walk over the entries that are `behind` has come to."""

    organization_id: UUID
    conversation_id: UUID
    seq: int


START = Place(UUID(int=0), UUID(int=0), 0)


async def free_stuck(session: AsyncSession, after: Place, *, limit: int) -> Place | None:
    """Free the entries among the next `limit` that wait for nothing. Returns the last one; None at the end."""
    last = (
        select(OutboxEntry.organization_id, OutboxEntry.conversation_id, OutboxEntry.seq)
        .where(
            text("behind"),
            text("(organization_id, conversation_id, seq) > (:organization_id, :conversation_id, :seq)"),
        )
        .order_by(OutboxEntry.organization_id, OutboxEntry.conversation_id, OutboxEntry.seq)
        .limit(1)
        .offset(limit - 1)
    )
    found = (await session.execute(last, after._asdict())).one_or_none()
    await session.execute(_FREE_STUCK, {**after._asdict(), "limit": limit})
    return None if found is None else Place(*found)


async def insert_pause(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> None:
    row = insert(OutboxPause).values(organization_id=organization_id, id=broadcast_id)
    await session.execute(row.on_conflict_do_nothing())


async def delete_pause(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> None:
    await session.execute(
        delete(OutboxPause).where(OutboxPause.organization_id == organization_id, OutboxPause.id == broadcast_id)
    )


async def conversations_in_a_hurry(session: AsyncSession, organization_id: UUID, broadcast_id: UUID) -> Sequence[UUID]:
    """The conversations in which a reply waits for this mass text, which has its priority."""
    return (
        await session.scalars(
            select(OutboxEntry.conversation_id).where(
                OutboxEntry.organization_id == organization_id,
                OutboxEntry.broadcast_id == broadcast_id,
                OutboxEntry.state == "queued",
                OutboxEntry.priority < 2,
            )
        )
    ).all()


class WaitingText(NamedTuple):
    message_id: UUID
    conversation_id: UUID


async def queued_texts(
    session: AsyncSession, organization_id: UUID, broadcast_id: UUID, *, limit: int
) -> list[WaitingText]:
    rows = await session.execute(
        select(OutboxEntry.id, OutboxEntry.conversation_id)
        .where(
            OutboxEntry.organization_id == organization_id,
            OutboxEntry.broadcast_id == broadcast_id,
            OutboxEntry.state == "queued",
        )
        .order_by(OutboxEntry.priority, OutboxEntry.id)
        .limit(limit)
    )
    return [WaitingText(*row) for row in rows]


async def lock_queued(session: AsyncSession, organization_id: UUID, message_ids: Collection[UUID]) -> set[UUID]:
    """Those of these messages that are still queued; their entries are locked, in the order of ids."""
    rows = await session.scalars(
        select(OutboxEntry.id)
        .where(
            OutboxEntry.organization_id == organization_id,
            OutboxEntry.id == is_any(message_ids),
            OutboxEntry.state == "queued",
        )
        .order_by(OutboxEntry.id)
        .with_for_update(key_share=True)
    )
    return set(rows)


class Window(NamedTuple):
    """When a queued mass text may leave."""

    message_id: UUID
    due_at: datetime
    not_after: datetime | None


async def set_windows(session: AsyncSession, organization_id: UUID, windows: Sequence[Window]) -> None:
    await session.execute(
        _SET_WINDOWS,
        {
            "organization_id": organization_id,
            "ids": [each.message_id for each in windows],
            "due_ats": [each.due_at for each in windows],
            "not_afters": [each.not_after for each in windows],
        },
    )


_SET_WINDOWS = text(
    """
    UPDATE outbox SET due_at = new.due_at, not_after = new.not_after
    FROM unnest(CAST(:ids AS uuid[]), CAST(:due_ats AS timestamptz[]), CAST(:not_afters AS timestamptz[]))
        AS new(id, due_at, not_after)
    WHERE outbox.organization_id = :organization_id AND outbox.id = new.id AND outbox.state = 'queued'
    """
).bindparams(
    bindparam("due_ats", type_=ARRAY(DateTime(timezone=True))),
    bindparam("not_afters", type_=ARRAY(DateTime(timezone=True))),
)


async def out_of_window(
    session: AsyncSession, organization_id: UUID, broadcast_id: UUID, *, limit: int
) -> list[WaitingText]:
    rows = await session.execute(
        select(OutboxEntry.id, OutboxEntry.conversation_id)
        .where(
            OutboxEntry.organization_id == organization_id,
            OutboxEntry.broadcast_id == broadcast_id,
            OutboxEntry.state == "queued",
            OutboxEntry.not_after <= func.now(),
        )
        .order_by(OutboxEntry.priority, OutboxEntry.id)
        .limit(limit)
    )
    return [WaitingText(*row) for row in rows]
