"""Which stored row each wanted one of a list is: a family's contacts, and its students."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from api.directory.places import NotPlanned, Place
from api.directory.rules import match_names


class Stored(Protocol):
    @property
    def id(self) -> UUID: ...

    @property
    def name(self) -> str: ...


class Wanted(Protocol):
    @property
    def id(self) -> UUID | None: ...

    @property
    def name(self) -> str: ...

    @property
    def place(self) -> Place: ...


Row = TypeVar("Row", bound=Stored)


def match_rows(stored: Sequence[Row], wanted: Sequence[Wanted], *, unknown: str) -> list[Row | None]:
    """The stored row of each wanted one: by its id, else by its name. None for a new one.

    Raises `NotPlanned` with the words `unknown` for an id that is not stored, or that is given twice.
    """
    unused = {row.id: row for row in stored}
    matched: list[Row | None] = [None] * len(wanted)
    without_id = [index for index, each in enumerate(wanted) if each.id is None]
    for index, each in enumerate(wanted):
        if each.id is not None:
            matched[index] = unused.pop(each.id, None)
            if matched[index] is None:
                raise NotPlanned(each.place, unknown)
    left = list(unused.values())
    places = match_names([each.name for each in left], [wanted[index].name for index in without_id])
    for index, place in zip(without_id, places, strict=True):
        matched[index] = None if place is None else left[place]
    return matched
