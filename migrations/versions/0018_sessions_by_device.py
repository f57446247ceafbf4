"""Device and address of a session

Null in sessions that started before this version, and in those that its earlier processes start.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = ("device", "address")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("staff_sessions", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("staff_sessions", name)
