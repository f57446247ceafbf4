"""Plans a change: stored and wanted records in, the rows to write and their audit entries out. Pure.

POST, PUT, PATCH and archiving plan one record, an import plans a batch. The rules are the same: contacts are matched by
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
from api.directory.matching import match_rows
from api.directory.places import NotPlanned as NotPlanned
from api.directory.plan_students import StudentRow, plan_students
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
    missing_for_opt_in,
)
from api.directory.student_rules import Classes, WantedClass
from api.kit.ids import new_id
from api.kit.metadata import TooManyKeysError, changed_keys, merged

CHANGED = "changed"
UNSAID = frozenset({"notes"})
"""Columns whose values are not repeated in the audit log: notes of a record may say anything about a child. Of metadata
it has the keys."""
SHOWN_AT_NUMBERS = frozenset({"name", "contacts"})
"""Changes of a record that a conversation with one of its numbers shows."""
NO_CLASSES = Classes()
OWN_ROLE = "You cannot take the administrator role from yourself. Ask another administrator."
OWN_PASSWORD = "You change your own password under Account, with your current one."  # noqa: S105  # It is a sentence.


class Conflicting(NotPlanned):
    """A value conflicts with what is stored."""


class Taken(Conflicting):
    """A value that must be unique is another record's."""

    def __init__(self, place: Place, detail: str, *, holder_id: UUID) -> None:
        super().__init__(place, detail)
        self.holder_id = holder_id


class LacksPermission(NotPlanned):
    """The author lacks a permission for the change; None stands for the administrator role."""

    def __init__(self, place: Place, permission: Permission | None) -> None:
        super().__init__(place, "")
        self.permission = permission


