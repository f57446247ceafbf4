"""Teamwork: who has a conversation, reminders, texts that were not sent, saved views of the inbox

Processes of the release before write none of the new columns. `conversations.counted_seq` shows which conversations they
have changed; a worker corrects those, and so fills in the rows of before.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DEFERRED = "reminder_at IS NOT NULL AND reminder_due_since IS NULL"

INDEXES: dict[str, tuple[str, list[str], str | None]] = {
    "ix_conversations_now": ("conversations", ["organization_id"], f"status = 'open' AND NOT ({DEFERRED})"),
    "ix_conversations_later": (
        "conversations",
        ["organization_id", "last_message_at", "id"],
        f"status = 'open' AND {DEFERRED}",
    ),
    "ix_conversations_reminder": ("conversations", ["organization_id", "reminder_at"], DEFERRED),
    "ix_conversations_assignee": (
        "conversations",
        ["organization_id", "assignee_id", "last_message_at", "id"],
        "assignee_id IS NOT NULL",
    ),
    "ix_conversations_assignee_by_status": (
        "conversations",
        ["organization_id", "assignee_id", "status", "last_message_at", "id"],
        "assignee_id IS NOT NULL AND status <> 'closed'",
    ),
    "ix_conversations_unassigned": (
        "conversations",
        ["organization_id", "status", "last_message_at", "id"],
        "assignee_id IS NULL AND status <> 'closed'",
    ),
    "ix_conversations_not_sent": ("conversations", ["organization_id", "last_message_at", "id"], "not_sent > 0"),
    "ix_conversations_waiting": (
        "conversations",
        ["organization_id", "waiting_since", "id"],
        "waiting_since IS NOT NULL AND status <> 'closed'",
    ),
    "ix_conversations_updated": ("conversations", ["organization_id", "updated_at"], None),
    "ix_conversations_uncounted": (
        "conversations",
        ["organization_id", "id"],
        "counted_seq <> last_seq AND status <> 'closed'",
    ),
    "ix_messages_not_sent": ("messages", ["organization_id", "conversation_id"], "not_sent"),
}
"""Table, columns and condition."""

COLUMNS: dict[str, dict[str, str]] = {
    "organizations": {"replying_assigns": "boolean NOT NULL DEFAULT false"},
    "conversations": {
        "assignee_id": "uuid",
        "waiting_since": "timestamptz",
        "counted_seq": "integer NOT NULL DEFAULT 0",
        "not_sent": "integer NOT NULL DEFAULT 0",
        "reminder_at": "timestamptz",
        "reminder_unless_answered": "boolean NOT NULL DEFAULT false",
        "reminder_set_by_id": "uuid",
        "reminder_set_at": "timestamptz",
        "reminder_due_since": "timestamptz",
    },
    "messages": {"not_sent": "boolean"},
}

CONSTRAINTS = {
    "fk_conversations_organization_id_assignee_id_staff_members": (
        "FOREIGN KEY (organization_id, assignee_id) REFERENCES staff_members (organization_id, id)"
    ),
    "fk_conversations_organization_id_reminder_set_by_id_staff_members": (
        "FOREIGN KEY (organization_id, reminder_set_by_id) REFERENCES staff_members (organization_id, id)"
    ),
    "ck_conversations_not_sent": "CHECK (not_sent >= 0)",
}


def upgrade() -> None:
    # Each statement can be repeated: an interrupted run starts again from the first one.
    with op.get_context().autocommit_block():
        for table, columns in COLUMNS.items():
            for name, type_ in columns.items():
                op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {type_}")
        for name, rule in CONSTRAINTS.items():
            op.execute(f'ALTER TABLE conversations DROP CONSTRAINT IF EXISTS "{name}"')
            op.execute(f'ALTER TABLE conversations ADD CONSTRAINT "{name}" {rule} NOT VALID')
            op.execute(f'ALTER TABLE conversations VALIDATE CONSTRAINT "{name}"')
        for name, (table, indexed, where) in INDEXES.items():
            # An interrupted build leaves an index that is not valid.
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                table,
                indexed,
                unique=False,
                postgresql_where=None if where is None else sa.text(where),
                postgresql_concurrently=True,
            )
    _create_undos()
    _create_views()


def _create_undos() -> None:
    op.create_table(
        "conversation_undos",
        sa.Column("done_by_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_conversation_undos_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_conversation_undos")),
    )
    op.create_index("ix_conversation_undos_created_at", "conversation_undos", ["organization_id", "created_at"])


def _create_views() -> None:
    op.create_table(
        "inbox_views",
        sa.Column("staff_member_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_inbox_views_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "staff_member_id"],
            ["staff_members.organization_id", "staff_members.id"],
            name=op.f("fk_inbox_views_organization_id_staff_member_id_staff_members"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_inbox_views")),
    )
    op.create_index("ix_inbox_views_staff_member", "inbox_views", ["organization_id", "staff_member_id", "position"])
    op.create_index("ix_inbox_views_shared", "inbox_views", ["organization_id"], postgresql_where=sa.text("shared"))


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, (table, _, _) in INDEXES.items():
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
    op.execute("DROP TABLE IF EXISTS inbox_views")
    op.execute("DROP TABLE IF EXISTS conversation_undos")
    for table, columns in COLUMNS.items():
        for name in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}")
