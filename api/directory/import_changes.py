"""What an import changes: a record as the file wants it, against what is stored. Pure: rows to write come out.

It decides as a PUT by external id does. Contacts are matched by name and phone records by number; so one whose number
changed is a new record, which starts `unknown` unless the file itself says otherwise (OPTIN-MOVE). A contact of another
name is another person: their consent is not carried over, and what the former one refused stays with the number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from api.access.errors import permission_needed
from api.access.rules import Permission
from api.audit.rules import Action, Actor, NewEntry
from api.directory.import_rows import Record, WantedContact, WantedNumber
from api.directory.rules import OptInState, OwnerKind, match_names, missing_for_opt_in
from api.directory.schemas import ImportOutcome
from api.kit.ids import new_id


class StoredNumber(NamedTuple):
    """A phone record."""

    id: UUID
    number: str
    label: str | None
    position: int
    state: str


class StoredContact(NamedTuple):
    id: UUID
    name: str
    relation: str | None
    position: int
    numbers: Sequence[StoredNumber]


class StoredFamily(NamedTuple):
    id: UUID
    name: str
    contacts: Sequence[StoredContact]


class StoredStaffMember(NamedTuple):
    id: UUID
    name: str
    email: str | None
    permissions: Sequence[str]
    is_admin: bool
    numbers: Sequence[StoredNumber]


Stored = StoredFamily | StoredStaffMember


class NewContact(NamedTuple):
    id: UUID
    family_id: UUID
    name: str
    relation: str | None
    position: int


class NewPhoneRecord(NamedTuple):
    id: UUID
    phone_number_id: UUID
    contact_id: UUID | None
    staff_member_id: UUID | None
    label: str | None
    position: int
    state: str
    source: str | None
    """None where nobody said anything: the state is `unknown`, of no time and no author."""


class StaffRow(NamedTuple):
    id: UUID
    external_id: str | None
    name: str
    email: str | None
    permissions: str
    """Separated by commas."""
    is_admin: bool


class Outcome(NamedTuple):
    """What came of one record. `errors`: (pointer, detail) of why it failed."""

    outcome: ImportOutcome
    id: UUID | None
    errors: tuple[tuple[str, str], ...] = ()
    row: int | None = None
    """The row of the errors; None for the record's first."""


class _MayNot(Exception):
    """The record changes consent, and whoever imports it lacks a permission for that (OPTIN-WHO)."""

    def __init__(self, wanted: WantedNumber, missing: Permission) -> None:
        errors = ((wanted.pointer, permission_needed(missing)),)
        self.outcome = Outcome(ImportOutcome.FAILED, None, errors, wanted.row)


