"""SQL of claims. A claim reads a few index entries for each line and mass text, however many texts wait.

The indexes `ix_outbox_replies` and `ix_outbox_mass_texts` hold what may leave, in the order in which it leaves. A
*lane* is what waits on one line: its confirmations, its replies, or one mass text. The lanes are found by skipping from
one to the next (a recursive query, each step one index look-up), and each gives its first entries in its own order.

The states are written into the statements: only then can the planner see that a partial index holds the rows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Integer, TextClause, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.delivery.shares import Lane, Share

_CLAIMABLE = "state = 'queued' AND NOT behind"

_LANES = """
WITH RECURSIVE line(organization_id, line_id) AS (
    (SELECT organization_id, line_id FROM outbox WHERE {claimable} AND priority < 2 AND {scope}
     ORDER BY organization_id, line_id LIMIT 1)
    UNION ALL
    SELECT following.organization_id, following.line_id FROM line CROSS JOIN LATERAL (
        SELECT organization_id, line_id FROM outbox WHERE {claimable} AND priority < 2 AND {scope}
            AND (organization_id, line_id) > (line.organization_id, line.line_id)
        ORDER BY organization_id, line_id LIMIT 1) AS following
), mass_text(organization_id, line_id, broadcast_id) AS (
    (SELECT organization_id, line_id, broadcast_id FROM outbox WHERE {claimable} AND priority = 2 AND {scope}
     ORDER BY organization_id, line_id, broadcast_id LIMIT 1)
    UNION ALL
    SELECT following.organization_id, following.line_id, following.broadcast_id FROM mass_text CROSS JOIN LATERAL (
        SELECT organization_id, line_id, broadcast_id FROM outbox WHERE {claimable} AND priority = 2 AND {scope}
            AND (organization_id, line_id, broadcast_id)
                > (mass_text.organization_id, mass_text.line_id, mass_text.broadcast_id)
        ORDER BY organization_id, line_id, broadcast_id LIMIT 1) AS following
), lane AS (
    SELECT line.organization_id, line.line_id, class.priority, CAST(NULL AS uuid) AS broadcast_id, head.due_at
    FROM line CROSS JOIN (VALUES (0), (1)) AS class(priority) CROSS JOIN LATERAL (
        SELECT due_at FROM outbox WHERE {claimable} AND outbox.priority < 2
            AND outbox.organization_id = line.organization_id AND outbox.line_id = line.line_id
            AND outbox.priority = class.priority
        ORDER BY due_at, id LIMIT 1) AS head
    UNION ALL
    SELECT mass_text.organization_id, mass_text.line_id, 2, mass_text.broadcast_id, head.due_at
    FROM mass_text CROSS JOIN LATERAL (
        SELECT due_at FROM outbox WHERE {claimable} AND outbox.priority = 2
            AND outbox.organization_id = mass_text.organization_id AND outbox.line_id = mass_text.line_id
            AND outbox.broadcast_id = mass_text.broadcast_id
        ORDER BY due_at, id LIMIT 1) AS head
    WHERE NOT EXISTS (SELECT FROM outbox_pauses AS paused WHERE paused.organization_id = mass_text.organization_id
        AND paused.id = mass_text.broadcast_id)
)
SELECT lane.organization_id, lane.line_id, lane.priority, lane.broadcast_id,
    extract(epoch FROM greatest(lane.due_at, lines.next_send_at) - clock_timestamp()) AS ready_in
FROM lane JOIN lines ON lines.organization_id = lane.organization_id AND lines.id = lane.line_id
WHERE NOT EXISTS (SELECT FROM outbox_holds AS held WHERE held.organization_id = lane.organization_id
    AND held.released_at IS NULL)
ORDER BY lane.organization_id, lane.line_id, lane.priority, lane.broadcast_id
"""


class Candidate(NamedTuple):
    """An outbox entry that is not locked yet."""

    message_id: UUID
    conversation_id: UUID
    phone_number_id: UUID
    line_id: UUID


async def plan_by_index(session: AsyncSession) -> None:
    """Plan each statement for the tables as they are, and read in the order of an index rather than sort.

    Until `plan_as_usual`, or the end of the transaction. A plan that PostgreSQL has kept from when the outbox was empty
    reads all of it. So does a new plan with the statistics of that time: it takes any index for as good as the one that
    has the order, and expects to sort a single row.
    """
    await session.execute(_PLAN_BY_INDEX)


async def plan_as_usual(session: AsyncSession) -> None:
    """Sort again. Plans are still made anew."""
    await session.execute(_PLAN_AS_USUAL)


_SORTS = ("enable_sort", "enable_incremental_sort")
_PLAN_BY_INDEX = select(
    func.set_config("plan_cache_mode", "force_custom_plan", True),
    *(func.set_config(name, "off", True) for name in _SORTS),
)
_PLAN_AS_USUAL = select(*(func.set_config(name, "on", True) for name in _SORTS))

_ALL_LANES = text(_LANES.format(claimable=_CLAIMABLE, scope="true"))
_OWN_LANES = text(_LANES.format(claimable=_CLAIMABLE, scope="organization_id = :organization_id")).bindparams(
    bindparam("organization_id", type_=Uuid())
)


async def lanes(session: AsyncSession, organization_id: UUID | None = None) -> list[Lane]:
    """The lanes of one organization, or of all, in which something waits: not held, not paused. Due or not."""
    if organization_id is None:
        rows = await session.execute(_ALL_LANES)
    else:
        rows = await session.execute(_OWN_LANES, {"organization_id": organization_id})
    return [Lane(row[0], row[1], row[2], row[3], float(row[4])) for row in rows]


_FIRST = """
SELECT first.id, first.conversation_id, (
    SELECT phone_number_id FROM conversations WHERE conversations.organization_id = :organization_id
        AND conversations.id = first.conversation_id), lane.line_id
