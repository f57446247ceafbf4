"""Times of change for syncing (decision 0050)

Rows that are there get the time of the migration. A trigger sets `updated_at` where a statement does not, so that the
changes of processes of the release before move it too.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEW_COLUMNS = {
    "contacts": ("created_at", "updated_at"),
    "students": ("created_at", "updated_at"),
    "phone_records": ("created_at", "updated_at"),
    "messages": ("updated_at",),
    "api_keys": ("updated_at",),
    "notes": ("updated_at",),
}
TOUCHED = ("contacts", "students", "phone_records", "messages", "notes")
INDEXED = ("families", "staff_members", "classes", "messages")

TOUCH = """
CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    # Each statement can be repeated: the indexes commit what stands before them, and an interrupted run starts again.
    for table, columns in NEW_COLUMNS.items():
        for column in columns:
            kind = sa.DateTime(timezone=True)
            op.add_column(
                table, sa.Column(column, kind, server_default=sa.text("now()"), nullable=False), if_not_exists=True
            )
    op.execute(TOUCH)
    for table in TOUCHED:
        op.execute(f"DROP TRIGGER IF EXISTS {table}_updated_at ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_updated_at BEFORE UPDATE ON {table}"
            " FOR EACH ROW WHEN (NEW.updated_at = OLD.updated_at) EXECUTE FUNCTION set_updated_at()"
        )
    with op.get_context().autocommit_block():
        for table in INDEXED:
            # An index whose building was interrupted is there, but no good.
            op.drop_index(f"ix_{table}_updated", table_name=table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                f"ix_{table}_updated", table, ["organization_id", "updated_at", "id"], postgresql_concurrently=True
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for table in INDEXED:
            op.drop_index(f"ix_{table}_updated", table_name=table, postgresql_concurrently=True, if_exists=True)
    for table in TOUCHED:
        op.execute(f"DROP TRIGGER {table}_updated_at ON {table}")
    op.execute("DROP FUNCTION set_updated_at()")
    for table, columns in NEW_COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
