"""Fields of families and staff members in requests and imported files. Pure."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from api.directory.rules import SETTABLE_SOURCES, OptInSource
from api.directory.student_rules import TIME_OF_DAY, Weekday, in_week, read_time, read_weekday
from api.kit.folding import fold_name
from api.kit.published import Published
from api.kit.text import VISIBLE, Body, Length, SingleLine

Name = Annotated[SingleLine, Length(1, 200)]
Short = Annotated[SingleLine, Length(1, 60)]
ExternalId = Annotated[SingleLine, Length(1, 200)]
ExternalIdOrEmpty = Annotated[SingleLine, Length(0, 200)]
Number = Annotated[SingleLine, Length(3, 40)]
Email = Annotated[
    SingleLine,
    Length(3, 254),
    StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$"),
    Published(f"^[^@{VISIBLE}]+@[^@{VISIBLE}]+$"),
]
MAX_RECORDS = 50
"""Contacts of a family, and phone records of a contact or staff member."""
MAX_STUDENTS = 30
"""Of a family."""
MAX_CLASSES = 20
"""Of a student."""
MAX_TAGS = 30
"""Of a record."""

MAX_LOCATION = 120
Location = Annotated[SingleLine, Length(0, MAX_LOCATION)]
"""A location. Empty clears it."""
LocationName = Annotated[SingleLine, Length(1, MAX_LOCATION)]
"""A location to look for."""
Notes = Annotated[Body, StringConstraints(max_length=4000)]
"""Empty clears them."""
Tag = Annotated[SingleLine, Length(1, 40)]


def _distinct(tags: list[str]) -> list[str]:
    """Tags that differ only in their typing are one: the first spelling stays. In order of name."""
    by_name: dict[str, str] = {}
    for tag in tags:
        by_name.setdefault(fold_name(tag), tag)
    return [by_name[name] for name in sorted(by_name)]


Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_distinct)]
ClassTime = Annotated[
    SingleLine,
    Length(0, 20),
    AfterValidator(read_time),
    Published(TIME_OF_DAY),
]
"""When a class begins: `17:30`. `5:30 pm` is read too."""
ClassName = Annotated[SingleLine, Length(1, 120)]


def _days(given: object) -> object:
    return (
        [read_weekday(each) if isinstance(each, str) else each for each in given] if isinstance(given, list) else given
    )


Weekdays = Annotated[
    list[Weekday], Field(max_length=7), BeforeValidator(_days), AfterValidator(lambda days: [*in_week(days)])
]


def _settable(source: OptInSource) -> OptInSource:
    if source not in SETTABLE_SOURCES:
        raise ValueError("use portal, staff, verbal or import: the others are not for people to set")
    return source


SettableSource = Annotated[
    OptInSource,
    AfterValidator(_settable),
    WithJsonSchema({"type": "string", "enum": [each.value for each in OptInSource if each in SETTABLE_SOURCES]}),
]
"""How a person or an integration learnt of an opt-in state."""
