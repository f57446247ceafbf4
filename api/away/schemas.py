"""What crosses the wire of opening hours and the away message."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from api.away.service import AwaySettings, AwayState
from api.away.types import HoursByDay, OpeningSpan, hours_from, shown_hours
from api.kit.published import NO_TEXT
from api.kit.request_models import RequestModel
from api.kit.text import Body

MAX_AWAY_CHARACTERS = 320


class AwayIn(RequestModel):
    """`hours`: the spans of each weekday, in the organization's zone. A weekday that is omitted is closed."""

    model_config = ConfigDict(json_schema_extra={"not": {"properties": {"enabled": {"const": True}, "body": NO_TEXT}}})

    enabled: bool
    """Whether texts that arrive outside opening hours are answered."""
    body: Annotated[Body, StringConstraints(max_length=MAX_AWAY_CHARACTERS)]
    """The away message."""
    hours: HoursByDay
    """The opening hours of each weekday, in the organization's time zone. A weekday that is omitted is closed."""

    def settings(self) -> AwaySettings:
        return AwaySettings(self.enabled, self.body, hours_from(self.hours))


class AwayOut(BaseModel):
    model_config = ConfigDict(title="Away")

    enabled: bool
    """Whether texts that arrive outside opening hours are answered."""
    body: str
    """The away message."""
    hours: dict[str, list[OpeningSpan]]
    """The opening hours of each weekday, in the organization's time zone."""
    timezone: str
    """The organization's time zone, as the IANA database names it."""
    is_open: bool
    """Whether the business is open now."""
    opens_at: datetime | None
    """When it opens next; null while it is open, and if it has no opening hours."""

    @classmethod
    def of(cls, state: AwayState) -> "AwayOut":
        settings = state.settings
        spans = shown_hours(settings.hours)
        has_hours = any(spans.values())
        return cls(
            enabled=settings.enabled,
            body=settings.body,
            hours=spans,
            timezone=state.timezone,
            is_open=state.closed is None,
            opens_at=state.closed.until if state.closed is not None and has_hours else None,
        )
