"""Families, staff members and their phone records as values: as stored, and as a request wants them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.access.rules import Permission, first_missing
from api.audit.rules import Actor
from api.directory.places import Place as Place
from api.directory.student_rules import StoredStudent, WantedStudent
from api.kit.folding import fold_name
from api.kit.metadata import MetadataChange
from api.kit.phone import is_erased


class OwnerKind(StrEnum):
    """The two kinds of record that hold phone numbers."""

    FAMILY = "family"
    STAFF_MEMBER = "staff_member"


class OptInState(StrEnum):
    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"
    UNKNOWN = "unknown"


class OptInSource(StrEnum):
    """How an opt-in state came to be (OPTIN-EVIDENCE)."""

    PORTAL = "portal"
    STAFF = "staff"
    VERBAL = "verbal"
    IMPORT = "import"
    KEYWORD = "keyword"
    PROVIDER = "provider"


SETTABLE_SOURCES = frozenset({OptInSource.PORTAL, OptInSource.STAFF, OptInSource.VERBAL, OptInSource.IMPORT})
"""Sources that people and integrations may set. The others come only from a handset or a provider."""

CONSENT_NEEDS_ALL = (Permission.SMS_LOGS, Permission.MASS_TEXT)
"""Permissions for recording consent, which makes sending possible (OPTIN-WHO)."""

REFUSAL_NEEDS_ONE = (Permission.SMS_LOGS, Permission.DIRECTORY)
"""Permissions for recording a refusal (OPTIN-WHO)."""


def missing_for_opt_in(
    permissions: frozenset[Permission], *, before: OptInState, after: OptInState
) -> Permission | None:
    """The permission that a change of an opt-in state lacks (OPTIN-WHO). None if the change is allowed.

    `before` of a new record is `unknown`. Resetting a refusal to `unknown` takes it from the record, so it needs what
    consent needs; so does repeating `opted_in`, which renews its evidence.
    """
    consents = after is OptInState.OPTED_IN or (before is OptInState.OPTED_OUT and after is OptInState.UNKNOWN)
    if consents:
        return missing_for_consent(permissions)
    return REFUSAL_NEEDS_ONE[0] if permissions.isdisjoint(REFUSAL_NEEDS_ONE) else None


def missing_for_consent(permissions: frozenset[Permission]) -> Permission | None:
    return first_missing(permissions, CONSENT_NEEDS_ALL)


class RefusalCause(StrEnum):
    """What became of the phone record that was opted out (OPTIN-REMOVED)."""

    REMOVED = "removed"
    RENUMBERED = "renumbered"
    RESET = "reset"


def match_names(stored: Sequence[str], wanted: Sequence[str]) -> list[int | None]:
    """For each wanted name the index of its stored name, or None for a new name. Each index is used once.

    The same spelling goes first, then names that differ only in how they were typed (`fold`), in order.
    """
    matched: list[int | None] = [None] * len(wanted)
    for spelled in (str, fold_name):
        unused: dict[str, list[int]] = {}
        for place, name in enumerate(stored):
            if place not in matched:
                unused.setdefault(spelled(name), []).append(place)
        for index, name in enumerate(wanted):
            if matched[index] is None and (places := unused.get(spelled(name))):
                matched[index] = places.pop(0)
    return matched


# As stored.


@dataclass(frozen=True, slots=True)
class StoredOptIn:
    state: OptInState
    source: OptInSource | None = None
    changed_at: datetime | None = None
    changed_by: Actor | None = None


@dataclass(frozen=True, slots=True)
class StoredPhoneRecord:
    id: UUID
    phone_number: str
    """E.164."""
    label: str | None
    position: int
    opt_in: StoredOptIn
    created_at: datetime | None = None
    """None in a value that was not read from its row. So are all `created_at` and `updated_at` below."""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredContact:
    id: UUID
    name: str
    relation: str | None
    position: int
    phone_records: Sequence[StoredPhoneRecord]
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredFamily:
    id: UUID
    external_id: str | None
    name: str
    archived: bool
    contacts: Sequence[StoredContact]
    students: Sequence[StoredStudent] = ()
    tags: Sequence[str] = ()
    location: str | None = None
    notes: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def all_phone_records(self) -> list[StoredPhoneRecord]:
        return [record for contact in self.contacts for record in contact.phone_records]


@dataclass(frozen=True, slots=True)
class StoredStaffMember:
    id: UUID
    external_id: str | None
    name: str
    email: str | None
    permissions: Sequence[str]
    """Sorted, and without those that the administrator role gives."""
    is_admin: bool
    archived: bool
    phone_records: Sequence[StoredPhoneRecord]
    tags: Sequence[str] = ()
    location: str | None = None
    notes: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def all_phone_records(self) -> list[StoredPhoneRecord]:
        return list(self.phone_records)


StoredRecord = StoredFamily | StoredStaffMember


# As wanted. None leaves a field as it is stored; of a new record it is the default.


@dataclass(frozen=True, slots=True)
class GivenOptIn:
    state: OptInState
    source: OptInSource
    wording: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class WantedPhoneRecord:
    """The record with `id`, else the holder's record of this number, else a new one."""

    number: str
    """E.164."""
    place: Place
    """Of its id, if it has one, else of its opt-in state."""
    label: str | None = None
    opt_in: GivenOptIn | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WantedContact:
    """The contact with `id`, else the family's contact of this name (`match_names`), else a new one."""

    name: str
    relation: str | None
    phone_records: Sequence[WantedPhoneRecord] | None
    """They replace the contact's phone records."""
    place: Place
    """Of its id."""
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WantedRecord:
    """A family or a staff member as it shall be."""

    kind: OwnerKind
    target: UUID | str | None = None
    """The id of a stored record; the external id of one that is created if it is missing; None for a new record."""
    external_id: str | None = None
    name: str | None = None
    archived: bool | None = None
    contacts: Sequence[WantedContact] | None = None
    """Of a family. They replace its contacts."""
    phone_records: Sequence[WantedPhoneRecord] | None = None
    """Of a staff member. They replace the phone records."""
    students: Sequence[WantedStudent] | None = None
    """Of a family. They replace its students."""
    tags: Sequence[str] | None = None
    """They replace the tags."""
    location: str | None = None
    """Empty clears it. So do empty `notes`."""
    notes: str | None = None
    metadata: MetadataChange | None = None
    email: str | None = None
    permissions: Sequence[str] | None = None
    """Sorted."""
    is_admin: bool | None = None
    password_hash: str | None = None
    keeps_details: bool = False
    """A label or a relation of None leaves what is stored. Otherwise it clears it."""

    def all_phone_records(self) -> list[WantedPhoneRecord]:
        groups = [self.phone_records or ()] + [contact.phone_records or () for contact in self.contacts or ()]
        return [each for group in groups for each in group]

    @property
    def concerns_numbers(self) -> bool:
        """Whether it changes who may be texted at some number."""
        return not (self.contacts is None and self.phone_records is None and self.archived is None)


class ImportOutcome(StrEnum):
    """What came of a row. `not_stored`: good in itself, in a file that was refused for another row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NOT_STORED = "not_stored"


@dataclass(frozen=True)
class Holder:
    """Whose record a phone number is on."""

    kind: OwnerKind
    id: UUID
    name: str
    contact_name: str | None
    """The family's contact; null for a staff member."""
    phone_record_id: UUID
    archived: bool


def display_name(holders: list[Holder], *, phone_number: str) -> str:
    """What a conversation is called: its holders' names, living records before archived; else the number."""
    living = [holder for holder in holders if not holder.archived] or holders
    names = list(dict.fromkeys(holder.name for holder in living))
    if not names:
        return "Erased number" if is_erased(phone_number) else phone_number
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} others"
