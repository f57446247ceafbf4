"""Tables of the directory: families, their contacts, and the phone numbers on the records."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Row,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.audit.rules import Actor
from api.directory.rules import OptInSource, OptInState, StoredOptIn, StoredPhoneRecord
from api.kit.database import Base, OrganizationRow
from api.kit.metadata_filter import metadata_column, metadata_index
from api.kit.searchable import Searchable, location_index, search_indexes


def name_prefix_index(table: str) -> Index:
    """Finds names by their beginning, whatever the database's collation (TO-NAME)."""
    key = func.lower(text("name")).label("name_key")
    return Index(f"ix_{table}_name_prefix", "organization_id", key, postgresql_ops={"name_key": "text_pattern_ops"})


class Family(Searchable, OrganizationRow, Base):
    __tablename__ = "families"
    __table_args__ = (
        UniqueConstraint("organization_id", "external_id"),
        Index("ix_families_organization_id_name", "organization_id", "name", "id"),
        Index("ix_families_updated", "organization_id", "updated_at", "id"),
        name_prefix_index("families"),
        location_index("families"),
        metadata_index("families"),
        *search_indexes("families"),
    )

    external_id: Mapped[str | None]
    name: Mapped[str]
    location: Mapped[str | None]
    notes: Mapped[str | None]
    metadata_: Mapped[dict[str, str]] = metadata_column(is_deferred=True)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Contact(OrganizationRow, Base):
    """A guardian of a family."""

    __tablename__ = "contacts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "family_id"], ["families.organization_id", "families.id"]),
        Index("ix_contacts_organization_id_family_id", "organization_id", "family_id", "position"),
        name_prefix_index("contacts"),
    )

    family_id: Mapped[UUID]
    name: Mapped[str]
    relation: Mapped[str | None]
    position: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """A trigger moves it with each change."""


class Student(OrganizationRow, Base):
    """A family's member who attends classes, mostly a child."""

    __tablename__ = "students"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "family_id"], ["families.organization_id", "families.id"]),
        Index("ix_students_organization_id_family_id", "organization_id", "family_id", "position"),
    )

    family_id: Mapped[UUID]
    name: Mapped[str]
    position: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """A trigger moves it with each change."""


class StudioClass(OrganizationRow, Base):
    """A class of the organization."""

    __tablename__ = "classes"
    __table_args__ = (
        CheckConstraint("time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'", name="time"),
        Index("uq_classes_key", "organization_id", "key", unique=True, postgresql_where=text("archived_at IS NULL")),
        Index("ix_classes_organization_id_name", "organization_id", "name", "id"),
        Index("ix_classes_updated", "organization_id", "updated_at", "id"),
        location_index("classes"),
    )

    name: Mapped[str]
    weekdays: Mapped[list[str]] = mapped_column(JSONB)
    """Monday first."""
    time: Mapped[str | None]
    room: Mapped[str | None]
    coach: Mapped[str | None]
    location: Mapped[str | None]
    key: Mapped[str]
    """`student_rules.class_key`."""
    search: Mapped[str]
    """`student_rules.class_search`."""
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Enrollment(Base):
    """A student attends a class."""

    __tablename__ = "enrollments"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "student_id"], ["students.organization_id", "students.id"]),
        ForeignKeyConstraint(["organization_id", "class_id"], ["classes.organization_id", "classes.id"]),
        Index("ix_enrollments_organization_id_class_id", "organization_id", "class_id", "student_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    class_id: Mapped[UUID] = mapped_column(primary_key=True)


class RecordTag(OrganizationRow, Base):
    """A tag on a family or a staff member."""

    __tablename__ = "record_tags"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "family_id"], ["families.organization_id", "families.id"]),
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        CheckConstraint("num_nonnulls(family_id, staff_member_id) = 1", name="one_owner"),
        UniqueConstraint("organization_id", "family_id", "key"),
        UniqueConstraint("organization_id", "staff_member_id", "key"),
        Index("ix_record_tags_organization_id_key", "organization_id", "key", "family_id", "staff_member_id"),
    )

    family_id: Mapped[UUID | None]
    staff_member_id: Mapped[UUID | None]
    name: Mapped[str]
    key: Mapped[str]
    """The folded name: tags of one key are one tag."""


