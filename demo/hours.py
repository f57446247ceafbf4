"""Opening hours of the gym. The history of the demo lies in them, whatever the time of its start."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WEEKDAY = time(9, 0), time(20, 30)
_SATURDAY = time(8, 30), time(15, 0)
_SATURDAY_INDEX, _SUNDAY_INDEX = 5, 6


@dataclass(frozen=True)
class OpeningHours:
    """Monday to Friday 9:00 to 20:30, Saturday 8:30 to 15:00, on the clocks of `zone`."""

    zone: ZoneInfo

    def before(self, now: datetime, minutes: float) -> datetime:
        """The time from which the gym was open for `minutes` until `now`."""
        local = now.astimezone(self.zone)
        day, left = local.date(), timedelta(minutes=minutes)
        while True:
            if (hours := self._open(day)) is not None:
                opens, closes = hours
                until = min(local, closes)
                if until - left >= opens:
                    return (until - left).astimezone(UTC)
                left -= max(until - opens, timedelta())
            day -= timedelta(days=1)

    def on(self, now: datetime, *, days_ago: int, minute: int) -> datetime:
        """`minute` minutes after opening, `days_ago` days before `now` or on the last open day before that."""
        day = now.astimezone(self.zone).date() - timedelta(days=days_ago)
        while (hours := self._open(day)) is None:
            day -= timedelta(days=1)
        return (hours[0] + timedelta(minutes=minute)).astimezone(UTC)

    def _open(self, day: date) -> tuple[datetime, datetime] | None:
        match day.weekday():
            case weekday if weekday == _SUNDAY_INDEX:
                return None
            case weekday if weekday == _SATURDAY_INDEX:
                opens, closes = _SATURDAY
            case _:
                opens, closes = _WEEKDAY
        return datetime.combine(day, opens, self.zone), datetime.combine(day, closes, self.zone)
