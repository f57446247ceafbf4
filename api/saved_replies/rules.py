"""Fields of saved replies: which there are, and what they become (SAVED). Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_OF_ORGANIZATION = 500
MAX_OF_PERSON = 200


class ReplyScope(StrEnum):
    ORGANIZATION = "organization"
    OWN = "own"


class ReplyField(StrEnum):
    """What a reply can hold in braces."""

    FIRST_NAME = "first_name"
    FAMILY = "family"
    BUSINESS = "business"
    MY_NAME = "my_name"
    STUDENT_FIRST_NAMES = "student_first_names"
    CLASS = "class"


_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_ ]*)\}")
"""A word in braces. Other braces, such as those of `:-}`, stand for themselves."""


def unknown_fields(body: str) -> list[str]:
    found = dict.fromkeys(_FIELD.findall(body))
    return [name for name in found if name not in set(ReplyField)]


def used_fields(body: str) -> list[ReplyField]:
    """The known ones, each once, in the order of the text."""
    known = set(ReplyField)
    return [ReplyField(name) for name in dict.fromkeys(_FIELD.findall(body)) if name in known]


def parts_of(body: str) -> list[str | ReplyField]:
    """The text in parts, of which the known fields are some. Unknown ones are text."""
    known = {field.value: field for field in ReplyField}
    found: list[str | ReplyField] = []
    end = 0
    for match in _FIELD.finditer(body):
        if match[1] in known:
            found += [body[end : match.start()], known[match[1]]]
            end = match.end()
    return [*found, body[end:]]


@dataclass(frozen=True, slots=True)
class Filled:
    body: str
    """A field without a value stays as it is, in braces."""
    missing: Sequence[ReplyField]
    """Each once, in the order of the text."""


def fill(body: str, values: Mapping[ReplyField, str | None]) -> Filled:
    """The reply with the values of its fields. A value is inserted as it is: braces in a name are no field."""
    missing: dict[ReplyField, None] = {}

    def value(found: re.Match[str]) -> str:
        if found[1] not in set(ReplyField):
            return found[0]
        name = ReplyField(found[1])
        given = values.get(name)
        if not given:
            missing[name] = None
            return found[0]
        return given

    return Filled(_FIELD.sub(value, body), list(missing))


# Values.


@dataclass(frozen=True, slots=True)
class Person:
    """A living holder of the number."""

    name: str
    """Of the contact or the staff member."""
    family: str | None
    students: Sequence[str] = ()
    classes: Sequence[str] = ()


def values_of(people: Sequence[Person], *, business: str, my_name: str | None) -> dict[ReplyField, str | None]:
    return {field: value_of(field, people, business=business, my_name=my_name) for field in ReplyField}


def value_of(field: ReplyField, people: Sequence[Person], *, business: str, my_name: str | None) -> str | None:
    """A value that several people at the number have differently is missing: a person decides."""
    match field:
        case ReplyField.FIRST_NAME:
            if len(people) == 1:
                return first_word(people[0].name)
            return _only({first_word(person.name) for person in people})
        case ReplyField.FAMILY:
            return _family(people)
        case ReplyField.BUSINESS:
            return business
        case ReplyField.MY_NAME:
            return first_word(my_name) if my_name else None
        case ReplyField.STUDENT_FIRST_NAMES:
            students = list(dict.fromkeys(first_word(each) for person in people for each in person.students))
            return listed(students) if students and _family(people) is not None else None
        case ReplyField.CLASS:
            classes = {each for person in people for each in person.classes}
            return _only(classes) if _family(people) is not None else None


def _family(people: Sequence[Person]) -> str | None:
    return _only({person.family for person in people if person.family is not None})


def _only(values: Collection[str]) -> str | None:
    """The value, if there is just one."""
    return next(iter(values)) if len(values) == 1 else None


def first_word(name: str) -> str:
    return (name.split() or [""])[0]


def listed(names: Sequence[str]) -> str:
    """`Mia`, `Mia and Leo`, `Mia, Leo and Ada`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
