"""Scheduled texts, default lines, the away message, and finding recipients by the beginning of a name"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AWAY = "ix_messages_away"
NAMES = {"families": "ix_families_name_prefix", "contacts": "ix_contacts_name_prefix"}


def upgrade() -> None:
    _change_large_tables()
    _create_line_defaults()
    _create_scheduled_texts()
    _create_away_messages()


def _change_large_tables() -> None:
    """Every statement can be repeated: they are not part of the migration's transaction."""
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE messages ADD COLUMN IF NOT EXISTS is_away BOOLEAN NOT NULL DEFAULT false")
        op.drop_index(AWAY, "messages", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            AWAY,
            "messages",
            ["organization_id", "conversation_id", "created_at"],
            postgresql_where=sa.text("is_away"),
            postgresql_concurrently=True,
        )
        for table, index in NAMES.items():
            op.drop_index(index, table, if_exists=True, postgresql_concurrently=True)
            op.execute(f"CREATE INDEX CONCURRENTLY {index} ON {table} (organization_id, lower(name) text_pattern_ops)")


def _create_line_defaults() -> None:
    op.create_table(
        "line_defaults",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_line_defaults_organization_id_line_id_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_line_defaults_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_line_defaults")),
    )
    op.create_index(
        "uq_line_defaults_country",
        "line_defaults",
        ["organization_id", "country"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def _create_scheduled_texts() -> None:
    op.create_table(
        "scheduled_texts",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("media_urls", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("only_if_nothing_new", sa.Boolean(), nullable=False),
        sa.Column("close", sa.Boolean(), nullable=False),
        sa.Column("seen_seq", sa.Integer(), nullable=False),
        sa.Column("scheduled_by_staff_member_id", sa.Uuid(), nullable=True),
        sa.Column("scheduled_by_api_key_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'scheduled'"), nullable=False),
        sa.Column("held_type", sa.Text(), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('scheduled', 'held')", name=op.f("ck_scheduled_texts_state")),
        sa.CheckConstraint(
            "(state = 'held') = (held_at IS NOT NULL) AND num_nonnulls(held_type, held_reason, held_at) IN (0, 3)",
            name=op.f("ck_scheduled_texts_held"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(scheduled_by_staff_member_id, scheduled_by_api_key_id) = 1",
            name=op.f("ck_scheduled_texts_one_author"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_scheduled_texts_organization_id_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "scheduled_by_staff_member_id"],
            ["staff_members.organization_id", "staff_members.id"],
            name=op.f("fk_scheduled_texts_organization_id_scheduled_by_staff_m_5d28"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "scheduled_by_api_key_id"],
            ["api_keys.organization_id", "api_keys.id"],
            name=op.f("fk_scheduled_texts_organization_id_scheduled_by_api_key_id_api_keys"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_scheduled_texts_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_scheduled_texts")),
    )
    op.create_index(
        "ix_scheduled_texts_conversation", "scheduled_texts", ["organization_id", "conversation_id", "send_at", "id"]
    )
    op.create_index(
        "ix_scheduled_texts_due",
        "scheduled_texts",
        ["due_at", "organization_id"],
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.create_index(
        "ix_scheduled_texts_held",
        "scheduled_texts",
        ["organization_id", "held_at"],
        postgresql_where=sa.text("state = 'held'"),
    )


def _create_away_messages() -> None:
    op.create_table(
        "away_messages",
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("id = organization_id", name=op.f("ck_away_messages_one_row")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_away_messages_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_away_messages")),
    )


def downgrade() -> None:
    op.drop_table("away_messages")
    op.drop_table("scheduled_texts")
    op.drop_table("line_defaults")
    with op.get_context().autocommit_block():
        for table, index in NAMES.items():
            op.drop_index(index, table, if_exists=True, postgresql_concurrently=True)
        op.drop_index(AWAY, "messages", if_exists=True, postgresql_concurrently=True)
        op.execute("ALTER TABLE messages DROP COLUMN IF EXISTS is_away")
