"""Students of a family and the classes that they attend, as values: as stored, and as a request wants them. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from api.directory.places import Place
from api.kit.folding import fold_name


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_SHORTEST = 2
TIME_OF_DAY = r"^(?:([01]?[0-9]|2[0-3])[:.][0-5][0-9]|(0?[1-9]|1[0-2])([:.][0-5][0-9])? ?([aApP][mM]|[aApP]\.[mM]\.))$"
"""The published pattern of what `read_time` reads, but for more spaces."""

_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.)?")


def read_weekday(text: str) -> str:
    """`Tue`, `tuesday` and `Tu` are `tuesday`. A text that is no day stays as it is."""
    typed = text.strip().lower().removesuffix(".")
    found = [day.value for day in Weekday if len(typed) >= _SHORTEST and day.startswith(typed)]
    return found[0] if len(found) == 1 else typed


def read_time(text: str) -> str:
    """`17:30`, `5:30 pm` and `5pm` as 24 hours `HH:MM`. Raises `ValueError` for anything else."""
    found = _TIME.fullmatch(text.strip().lower())
    if found is None or not (found[2] or found[3]):
        raise ValueError("write the time as 17:30 or 5:30 pm")
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= 12:
            raise ValueError("write the time as 17:30 or 5:30 pm")
        hour = hour % 12 + (12 if found[3].startswith("p") else 0)
    if hour > 23 or minute > 59:
        raise ValueError("write the time as 17:30 or 5:30 pm")
    return f"{hour:02}:{minute:02}"


def in_week(days: Sequence[Weekday]) -> tuple[Weekday, ...]:
    """Each day once, Monday first."""
    return tuple(day for day in Weekday if day in days)


# As stored.


@dataclass(frozen=True, slots=True)
class StoredClass:
    id: UUID
    name: str
    weekdays: Sequence[Weekday]
    time: str | None
    """`HH:MM`, when it begins."""
    room: str | None
    coach: str | None
    location: str | None
    archived: bool
    created_at: datetime | None = None
    """None in a value that was not read from its row. So are all `created_at` and `updated_at` below."""
    updated_at: datetime | None = None

    @property
    def key(self) -> str:
        return class_key(self.name, self.weekdays, self.time, self.location)


@dataclass(frozen=True, slots=True)
class StoredStudent:
    id: UUID
    name: str
    position: int
    classes: Sequence[StoredClass]
    """Living ones, by name."""
    created_at: datetime | None = None
    updated_at: datetime | None = None


def class_key(name: str, weekdays: Sequence[Weekday], time: str | None, location: str | None) -> str:
    """What tells the living classes of an organization apart."""
    days = ",".join(in_week(weekdays))
    return "\n".join((fold_name(name), days, time or "", fold_name(location or "")))


def class_search(name: str, weekdays: Sequence[Weekday], room: str | None, coach: str | None) -> str:
    """The folded words that a search for a class looks at."""
    return fold_name(" ".join((name, *in_week(weekdays), room or "", coach or "")))


# As wanted.


@dataclass(frozen=True, slots=True)
class WantedClass:
    """The class with `id`, else the living class of this name, days, time and location, else a new one."""

    place: Place
    id: UUID | None = None
    name: str = ""
    weekdays: Sequence[Weekday] = ()
    time: str | None = None
    location: str | None = None
    room: str | None = None
    """None leaves what is stored; so does a `coach` of None."""
    coach: str | None = None

    @property
    def key(self) -> str:
        return class_key(self.name, self.weekdays, self.time, self.location)


@dataclass(frozen=True, slots=True)
class WantedStudent:
    """The student with `id`, else the family's student of this name, else a new one."""

    name: str
    place: Place
    """Of its id."""
    classes: Sequence[WantedClass] | None = None
    """They replace the student's classes; None leaves them."""
    id: UUID | None = None


@dataclass(frozen=True)
class Classes:
    """The classes that a batch of records names. `new`: ids for those that have to be made, by `class_key`."""

    stored: Mapping[UUID, StoredClass] = field(default_factory=dict)
    new: Mapping[str, UUID] = field(default_factory=dict)

    def by_key(self) -> dict[str, UUID]:
        living = {each.key: each.id for each in self.stored.values() if not each.archived}
        return {**living, **self.new}


class ClassChanges(NamedTuple):
    new: Sequence[StoredClass]
    changed: Sequence[StoredClass]


NO_CHANGES = ClassChanges((), ())


def merged(classes: Classes, wanted: Sequence[tuple[UUID, WantedClass]]) -> ClassChanges:
    """The classes to make, and those whose room or coach changes, each once: what the last record says holds."""
    before = dict(classes.stored)
    result: dict[UUID, StoredClass] = {}
    for class_id, given in wanted:
        known = result.get(class_id) or before.get(class_id)
        result[class_id] = StoredClass(
            id=class_id,
            name=known.name if known else given.name,
            weekdays=known.weekdays if known else in_week(given.weekdays),
            time=known.time if known else given.time,
            room=given.room or (known.room if known else None),
            coach=given.coach or (known.coach if known else None),
            location=known.location if known else given.location,
            archived=False,
        )
    made = [each for each in result.values() if each.id not in before]
    changed = [
        each
        for each in result.values()
        if each.id in before and (each.room, each.coach) != (before[each.id].room, before[each.id].coach)
    ]
    return ClassChanges(made, changed)
