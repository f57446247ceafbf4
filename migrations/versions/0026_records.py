"""Students, classes and tags; location and notes of records; links of the organization; saved replies

A student's name finds the family: `family_search` of 0011 reads the names of students too. No stored row changes by that,
since there are no students yet.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STUDENT_NAMES = """
            UNION ALL
            SELECT 1000 + student.position, student.name FROM students AS student
            WHERE student.organization_id = organization AND student.family_id = family"""

FAMILY_SEARCH = """
CREATE OR REPLACE FUNCTION family_search(organization uuid, family uuid, family_name text) RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_to_tsvector(array_agg(DISTINCT lexeme)), '') FROM (
        (SELECT lexeme FROM (
            SELECT -1 AS position, family_name AS name
            UNION ALL
            SELECT contact.position, contact.name FROM contacts AS contact
            WHERE contact.organization_id = organization AND contact.family_id = family{students}
            ORDER BY position
        ) AS named, LATERAL name_lexemes(organization_key(organization), named.name) AS lexeme LIMIT 1500)
        UNION ALL
        (SELECT lexeme FROM contacts AS contact
        JOIN phone_records AS record
            ON record.organization_id = contact.organization_id AND record.contact_id = contact.id
        JOIN phone_numbers AS number
            ON number.organization_id = record.organization_id AND number.id = record.phone_number_id,
            LATERAL number_lexemes(organization_key(organization), number.number) AS lexeme
        WHERE contact.organization_id = organization AND contact.family_id = family LIMIT 30000)
    ) AS lexemes
$$
"""

# The function of 0011 reads the columns that contacts and students both have: organization_id, id, family_id, name.
TRIGGERS = [
    f"CREATE TRIGGER students_search_{event.lower()} AFTER {event} ON students REFERENCING {rows}"
    " FOR EACH STATEMENT EXECUTE FUNCTION search_changed_contacts()"
    for event, rows in (
        ("INSERT", "NEW TABLE AS new_rows"),
        ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
        ("DELETE", "OLD TABLE AS old_rows"),
    )
]

TABLES = ("saved_replies", "organization_links", "record_tags", "enrollments", "classes", "students")


def upgrade() -> None:
    for table in ("families", "staff_members"):
        op.add_column(table, sa.Column("location", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("notes", sa.Text(), nullable=True))
    _students()
    _classes()
    _record_tags()
    _organization_links()
    _saved_replies()
    op.execute(FAMILY_SEARCH.replace("{students}", STUDENT_NAMES))
    for trigger in TRIGGERS:
        op.execute(trigger)


def _key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f(f"pk_{table}")),
    ]


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{to}.organization_id", f"{to}.id"],
        name=op.f(f"fk_{table}_organization_id_{column}_{to}"),
    )


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _students() -> None:
    op.create_table(
        "students",
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_key("students"),
        _refers("students", "family_id", "families"),
    )
    op.create_index("ix_students_organization_id_family_id", "students", ["organization_id", "family_id", "position"])


def _classes() -> None:
    op.create_table(
        "classes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weekdays", postgresql.JSONB(), nullable=False),
        sa.Column("time", sa.Text(), nullable=True),
        sa.Column("room", sa.Text(), nullable=True),
        sa.Column("coach", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        _time("created_at"),
        _time("updated_at"),
        sa.CheckConstraint("time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'", name=op.f("ck_classes_time")),
        *_key("classes"),
    )
    op.create_index(
        "uq_classes_key",
        "classes",
        ["organization_id", "key"],
        unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_index("ix_classes_organization_id_name", "classes", ["organization_id", "name", "id"])
    op.create_table(
        "enrollments",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("class_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_enrollments_organization_id_organizations")
        ),
        _refers("enrollments", "student_id", "students"),
        _refers("enrollments", "class_id", "classes"),
        sa.PrimaryKeyConstraint("organization_id", "student_id", "class_id", name=op.f("pk_enrollments")),
    )
    op.create_index(
        "ix_enrollments_organization_id_class_id", "enrollments", ["organization_id", "class_id", "student_id"]
    )


def _record_tags() -> None:
    op.create_table(
        "record_tags",
        sa.Column("family_id", sa.Uuid(), nullable=True),
        sa.Column("staff_member_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.CheckConstraint("num_nonnulls(family_id, staff_member_id) = 1", name=op.f("ck_record_tags_one_owner")),
        *_key("record_tags"),
        _refers("record_tags", "family_id", "families"),
        _refers("record_tags", "staff_member_id", "staff_members"),
        sa.UniqueConstraint(
            "organization_id", "family_id", "key", name=op.f("uq_record_tags_organization_id_family_id_key")
        ),
        sa.UniqueConstraint(
            "organization_id", "staff_member_id", "key", name=op.f("uq_record_tags_organization_id_staff_member_id_key")
        ),
    )
    op.create_index(
        "ix_record_tags_organization_id_key",
        "record_tags",
        ["organization_id", "key", "family_id", "staff_member_id"],
    )


def _organization_links() -> None:
    op.create_table(
        "organization_links",
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("url_template", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_key("organization_links"),
    )


def _saved_replies() -> None:
    op.create_table(
        "saved_replies",
        sa.Column("staff_member_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        *_key("saved_replies"),
        _refers("saved_replies", "staff_member_id", "staff_members"),
    )
    op.create_index(
        "uq_saved_replies_key",
        "saved_replies",
        ["organization_id", "staff_member_id", "key"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def downgrade() -> None:
    op.execute(FAMILY_SEARCH.replace("{students}", ""))
    # Their families are taken apart again, without the names of students.
    op.execute("DELETE FROM enrollments")
    op.execute("DELETE FROM students")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in TABLES:
        op.drop_table(table)
    for table in ("families", "staff_members"):
        op.drop_column(table, "notes")
        op.drop_column(table, "location")
