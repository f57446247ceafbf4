"""API keys that administer, that rotate, and that end with who made them

The new constraint takes the place of the old one without reading the table under the lock: what fitted the old one fits.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = "'sms_logs', 'mass_text', 'mass_text_any_hour'"
AFTER = f"{BEFORE}, 'administration'"


def _allow(values: str) -> None:
    name = op.f("ck_api_keys_permissions")
    op.drop_constraint(name, "api_keys", type_="check")
    op.execute(f"ALTER TABLE api_keys ADD CONSTRAINT {name} CHECK (permissions <@ ARRAY[{values}]::text[]) NOT VALID")
    op.execute(f"ALTER TABLE api_keys VALIDATE CONSTRAINT {name}")


def upgrade() -> None:
    op.add_column(
        "api_keys", sa.Column("ends_with_creator", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("api_keys", sa.Column("replaces_id", sa.Uuid(), nullable=True))
    _allow(AFTER)


def downgrade() -> None:
    op.execute(
        "UPDATE api_keys SET permissions = array_remove(permissions, 'administration')"
        " WHERE 'administration' = ANY (permissions)"
    )
    _allow(BEFORE)
    op.drop_column("api_keys", "replaces_id")
    op.drop_column("api_keys", "ends_with_creator")
