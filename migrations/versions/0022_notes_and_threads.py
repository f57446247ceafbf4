"""Internal notes with their mentions, and the place of audit entries in a thread

`audit_entries.after_seq` is null in stored entries, which are never updated, and in those that processes of the version
before write: the thread places these by their time.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision: str = "0022"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOW = sa.text("now()")
TIME = sa.DateTime(timezone=True)

SHOWN = "action NOT IN ('message.sent', 'conversation.viewed', 'note.edited', 'note.removed')"
INDEXES = (
    (
        "ix_audit_entries_thread",
        ["organization_id", "conversation_id", "after_seq", "chain_number"],
        f"after_seq IS NOT NULL AND {SHOWN}",
    ),
    (
        "ix_audit_entries_thread_by_time",
        ["organization_id", "conversation_id", "at", "id"],
        f"after_seq IS NULL AND conversation_id IS NOT NULL AND {SHOWN}",
    ),
    (
        "ix_audit_entries_number",
        ["organization_id", "phone_number", "at", "id"],
        "conversation_id IS NULL AND phone_number IS NOT NULL",
    ),
)


def _of_organization(table: str) -> list[sa.Column[object] | sa.Constraint]:
    return [
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f(f"pk_{table}")),
    ]


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{other}.organization_id", f"{other}.id"],
        name=op.f(f"fk_{table}_organization_id_{other}"),
    )


def upgrade() -> None:
    # The log is the largest table after the messages: built beside writers, and begun anew after a failed try.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE audit_entries ADD COLUMN IF NOT EXISTS after_seq integer")
        for name, columns, condition in INDEXES:
            op.drop_index(name, "audit_entries", if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name, "audit_entries", columns, postgresql_where=sa.text(condition), postgresql_concurrently=True
            )
    op.create_table(
        "notes",
        *_of_organization("notes"),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("search", TSVECTOR(), nullable=False),
        sa.Column("author_kind", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("edited_at", TIME, nullable=True),
        sa.Column("edits", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("removed_at", TIME, nullable=True),
        sa.Column("removed_by", JSONB(), nullable=True),
        sa.Column("erased_at", TIME, nullable=True),
        sa.CheckConstraint("author_kind IN ('staff_member', 'api_key')", name=op.f("ck_notes_author_kind")),
        sa.CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name=op.f("ck_notes_removed")),
        _refers("notes", "conversation_id", "conversations"),
    )
    op.create_index("ix_notes_conversation_id", "notes", ["organization_id", "conversation_id", "created_at", "id"])
    op.create_index(
        "ix_notes_created_at",
        "notes",
        ["organization_id", "created_at", "id"],
        postgresql_where=sa.text("erased_at IS NULL"),
    )
    op.create_index(
        "ix_notes_search",
        "notes",
        ["search"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 512},
    )
    op.create_table(
        "note_versions",
        *_of_organization("note_versions"),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", TIME, nullable=False),
        sa.Column("replaced_at", TIME, nullable=False),
        _refers("note_versions", "note_id", "notes"),
        sa.UniqueConstraint(
            "organization_id", "note_id", "number", name=op.f("uq_note_versions_organization_id_note_id_number")
        ),
    )
    op.create_table(
        "note_mentions",
        *_of_organization("note_mentions"),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("staff_member_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("read_at", TIME, nullable=True),
        _refers("note_mentions", "note_id", "notes"),
        _refers("note_mentions", "staff_member_id", "staff_members"),
        sa.UniqueConstraint(
            "organization_id",
            "note_id",
            "staff_member_id",
            name=op.f("uq_note_mentions_organization_id_note_id_staff_member_id"),
        ),
    )
    mine = ["organization_id", "staff_member_id", "created_at", "id"]
    op.create_index("ix_note_mentions_staff_member_id", "note_mentions", mine)
    op.create_index("ix_note_mentions_unread", "note_mentions", mine, postgresql_where=sa.text("read_at IS NULL"))


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, _, _ in INDEXES:
            op.drop_index(name, "audit_entries", if_exists=True, postgresql_concurrently=True)
    for table in ("note_mentions", "note_versions", "notes"):
        op.drop_table(table)
    op.drop_column("audit_entries", "after_seq")
