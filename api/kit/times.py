"""Times in requests. Times that PostgreSQL's driver cannot store are refused with a clear error."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from api.kit.published import Published

EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Outside of these an offset may leave Python's calendar, whose first and last moment the driver reads as infinity."""

FIRST_DAY, LAST_DAY = date(3, 1, 1), date(9999, 1, 1)


def in_utc(value: datetime) -> datetime:
    """The same moment in UTC. Raises `ValueError` for one outside the years 2 to 9998."""
    if not EARLIEST <= value < LATEST:
        raise ValueError("use a time between the years 2 and 9998")
    return value.astimezone(UTC)


def rfc3339(at: datetime | None) -> str | None:
    """The moment in the format of the API: UTC with a `Z`."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _spelled(value: object) -> object:
    """Raises `ValueError` for numbers, which pydantic would read as seconds."""
    if not isinstance(value, str) or not _DATED.match(value):
        raise ValueError("use a time as in 2030-01-31T12:00:00Z")
    return value


def _spelled_day(value: object) -> object:
    """Raises `ValueError` for numbers, which pydantic would read as seconds."""
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError("use a day as in 2030-01-31")
    return value


def _in_calendar(value: date) -> date:
    if not FIRST_DAY <= value < LAST_DAY:
        raise ValueError("use a day between the years 3 and 9998")
    return value


Moment = Annotated[
    AwareDatetime, AfterValidator(in_utc), BeforeValidator(_spelled), Published(r"^(?!0000|0001|9999)[0-9]{4}-")
]
"""A time with an offset, as UTC."""

Day = Annotated[
    date, AfterValidator(_in_calendar), BeforeValidator(_spelled_day), Published(r"^(?!000[0-2]|9999)[0-9]{4}-")
]
"""A day of some time zone, far enough from the ends of the calendar to have a year before it."""
