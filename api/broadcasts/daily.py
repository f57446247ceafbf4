"""The daily limits of lines, for the texts of one batch: what is over waits for the next day."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import Organization
from api.broadcasts.hours import Availability
from api.broadcasts.service import availability
from api.lines.daily import take_texts
from api.lines.models import Line
from api.lines.rules import Day

Text = TypeVar("Text")


async def within_daily_limits(
    session: AsyncSession,
    organization: Organization,
    texts: Sequence[Text],
    line_of: Callable[[Text], Line],
    *,
    at: datetime,
) -> tuple[list[Text], list[Text]]:
    """Count these texts, in their order: those that their lines may send today, and those that are over."""
    if not texts:
        return [], []
    by_id = {line.id: line for line in map(line_of, texts)}
    wanted: Counter[UUID] = Counter(line_of(each).id for each in texts)
    day = Day.at(at, timezone=organization.timezone)
    left = await take_texts(session, organization.id, by_id, wanted, day=day)
    today: list[Text] = []
    over: list[Text] = []
    for each in texts:
        line_id = line_of(each).id
        if left[line_id] > 0:
            left[line_id] -= 1
            today.append(each)
        else:
            over.append(each)
    return today, over


class Tomorrow:
    """When a text may leave that is over the limit of today: in its hours, from the next day on."""

    def __init__(self, organization: Organization, *, at: datetime, any_hour: bool = False) -> None:
        self._starts_at = Day.at(at, timezone=organization.timezone).ends_at
        self._available: Availability = availability(organization, at=self._starts_at, any_hour=any_hour)

    def opens_at(self, zones: Sequence[str]) -> datetime:
        window = None if self._available.any_hour else self._available.window(zones)
        return max(self._starts_at, window.opens_at) if window is not None else self._starts_at
