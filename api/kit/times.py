"""Times at the door: what PostgreSQL's driver cannot store is refused with a clear error, not with a crash."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def in_utc(value: datetime) -> datetime:
    """The same moment in UTC. Raises `ValueError` for one that its offset puts outside the years 1 to 9999."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("use a time between the years 1 and 9999") from None


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""A time with an offset, as UTC."""
