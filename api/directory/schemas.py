"""What crosses the wire in the directory."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.access.models import StaffMember
from api.access.rules import Permission, effective_permissions
from api.audit.rules import Actor
from api.directory.models import Contact, Family, PhoneRecord
from api.directory.rules import SETTABLE_SOURCES, Holder, OptInSource, OptInState, OwnerKind
from api.kit.errors import FieldError, Problem, ProblemBody
from api.kit.text import SingleLine

Name = Annotated[SingleLine, StringConstraints(min_length=1, max_length=200)]
Short = Annotated[SingleLine, StringConstraints(min_length=1, max_length=60)]
ExternalId = Annotated[SingleLine, StringConstraints(min_length=1, max_length=200)]
Number = Annotated[SingleLine, StringConstraints(min_length=3, max_length=40)]
Email = Annotated[SingleLine, StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
Password = Annotated[str, StringConstraints(min_length=10, max_length=1024)]

MAX_RECORDS = 50


def _settable(source: OptInSource) -> OptInSource:
    if source not in SETTABLE_SOURCES:
        raise ValueError("use portal, staff, verbal or import: the others are not for people to set")
    return source


SettableSource = Annotated[OptInSource, AfterValidator(_settable)]
"""How a person or an integration learnt of an opt-in state."""


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


class OptIn(BaseModel):
    state: OptInState
    source: OptInSource | None
    changed_at: datetime | None
    changed_by: Actor | None


class PhoneRecordOut(BaseModel):
    model_config = {"title": "PhoneRecord"}

    id: UUID
    phone_number: str
    label: str | None
    opt_in: OptIn

    @classmethod
    def of(cls, record: PhoneRecord, number: str) -> "PhoneRecordOut":
        return cls(
            id=record.id,
            phone_number=number,
            label=record.label,
            opt_in=OptIn(
                state=OptInState(record.opt_in_state),
                source=OptInSource(record.opt_in_source) if record.opt_in_source else None,
                changed_at=record.opt_in_changed_at,
                changed_by=Actor.stored(record.opt_in_changed_by),
            ),
        )


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
    def of(
        cls,
        family: Family,
        contacts: list[Contact],
        records: dict[UUID, list[tuple[PhoneRecord, str]]],
    ) -> "FamilyOut":
        return cls(
            id=family.id,
            external_id=family.external_id,
            name=family.name,
            archived=family.archived_at is not None,
            contacts=[
                ContactOut(
                    id=contact.id,
                    name=contact.name,
                    relation=contact.relation,
                    phone_records=[PhoneRecordOut.of(record, number) for record, number in records[contact.id]],
                )
                for contact in contacts
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
    def of(cls, staff_member: StaffMember, records: list[tuple[PhoneRecord, str]]) -> "StaffMemberOut":
        permissions = effective_permissions(staff_member.permissions, is_admin=staff_member.is_admin)
        return cls(
            id=staff_member.id,
            external_id=staff_member.external_id,
            name=staff_member.name,
            email=staff_member.email,
            permissions=[permission for permission in Permission if permission in permissions],
            is_admin=staff_member.is_admin,
            archived=staff_member.archived_at is not None,
            phone_records=[PhoneRecordOut.of(record, number) for record, number in records],
        )


class HolderOut(BaseModel):
    model_config = {"title": "Holder"}

    kind: OwnerKind
    id: UUID
    name: str
    contact_name: str | None
    phone_record_id: UUID

    @classmethod
    def of(cls, holder: Holder) -> "HolderOut":
        return cls(
            kind=holder.kind,
            id=holder.id,
            name=holder.name,
            contact_name=holder.contact_name,
            phone_record_id=holder.phone_record_id,
        )


class ImportOutcome(StrEnum):
    """What came of a row. `not_stored`: good in itself, in a file that was refused for another row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NOT_STORED = "not_stored"


class ImportItem(BaseModel):
    """One row: a record of the CSV file after its header, or a line of the NDJSON file, counted from 1.

    `kind` is null where the row does not say it; `id` is the record's, where one is stored.
    """

    row: int
    outcome: ImportOutcome
    kind: OwnerKind | None
    id: UUID | None
    external_id: str | None
    errors: list[FieldError]


class ImportReport(BaseModel):
    """The counts are of rows; several rows of one CSV record have the same outcome."""

    committed: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    failed: int
    items: list[ImportItem]


class ImportRefusedBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="ImportRefusedProblem")

    committed: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    failed: int
    items: list[ImportItem]


class ImportRefused(Problem):
    """A row failed, so nothing of the file was stored. The answer carries the report."""

    status, type, title = 422, "/problems/import-refused", "Nothing of this file was imported"
    body_model = ImportRefusedBody
