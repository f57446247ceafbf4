"""Uploads that a scheduled text holds; versions of phone numbers; the message that a reaction is on"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HOLDER = "fk_uploads_organization_id_scheduled_text_id_scheduled_texts"


def upgrade() -> None:
    # A constant default: the table is not rewritten.
    op.add_column("phone_numbers", sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    # Nullable and without a default, likewise.
    op.add_column("messages", sa.Column("reacts_to", sa.Uuid(), nullable=True))
    op.add_column("messages", sa.Column("reactions", sa.ARRAY(sa.Text()), nullable=True))
    op.add_column("uploads", sa.Column("scheduled_text_id", sa.Uuid(), nullable=True))
    op.add_column("uploads", sa.Column("scheduled_position", sa.Integer(), nullable=True))
    # Without ON DELETE: a worker of the release before, which knows no files of a scheduled text, cannot send the text
    # without them. It tries again later, and a worker of this release sends it.
    op.create_foreign_key(
        op.f(HOLDER),
        "uploads",
        "scheduled_texts",
        ["organization_id", "scheduled_text_id"],
        ["organization_id", "id"],
    )
    op.create_index(
        "ix_uploads_scheduled_text",
        "uploads",
        ["organization_id", "scheduled_text_id"],
        postgresql_where=sa.text("scheduled_text_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM uploads WHERE scheduled_text_id IS NOT NULL")
    op.drop_index("ix_uploads_scheduled_text", table_name="uploads")
    op.drop_constraint(op.f(HOLDER), "uploads", type_="foreignkey")
    op.drop_column("uploads", "scheduled_position")
    op.drop_column("uploads", "scheduled_text_id")
    op.drop_column("messages", "reactions")
    op.drop_column("messages", "reacts_to")
    op.drop_column("phone_numbers", "version")
