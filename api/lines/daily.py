"""A line's texts of a day, for texts that nobody types: mass texts and sign-up messages.

They leave a part of the day's limit to people's replies (MASS-FAIR). What is over waits for the next day.
"""

import math
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.lines import queries
from api.lines.models import Line
from api.lines.rules import DEFAULT_TEXTS_PER_DAY, Day
from api.lines.service import KEPT

SHARE = 0.9
"""Of the line's limit."""


def most_untyped(line: Line) -> int:
    """How many texts of a day nobody need have typed."""
    return math.ceil((line.texts_per_day or DEFAULT_TEXTS_PER_DAY) * SHARE)


async def texts_left(
    session: AsyncSession, organization_id: UUID, lines: Collection[Line], *, day: Day
) -> dict[UUID, int]:
    """How many more texts that nobody types each line may send on this day."""
    counted = await queries.daily_texts(session, organization_id, [line.id for line in lines], day=day.date)
    return {line.id: max(0, most_untyped(line) - counted.get(line.id, 0)) for line in lines}


async def take_texts(
    session: AsyncSession, organization_id: UUID, lines: Mapping[UUID, Line], wanted: Mapping[UUID, int], *, day: Day
) -> dict[UUID, int]:
    """Count up to so many texts of each line, and return how many it may send. The rollback undoes the count.

    As with a person's text, the count is locked until the end of the transaction. The caller has locked the numbers
    that it texts, and locks no other lines' counts after it.
    """
    counted = await queries.count_texts(session, organization_id, wanted, day=day.date)
    over = {each: min(wanted[each], max(0, counted[each] - most_untyped(lines[each]))) for each in wanted}
    if any(over.values()):
        refused = {each: -texts for each, texts in over.items() if texts}
        await queries.count_texts(session, organization_id, refused, day=day.date)
    for each, texts in wanted.items():
        if counted[each] == texts:
            await queries.forget_daily_texts(session, organization_id, each, before=day.date - KEPT)
    return {each: texts - over[each] for each, texts in wanted.items()}
