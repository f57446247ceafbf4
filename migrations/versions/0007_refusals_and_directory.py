"""Refusals that outlive their records, and the permission `directory`

Earlier processes go on working: the permission is a column that they do not read, and a trigger keeps the refusals of
the records that they delete, renumber or reset.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HOLDERS_OF_PERMISSIONS = ("staff_members", "api_keys")

KEEP_REFUSAL = """
CREATE FUNCTION keep_refusal_of_phone_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cause text := 'reset';
BEGIN
    IF TG_OP = 'DELETE' THEN
        cause := 'removed';
    ELSIF NEW.phone_number_id <> OLD.phone_number_id THEN
        cause := 'renumbered';
    END IF;
    INSERT INTO refusals (organization_id, id, phone_number_id, phone_record_id, kind, owner_id, owner_name,
        contact_name, changed_at, changed_by, source, cause, removed_at)
    SELECT OLD.organization_id, gen_random_uuid(), OLD.phone_number_id, OLD.id,
        CASE WHEN OLD.contact_id IS NOT NULL THEN 'family' ELSE 'staff_member' END,
        coalesce(family.id, OLD.staff_member_id), coalesce(family.name, staff.name, ''), contact.name,
        OLD.opt_in_changed_at, OLD.opt_in_changed_by, OLD.opt_in_source, cause, now()
    FROM (SELECT) AS one
    LEFT JOIN contacts AS contact ON contact.organization_id = OLD.organization_id AND contact.id = OLD.contact_id
    LEFT JOIN families AS family ON family.organization_id = OLD.organization_id AND family.id = contact.family_id
    LEFT JOIN staff_members AS staff
        ON staff.organization_id = OLD.organization_id AND staff.id = OLD.staff_member_id
    WHERE NOT EXISTS (
        SELECT FROM refusals AS kept WHERE kept.organization_id = OLD.organization_id
        AND kept.phone_number_id = OLD.phone_number_id AND kept.phone_record_id = OLD.id AND kept.lifted_at IS NULL
    )
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""
"""The last guard of OPTIN-REMOVED. The application has written the refusal, with who removed it: this finds it there."""

TRIGGERS = {
    "phone_records_keep_refusal_on_delete": "AFTER DELETE ON phone_records FOR EACH ROW"
    " WHEN (OLD.opt_in_state = 'opted_out')",
    "phone_records_keep_refusal_on_update": "AFTER UPDATE OF phone_number_id, opt_in_state ON phone_records"
    " FOR EACH ROW WHEN (OLD.opt_in_state = 'opted_out'"
    " AND (NEW.phone_number_id <> OLD.phone_number_id OR NEW.opt_in_state = 'unknown'))",
}


def upgrade() -> None:
    for table in HOLDERS_OF_PERMISSIONS:
        # Whoever is there keeps what they could do until now; a later row starts without.
        op.add_column(table, sa.Column("directory", sa.Boolean(), server_default=sa.true(), nullable=False))
        op.alter_column(table, "directory", server_default=sa.false())
    op.create_table(
        "refusals",
        sa.Column("phone_number_id", sa.Uuid(), nullable=False),
        sa.Column("phone_record_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("lift_reason", sa.Text(), nullable=True),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("cause IN ('removed', 'renumbered', 'reset')", name=op.f("ck_refusals_cause")),
        sa.CheckConstraint("kind IN ('family', 'staff_member')", name=op.f("ck_refusals_kind")),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NOT NULL)"
            " = (num_nonnulls(lift_reason, replaced_by) = 1)",
            name=op.f("ck_refusals_lift"),
        ),
        sa.CheckConstraint(
            "source IN ('portal', 'staff', 'verbal', 'import', 'keyword', 'provider')",
            name=op.f("ck_refusals_source"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "phone_number_id"],
            ["phone_numbers.organization_id", "phone_numbers.id"],
            name=op.f("fk_refusals_organization_id_phone_number_id_phone_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_refusals_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_refusals")),
    )
    op.create_index(
        "uq_refusals_standing",
        "refusals",
        ["organization_id", "phone_number_id", "kind", "owner_id", "contact_name"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_refusals_organization_id_phone_number_id", "refusals", ["organization_id", "phone_number_id"], unique=False
    )
    op.execute(KEEP_REFUSAL)
    for name, when in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION keep_refusal_of_phone_record()")


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON phone_records")
    op.execute("DROP FUNCTION keep_refusal_of_phone_record()")
    op.drop_table("refusals")
    for table in HOLDERS_OF_PERMISSIONS:
        op.drop_column(table, "directory")
