"""Sign-up messages, and the files of mass texts

A file of a mass text is stored once, however many messages show it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


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


def _signups() -> None:
    table = "signups"
    op.create_table(
        table,
        sa.Column("phone_number_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_key(table),
        sa.CheckConstraint("state IN ('waiting', 'sent')", name=op.f("ck_signups_state")),
        _refers(table, "phone_number_id", "phone_numbers"),
        sa.UniqueConstraint(
            "organization_id", "phone_number_id", name=op.f("uq_signups_organization_id_phone_number_id")
        ),
    )
    op.create_index(
        "ix_signups_due",
        table,
        ["organization_id", "due_at", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _files() -> None:
    table = "broadcast_files"
    op.create_table(
        table,
        sa.Column("broadcast_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        *_key(table),
        _refers(table, "broadcast_id", "broadcasts"),
    )
    op.create_index("ix_broadcast_files_broadcast", table, ["organization_id", "broadcast_id", "position"])


def upgrade() -> None:
    _signups()
    _files()
    op.add_column(
        "broadcasts",
        sa.Column("files", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
    )
    op.add_column(
        "organizations", sa.Column("mass_text_signup", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("messages", sa.Column("is_signup", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    op.drop_column("messages", "is_signup")
    op.drop_column("organizations", "mass_text_signup")
    op.drop_column("broadcasts", "files")
    op.drop_table("broadcast_files")
    op.drop_table("signups")
