"""Which numbers a search for recipients shows, in which order (TO-NAME), as pure decisions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from api.directory.rules import StoredFamily, StoredPhoneRecord, StoredStaffMember
from api.directory.search_rules import digits_of, words_of


class RecipientKind(StrEnum):
    FAMILY = "family"
    STAFF_MEMBER = "staff_member"
    NUMBER = "number"
    """On no record that was found."""


@dataclass(frozen=True)
class Named:
    """A number that may be texted, and whose it is."""

    kind: RecipientKind
    owner_id: UUID | None
    owner_name: str | None
    contact_name: str | None
    phone_number: str
    label: str | None


def ranked(
    text: str, families: Iterable[StoredFamily], staff_members: Iterable[StoredStaffMember], *, limit: int
) -> list[Named]:
    """Names that begin with the text come first, then those with words that do, then the others and numbers.

    Of a family, the contact that is meant comes first. For digits only the numbers that have them are shown.
    """
    digits = digits_of(text)
    found = [each for each in _named(families, staff_members) if digits is None or _has(each, digits)]
    return sorted(found, key=lambda each: _rank(words_of(text), each))[:limit]


def _named(families: Iterable[StoredFamily], staff_members: Iterable[StoredStaffMember]) -> Iterator[Named]:
    for family in families:
        for contact in family.contacts:
            for record in contact.phone_records:
                yield _of(RecipientKind.FAMILY, family, contact.name, record)
    for member in staff_members:
        for record in member.phone_records:
            yield _of(RecipientKind.STAFF_MEMBER, member, None, record)


def _of(
    kind: RecipientKind, owner: StoredFamily | StoredStaffMember, contact_name: str | None, record: StoredPhoneRecord
) -> Named:
    return Named(kind, owner.id, owner.name, contact_name, record.phone_number, record.label)


def _has(each: Named, digits: str) -> bool:
    """A national number may be typed with a trunk zero."""
    return (digits.lstrip("0") or digits) in each.phone_number


def _rank(wanted: Sequence[str], each: Named) -> tuple[int, int, str, str]:
    contact, owner = words_of(each.contact_name or ""), words_of(each.owner_name or "")
    best = min(_closeness(wanted, contact), _closeness(wanted, owner), _closeness(wanted, (*contact, *owner)))
    return best, _closeness(wanted, contact), (each.owner_name or "").casefold(), (each.contact_name or "").casefold()


def _closeness(wanted: Sequence[str], name: Sequence[str]) -> int:
    if not wanted or not name:
        return 3
    if " ".join(name).startswith(" ".join(wanted)):
        return 0
    if all(any(word.startswith(each) for word in name) for each in wanted):
        return 1
    return 2 if all(any(each in word for word in name) for each in wanted) else 3
