"""Times in requests. Times that PostgreSQL's driver cannot store are refused with a clear error."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Outside of these an offset may leave Python's calendar, whose first and last moment the driver reads as infinity."""


def in_utc(value: datetime) -> datetime:
    """The same moment in UTC. Raises `ValueError` for one outside the years 2 to 9998."""
    if not EARLIEST <= value < LATEST:
        raise ValueError("use a time between the years 2 and 9998")
    return value.astimezone(UTC)


def rfc3339(at: datetime | None) -> str | None:
    """The moment in the format of the API: UTC with a `Z`."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_DATED = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _spelled(value: object) -> object:
    """Raises `ValueError` for numbers, which pydantic would read as seconds."""
    if not isinstance(value, str) or not _DATED.match(value):
        raise ValueError("use a time as in 2030-01-31T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(in_utc), BeforeValidator(_spelled)]
"""A time with an offset, as UTC."""
