"""The request that queued a message, in its outbox entry

Processes of the version before leave it empty.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("request_id", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox", "request_id")
