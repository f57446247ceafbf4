"""Grouping and adding up what texts cost. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

MAX_DAYS = 400
"""Days of one question: a year, and a month to compare it with."""

MAX_ROWS = 5_000


class GroupBy(StrEnum):
    MONTH = "month"
    LINE = "line"
    PERSON = "person"
    BROADCAST = "broadcast"


class UsageKind(StrEnum):
    CONVERSATION = "conversation"
    """Replies, first texts and automatic answers."""
    MASS_TEXT = "mass_text"


@dataclass(frozen=True)
class Period:
    """Whole days of the organization's zone: from `since` until before `until`."""

    since: date
    until: date
    timezone: str

    @property
    def starts_at(self) -> datetime:
        return self._midnight(self.since)

    @property
    def ends_at(self) -> datetime:
        return self._midnight(self.until)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)

    @classmethod
    def of(cls, since: date | None, until: date | None, *, today: date, timezone: str) -> "Period":
        """Without days: the month of today, and the eleven before it."""
        end = until or today + timedelta(days=1)
        if since is not None:
            return cls(since, end, timezone)
        last = end - timedelta(days=1)
        months = last.year * 12 + last.month - 1 - 11
        return cls(date(months // 12, months % 12 + 1, 1), end, timezone)

    def problem(self) -> str | None:
        if self.since >= self.until:
            return "Use a day after the one in `from`."
        if (self.until - self.since).days > MAX_DAYS:
            return f"Ask for at most {MAX_DAYS} days at a time."
        return None


@dataclass(frozen=True)
class Counted:
    """Texts of one group, kind and currency, as the database counts them."""

    key: str | None
    """The month, or an id. Null: what belongs to no line, person or mass text."""
    kind: UsageKind
    currency: str | None
    texts: int
    segments: int
    pictures: int
    failed: int
    cost: Decimal
    priced: int
    """Texts with a cost."""
    by_provider: int
    """Texts whose cost is the provider's own figure."""


@dataclass
class Usage:
    """What the texts of one group came to."""

    texts: int = 0
    """Handed over to the provider, or perhaps."""
    segments: int = 0
    pictures: int = 0
    failed: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)
    """By currency. A text without a cost is in none."""
    by_provider: int = 0
    without_cost: int = 0
    """Texts that were handed over, and of which no cost is known."""

    def add(self, each: Counted) -> None:
        self.texts += each.texts
        self.segments += each.segments
        self.pictures += each.pictures
        self.failed += each.failed
        self.by_provider += each.by_provider
        if each.currency is None:
            self.without_cost += each.texts
        elif each.priced:
            self.costs[each.currency] = self.costs.get(each.currency, Decimal(0)) + each.cost


def add_up(counted: Iterable[Counted]) -> dict[tuple[str | None, UsageKind], Usage]:
    found: dict[tuple[str | None, UsageKind], Usage] = {}
    for each in counted:
        found.setdefault((each.key, each.kind), Usage()).add(each)
    return found


def total(counted: Iterable[Counted]) -> Usage:
    found = Usage()
    for each in counted:
        found.add(each)
    return found


def keys_as_ids(keys: Iterable[str | None]) -> Sequence[UUID]:
    return [UUID(key) for key in keys if key is not None]
