"""Plan of a change: stored records and wanted ones in, the rows to write and their audit entries out. Pure.

POST, PUT, PATCH and archiving plan one record, an import plans a batch. Both decide the same: contacts are matched by
id, else by name; phone records by id, else by number. A phone record whose number changes starts `unknown`
(OPTIN-MOVE). A contact of another name is another person: no consent is carried over to them. The refusal of a record
that is removed, renumbered or reset stays with the number (OPTIN-REMOVED).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from api.access.rules import Permission, Principal
from api.audit.rules import Action, NewEntry
from api.directory.rules import (
    GivenOptIn,
    ImportOutcome,
    OptInState,
    OwnerKind,
    Place,
    RefusalCause,
    StoredContact,
    StoredFamily,
    StoredPhoneRecord,
    StoredRecord,
    StoredStaffMember,
    WantedContact,
    WantedPhoneRecord,
    WantedRecord,
    match_names,
    missing_for_opt_in,
)
from api.kit.ids import new_id

OWN_ROLE = "You cannot take the administrator role from yourself. Ask another administrator."


class NotPlanned(Exception):
    """The record cannot be stored as wanted, for a value at `place`."""

    def __init__(self, place: Place, detail: str) -> None:
        super().__init__(detail)
        self.place = place
        self.detail = detail


class Conflicting(NotPlanned):
    """A value conflicts with what is stored."""


class LacksPermission(NotPlanned):
    """The author lacks a permission for the change; None stands for the administrator role."""

    def __init__(self, place: Place, permission: Permission | None) -> None:
        super().__init__(place, "")
        self.permission = permission


class FamilyRow(NamedTuple):
    id: UUID
    external_id: str | None
    name: str


class StaffMemberRow(NamedTuple):
    id: UUID
    external_id: str | None
    name: str
    email: str | None
    permissions: Sequence[str]
    is_admin: bool


class ContactRow(NamedTuple):
    id: UUID
    family_id: UUID
    name: str
    relation: str | None
    position: int


class PhoneRecordRow(NamedTuple):
    id: UUID
    number: str
    contact_id: UUID | None
    staff_member_id: UUID | None
    label: str | None
    position: int


class OptInRow(NamedTuple):
    phone_record_id: UUID
    state: str
    source: str | None
    wording: str | None
    note: str | None


@dataclass(frozen=True)
class Plan:
    """Everything that a batch of records writes."""

    new_families: Sequence[FamilyRow] = ()
    families: Sequence[FamilyRow] = ()
    new_staff_members: Sequence[StaffMemberRow] = ()
    staff_members: Sequence[StaffMemberRow] = ()
    archived_families: Sequence[tuple[UUID, bool]] = ()
    archived_staff_members: Sequence[tuple[UUID, bool]] = ()
    """(record, whether it is archived or brought back)."""
    passwords: Sequence[tuple[UUID, str]] = ()
    """(staff member, password hash)."""
    ended_sessions: Sequence[tuple[UUID, UUID | None]] = ()
    """(staff member, the one session that stays)."""
    refusals: Sequence[tuple[RefusalCause, UUID]] = ()
    """Opted-out phone records whose refusal must be kept."""
    removed_phone_records: Sequence[UUID] = ()
    removed_contacts: Sequence[UUID] = ()
    contacts: Sequence[ContactRow] = ()
    new_contacts: Sequence[ContactRow] = ()
    renumbered: Sequence[tuple[UUID, str]] = ()
    """(phone record, its new number). Each starts `unknown`."""
    phone_records: Sequence[tuple[UUID, str | None, int]] = ()
    """(phone record, label, position)."""
    new_phone_records: Sequence[PhoneRecordRow] = ()
    """Each starts `unknown`, without time or author."""
    opt_ins: Sequence[OptInRow] = ()
    entries: Sequence[NewEntry] = ()
    numbers: Sequence[str] = ()
    """Who may be texted may have changed for these."""

    @classmethod
    def joined(cls, plans: Sequence["Plan"]) -> "Plan":
        names = [each.name for each in fields(cls)]
        return cls(**{name: tuple(chain.from_iterable(getattr(plan, name) for plan in plans)) for name in names})


@dataclass(frozen=True)
class Planned:
    """What a plan does with one record."""

    outcome: ImportOutcome
    id: UUID


@dataclass(frozen=True)
class Author:
    """Who makes the change, and what they may."""

    principal: Principal
    keeps_staff: bool
    """Whether they are a living administrator, whose row is locked."""
    import_id: UUID | None = None


def plan_record(
    wanted: WantedRecord, stored: StoredRecord | None, *, author: Author, emails: Mapping[str, UUID]
) -> tuple[Plan, Planned]:
    """The plan of one record. `emails`: who signs in with each wanted address now.

    Raises `LacksPermission` (PERM-DIRECTORY, PERM-ADMIN, OPTIN-WHO), `Conflicting` for an email address that is taken
    and for the author's own role, and `NotPlanned` for an id that is not the record's.
    """
    planner = _Planner(author, keeps_details=wanted.keeps_details)
    if wanted.kind is OwnerKind.FAMILY:
        assert not isinstance(stored, StoredStaffMember)
        if Permission.DIRECTORY not in author.principal.permissions:
            raise LacksPermission(Place(""), Permission.DIRECTORY)
        planned = planner.family(wanted, stored)
    else:
        assert not isinstance(stored, StoredFamily)
        if not author.keeps_staff:
            raise LacksPermission(Place("/kind"), None)
        if wanted.email is not None:
            holder = emails.get(wanted.email)
            if holder is not None and (stored is None or holder != stored.id):
                raise Conflicting(Place("/email"), f"Somebody signs in with {wanted.email} already.")
        planned = planner.staff_member(wanted, stored)
    return planner.plan(), planned


def plan_opt_in(principal: Principal, record: StoredPhoneRecord, opt_in: GivenOptIn) -> Plan:
    """Set the state of one record. Setting the same state renews the evidence. Raises `LacksPermission`."""
    planner = _Planner(Author(principal, keeps_staff=False), keeps_details=True)
    planner.set_opt_in(record.id, record.number, opt_in, before=record.state, place=Place("/state"))
    return planner.plan()


@dataclass
class _Holder:
    """Whose phone records are planned: one contact of a family, or one staff member."""

    contact_id: UUID | None = None
    staff_member_id: UUID | None = None


@dataclass
class _Planner:
    """Collects the rows of one record."""

    author: Author
    keeps_details: bool
    rows: dict[str, list[Any]] = field(default_factory=lambda: {each.name: [] for each in fields(Plan)})

    def plan(self) -> Plan:
        return Plan(**{name: tuple(rows) for name, rows in self.rows.items()})

    def _write(self, name: str, *rows: object) -> None:
        self.rows[name].extend(rows)

    def _note(self, action: Action, details: dict[str, Any], *, number: str | None = None) -> None:
        if self.author.import_id is not None:
            details = {**details, "import_id": str(self.author.import_id)}
        self._write("entries", NewEntry(action, self.author.principal.actor, phone_number=number, details=details))

    # Families.

    def family(self, wanted: WantedRecord, stored: StoredFamily | None) -> Planned:
        if stored is None:
            assert wanted.name is not None
            row = FamilyRow(new_id(), wanted.external_id, wanted.name)
            self._write("new_families", row)
            self._note(Action.FAMILY_CREATED, {"family_id": str(row.id), "name": row.name})
            self._contacts(row.id, wanted.contacts or (), ())
            return Planned(ImportOutcome.CREATED, row.id)
        row = FamilyRow(stored.id, wanted.external_id or stored.external_id, wanted.name or stored.name)
        changes = _changes(stored, row, "name", "external_id")
        if wanted.contacts is not None:
            changes |= self._contacts(row.id, wanted.contacts, stored.contacts)
        identity = {"family_id": str(row.id), "name": row.name}
        if changes:
            self._write("families", row)
            self._note(Action.FAMILY_UPDATED, {**identity, "changes": changes})
        if wanted.archived is not None and wanted.archived != stored.archived:
            self._write("archived_families", (row.id, wanted.archived))
            self._note(Action.FAMILY_ARCHIVED, {**identity, "archived": wanted.archived})
            self._write("numbers", *(each.number for contact in stored.contacts for each in contact.phone_records))
        elif not changes:
            return Planned(ImportOutcome.UNCHANGED, row.id)
        return Planned(ImportOutcome.UPDATED, row.id)

    def _contacts(
        self, family_id: UUID, wanted: Sequence[WantedContact], stored: Sequence[StoredContact]
    ) -> dict[str, object]:
        """Make the family's contacts the wanted ones. Returns what of them changed, for the audit log."""
        matched = _match_contacts(stored, wanted)
        kept = {found.id for found in matched if found is not None}
        removed = [each for each in stored if each.id not in kept]
        for each in removed:
            self._phone_records(_Holder(contact_id=each.id), (), each.phone_records)
            self._write("removed_contacts", each.id)
        changed: list[str] = []
        for position, (given, found) in enumerate(zip(wanted, matched, strict=True)):
            if found is None:
                row = ContactRow(new_id(), family_id, given.name, given.relation, position)
                self._write("new_contacts", row)
                self._phone_records(_Holder(contact_id=row.id), given.phone_records or (), ())
                changed.append(given.name)
                continue
            relation = self._detail(given.relation, found.relation)
            if (given.name, relation, position) != (found.name, found.relation, found.position):
                self._write("contacts", ContactRow(found.id, family_id, given.name, relation, position))
                changed.append(given.name)
            holder = _Holder(contact_id=found.id)
            if given.phone_records is not None and self._phone_records(
                holder, given.phone_records, found.phone_records
            ):
                changed.append(given.name)
        changes: dict[str, object] = {}
        if changed:
            changes["contacts"] = list(dict.fromkeys(changed))
        if removed:
            changes["contacts_removed"] = [each.name for each in removed]
        return changes

    def _detail(self, wanted: str | None, stored: str | None) -> str | None:
        return stored if wanted is None and self.keeps_details else wanted

    # Staff members.

    def staff_member(self, wanted: WantedRecord, stored: StoredStaffMember | None) -> Planned:
        if stored is None:
            return self._new_staff_member(wanted)
        row = StaffMemberRow(
            *(stored.id, wanted.external_id or stored.external_id, wanted.name or stored.name),
            wanted.email or stored.email,
            list(stored.permissions if wanted.permissions is None else wanted.permissions),
            stored.is_admin if wanted.is_admin is None else wanted.is_admin,
        )
        # The author is an administrator and stays one, so a business never loses its last.
        if stored.id == self.author.principal.id and (wanted.archived or not row.is_admin):
            raise Conflicting(Place("/archived" if wanted.archived else "/is_admin"), OWN_ROLE)
        changes = _changes(stored, row, "name", "external_id", "email", "permissions", "is_admin")
        if wanted.password_hash is not None:
            changes["password"] = "replaced"  # noqa: S105  # Says that it was, not what it is.
            self._write("passwords", (row.id, wanted.password_hash))
            self._write("ended_sessions", (row.id, self.author.principal.credential_id))
        holder = _Holder(staff_member_id=row.id)
        if wanted.phone_records is not None and self._phone_records(holder, wanted.phone_records, stored.phone_records):
            changes["phone_records"] = "changed"
        identity = {"staff_member_id": str(row.id), "name": row.name}
        if changes:
            self._write("staff_members", row)
            self._note(Action.STAFF_MEMBER_UPDATED, {**identity, "changes": changes})
        if wanted.archived is not None and wanted.archived != stored.archived:
            self._write("archived_staff_members", (row.id, wanted.archived))
            if wanted.archived:
                self._write("ended_sessions", (row.id, None))
            self._note(Action.STAFF_MEMBER_ARCHIVED, {**identity, "archived": wanted.archived})
            self._write("numbers", *(each.number for each in stored.phone_records))
        elif not changes:
            return Planned(ImportOutcome.UNCHANGED, row.id)
        return Planned(ImportOutcome.UPDATED, row.id)

    def _new_staff_member(self, wanted: WantedRecord) -> Planned:
        assert wanted.name is not None
        row = StaffMemberRow(
            *(new_id(), wanted.external_id, wanted.name, wanted.email),
            *(list(wanted.permissions or ()), bool(wanted.is_admin)),
        )
        self._write("new_staff_members", row)
        if wanted.password_hash is not None:
            self._write("passwords", (row.id, wanted.password_hash))
        self._note(
            Action.STAFF_MEMBER_CREATED,
            {
                "staff_member_id": str(row.id),
                "name": row.name,
                "permissions": row.permissions,
                "is_admin": row.is_admin,
            },
        )
        self._phone_records(_Holder(staff_member_id=row.id), wanted.phone_records or (), ())
        return Planned(ImportOutcome.CREATED, row.id)

    # Phone records.

    def _phone_records(
        self, holder: _Holder, wanted: Sequence[WantedPhoneRecord], stored: Sequence[StoredPhoneRecord]
    ) -> bool:
        """Make the holder's phone records the wanted ones, each with its evidence. Whether any changed."""
        matched = _match_phone_records(stored, wanted)
        kept = {found.id for found in matched if found is not None}
        changed = False
        for each in stored:
            if each.id not in kept:
                self._remove(each)
                changed = True
        for position, (given, found) in enumerate(zip(wanted, matched, strict=True)):
            if found is None:
                row = PhoneRecordRow(
                    new_id(), given.number, holder.contact_id, holder.staff_member_id, given.label, position
                )
                self._write("new_phone_records", row)
                self._write("numbers", given.number)
                state = OptInState.UNKNOWN
                record_id, changed = row.id, True
            else:
                record_id, state = found.id, found.state
                label = self._detail(given.label, found.label)
                if (label, position) != (found.label, found.position):
                    self._write("phone_records", (found.id, label, position))
                    changed = True
                if given.number != found.number:
                    self._renumber(found, given.number)
                    state, changed = OptInState.UNKNOWN, True
            if given.opt_in is not None and given.opt_in.state is not state:
                self.set_opt_in(record_id, given.number, given.opt_in, before=state, place=given.place)
                changed = True
        return changed

    def _remove(self, record: StoredPhoneRecord) -> None:
        if record.state is OptInState.OPTED_OUT:
            self._write("refusals", (RefusalCause.REMOVED, record.id))
        self._write("removed_phone_records", record.id)
        removed = {"phone_record_id": str(record.id), "opt_in_state": record.state.value}
        self._note(Action.PHONE_RECORD_REMOVED, removed, number=record.number)
        self._write("numbers", record.number)

    def _renumber(self, record: StoredPhoneRecord, number: str) -> None:
        """OPTIN-MOVE: no opt-in is carried to another number."""
        if record.state is OptInState.OPTED_OUT:
            self._write("refusals", (RefusalCause.RENUMBERED, record.id))
        self._write("renumbered", (record.id, number))
        moved = {
            "phone_record_id": str(record.id),
            "from": record.state.value,
            "to": OptInState.UNKNOWN.value,
            "moved_from": record.number,
            "moved_to": number,
        }
        for each in (record.number, number):
            self._note(Action.OPT_IN_CHANGED, moved, number=each)
            self._write("numbers", each)

    def set_opt_in(
        self, phone_record_id: UUID, number: str, opt_in: GivenOptIn, *, before: OptInState, place: Place
    ) -> None:
        """The state with its evidence (OPTIN-EVIDENCE), if the author may set it (OPTIN-WHO)."""
        missing = missing_for_opt_in(self.author.principal.permissions, before=before, after=opt_in.state)
        if missing is not None:
            raise LacksPermission(place, missing)
        if opt_in.state is OptInState.UNKNOWN and before is OptInState.OPTED_OUT:
            self._write("refusals", (RefusalCause.RESET, phone_record_id))
        source = None if opt_in.state is OptInState.UNKNOWN else opt_in.source.value
        self._write("opt_ins", OptInRow(phone_record_id, opt_in.state.value, source, opt_in.wording, opt_in.note))
        details = {
            "phone_record_id": str(phone_record_id),
            "from": before.value,
            "to": opt_in.state.value,
            "source": opt_in.source.value,
            "wording": opt_in.wording,
            "note": opt_in.note,
        }
        self._note(Action.OPT_IN_CHANGED, details, number=number)
        self._write("numbers", number)


