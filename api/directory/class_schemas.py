"""Bodies and answers of the routes of classes and tags."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from api.directory.fields import ClassName, ClassTime, Location, Name, Short, Weekdays
from api.directory.list_queries import ListedClass, ListedLocation, ListedTag
from api.directory.types import ClassOut
from api.kit.request_models import PatchModel, RequestModel


class ClassIn(RequestModel):
    name: ClassName
    weekdays: Weekdays = []
    time: ClassTime | None = None
    room: Short | None = None
    coach: Name | None = None
    location: Location | None = None


class ClassPatch(PatchModel):
    """What is left out stays; null clears time, room, coach and location."""

    clearable = frozenset({"time", "room", "coach", "location"})

    name: ClassName | None = None
    weekdays: Weekdays | None = None
    time: ClassTime | None = None
    room: Short | None = None
    coach: Name | None = None
    location: Location | None = None
    archived: bool | None = None

    def changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class ListedClassOut(ClassOut):
    """With the number of its students of living families, and of these families."""

    model_config = ConfigDict(title="ListedClass", from_attributes=True)

    students: int
    """How many students of living families are in it."""
    families: int
    """How many families these students are of."""

    @classmethod
    def of(cls, listed: ListedClass) -> "ListedClassOut":
        return cls(
            **ClassOut.model_validate(listed.stored).model_dump(), students=listed.students, families=listed.families
        )


class TagOut(BaseModel):
    """How many living families and staff members have it."""

    model_config = ConfigDict(title="Tag")

    name: str
    """The tag."""
    families: int
    """How many living families have it."""
    staff_members: int
    """How many living staff members have it."""

    @classmethod
    def of(cls, listed: ListedTag) -> "TagOut":
        return cls(name=listed.name, families=listed.families, staff_members=listed.staff_members)


class LocationOut(BaseModel):
    """How many living records and classes are there. `families`: those that a filter by it finds."""

    model_config = ConfigDict(title="Location")

    name: str
    """The location."""
    families: int
    """How many living families a filter by it finds."""
    staff_members: int
    """How many living staff members are there."""
    classes: int
    """How many living classes are there."""

    @classmethod
    def of(cls, listed: ListedLocation) -> "LocationOut":
        return cls(
            name=listed.name,
            families=listed.families,
            staff_members=listed.staff_members,
            classes=listed.classes,
        )
