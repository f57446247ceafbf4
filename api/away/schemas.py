"""What crosses the wire of opening hours and the away message."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.away.rules import MAX_SPANS, WEEKDAYS, OpeningHours
from api.away.service import AwaySettings, AwayState
from api.kit.text import Body

MAX_AWAY_CHARACTERS = 320

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
"""A time of the local day. `24:00` is midnight at its end."""


class OpeningSpan(BaseModel):
    model_config = ConfigDict(extra="forbid")

    opens: Clock
    closes: Clock


class AwayIn(BaseModel):
    """`hours`: the spans of each weekday, in the organization's zone. A weekday that is omitted is closed."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool
    body: Annotated[Body, StringConstraints(max_length=MAX_AWAY_CHARACTERS)]
    hours: dict[Weekday, Annotated[list[OpeningSpan], Field(max_length=MAX_SPANS)]]

    def settings(self) -> AwaySettings:
        spans = {
            str(day): [(_minutes(each.opens), _minutes(each.closes)) for each in spans]
            for day, spans in self.hours.items()
        }
        return AwaySettings(self.enabled, self.body, OpeningHours(spans))


class AwayOut(BaseModel):
    model_config = ConfigDict(title="Away")

    enabled: bool
    body: str
    hours: dict[str, list[OpeningSpan]]
    timezone: str
    is_open: bool
    """Whether the business is open now."""
    opens_at: datetime | None
    """When it opens next; null while it is open, and if it has no opening hours."""

    @classmethod
    def of(cls, state: AwayState) -> "AwayOut":
        settings = state.settings
        spans = {
            day: [
                OpeningSpan(opens=_clock(opens), closes=_clock(closes))
                for opens, closes in settings.hours.spans.get(day, ())
            ]
            for day in WEEKDAYS
        }
        has_hours = any(spans.values())
        return cls(
            enabled=settings.enabled,
            body=settings.body,
            hours=spans,
            timezone=state.timezone,
            is_open=state.closed is None,
            opens_at=state.closed.until if state.closed is not None and has_hours else None,
        )


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