def _changes(stored: StoredRecord, row: FamilyRow | StaffMemberRow, *names: str) -> dict[str, object]:
    return {
        name: {"from": getattr(stored, name), "to": getattr(row, name)}
        for name in names
        if getattr(stored, name) != getattr(row, name)
    }


def _match_contacts(stored: Sequence[StoredContact], wanted: Sequence[WantedContact]) -> list[StoredContact | None]:
    """The stored contact of each wanted one: by its id, else by its name. None for a new one.

    Raises `NotPlanned` for an id that is not one of the family's contacts, or that is given twice.
    """
    unused = {contact.id: contact for contact in stored}
    matched: list[StoredContact | None] = [None] * len(wanted)
    without_id = [index for index, each in enumerate(wanted) if each.id is None]
    for index, each in enumerate(wanted):
        if each.id is not None:
            matched[index] = unused.pop(each.id, None)
            if matched[index] is None:
                raise NotPlanned(Place(f"{each.place.pointer}/id"), "This is not one of the family's contacts.")
    left = list(unused.values())
    places = match_names([each.name for each in left], [wanted[index].name for index in without_id])
    for index, place in zip(without_id, places, strict=True):
        matched[index] = None if place is None else left[place]
    return matched


def _match_phone_records(
    stored: Sequence[StoredPhoneRecord], wanted: Sequence[WantedPhoneRecord]
) -> list[StoredPhoneRecord | None]:
    """The stored record of each wanted one: by its id, else by its number. None for a new one.

    Raises `NotPlanned` for an id that is not one of the holder's records, or that is used already.
    """
    unused = {record.id: record for record in stored}
    by_number = {record.number: record.id for record in stored}
    matched: list[StoredPhoneRecord | None] = []
    for each in wanted:
        if each.id is not None and each.id not in unused:
            raise NotPlanned(Place(f"{each.place.pointer}/id"), "This is not one of the holder's phone records.")
        record_id = each.id or by_number.get(each.number)
        matched.append(None if record_id is None else unused.pop(record_id, None))
    return matched
