"""Erasure and retention: erased audit entries, refusals of erased numbers, the jobs

An audit entry may lose its personal columns, once, if an entry of the chain names it (`audit_entries.erased_by`). The
application calls a function for that: it has no right to update the table.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GUARD = """
CREATE OR REPLACE FUNCTION refuse_changes_of_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erasable constant text[] := '{erased_by,actor_name,phone_number,details}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.erased_by IS NOT NULL AND OLD.erased_by IS NULL AND OLD.action <> 'audit_entries.erased'
            AND to_jsonb(NEW) - erasable = to_jsonb(OLD) - erasable
            AND EXISTS (
                SELECT FROM audit_entries AS eraser
                WHERE eraser.organization_id = OLD.organization_id AND eraser.id = NEW.erased_by
                    AND eraser.action = 'audit_entries.erased' AND eraser.details -> 'entries' ? OLD.id::text
            )
        THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF EXISTS (
            SELECT FROM deleted_organizations WHERE id = OLD.organization_id AND finished_at IS NULL
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit entries are append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""

GUARD_BEFORE = """
CREATE OR REPLACE FUNCTION refuse_changes_of_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""

ERASE = """
CREATE FUNCTION erase_audit_entries(organization uuid, eraser uuid, ids uuid[], names text[], remaining text[])
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    UPDATE audit_entries AS entry
    SET erased_by = eraser, actor_name = given.name, phone_number = NULL, details = given.details::jsonb
    FROM unnest(ids, names, remaining) AS given(id, name, details)
    WHERE entry.organization_id = organization AND entry.id = given.id
$$
"""

GRANTS = """
DO $$
BEGIN
    REVOKE ALL ON FUNCTION erase_audit_entries(uuid, uuid, uuid[], text[], text[]) FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'messenger_app') THEN
        GRANT EXECUTE ON FUNCTION erase_audit_entries(uuid, uuid, uuid[], text[], text[]) TO messenger_app;
        REVOKE INSERT, UPDATE, DELETE ON deleted_organizations FROM messenger_app;
    END IF;
END
$$
"""

NOW = sa.text("now()")
TIME = sa.DateTime(timezone=True)


def _key(table: str) -> list[sa.Column[object] | sa.Constraint]:
    return [
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f(f"pk_{table}")),
    ]


def upgrade() -> None:
    op.add_column("audit_entries", sa.Column("erased_by", sa.Uuid(), nullable=True))
    op.add_column("messages", sa.Column("erased_at", TIME, nullable=True))
    op.create_table(
        "erasure_key",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_erasure_key_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_key")),
    )
    op.create_table(
        "erased_refusals",
        *_key("erased_refusals"),
        sa.Column("number_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("refused_at", TIME, nullable=False),
        sa.Column("erased_at", TIME, nullable=False),
        sa.CheckConstraint("kind IN ('stop', 'opt_out')", name=op.f("ck_erased_refusals_kind")),
        sa.UniqueConstraint(
            "organization_id",
            "number_hash",
            "kind",
            name=op.f("uq_erased_refusals_organization_id_number_hash_kind"),
        ),
    )
    op.create_table(
        "erasures",
        *_key("erasures"),
        sa.Column("number_hash", sa.LargeBinary(), nullable=False),
        sa.Column("numbers", ARRAY(sa.Text()), nullable=False),
        sa.Column("conversation_ids", ARRAY(sa.Uuid()), nullable=False),
        sa.Column("needles", ARRAY(sa.Text()), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("counts", JSONB(), nullable=False),
        sa.Column("requested_by", JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.CheckConstraint("(finished_at IS NULL) = (stage <> 'done')", name=op.f("ck_erasures_finished")),
    )
    op.create_index("ix_erasures_number_hash", "erasures", ["organization_id", "number_hash"])
    op.create_index(
        "ix_erasures_unfinished", "erasures", ["created_at"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.create_table(
        "retention_runs",
        *_key("retention_runs"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counts", JSONB(), nullable=False),
        sa.Column("texts_until", TIME, nullable=True),
        sa.Column("media_until", TIME, nullable=True),
    )
    op.create_table(
        "deleted_organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("begun_at", TIME, server_default=NOW, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("rows", JSONB(), nullable=False),
        sa.Column("audit_head", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deleted_organizations")),
    )
    op.execute(GUARD)
    op.execute(ERASE)
    op.execute(GRANTS)


def downgrade() -> None:
    op.execute("DROP FUNCTION erase_audit_entries(uuid, uuid, uuid[], text[], text[])")
    op.execute(GUARD_BEFORE)
    for table in ("deleted_organizations", "retention_runs", "erasures", "erased_refusals", "erasure_key"):
        op.drop_table(table)
    op.drop_column("messages", "erased_at")
    op.drop_column("audit_entries", "erased_by")
