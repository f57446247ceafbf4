"""Records and classes are found by their location"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("families", "staff_members", "classes")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for table in TABLES:
            name = f"ix_{table}_location"
            # An interrupted build leaves an index that is not valid.
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                table,
                ["organization_id", sa.text("lower(location)"), "id"],
                unique=False,
                postgresql_where=sa.text("location IS NOT NULL"),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_location", table)
