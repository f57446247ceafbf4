"""What a record in the directory is, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from api.access.rules import Permission
from api.kit.folding import fold_name


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
"""What people and integrations may claim. The others are said by a handset or a provider alone."""

CONSENT = (Permission.SMS_LOGS, Permission.MASS_TEXT)
"""What recording consent needs: all of them, since consent is what makes sending possible (OPTIN-WHO)."""

REFUSAL = (Permission.SMS_LOGS, Permission.DIRECTORY)
"""What recording a refusal needs: one of them."""


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
    return REFUSAL[0] if permissions.isdisjoint(REFUSAL) else None


def missing_for_consent(permissions: frozenset[Permission]) -> Permission | None:
    return next((each for each in CONSENT if each not in permissions), None)


class RefusalCause(StrEnum):
    """What became of the phone record that was opted out (OPTIN-REMOVED)."""

    REMOVED = "removed"
    RENUMBERED = "renumbered"
    RESET = "reset"


def match_names(stored: Sequence[str], wanted: Sequence[str]) -> list[int | None]:
    """For each wanted name the place of the stored one that it is; each place once; None for a new name.

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