class RecordRow(NamedTuple):
    """A family or a staff member."""

    kind: OwnerKind
    id: UUID
    values: Mapping[str, Any]
    """By the names of its `_Shape.columns`."""


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
    id: UUID
    """Of the phone record."""
    opt_in_state: str
    opt_in_source: str | None = None
    opt_in_wording: str | None = None
    opt_in_note: str | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that a batch of records writes."""

    new_records: Sequence[RecordRow] = ()
    records: Sequence[RecordRow] = ()
    archived: Sequence[tuple[OwnerKind, UUID, bool]] = ()
    """(kind, record, whether it is archived or brought back)."""
    passwords: Sequence[tuple[UUID, str]] = ()
    """(staff member, password hash)."""
    signed_out: Sequence[UUID] = ()
    """Staff members whose sessions end."""
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
    tags: Sequence[tuple[OwnerKind, UUID, Sequence[str]]] = ()
    """(kind, record, all its tags)."""
    new_students: Sequence[StudentRow] = ()
    students: Sequence[StudentRow] = ()
    removed_students: Sequence[UUID] = ()
    enrolled: Sequence[tuple[UUID, UUID]] = ()
    """(student, class). So is `left`."""
    left: Sequence[tuple[UUID, UUID]] = ()
    classes: Sequence[tuple[UUID, WantedClass]] = ()
    """Classes that records name: `student_rules.merged` says what of them is new."""

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
    may_change_staff: bool
    """Whether they are a living administrator, whose row is locked."""
    import_id: UUID | None = None


@dataclass(frozen=True)
class _Shape:
    """How one of the two kinds of record is written and audited."""

    id_name: str
    columns: Sequence[str]
    shown_when_created: Sequence[str]
    """Columns in the audit entry of a new record."""
    created: Action
    updated: Action
    archived: Action


SHAPES = {
    OwnerKind.FAMILY: _Shape(
        "family_id",
        columns=("name", "external_id", "location", "notes", "metadata"),
        shown_when_created=("name",),
        created=Action.FAMILY_CREATED,
        updated=Action.FAMILY_UPDATED,
        archived=Action.FAMILY_ARCHIVED,
    ),
    OwnerKind.STAFF_MEMBER: _Shape(
        "staff_member_id",
        columns=("name", "external_id", "email", "permissions", "is_admin", "location", "notes", "metadata"),
        shown_when_created=("name", "permissions", "is_admin"),
        created=Action.STAFF_MEMBER_CREATED,
        updated=Action.STAFF_MEMBER_UPDATED,
        archived=Action.STAFF_MEMBER_ARCHIVED,
    ),
}
DEFAULTS: Mapping[str, Any] = {"permissions": [], "is_admin": False}
"""Columns of a new record that are not None."""


def plan_record(
    wanted: WantedRecord,
    stored: StoredRecord | None,
    *,
    author: Author,
    emails: Mapping[str, UUID],
    classes: Classes = NO_CLASSES,
) -> tuple[Plan, Planned]:
    """The plan of one record. `emails`: who signs in with each wanted address now. `classes`: those that it names.

    Raises `LacksPermission` (PERM-DIRECTORY, PERM-ADMIN, OPTIN-WHO), `Conflicting` for an email address that is taken
    and for the author's own role, and `NotPlanned` for an id that is not the record's.
    """
    if wanted.kind is OwnerKind.FAMILY and Permission.DIRECTORY not in author.principal.permissions:
        raise LacksPermission(Place(""), Permission.DIRECTORY)
    if wanted.kind is OwnerKind.STAFF_MEMBER and not author.may_change_staff:
        raise LacksPermission(Place("/kind"), None)
    holder = None if wanted.email is None else emails.get(wanted.email)
    if holder is not None and (stored is None or holder != stored.id):
        raise Taken(Place("/email"), f"Somebody signs in with {wanted.email} already.", holder_id=holder)
    planner = _Planner(author, keeps_details=wanted.keeps_details, classes=classes)
    planned = planner.new_record(wanted) if stored is None else planner.record(wanted, stored)
    return planner.plan(), planned


def plan_opt_in(principal: Principal, record: StoredPhoneRecord, opt_in: GivenOptIn) -> Plan:
    """Set the state of one record. Setting the same state renews the evidence. Raises `LacksPermission`."""
    planner = _Planner(Author(principal, may_change_staff=False), keeps_details=True)
    planner.set_opt_in(record.id, record.phone_number, opt_in, before=record.opt_in.state, place=Place("/state"))
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
    classes: Classes = NO_CLASSES
    rows: dict[str, list[Any]] = field(default_factory=lambda: {each.name: [] for each in fields(Plan)})

    def plan(self) -> Plan:
        return Plan(**{name: tuple(rows) for name, rows in self.rows.items()})

    def _write(self, name: str, *rows: object) -> None:
        self.rows[name].extend(rows)

    def _audit(self, action: Action, details: dict[str, Any], *, number: str | None = None) -> None:
        if self.author.import_id is not None:
            details = {**details, "import_id": str(self.author.import_id)}
        self._write("entries", NewEntry(action, self.author.principal.actor, phone_number=number, details=details))

    # Families and staff members.

    def new_record(self, wanted: WantedRecord) -> Planned:
        assert wanted.name is not None
        shape, record_id = SHAPES[wanted.kind], new_id()
        given = {name: getattr(wanted, name) for name in shape.columns} | {"metadata": _merged({}, wanted)}
        values = {name: DEFAULTS.get(name) if value is None else _cleared(value) for name, value in given.items()}
        self._write("new_records", RecordRow(wanted.kind, record_id, values))
        if wanted.password_hash is not None:
            self._write("passwords", (record_id, wanted.password_hash))
        shown = {name: values[name] for name in shape.shown_when_created}
        self._audit(shape.created, {shape.id_name: str(record_id), **shown})
        self._parts(wanted, record_id, None)
        return Planned(ImportOutcome.CREATED, record_id)

    def record(self, wanted: WantedRecord, stored: StoredRecord) -> Planned:
        shape = SHAPES[wanted.kind]
        before = {name: getattr(stored, name) for name in shape.columns}
        given = {name: getattr(wanted, name) for name in shape.columns}
        given |= {"metadata": _merged(stored.metadata, wanted)}
        values = {name: before[name] if value is None else _cleared(value) for name, value in given.items()}
        # The author is an administrator and stays one, so a business never loses its last.
        if stored.id == self.author.principal.id and (wanted.archived or values.get("is_admin") is False):
            raise Conflicting(Place("/archived" if wanted.archived else "/is_admin"), OWN_ROLE)
        if stored.id == self.author.principal.id and wanted.password_hash is not None:
            raise Conflicting(Place("/password"), OWN_PASSWORD)
        changes: dict[str, object] = {
            name: _said(name, before[name], value) for name, value in values.items() if value != before[name]
        }
        if wanted.password_hash is not None:
            changes["password"] = "replaced"  # noqa: S105  # Says that it was, not what it is.
            self._write("passwords", (stored.id, wanted.password_hash))
            self._write("signed_out", stored.id)
        changes |= self._parts(wanted, stored.id, stored)
        identity = {shape.id_name: str(stored.id), "name": values["name"]}
        if changes:
            self._write("records", RecordRow(wanted.kind, stored.id, values))
            self._audit(shape.updated, {**identity, "changes": changes})
        if changes.keys() & SHOWN_AT_NUMBERS:
            self._write("numbers", *(each.phone_number for each in stored.all_phone_records()))
        if wanted.archived is not None and wanted.archived != stored.archived:
            self._write("archived", (wanted.kind, stored.id, wanted.archived))
            if wanted.archived and wanted.kind is OwnerKind.STAFF_MEMBER:
                self._write("signed_out", stored.id)
            self._audit(shape.archived, {**identity, "archived": wanted.archived})
            self._write("numbers", *(each.phone_number for each in stored.all_phone_records()))
        elif not changes:
            return Planned(ImportOutcome.UNCHANGED, stored.id)
        return Planned(ImportOutcome.UPDATED, stored.id)

    def _parts(self, wanted: WantedRecord, record_id: UUID, stored: StoredRecord | None) -> dict[str, object]:
        """Make tags, contacts, students and phone records the wanted ones. Returns what changed, for the audit log."""
        changes: dict[str, object] = {}
        tags_before = stored.tags if stored else ()
        if wanted.tags is not None and list(wanted.tags) != list(tags_before):
            self._write("tags", (wanted.kind, record_id, wanted.tags))
            changes["tags"] = {"from": list(tags_before), "to": list(wanted.tags)}
        if wanted.contacts is not None:
            assert not isinstance(stored, StoredStaffMember)
            changes |= self._contacts(record_id, wanted.contacts, stored.contacts if stored else ())
        if wanted.students is not None:
            assert not isinstance(stored, StoredStaffMember)
            planned = plan_students(record_id, wanted.students, stored.students if stored else (), self.classes)
            for each in fields(planned):
                self._write(each.name, *getattr(planned, each.name))
            changes |= planned.changes
        if wanted.phone_records is not None:
            assert not isinstance(stored, StoredFamily)
            records = stored.phone_records if stored else ()
            if self._phone_records(_Holder(staff_member_id=record_id), wanted.phone_records, records):
                changes["phone_records"] = CHANGED
        return changes

    def _contacts(
        self, family_id: UUID, wanted: Sequence[WantedContact], stored: Sequence[StoredContact]
    ) -> dict[str, object]:
        matched = match_rows(stored, wanted, unknown="This is not one of the family's contacts.")
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
                record_id, state = found.id, found.opt_in.state
                label = self._detail(given.label, found.label)
                if (label, position) != (found.label, found.position):
                    self._write("phone_records", (found.id, label, position))
                    changed = True
                if given.number != found.phone_number:
                    self._renumber(found, given.number)
                    state, changed = OptInState.UNKNOWN, True
            if given.opt_in is not None and given.opt_in.state is not state:
                self.set_opt_in(record_id, given.number, given.opt_in, before=state, place=given.place)
                changed = True
        return changed

    def _remove(self, record: StoredPhoneRecord) -> None:
        if record.opt_in.state is OptInState.OPTED_OUT:
            self._write("refusals", (RefusalCause.REMOVED, record.id))
        self._write("removed_phone_records", record.id)
        removed = {"phone_record_id": str(record.id), "opt_in_state": record.opt_in.state.value}
        self._audit(Action.PHONE_RECORD_REMOVED, removed, number=record.phone_number)
        self._write("numbers", record.phone_number)

    def _renumber(self, record: StoredPhoneRecord, number: str) -> None:
        """OPTIN-MOVE: no opt-in is carried to another number."""
        if record.opt_in.state is OptInState.OPTED_OUT:
            self._write("refusals", (RefusalCause.RENUMBERED, record.id))
        self._write("renumbered", (record.id, number))
        moved = {
            "phone_record_id": str(record.id),
            "from": record.opt_in.state.value,
            "to": OptInState.UNKNOWN.value,
            "moved_from": record.phone_number,
            "moved_to": number,
        }
        for each in (record.phone_number, number):
            self._audit(Action.OPT_IN_CHANGED, moved, number=each)
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
        self._audit(Action.OPT_IN_CHANGED, details, number=number)
        self._write("numbers", number)


def _merged(stored: Mapping[str, str], wanted: WantedRecord) -> dict[str, str]:
    try:
        return merged(stored, wanted.metadata)
    except TooManyKeysError as error:
        raise NotPlanned(Place("/metadata"), str(error)) from error


def _said(name: str, before: Any, after: Any) -> object:
    """What the audit log says of a changed column."""
    if name == "metadata":
        return changed_keys(before, after)
    return CHANGED if name in UNSAID else {"from": before, "to": after}


def _cleared(value: object) -> object:
    """None for an empty text, which clears a column."""
    return None if value == "" else value


def _match_phone_records(
    stored: Sequence[StoredPhoneRecord], wanted: Sequence[WantedPhoneRecord]
) -> list[StoredPhoneRecord | None]:
    """The stored record of each wanted one: by its id, else by its number. None for a new one.

    Raises `NotPlanned` for an id that is not one of the holder's records, or that is used already.
    """
    unused = {record.id: record for record in stored}
    by_number = {record.phone_number: record.id for record in stored}
    matched: list[StoredPhoneRecord | None] = []
    for each in wanted:
        if each.id is not None and each.id not in unused:
            raise NotPlanned(each.place, "This is not one of the holder's phone records.")
        record_id = each.id or by_number.get(each.number)
        matched.append(None if record_id is None else unused.pop(record_id, None))
    return matched
