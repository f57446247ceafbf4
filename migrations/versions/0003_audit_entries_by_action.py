"""An index for reading the audit log by action: a rare one must not make an administrator's filter read every entry."""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_audit_entries_organization_id_action"


def upgrade() -> None:
    # The log is the largest table after the messages: built beside writers, and begun anew after a failed try.
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "audit_entries", if_exists=True, postgresql_concurrently=True)
        op.create_index(INDEX, "audit_entries", ["organization_id", "action", "at", "id"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "audit_entries", if_exists=True, postgresql_concurrently=True)
