"""What crosses the wire of an organization's settings of mass texts."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access.models import Organization
from api.away.rules import OpeningHours
from api.away.types import HoursByDay, OpeningSpan, hours_from, shown_hours
from api.broadcasts.rules import MAX_ADDED_CHARACTERS, MAX_SIGNUP_CHARACTERS
from api.kit.request_models import PatchModel
from api.kit.text import Body, Length, SingleLine

Added = Annotated[SingleLine, Length(0, MAX_ADDED_CHARACTERS)]
Signup = Annotated[Body, StringConstraints(max_length=MAX_SIGNUP_CHARACTERS)]


class MassTextSettingsPatch(PatchModel):
    """An omitted field stays. `hours` may be set to null: then 8 am to 9 pm of each number's own zone alone counts."""

    clearable = frozenset({"hours"})

    confirm_above: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    needs_approval: bool | None = None
    header: Added | None = None
    footer: Added | None = None
    hours: HoursByDay | None = None
    """When mass texts may leave, by weekday. Null: only the hours of the law count."""
    signup: Signup | None = None
    """Sent once to a number when it becomes opted in. Empty: nothing is sent."""

    def opening_hours(self) -> OpeningHours:
        return hours_from(self.hours or {})

    def columns(self) -> dict[str, Any]:
        given = {
            "mass_text_confirm_above": self.confirm_above,
            "mass_text_needs_approval": self.needs_approval,
            "mass_text_header": self.header,
            "mass_text_footer": self.footer,
            "mass_text_signup": self.signup,
        }
        wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if "hours" in self.model_fields_set:
            wanted["mass_text_hours"] = self.opening_hours().stored() if self.hours is not None else None
        return wanted


class MassTextSettingsOut(BaseModel):
    model_config = ConfigDict(title="MassTextSettings")

    confirm_above: int
    """Whoever sends a mass text to more numbers has to name how many."""
    needs_approval: bool
    """A mass text to more than `confirm_above` needs the consent of two administrators."""
    header: str
    """What stands before a mass text that does not say otherwise."""
    footer: str
    """What stands after a mass text that does not say otherwise."""
    hours: dict[str, list[OpeningSpan]] | None
    """When mass texts may leave, by weekday, in the organization's zone. Null: it has set none."""
    signup: str
    """Sent once to a number when it becomes opted in (MASS-SIGNUP). Empty: nothing is sent."""
    timezone: str
    """The organization's time zone, a name of the IANA database."""

    @classmethod
    def of(cls, organization: Organization) -> "MassTextSettingsOut":
        stored = organization.mass_text_hours
        return cls(
            confirm_above=organization.mass_text_confirm_above,
            needs_approval=organization.mass_text_needs_approval,
            header=organization.mass_text_header,
            footer=organization.mass_text_footer,
            hours=shown_hours(OpeningHours.read(stored)) if stored is not None else None,
            signup=organization.mass_text_signup,
            timezone=organization.timezone,
        )