@dataclass
class Changes:
    """Everything that a batch of records writes, to be stored with few statements."""

    actor: Actor
    permissions: frozenset[Permission]
    """The importer's."""
    import_id: UUID
    numbers: Mapping[str, UUID]
    """The locked rows of every number concerned."""
    emails: Mapping[str, UUID]
    """Who signs in with each wanted address now."""

    new_families: list[tuple[UUID, str | None, str]] = field(default_factory=list)
    families: list[tuple[UUID, str]] = field(default_factory=list)
    new_staff_members: list[StaffRow] = field(default_factory=list)
    staff_members: list[StaffRow] = field(default_factory=list)
    new_contacts: list[NewContact] = field(default_factory=list)
    contacts: list[tuple[UUID, str, str | None, int]] = field(default_factory=list)
    removed_contacts: list[UUID] = field(default_factory=list)
    new_records: list[NewPhoneRecord] = field(default_factory=list)
    records: list[tuple[UUID, str | None, int]] = field(default_factory=list)
    opt_ins: list[tuple[UUID, str, str | None]] = field(default_factory=list)
    removed_records: list[UUID] = field(default_factory=list)
    removed_refusals: list[UUID] = field(default_factory=list)
    """Of the removed records, those that are opted out: their refusals stay with the numbers (OPTIN-REMOVED)."""
    reset_refusals: list[UUID] = field(default_factory=list)
    """Records that were opted out and become `unknown`: the same."""
    entries: list[NewEntry] = field(default_factory=list)
    numbers_changed: set[str] = field(default_factory=set)
    """Who may be texted may have changed for these."""

    def add(self, record: Record, stored: Stored | None) -> Outcome:
        """Decide one record. A record that fails leaves nothing of itself here."""
        lists = [each for each in vars(self).values() if isinstance(each, list)]
        lengths = [len(each) for each in lists]
        try:
            return self._add(record, stored)
        except _MayNot as refused:
            for each, length in zip(lists, lengths, strict=True):
                del each[length:]
            return refused.outcome

    def _add(self, record: Record, stored: Stored | None) -> Outcome:
        if record.kind is OwnerKind.FAMILY:
            assert not isinstance(stored, StoredStaffMember)
            return self._family(record, stored)
        assert not isinstance(stored, StoredFamily)
        return self._staff_member(record, stored)

    def _family(self, record: Record, stored: StoredFamily | None) -> Outcome:
        if stored is None:
            family_id = new_id()
            self.new_families.append((family_id, record.external_id, record.name))
            self._note(Action.FAMILY_CREATED, {"family_id": str(family_id), "name": record.name})
            self._contacts(family_id, record.contacts or [], [])
            return Outcome(ImportOutcome.CREATED, family_id)
        changes: dict[str, object] = {}
        if record.name != stored.name:
            changes["name"] = {"from": stored.name, "to": record.name}
        if record.contacts is not None:
            changes |= self._contacts(stored.id, record.contacts, stored.contacts)
        if not changes:
            return Outcome(ImportOutcome.UNCHANGED, stored.id)
        self.families.append((stored.id, record.name))
        self._note(Action.FAMILY_UPDATED, {"family_id": str(stored.id), "name": record.name, "changes": changes})
        return Outcome(ImportOutcome.UPDATED, stored.id)

    def _contacts(
        self, family_id: UUID, wanted: Sequence[WantedContact], stored: Sequence[StoredContact]
    ) -> dict[str, object]:
        """Make the family's contacts the wanted ones. Returns what of them changed, for the audit log."""
        changed: list[str] = []
        places = match_names([one.name for one in stored], [each.name for each in wanted])
        unused = [one for place, one in enumerate(stored) if place not in places]
        for position, (each, place) in enumerate(zip(wanted, places, strict=True)):
            if place is None:
                contact_id = new_id()
                self.new_contacts.append(NewContact(contact_id, family_id, each.name, each.relation, position))
                self._numbers(each.numbers or [], [], contact_id=contact_id)
                changed.append(each.name)
                continue
            found = stored[place]
            relation = each.relation or found.relation
            if (each.name, relation, position) != (found.name, found.relation, found.position):
                self.contacts.append((found.id, each.name, relation, position))
                changed.append(each.name)
            if each.numbers is not None and self._numbers(each.numbers, found.numbers, contact_id=found.id):
                changed.append(each.name)
        for one in unused:
            self._numbers([], one.numbers, contact_id=one.id)
            self.removed_contacts.append(one.id)
        changes: dict[str, object] = {}
        if changed:
            changes["contacts"] = list(dict.fromkeys(changed))
        if unused:
            changes["contacts_removed"] = [one.name for one in unused]
        return changes

    def _staff_member(self, record: Record, stored: StoredStaffMember | None) -> Outcome:
        assert record.email is not None
        holder = self.emails.get(record.email)
        if holder is not None and (stored is None or holder != stored.id):
            return _failed("/email", f"Somebody signs in with {record.email} already.")
        if stored is None:
            staff_member_id = new_id()
            permissions, is_admin = record.permissions or [], bool(record.is_admin)
            self.new_staff_members.append(_staff_row(staff_member_id, record, permissions, is_admin=is_admin))
            details = {"name": record.name, "permissions": permissions, "is_admin": is_admin}
            self._note(Action.STAFF_MEMBER_CREATED, {"staff_member_id": str(staff_member_id), **details})
            self._numbers(record.numbers or [], [], staff_member_id=staff_member_id)
            return Outcome(ImportOutcome.CREATED, staff_member_id)
        permissions = list(stored.permissions) if record.permissions is None else record.permissions
        is_admin = stored.is_admin if record.is_admin is None else record.is_admin
        # Whoever imports staff members is an administrator and stays one: so there is always one left.
        if stored.is_admin and not is_admin and stored.id == self.actor.id:
            return _failed(
                "/is_admin", "You cannot take the administrator role from yourself. Ask another administrator."
            )
        changes: dict[str, object] = {
            name: {"from": before, "to": after}
            for name, before, after in (
                ("name", stored.name, record.name),
                ("email", stored.email, record.email),
                ("permissions", sorted(stored.permissions), permissions),
                ("is_admin", stored.is_admin, is_admin),
            )
            if before != after
        }
        if record.numbers is not None and self._numbers(record.numbers, stored.numbers, staff_member_id=stored.id):
            changes["phone_records"] = "changed"
        if not changes:
            return Outcome(ImportOutcome.UNCHANGED, stored.id)
        self.staff_members.append(_staff_row(stored.id, record, permissions, is_admin=is_admin))
        details = {"staff_member_id": str(stored.id), "name": record.name, "changes": changes}
        self._note(Action.STAFF_MEMBER_UPDATED, details)
        return Outcome(ImportOutcome.UPDATED, stored.id)

    def _numbers(
        self,
        wanted: Sequence[WantedNumber],
        stored: Sequence[StoredNumber],
        *,
        contact_id: UUID | None = None,
        staff_member_id: UUID | None = None,
    ) -> bool:
        """Make the holder's phone records the wanted ones, each with its evidence. Whether any changed."""
        by_number = {each.number: each for each in stored}
        changed = False
        for position, each in enumerate(wanted):
            found = by_number.pop(each.number, None)
            if found is None:
                state = each.state or OptInState.UNKNOWN.value
                if state != OptInState.UNKNOWN:
                    self._require(each, before=OptInState.UNKNOWN)
                source = each.source if state != OptInState.UNKNOWN else None
                new = NewPhoneRecord(
                    *(new_id(), self.numbers[each.number], contact_id, staff_member_id),
                    *(each.label, position, state, source),
                )
                self.new_records.append(new)
                if state != OptInState.UNKNOWN:
                    self._note_opt_in(new.id, each, before=OptInState.UNKNOWN.value)
                self.numbers_changed.add(each.number)
                changed = True
                continue
            label = each.label or found.label
            if (label, position) != (found.label, found.position):
                self.records.append((found.id, label, position))
                changed = True
            if each.state is not None and each.state != found.state:
                self._require(each, before=OptInState(found.state))
                if found.state == OptInState.OPTED_OUT and each.state == OptInState.UNKNOWN:
                    self.reset_refusals.append(found.id)
                source = each.source if each.state != OptInState.UNKNOWN else None
                self.opt_ins.append((found.id, each.state, source))
                self._note_opt_in(found.id, each, before=found.state)
                self.numbers_changed.add(each.number)
                changed = True
        for rest in by_number.values():
            self.removed_records.append(rest.id)
            if rest.state == OptInState.OPTED_OUT:
                self.removed_refusals.append(rest.id)
            removed = {"phone_record_id": str(rest.id), "opt_in_state": rest.state}
            self._note(Action.PHONE_RECORD_REMOVED, removed, number=rest.number)
            self.numbers_changed.add(rest.number)
            changed = True
        return changed

    def _require(self, wanted: WantedNumber, *, before: OptInState) -> None:
        assert wanted.state is not None
        missing = missing_for_opt_in(self.permissions, before=before, after=OptInState(wanted.state))
        if missing is not None:
            raise _MayNot(wanted, missing)

    def _note_opt_in(self, phone_record_id: UUID, wanted: WantedNumber, *, before: str) -> None:
        """OPTIN-EVIDENCE."""
        details = {
            "phone_record_id": str(phone_record_id),
            "from": before,
            "to": wanted.state,
            "source": wanted.source,
            "wording": None,
            "note": None,
        }
        self._note(Action.OPT_IN_CHANGED, details, number=wanted.number)

    def _note(self, action: Action, details: dict[str, Any], *, number: str | None = None) -> None:
        details = {**details, "import_id": str(self.import_id)}
        self.entries.append(NewEntry(action, self.actor, phone_number=number, details=details))


def _failed(pointer: str, detail: str) -> Outcome:
    return Outcome(ImportOutcome.FAILED, None, ((pointer, detail),))


def _staff_row(staff_member_id: UUID, record: Record, permissions: Sequence[str], *, is_admin: bool) -> StaffRow:
    return StaffRow(
        staff_member_id, record.external_id, record.name, record.email, ",".join(sorted(permissions)), is_admin
    )
