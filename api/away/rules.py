"""Opening hours, and when the away message answers a text, as pure decisions.

| the text | answered |
| --- | --- |
| arrives while the business is open | no |
| is a keyword, or asks in plain words to stop | no |
| comes from a short code, a name, a line of the business, or an erased number | no |
| is late: the carrier had it `FRESH` before we did, or a backfill found it | no |
| somebody is viewing its conversation, or wrote to it in the last `PERSON_IS_THERE` | no |
| its number had the away message in this closed period, or `MAX_PER_DAY` times in a day | no |
| its number had an automatic text in the last `MACHINE_ANSWERS`: a machine may answer it | no |
| its number may not be texted (the opt-in check) | no |
| any other | yes |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
FRESH = timedelta(minutes=15)
PERSON_IS_THERE = timedelta(minutes=15)
MACHINE_ANSWERS = timedelta(minutes=2)
MAX_PER_DAY = 2

MAX_SPANS = 6
"""Of one weekday."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTES = 24 * 60

Span = tuple[int, int]
"""When it opens and closes, in minutes of the local day. 1440 is midnight at the day's end."""


@dataclass(frozen=True)
class OpeningHours:
    """By weekday, the spans in order. A weekday without spans is closed."""

    spans: Mapping[str, Sequence[Span]]

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        return cls({day: [(int(opens), int(closes)) for opens, closes in stored.get(day, ())] for day in WEEKDAYS})

    def stored(self) -> dict[str, Any]:
        return {day: [[opens, closes] for opens, closes in self.spans.get(day, ())] for day in WEEKDAYS}

    def problem(self, day: str) -> str | None:
        """Why the day's spans are wrong; None if they are not."""
        spans = self.spans.get(day, ())
        if len(spans) > MAX_SPANS:
            return f"A day has at most {MAX_SPANS} spans."
        if any(opens >= closes for opens, closes in spans):
            return "A span closes after it opens. Hours past midnight belong to the next day."
        if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
            return "The spans of a day are in order and do not overlap."
        return None

    def on(self, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        """The spans of a day as instants. Of a time that the clocks repeat it is the first, and one that they skip is
        read as if they had not been changed yet."""
        midnight = datetime.combine(day, time.min)
        return [
            (_instant(midnight + timedelta(minutes=opens), zone), _instant(midnight + timedelta(minutes=closes), zone))
            for opens, closes in self.spans.get(WEEKDAYS[day.weekday()], ())
        ]


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True)
class ClosedPeriod:
    """From closing to opening. Without opening hours it is the local day."""

    since: datetime
    until: datetime


def closed_period(hours: OpeningHours, *, at: datetime, timezone: str) -> ClosedPeriod | None:
    """The closed period that `at` is in; None while the business is open.

    Opening is part of the open span, closing is not.
    """
    zone = ZoneInfo(timezone)
    today = at.astimezone(zone).date()
    spans = [span for offset in range(-8, 9) for span in hours.on(today + timedelta(days=offset), zone)]
    if any(opens <= at < closes for opens, closes in spans):
        return None
    midnight = datetime.combine(today, time.min)
    since = max((closes for _, closes in spans if closes <= at), default=_instant(midnight, zone))
    until = min((opens for opens, _ in spans if opens > at), default=_instant(midnight + DAY, zone))
    return ClosedPeriod(since, until)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What has been sent to a number already."""

    away: Sequence[datetime] = ()
    """Away messages of the last days, on any line."""
    automatic: datetime | None = None
    """The last automatic text of any kind."""
    person: datetime | None = None
    """The last text of a person or an integration."""


def may_answer(answered: Answered, period: ClosedPeriod, *, at: datetime) -> bool:
    """Whether the number may get the away message now, by what it got already."""
    if any(each >= period.since for each in answered.away):
        return False
    if sum(each > at - DAY for each in answered.away) >= MAX_PER_DAY:
        return False
    if answered.automatic is not None and answered.automatic > at - MACHINE_ANSWERS:
        return False
    return answered.person is None or answered.person <= at - PERSON_IS_THERE
