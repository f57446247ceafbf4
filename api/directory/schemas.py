"""Bodies and answers of the directory's routes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access.rules import Permission, effective_permissions, in_order
from api.directory.fields import MAX_RECORDS, Email, ExternalId, Name, Number, SettableSource, Short
from api.directory.rules import (
    GivenOptIn,
    OptInState,
    OwnerKind,
    Place,
    StoredStaffMember,
    WantedContact,
    WantedPhoneRecord,
    WantedRecord,
)
from api.directory.types import PhoneRecordOut
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number

Password = Annotated[str, StringConstraints(min_length=10, max_length=1024)]


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


class FamilyIn(BaseModel):
    name: Name
    external_id: ExternalId | None = None
    contacts: Annotated[list[ContactIn], Field(max_length=MAX_RECORDS)]


class StaffMemberIn(BaseModel):
    """Without `password` the person cannot sign in."""

    name: Name
    email: Email
    password: Password | None = None
    permissions: Annotated[list[Permission], Field(max_length=len(Permission))]
    is_admin: bool = False
    external_id: ExternalId | None = None
    phone_records: Annotated[list[PhoneRecordIn], Field(max_length=MAX_RECORDS)] = []


class PhoneRecordPut(PhoneRecordIn):
    """One record of a list that replaces what is there.

    It is the record with `id`, else the one that has this number, else a new one. A record whose number changes starts
    `unknown` (OPTIN-MOVE); without `opt_in` the state of one that keeps its number stays. The refusal of a record that
    leaves the list, or whose number changes, stays with the number and blocks it (OPTIN-REMOVED).
    """

    id: UUID | None = None


class ContactPut(ContactIn):
    """One contact of a list that replaces what is there: the one with `id`, else the one of this name, else a new.

    Names are the same if they differ only in case, accents, apostrophes, hyphens, spaces or invisible characters.
    """

    id: UUID | None = None
    phone_records: Annotated[list[PhoneRecordPut], Field(max_length=MAX_RECORDS)] = []  # type: ignore[assignment]


class FamilyPatch(BaseModel):
    """What is left out stays. `contacts` replaces the whole list."""

    name: Name | None = None
    external_id: ExternalId | None = None
    archived: bool | None = None
    contacts: Annotated[list[ContactPut], Field(max_length=MAX_RECORDS)] | None = None


class StaffMemberPatch(BaseModel):
    """What is left out stays. `phone_records` replaces the whole list. A new password ends the person's sessions."""

    name: Name | None = None
    external_id: ExternalId | None = None
    email: Email | None = None
    password: Password | None = None
    permissions: Annotated[list[Permission], Field(max_length=len(Permission))] | None = None
    is_admin: bool | None = None
    archived: bool | None = None
    phone_records: Annotated[list[PhoneRecordPut], Field(max_length=MAX_RECORDS)] | None = None


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


class ContactOut(BaseModel):
    model_config = ConfigDict(title="Contact", from_attributes=True)

    id: UUID
    name: str
    relation: str | None
    phone_records: list[PhoneRecordOut]


class FamilyOut(BaseModel):
    model_config = ConfigDict(title="Family", from_attributes=True)

    id: UUID
    external_id: str | None
    name: str
    archived: bool
    contacts: list[ContactOut]


class StaffMemberOut(BaseModel):
    """`permissions` are those in force: an administrator has all."""

    model_config = ConfigDict(title="StaffMember", from_attributes=True)

    id: UUID
    external_id: str | None
    name: str
    email: str | None
    permissions: list[Permission]
    is_admin: bool
    archived: bool
    phone_records: list[PhoneRecordOut]

    @classmethod
    def of(cls, staff_member: StoredStaffMember) -> "StaffMemberOut":
        in_force = effective_permissions(staff_member.permissions, is_admin=staff_member.is_admin)
        return cls.model_validate(replace(staff_member, permissions=in_order(in_force)))
