"""Turns the body of a request, or a row of an imported file, into a wanted record: reads its phone numbers. Pure."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.directory import fields
from api.directory.fields import (
    MAX_CLASSES,
    MAX_RECORDS,
    ClassName,
    ClassTime,
    Name,
    Number,
    SettableSource,
    Short,
    Weekdays,
)
from api.directory.places import Place
from api.directory.rules import (
    GivenOptIn,
    OptInState,
    OwnerKind,
    WantedContact,
    WantedPhoneRecord,
    WantedRecord,
)
from api.directory.student_rules import WantedClass, WantedStudent
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number
from api.kit.published import NULL, exactly_one
from api.kit.request_models import NotNull, RequestModel


class OptInIn(RequestModel):
    """Consent, and taking back a refusal, need `mass_text` and `sms_logs` (OPTIN-WHO)."""

    state: OptInState
    """Whether they want texts. `unknown`: they were never asked."""
    source: SettableSource
    """How that is known. `keyword` and `provider` come only from phones and providers."""


class PhoneRecordIn(RequestModel):
    """Without `opt_in` the state is `unknown`: never asked."""

    phone_number: Number
    """In E.164, or as people of the organization's country write it."""
    label: Short | None = None
    """What the number is called, such as Mobile."""
    opt_in: OptInIn | None = None
    """Whether texts to it are wanted. Left out for a new record: `unknown`."""


class ContactIn(RequestModel):
    name: Name
    """Their name."""
    relation: Short | None = None
    """What they are to the family, such as Mother."""
    phone_records: Annotated[list[PhoneRecordIn], Field(max_length=MAX_RECORDS)] = []


class StudentClassIn(RequestModel):
    """A class by `id`; or by name, days, time and location, made if there is none. Room and coach are the class's."""

    model_config = ConfigDict(json_schema_extra=exactly_one(id=NULL, name=NULL))

    id: UUID | None = None
    name: ClassName | None = None
    """Its name, instead of its id."""
    weekdays: Weekdays = []
    """The days on which it takes place."""
    time: ClassTime | None = None
    """When it begins, such as 17:30 or 5:30 pm."""
    room: Short | None = None
    """Where in the location it takes place."""
    coach: Name | None = None
    """Who holds it."""
    location: fields.LocationName | None = None
    """The location where it takes place."""

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if (self.id is None) == (self.name is None):
            raise ValueError("give the class's id, or its name")
        return self


class StudentIn(RequestModel):
    """The student with `id`, else the family's student of this name, else a new one. Without `classes` they stay."""

    id: UUID | None = None
    name: Name
    classes: Annotated[Annotated[list[StudentClassIn], Field(max_length=MAX_CLASSES)] | None, NotNull()] = None
    """The classes that they are in, instead of those until now."""


Location = tuple[str | int, ...]
"""The path of a value in a body, as in the errors of pydantic."""

Locate = Callable[[Location], Place]


def place_in_body(location: Location) -> Place:
    return Place("".join(f"/{part}" for part in location))


class NumbersNotRead(Exception):
    """Phone numbers of a record cannot be read, or stand on one holder twice."""

    def __init__(self, problems: Sequence[tuple[Place, str]]) -> None:
        super().__init__(problems)
        self.problems = problems


def wanted_record(kind: OwnerKind, given: BaseModel, *, country: str, locate: Locate = place_in_body) -> WantedRecord:
    """The record that a body or an imported row wants, as a new one. A field that it does not have is None.

    Raises `NumbersNotRead`.
    """
    reader = _NumberReader(country, locate)
    names = ("external_id", "name", "archived", "email", "is_admin", "tags", "location", "notes")
    plain: dict[str, Any] = {name: getattr(given, name, None) for name in names}
    permissions = getattr(given, "permissions", None)
    contacts = getattr(given, "contacts", None)
    wanted = WantedRecord(
        kind,
        **plain,
        permissions=None if permissions is None else sorted({each.value for each in permissions}),
        contacts=None if contacts is None else [reader.contact(*each) for each in enumerate(contacts)],
        phone_records=reader.phone_records(getattr(given, "phone_records", None), ()),
        students=_students(getattr(given, "students", None), locate),
    )
    if reader.problems:
        raise NumbersNotRead(reader.problems)
    return wanted


def _students(students: Sequence[StudentIn] | None, locate: Locate) -> list[WantedStudent] | None:
    if students is None:
        return None
    return [
        WantedStudent(
            student.name,
            locate(("students", index, "id")),
            None
            if student.classes is None
            else [_class(each, locate(("students", index, "classes", at))) for at, each in enumerate(student.classes)],
            student.id,
        )
        for index, student in enumerate(students)
    ]


def _class(given: StudentClassIn, place: Place) -> WantedClass:
    if given.id is not None:
        return WantedClass(place, given.id)
    assert given.name is not None
    return WantedClass(
        place,
        name=given.name,
        weekdays=given.weekdays,
        time=given.time,
        location=given.location,
        room=given.room,
        coach=given.coach,
    )


class _NumberReader:
    """Reads the phone numbers of one record, and collects what is wrong with them."""

    def __init__(self, country: str, locate: Locate) -> None:
        self._country = country
        self._locate = locate
        self.problems: list[tuple[Place, str]] = []

    def contact(self, index: int, contact: ContactIn) -> WantedContact:
        location = ("contacts", index)
        records = self.phone_records(contact.phone_records, location)
        contact_id = getattr(contact, "id", None)
        return WantedContact(contact.name, contact.relation, records, self._locate((*location, "id")), contact_id)

    def phone_records(
        self, records: Sequence[PhoneRecordIn] | None, holder: Location
    ) -> list[WantedPhoneRecord] | None:
        if records is None:
            return None
        wanted: dict[str, WantedPhoneRecord] = {}
        for index, record in enumerate(records):
            location = (*holder, "phone_records", index)
            try:
                number = parse_phone_number(record.phone_number, country=self._country)
            except InvalidPhoneNumberError as error:
                self.problems.append((self._locate((*location, "phone_number")), str(error)))
                continue
            if number in wanted:
                self.problems.append((self._locate((*location, "phone_number")), "This number stands here twice."))
            record_id = getattr(record, "id", None)
            place = self._locate((*location, *(("opt_in", "state") if record_id is None else ("id",))))
            opt_in = GivenOptIn(record.opt_in.state, record.opt_in.source) if record.opt_in else None
            wanted[number] = WantedPhoneRecord(number, place, record.label, opt_in, record_id)
        return list(wanted.values())
