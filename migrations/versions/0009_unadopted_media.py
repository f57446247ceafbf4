"""Files that an earlier version took in are found

A process of a version before 0005 writes the provider's addresses into `messages.media`. During a rolling upgrade one
may still run when 0005 has been applied: a worker finds what it wrote by this index, and adopts it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_messages_unadopted_media"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # An interrupted build leaves an index that is not valid.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.create_index(
            INDEX,
            "messages",
            ["organization_id", "id"],
            unique=False,
            postgresql_where=sa.text("direction = 'inbound' AND jsonb_path_exists(media, '$[*].url')"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, table_name="messages", postgresql_concurrently=True, if_exists=True)