class PhoneNumber(OrganizationRow, Base):
    """One E.164 number within an organization, whoever holds it. Its row lock orders all changes of consent."""

    __tablename__ = "phone_numbers"
    __table_args__ = (UniqueConstraint("organization_id", "number"),)

    number: Mapped[str]
    stopped_at: Mapped[datetime | None]
    stop_source: Mapped[str | None]
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Grows with each change of its consent and its holders (`number_changes`)."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PhoneRecord(OrganizationRow, Base):
    """One instance of a phone number: on one family contact or one staff member. It carries an opt-in state."""

    __tablename__ = "phone_records"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "phone_number_id"], ["phone_numbers.organization_id", "phone_numbers.id"]
        ),
        ForeignKeyConstraint(["organization_id", "contact_id"], ["contacts.organization_id", "contacts.id"]),
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        CheckConstraint("num_nonnulls(contact_id, staff_member_id) = 1", name="one_owner"),
        CheckConstraint("opt_in_state IN ('opted_in', 'opted_out', 'unknown')", name="opt_in_state"),
        CheckConstraint(
            "opt_in_source IN ('portal', 'staff', 'verbal', 'import', 'keyword', 'provider')",
            name="opt_in_source",
        ),
        CheckConstraint("(opt_in_state = 'unknown') = (opt_in_source IS NULL)", name="opt_in_evidence"),
        UniqueConstraint("organization_id", "contact_id", "phone_number_id"),
        UniqueConstraint("organization_id", "staff_member_id", "phone_number_id"),
        Index("ix_phone_records_organization_id_phone_number_id", "organization_id", "phone_number_id"),
    )

    phone_number_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    staff_member_id: Mapped[UUID | None]
    label: Mapped[str | None]
    position: Mapped[int]
    opt_in_state: Mapped[str] = mapped_column(server_default=text("'unknown'"))
    opt_in_source: Mapped[str | None]
    opt_in_changed_at: Mapped[datetime | None]
    opt_in_changed_by: Mapped[dict[str, Any] | None]
    """The actor {kind, id, name}, as in the audit entry."""
    opt_in_wording: Mapped[str | None]
    opt_in_note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """A trigger moves it with each change."""

    def stored(self, number: str) -> StoredPhoneRecord:
        """As a value. `number`: of its phone number."""
        return stored_phone_record(self, number)


def stored_phone_record(row: PhoneRecord | Row[Any], number: str) -> StoredPhoneRecord:
    """The value of a record, or of a row with the columns of one."""
    return StoredPhoneRecord(
        id=row.id,
        phone_number=number,
        label=row.label,
        position=row.position,
        opt_in=StoredOptIn(
            state=OptInState(row.opt_in_state),
            source=OptInSource(row.opt_in_source) if row.opt_in_source else None,
            changed_at=row.opt_in_changed_at,
            changed_by=Actor.stored(row.opt_in_changed_by),
        ),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


class Refusal(OrganizationRow, Base):
    """An opt-out that stays with the number after its phone record was removed, renumbered or reset (OPTIN-REMOVED).

    It blocks until it is lifted. An owner has one standing refusal of a number.
    """

    __tablename__ = "refusals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "phone_number_id"], ["phone_numbers.organization_id", "phone_numbers.id"]
        ),
        CheckConstraint("cause IN ('removed', 'renumbered', 'reset')", name="cause"),
        CheckConstraint("kind IN ('family', 'staff_member')", name="kind"),
        CheckConstraint(
            "source IN ('portal', 'staff', 'verbal', 'import', 'keyword', 'provider')",
            name="source",
        ),
        CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NOT NULL)"
            " = (num_nonnulls(lift_reason, replaced_by) = 1)",
            name="lift",
        ),
        Index(
            "uq_refusals_standing",
            "organization_id",
            "phone_number_id",
            "kind",
            "owner_id",
            "contact_name",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_refusals_organization_id_phone_number_id", "organization_id", "phone_number_id"),
    )

    phone_number_id: Mapped[UUID]
    phone_record_id: Mapped[UUID]
    """The record that was opted out. It has been deleted, or has another state now."""
    kind: Mapped[str | None]
    """Of the owner. Null, like `owner_id`, for a refusal that was found in the audit log alone."""
    owner_id: Mapped[UUID | None]
    owner_name: Mapped[str]
    """The owner's name then."""
    contact_name: Mapped[str | None]
    changed_at: Mapped[datetime | None]
    """Since when it was opted out, set by `changed_by`, as `source` says."""
    changed_by: Mapped[dict[str, Any] | None]
    source: Mapped[str | None]
    cause: Mapped[str]
    removed_at: Mapped[datetime]
    removed_by: Mapped[dict[str, Any] | None]
    """The actor {kind, id, name}; null where an earlier version removed the record."""
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[dict[str, Any] | None]
    lift_reason: Mapped[str | None]
    replaced_by: Mapped[UUID | None]
    """The phone record whose consent replaces the refusal."""


