"""Turns the body of a request, or a row of an imported file, into a wanted record: reads its phone numbers. Pure."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.directory.fields import MAX_RECORDS, Name, Number, SettableSource, Short
from api.directory.rules import (
    GivenOptIn,
    OptInState,
    OwnerKind,
    Place,
    WantedContact,
    WantedPhoneRecord,
    WantedRecord,
)
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number


class OptInIn(BaseModel):
    """Consent, and taking back a refusal, need `mass_text` and `sms_logs` (OPTIN-WHO)."""

    state: OptInState
    source: SettableSource


class PhoneRecordIn(BaseModel):
    """Without `opt_in` the state is `unknown`: never asked."""

    phone_number: Number
    label: Short | None = None
    opt_in: OptInIn | None = None


class ContactIn(BaseModel):
    name: Name
    relation: Short | None = None
    phone_records: Annotated[list[PhoneRecordIn], Field(max_length=MAX_RECORDS)] = []


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
    names = ("external_id", "name", "archived", "email", "is_admin")
    fields: dict[str, Any] = {name: getattr(given, name, None) for name in names}
    permissions = getattr(given, "permissions", None)
    contacts = getattr(given, "contacts", None)
    wanted = WantedRecord(
        kind,
        **fields,
        permissions=None if permissions is None else sorted({each.value for each in permissions}),
        contacts=None if contacts is None else [reader.contact(*each) for each in enumerate(contacts)],
        phone_records=reader.phone_records(getattr(given, "phone_records", None), ()),
    )
    if reader.problems:
        raise NumbersNotRead(reader.problems)
    return wanted


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
