"""Bodies and answers of the directory's routes."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from api.access.rules import Permission, effective_permissions
from api.directory.fields import MAX_RECORDS, Email, ExternalId, Name, Number, SettableSource, Short
from api.directory.rules import (
    GivenOptIn,
    OptInState,
    OwnerKind,
    Place,
    StoredFamily,
    StoredStaffMember,
    WantedContact,
    WantedPhoneRecord,
    WantedRecord,
)
from api.directory.types import PhoneRecordOut
from api.kit.errors import Invalid
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

    def wanted(self, *, country: str) -> WantedRecord:
        """A new family. Raises `Invalid` for numbers that cannot be read."""
        return WantedRecord(
            OwnerKind.FAMILY,
            external_id=self.external_id,
            name=self.name,
            contacts=_wanted_contacts(self.contacts, country=country),
        )


class StaffMemberIn(BaseModel):
    """Without `password` the person cannot sign in."""

    name: Name
    email: Email
    password: Password | None = None
    permissions: Annotated[list[Permission], Field(max_length=len(Permission))]
    is_admin: bool = False
    external_id: ExternalId | None = None
    phone_records: Annotated[list[PhoneRecordIn], Field(max_length=MAX_RECORDS)] = []

    def wanted(self, *, country: str, password_hash: str | None) -> WantedRecord:
        """A new staff member. Raises `Invalid` for numbers that cannot be read."""
        return WantedRecord(
            OwnerKind.STAFF_MEMBER,
            external_id=self.external_id,
            name=self.name,
            email=self.email,
            permissions=_sorted(self.permissions),
            is_admin=self.is_admin,
            password_hash=password_hash,
            phone_records=_wanted_phone_records(self.phone_records, country=country),
        )


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

    def wanted(self, family_id: UUID, *, country: str) -> WantedRecord:
        """Raises `Invalid` for numbers that cannot be read."""
        return WantedRecord(
            OwnerKind.FAMILY,
            family_id,
            external_id=self.external_id,
            name=self.name,
            archived=self.archived,
            contacts=None if self.contacts is None else _wanted_contacts(self.contacts, country=country),
        )


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

    def wanted(self, staff_member_id: UUID, *, country: str, password_hash: str | None) -> WantedRecord:
        """Raises `Invalid` for numbers that cannot be read."""
        records = self.phone_records
        return WantedRecord(
            OwnerKind.STAFF_MEMBER,
            staff_member_id,
            external_id=self.external_id,
            name=self.name,
            archived=self.archived,
            email=self.email,
            permissions=None if self.permissions is None else _sorted(self.permissions),
            is_admin=self.is_admin,
            password_hash=password_hash,
            phone_records=None if records is None else _wanted_phone_records(records, country=country),
        )


def _sorted(permissions: Sequence[Permission]) -> list[str]:
    return sorted({permission.value for permission in permissions})


def _wanted_contacts(contacts: Sequence[ContactIn], *, country: str) -> list[WantedContact]:
    return [
        WantedContact(
            contact.name,
            contact.relation,
            _wanted_phone_records(contact.phone_records, country=country, pointer=f"/contacts/{index}"),
            Place(f"/contacts/{index}"),
            contact.id if isinstance(contact, ContactPut) else None,
        )
        for index, contact in enumerate(contacts)
    ]


def _wanted_phone_records(
    records: Sequence[PhoneRecordIn], *, country: str, pointer: str = ""
) -> list[WantedPhoneRecord]:
    """Raises `Invalid` with a pointer to each number that cannot be read or is given twice."""
    wanted: dict[str, WantedPhoneRecord] = {}
    problems: list[tuple[str, str]] = []
    for index, record in enumerate(records):
        place = f"{pointer}/phone_records/{index}"
        try:
            number = parse_phone_number(record.phone_number, country=country)
        except InvalidPhoneNumberError as error:
            problems.append((f"{place}/phone_number", str(error)))
            continue
        if number in wanted:
            problems.append((f"{place}/phone_number", "This number stands here twice."))
        wanted[number] = WantedPhoneRecord(
            number,
            Place(place),
            record.label,
            GivenOptIn(record.opt_in.state, record.opt_in.source) if record.opt_in else None,
            record.id if isinstance(record, PhoneRecordPut) else None,
        )
    if problems:
        raise Invalid(problems)
    return list(wanted.values())


class ContactOut(BaseModel):
    model_config = {"title": "Contact"}

    id: UUID
    name: str
    relation: str | None
    phone_records: list[PhoneRecordOut]


class FamilyOut(BaseModel):
    model_config = {"title": "Family"}

    id: UUID
    external_id: str | None
    name: str
    archived: bool
    contacts: list[ContactOut]

    @classmethod
    def of(cls, family: StoredFamily) -> "FamilyOut":
        return cls(
            id=family.id,
            external_id=family.external_id,
            name=family.name,
            archived=family.archived,
            contacts=[
                ContactOut(
                    id=contact.id,
                    name=contact.name,
                    relation=contact.relation,
                    phone_records=[PhoneRecordOut.of(record) for record in contact.phone_records],
                )
                for contact in family.contacts
            ],
        )


class StaffMemberOut(BaseModel):
    """`permissions` are those in force: an administrator has all."""

    model_config = {"title": "StaffMember"}

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
        permissions = effective_permissions(staff_member.permissions, is_admin=staff_member.is_admin)
        return cls(
            id=staff_member.id,
            external_id=staff_member.external_id,
            name=staff_member.name,
            email=staff_member.email,
            permissions=[permission for permission in Permission if permission in permissions],
            is_admin=staff_member.is_admin,
            archived=staff_member.archived,
            phone_records=[PhoneRecordOut.of(record) for record in staff_member.phone_records],
        )
