"""Bodies and answers of the directory's routes."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.access.rules import Permission, effective_permissions, in_order
from api.access.types import Password, StaffPermission
from api.directory.fields import (
    MAX_RECORDS,
    MAX_STUDENTS,
    Email,
    ExternalId,
    ExternalIdOrEmpty,
    Location,
    Name,
    Notes,
    Tags,
)
from api.directory.rules import StoredStaffMember
from api.directory.types import PhoneRecordOut, StudentOut
from api.directory.wanted import ContactIn, PhoneRecordIn, StudentIn
from api.kit.added_fields import added
from api.kit.metadata import Metadata, MetadataIn
from api.kit.request_models import NotNull, PatchModel, RequestModel, empty_for_null

ClearedLocation = Annotated[Location | None, BeforeValidator(empty_for_null)]
ClearedExternalId = Annotated[ExternalIdOrEmpty | None, BeforeValidator(empty_for_null)]
ClearedNotes = Annotated[Notes | None, BeforeValidator(empty_for_null)]
Students = Annotated[list[StudentIn], Field(max_length=MAX_STUDENTS)]


CLEARABLE = frozenset({"external_id", "location", "notes", "metadata"})


class FamilyIn(RequestModel):
    """`students` and `tags` replace what is there; left out, they stay. Null clears `location`, `notes` and
    `metadata`."""

    name: Name
    external_id: ExternalId | None = None
    contacts: Annotated[list[ContactIn], Field(max_length=MAX_RECORDS)]
    """The family's contacts."""
    students: Annotated[Students | None, NotNull()] = added(None)
    tags: Annotated[Tags | None, NotNull()] = added(None)
    location: ClearedLocation = added(None)
    notes: ClearedNotes = added(None)
    metadata: MetadataIn | None = added(None)
    """A map of strings for your own use. It replaces what is there; left out, it stays."""


class StaffMemberIn(RequestModel):
    """Without `password` the person cannot sign in."""

    name: Name
    email: Email
    password: Password | None = None
    """With it the person signs in. Null: they cannot."""
    permissions: Annotated[list[StaffPermission], Field(max_length=len(Permission))]
    """What they may do. `is_admin` gives all."""
    is_admin: bool = False
    external_id: ExternalId | None = None
    phone_records: Annotated[list[PhoneRecordIn], Field(max_length=MAX_RECORDS)] = []
    """Their phone records."""
    tags: Annotated[Tags | None, NotNull()] = added(None)
    location: ClearedLocation = added(None)
    notes: ClearedNotes = added(None)
    metadata: MetadataIn | None = added(None)
    """A map of strings for your own use. It replaces what is there; left out, it stays."""


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
    # Pydantic copies the default.
    phone_records: Annotated[list[PhoneRecordPut], Field(max_length=MAX_RECORDS)] = []  # type: ignore[assignment]
    """The contact's phone records. They replace those that are there."""


class FamilyPatch(PatchModel):
    """What is left out stays. `contacts`, `students` and `tags` replace the whole list; an empty text or null clears
    `external_id`, `location` and `notes`. Null clears `metadata` too.
    """

    clearable = CLEARABLE

    name: Name | None = None
    external_id: ClearedExternalId = None
    archived: bool | None = None
    contacts: Annotated[list[ContactPut], Field(max_length=MAX_RECORDS)] | None = None
    students: Students | None = None
    tags: Tags | None = None
    location: ClearedLocation = None
    notes: ClearedNotes = None
    metadata: MetadataIn | None = None
    """A map of strings for your own use. Keys that are left out stay; one with null or an empty text is removed. Null
    in place of the map removes all."""


class StaffMemberPatch(PatchModel):
    """What is left out stays. `phone_records` replaces the whole list; an empty text or null clears `external_id`,
    `location` and `notes`. Null clears `metadata` too. A new password ends the person's sessions.
    """

    clearable = CLEARABLE

    name: Name | None = None
    external_id: ClearedExternalId = None
    email: Email | None = None
    password: Password | None = None
    """A new password. It ends the person's sessions."""
    permissions: Annotated[list[StaffPermission], Field(max_length=len(Permission))] | None = None
    """What they may do. `is_admin` gives all."""
    is_admin: bool | None = None
    archived: bool | None = None
    phone_records: Annotated[list[PhoneRecordPut], Field(max_length=MAX_RECORDS)] | None = None
    """Their phone records. They replace those that are there."""
    tags: Tags | None = None
    location: ClearedLocation = None
    notes: ClearedNotes = None
    metadata: MetadataIn | None = None
    """A map of strings for your own use. Keys that are left out stay; one with null or an empty text is removed. Null
    in place of the map removes all."""


class ContactOut(BaseModel):
    model_config = ConfigDict(title="Contact", from_attributes=True)

    id: UUID
    name: str
    """Their name."""
    relation: str | None
    """What they are to the family, such as Mother."""
    phone_records: list[PhoneRecordOut]
    """Their phone records."""
    created_at: datetime
    updated_at: datetime


class FamilyOut(BaseModel):
    model_config = ConfigDict(title="Family", from_attributes=True)

    id: UUID
    external_id: str | None
    name: str
    """Its name."""
    archived: bool
    """Whether it is archived: out of the lists, and not texted."""
    contacts: list[ContactOut]
    """Its contacts."""
    students: list[StudentOut]
    """Its students."""
    tags: list[str]
    """Its tags."""
    location: str | None
    """The location that it belongs to."""
    notes: str | None
    """What staff have noted about it."""
    metadata: Metadata
    """A map of strings that integrations keep on it."""
    created_at: datetime
    updated_at: datetime
    """When it, or anything that it shows here, was last changed."""


class StaffMemberOut(BaseModel):
    """`permissions` are those in force: an administrator has all."""

    model_config = ConfigDict(title="StaffMember", from_attributes=True)

    id: UUID
    external_id: str | None
    name: str
    """Their name."""
    email: str | None
    """The address with which they sign in."""
    permissions: list[StaffPermission]
    """What they may do: an administrator may do all."""
    is_admin: bool
    """Whether they are an administrator."""
    archived: bool
    """Whether they are archived: then they cannot sign in, and are not texted."""
    phone_records: list[PhoneRecordOut]
    """Their phone records."""
    tags: list[str]
    """Their tags."""
    location: str | None
    """The location where they work."""
    notes: str | None
    """What staff have noted about them."""
    metadata: Metadata
    """A map of strings that integrations keep on them."""
    created_at: datetime
    updated_at: datetime
    """When it, or anything that it shows here, was last changed."""

    @classmethod
    def of(cls, staff_member: StoredStaffMember) -> "StaffMemberOut":
        in_force = effective_permissions(staff_member.permissions, is_admin=staff_member.is_admin)
        return cls.model_validate(replace(staff_member, permissions=in_order(in_force)))
