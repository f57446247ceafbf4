"""MASS-HOURS: when a mass text may reach a number, as pure decisions.

The organization's available hours by weekday, in its zone, and 8 am to 9 pm in every zone that the number's area may be
in. A number whose zone is not known is taken to be in the organization's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api.away.rules import WEEKDAYS, OpeningHours

EARLIEST_MINUTE, LATEST_MINUTE = 8 * 60, 21 * 60
"""47 CFR 64.1200(c)(1): 8 am to 9 pm, local time at the called party's location."""

LAWFUL = OpeningHours({day: [(EARLIEST_MINUTE, LATEST_MINUTE)] for day in WEEKDAYS})

DAYS_AHEAD = 9
"""A weekday comes again within a week; a day more for zones east and west of the organization's."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Window:
    """A time in which a number may be reached. `opens_at` may be past."""

    opens_at: datetime
    closes_at: datetime

    def is_open(self, at: datetime) -> bool:
        return self.opens_at <= at < self.closes_at


def next_window(at: datetime, *, hours: OpeningHours | None, timezone: str, zones: Sequence[str] = ()) -> Window | None:
    """The window that is open at this time, or the next one. None if there is none: the hours never meet.

    `hours`: the organization's, in `timezone`; None if it has set none. `zones`: where the number may be.
    """
    common = _spans(LAWFUL, (zones or (timezone,))[0], at)
    for zone in (zones or (timezone,))[1:]:
        common = _common(common, _spans(LAWFUL, zone, at))
    if hours is not None:
        common = _common(common, _spans(hours, timezone, at))
    return next((Window(opens, closes) for opens, closes in common if closes > at), None)


class Availability:
    """The windows of one organization at one time, worked out once for each set of zones."""

    def __init__(self, at: datetime, *, hours: OpeningHours | None, timezone: str, any_hour: bool = False) -> None:
        """`any_hour`: somebody with the permission has overridden the hours (PERM-HOURS)."""
        self.at = at
        self.any_hour = any_hour
        self._hours = hours
        self._timezone = timezone
        self._windows: dict[tuple[str, ...], Window | None] = {}

    def window(self, zones: Sequence[str]) -> Window | None:
        """The open window, or the next one. None if the hours never meet."""
        key = tuple(zones)
        if key not in self._windows:
            self._windows[key] = next_window(self.at, hours=self._hours, timezone=self._timezone, zones=key)
        return self._windows[key]

    def is_possible(self, zones: Sequence[str]) -> bool:
        return self.any_hour or self.window(zones) is not None


def _spans(hours: OpeningHours, timezone: str, at: datetime) -> list[Span]:
    """From yesterday on, in order; those that touch are one."""
    zone = ZoneInfo(timezone)
    today = at.astimezone(zone).date()
    found: list[Span] = []
    for offset in range(-1, DAYS_AHEAD + 1):
        for opens, closes in hours.on(today + timedelta(days=offset), zone):
            if found and opens <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], closes))
            elif opens < closes:
                found.append((opens, closes))
    return found


def _common(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """The times that are in both, in order."""
    found: list[Span] = []
    i = j = 0
    while i < len(first) and j < len(second):
        opens, closes = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if opens < closes:
            found.append((opens, closes))
        if first[i][1] <= second[j][1]:
            i += 1
        else:
            j += 1
    return found
