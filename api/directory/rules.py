"""What a record in the directory is, as values."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


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
        return phone_number
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} others"
