"""Opening hours of the gym. The history of the demo lies in them, whatever the time of its start."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOURS = {
    **dict.fromkeys(range(5), (time(9, 0), time(20, 30))),
    5: (time(8, 30), time(15, 0)),
}
"""By weekday: 0 is Monday. Closed on Sundays."""


@dataclass(frozen=True)
class OpeningHours:
    """`HOURS` in this time zone."""

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

    def later(self, now: datetime, *, days: int, minute: int) -> datetime:
        """`minute` minutes after opening, `days` days after `now` or on the first open day after that."""
        day = now.astimezone(self.zone).date() + timedelta(days=days)
        while (hours := self._open(day)) is None:
            day += timedelta(days=1)
        return (hours[0] + timedelta(minutes=minute)).astimezone(UTC)

    def _open(self, day: date) -> tuple[datetime, datetime] | None:
        hours = HOURS.get(day.weekday())
        if hours is None:
            return None
        opens, closes = hours
        return datetime.combine(day, opens, self.zone), datetime.combine(day, closes, self.zone)
