"""Times at the door: what PostgreSQL's driver cannot store is refused with a clear error, not with a crash."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""At the ends of Python's calendar an offset runs out of it, and the driver takes its first and last moment for
infinity."""


def in_utc(value: datetime) -> datetime:
    """The same moment in UTC. Raises `ValueError` for one outside the years 2 to 9998."""
    if not EARLIEST <= value < LATEST:
        raise ValueError("use a time between the years 2 and 9998")
    return value.astimezone(UTC)


def rfc3339(at: datetime | None) -> str | None:
    """The moment as the API spells it: in UTC, with a `Z`."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_DATED = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")


def _spelled(value: object) -> object:
    """Numbers, also those of a query, are no times here, though they could be read as seconds."""
    if not isinstance(value, str) or not _DATED.match(value):
        raise ValueError("use a time as in 2030-01-31T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(in_utc), BeforeValidator(_spelled)]
"""A time with an offset, as UTC."""
