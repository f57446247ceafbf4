"""Which messages answer a keyword: their number has a limit."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_messages_answers"


def upgrade() -> None:
    # The answers of before stay without a word: they count for a day only.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE messages ADD COLUMN IF NOT EXISTS answers TEXT")
        op.drop_index(INDEX, "messages", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX,
            "messages",
            ["organization_id", "conversation_id", "created_at"],
            postgresql_where=sa.text("answers IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "messages", if_exists=True, postgresql_concurrently=True)
    op.drop_column("messages", "answers")
