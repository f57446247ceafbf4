"""Metadata of records (decision 0058)"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("families", "staff_members", "conversations", "messages", "scheduled_texts")
FOUND_BY_IT = ("families", "staff_members", "conversations", "messages")

BY_ORGANIZATION = (
    "jsonb_set(jsonb_set('{}'::jsonb, ARRAY[organization_id::text], metadata),"
    " ARRAY[organization_id::text || ' keys'], jsonb_path_query_array(metadata, '$.keyvalue().key'))"
)


def upgrade() -> None:
    # Each statement can be repeated: the indexes commit what stands before them, and an interrupted run starts again.
    for table in TABLES:
        empty = sa.text("'{}'::jsonb")
        column = sa.Column("metadata", postgresql.JSONB(), server_default=empty, nullable=False)
        op.add_column(table, column, if_not_exists=True)
    with op.get_context().autocommit_block():
        for table in FOUND_BY_IT:
            # An index whose building was interrupted is there, but no good.
            op.drop_index(f"ix_{table}_metadata", table_name=table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                f"ix_{table}_metadata",
                table,
                [sa.text(f"{BY_ORGANIZATION} jsonb_path_ops")],
                postgresql_using="gin",
                postgresql_where=sa.text("metadata <> '{}'::jsonb"),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for table in FOUND_BY_IT:
            op.drop_index(f"ix_{table}_metadata", table_name=table, postgresql_concurrently=True, if_exists=True)
    for table in TABLES:
        op.drop_column(table, "metadata")
