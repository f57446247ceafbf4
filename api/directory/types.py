"""Types on the wire that other slices use too."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.audit.rules import Actor
from api.directory.fields import LocationName, Tag
from api.directory.rules import Holder, OptInSource, OptInState, OwnerKind, StoredPhoneRecord
from api.directory.search_rules import MAX_QUERY_CHARACTERS
from api.directory.student_rules import Weekday
from api.kit.request_models import RequestModel
from api.kit.text import Body


class OptIn(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    state: OptInState
    """Whether they want texts. `unknown`: they were never asked."""
    source: OptInSource | None
    """How that is known. Null for `unknown`."""
    changed_at: datetime | None
    """When it was last changed."""
    changed_by: Actor | None
    """Who changed it."""


class PhoneRecordOut(BaseModel):
    model_config = ConfigDict(title="PhoneRecord", from_attributes=True)

    id: UUID
    phone_number: str
    """In E.164."""
    label: str | None
    """What the number is called, such as Mobile."""
    opt_in: OptIn
    """Whether texts to it are wanted."""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, record: StoredPhoneRecord) -> "PhoneRecordOut":
        return PhoneRecordOut.model_validate(record)


class HolderOut(BaseModel):
    model_config = ConfigDict(title="Holder", from_attributes=True)

    kind: OwnerKind
    """A family or a staff member."""
    id: UUID
    name: str
    """Of the family or the staff member."""
    contact_name: str | None
    """The family's contact that holds the number. Null for a staff member."""
    phone_record_id: UUID

    @classmethod
    def of(cls, holder: Holder) -> Self:
        return cls.model_validate(holder)


class ClassOut(BaseModel):
    """`time`: when it begins, `HH:MM` in the business's zone."""

    model_config = ConfigDict(title="Class", from_attributes=True)

    id: UUID
    name: str
    """Its name."""
    weekdays: list[Weekday]
    """The days on which it takes place."""
    time: str | None
    """When it begins, `HH:MM` in the organization's zone."""
    room: str | None
    """Where in the location it takes place."""
    coach: str | None
    """Who holds it."""
    location: str | None
    """The location where it takes place."""
    archived: bool
    """Whether it is archived: it takes place no more."""
    created_at: datetime
    updated_at: datetime


class StudentOut(BaseModel):
    model_config = ConfigDict(title="Student", from_attributes=True)

    id: UUID
    name: str
    """Their name."""
    classes: list[ClassOut]
    """The classes that they are in."""
    created_at: datetime
    updated_at: datetime


class AudienceFilter(RequestModel):
    """Which families or staff members: those that fit all that is given. Without anything: all that are not archived.

    The lists of families and staff and the audiences of mass texts mean the same by it (MASS-WHO).
    """

    model_config = ConfigDict(frozen=True)

    q: Annotated[Body, Field(max_length=MAX_QUERY_CHARACTERS)] | None = Field(
        default=None,
        description="Words of names, in any order: a family's own, its contacts' and its students'. Or a phone "
        "number, or part of it. Case, accents and the way a number is written do not matter.",
    )
    tag: Tag | None = Field(default=None, description="Records with this tag. Case and accents do not matter.")
    class_id: UUID | None = Field(
        default=None, description="Families with a student in this class. No staff member fits it."
    )
    location: LocationName | None = Field(
        default=None,
        description="Staff of this location; families of it, and those with a student in a class there. Case does "
        "not matter.",
    )
    archived: bool = Field(default=False, description="Archived records instead of living ones.")