class ErasureKey(Base):
    """One row: the key of `ErasedRefusal.number_hash`, sealed under the service's secret key."""

    __tablename__ = "erasure_key"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ErasedRefusal(OrganizationRow, Base):
    """A refusal of a number that was erased: the number is a keyed hash. It becomes the number's own again when the
    number comes back (`directory.erased`)."""

    __tablename__ = "erased_refusals"
    __table_args__ = (
        CheckConstraint("kind IN ('stop', 'opt_out')", name="kind"),
        UniqueConstraint("organization_id", "number_hash", "kind"),
    )

    number_hash: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str]
    source: Mapped[str | None]
    refused_at: Mapped[datetime]
    erased_at: Mapped[datetime]


class Import(OrganizationRow, Base):
    """An import that a worker runs. Its `import_records` are the file's rows, and its report."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("state IN ('checking', 'storing', 'done', 'refused', 'stopped')", name="state"),
        CheckConstraint("(finished_at IS NULL) = (state IN ('checking', 'storing'))", name="finished"),
        Index(
            "ix_imports_unfinished",
            "organization_id",
            "created_at",
            "id",
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_imports_finished_at", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )

    state: Mapped[str]
    is_partial: Mapped[bool]
    author: Mapped[dict[str, Any]]
    """{kind, id, name, credential_id} of the principal."""
    rows: Mapped[int]
    done: Mapped[int]
    """Rows checked or, once it is storing, stored."""
    next_position: Mapped[int]
    """Of the first record that is not done."""
    created: Mapped[int]
    updated: Mapped[int]
    unchanged: Mapped[int]
    failed: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class ImportRecord(Base):
    """One record of an import: consecutive rows of its file, and what came of them."""

    __tablename__ = "import_records"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "import_id"], ["imports.organization_id", "imports.id"]),
        CheckConstraint("outcome IN ('created', 'updated', 'unchanged', 'failed')", name="outcome"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[list[int]] = mapped_column(JSONB)
    """Numbers of rows in the file."""
    kind: Mapped[str | None]
    external_id: Mapped[str | None]
    wanted: Mapped[str | None]
    """The encoded record until it is stored; null for rows that could not be read."""
    outcome: Mapped[str | None]
    record_id: Mapped[UUID | None]
    errors: Mapped[list[dict[str, Any]]]
    """[{row, pointer, detail}]."""


class TextFolding(Base):
    """`kit.folding` for the database: how the characters from `first` to `last` are written in the words of a name.
    Characters in no row separate words."""

    __tablename__ = "text_folding"

    first: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
    text: Mapped[str | None]
    """None if each stands for itself."""
    is_alone: Mapped[bool]
    """Each is a word by itself."""
