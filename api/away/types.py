"""Hours by weekday on the wire. Mass texts have hours of their own."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.away.rules import MAX_SPANS, WEEKDAYS, OpeningHours
from api.kit.request_models import RequestModel

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
"""A time of the local day. `24:00` is midnight at its end."""


class OpeningSpan(RequestModel):
    opens: Clock
    """`HH:MM` of the local day."""
    closes: Clock
    """`HH:MM` of the local day. `24:00` is midnight at its end."""


HoursByDay = dict[Weekday, Annotated[list[OpeningSpan], Field(max_length=MAX_SPANS)]]


def hours_from(given: Mapping[Weekday, Sequence[OpeningSpan]]) -> OpeningHours:
    return OpeningHours(
        {str(day): [(_minutes(each.opens), _minutes(each.closes)) for each in spans] for day, spans in given.items()}
    )


def shown_hours(hours: OpeningHours) -> dict[str, list[OpeningSpan]]:
    return {
        day: [OpeningSpan(opens=_clock(opens), closes=_clock(closes)) for opens, closes in hours.spans.get(day, ())]
        for day in WEEKDAYS
    }


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
