"""The permission to send mass texts at any hour (PERM-HOURS)

The new constraint takes the place of the old one without reading the tables under the lock: what fitted the old one fits.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("staff_members", "api_keys")
BEFORE = "'sms_logs', 'mass_text'"
AFTER = "'sms_logs', 'mass_text', 'mass_text_any_hour'"


def _allow(table: str, values: str) -> None:
    name = op.f(f"ck_{table}_permissions")
    op.drop_constraint(name, table, type_="check")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (permissions <@ ARRAY[{values}]::text[]) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def upgrade() -> None:
    for table in TABLES:
        _allow(table, AFTER)


def downgrade() -> None:
    for table in TABLES:
        op.execute(
            f"UPDATE {table} SET permissions = array_remove(permissions, 'mass_text_any_hour')"  # noqa: S608  # Our own tables.
            " WHERE 'mass_text_any_hour' = ANY (permissions)"
        )
        _allow(table, BEFORE)