FROM unnest(CAST(:line_ids AS uuid[]), CAST(:kinds AS {kind}[]), CAST(:counts AS integer[]))
    WITH ORDINALITY AS lane(line_id, kind, count, place)
CROSS JOIN LATERAL (
    SELECT id, conversation_id, due_at FROM outbox
    WHERE {claimable} AND {of_lane} AND organization_id = :organization_id AND outbox.line_id = lane.line_id
        AND due_at <= statement_timestamp()
    ORDER BY due_at, id LIMIT lane.count
) AS first
ORDER BY lane.place, first.due_at, first.id
"""


def _first(kind: str, of_lane: str, type_: type[Integer | Uuid[UUID]]) -> TextClause:
    return text(_FIRST.format(claimable=_CLAIMABLE, kind=kind, of_lane=of_lane)).bindparams(
        bindparam("organization_id", type_=Uuid()),
        bindparam("line_ids", type_=ARRAY(Uuid())),
        bindparam("kinds", type_=ARRAY(type_)),
        bindparam("counts", type_=ARRAY(Integer())),
    )


_FIRST_REPLIES = _first("integer", "priority < 2 AND outbox.priority = lane.kind", Integer)
_FIRST_MASS_TEXTS = _first("uuid", "priority = 2 AND outbox.broadcast_id = lane.kind", Uuid)


async def first_of(session: AsyncSession, organization_id: UUID, shares: Sequence[Share]) -> list[Candidate]:
    """The first due texts of each lane, as many as its share. Not locked yet."""
    found: list[Candidate] = []
    replies = [each for each in shares if each.broadcast_id is None]
    mass_texts = [each for each in shares if each.broadcast_id is not None]
    for statement, of, kinds in (
        (_FIRST_REPLIES, replies, [each.priority for each in replies]),
        (_FIRST_MASS_TEXTS, mass_texts, [each.broadcast_id for each in mass_texts]),
    ):
        if of:
            rows = await session.execute(
                statement,
                {
                    "organization_id": organization_id,
                    "line_ids": [each.line_id for each in of],
                    "kinds": kinds,
                    "counts": [each.texts for each in of],
                },
            )
            found += [Candidate(*row) for row in rows]
    return found


async def busy_organizations(session: AsyncSession) -> dict[UUID, set[str]]:
    """The organizations with an expired lease or a due unknown outcome, and which of them."""
    rows = await session.execute(_BUSY)
    due: dict[UUID, set[str]] = {}
    for organization_id, state in rows:
        due.setdefault(organization_id, set()).add(state)
    return due


_BUSY = text(
    """
    WITH RECURSIVE kind(organization_id, state, due_at) AS (
        (SELECT organization_id, state, due_at FROM outbox WHERE state <> 'queued'
         ORDER BY organization_id, state, due_at LIMIT 1)
        UNION ALL
        SELECT following.* FROM kind CROSS JOIN LATERAL (
            SELECT organization_id, state, due_at FROM outbox
            WHERE state <> 'queued' AND (organization_id, state) > (kind.organization_id, kind.state)
            ORDER BY organization_id, state, due_at LIMIT 1) AS following
    )
    SELECT organization_id, state FROM kind WHERE due_at <= clock_timestamp()
    """
)

_PARK = text(
    """
    UPDATE outbox SET due_at = :until FROM (
        SELECT id FROM outbox
        WHERE state = 'queued' AND NOT behind AND priority = 2 AND organization_id = :organization_id
            AND line_id = :line_id AND broadcast_id = :broadcast_id
            AND due_at <= statement_timestamp() AND not_after <= statement_timestamp()
        ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ) AS late
    WHERE outbox.organization_id = :organization_id AND outbox.id = late.id
    """
)


async def park(
    session: AsyncSession, organization_id: UUID, line_id: UUID, broadcast_id: UUID, *, until: datetime, limit: int
) -> None:
    """Defer the texts of a mass text that are due and past their `not_after` (MASS-HOURS)."""
    given = {"organization_id": organization_id, "line_id": line_id, "broadcast_id": broadcast_id}
    await session.execute(_PARK, {**given, "until": until, "limit": limit})
