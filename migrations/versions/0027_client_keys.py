"""The key under which a sender's outbox keeps a message: a pending text is matched by it, not by equal words"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # Nullable and without a default: the table is not rewritten, and the release before goes on inserting.
    op.add_column("messages", sa.Column("client_key", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "client_key")
