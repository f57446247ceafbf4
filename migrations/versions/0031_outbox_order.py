"""The outbox: priorities, mass texts, and which texts wait for an earlier one of their conversation

Processes of the release before insert replies: those that must wait for an earlier text are not marked `behind`. A claim
looks again, and marks them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = {
    "priority": "smallint NOT NULL DEFAULT 1",
    "broadcast_id": "uuid",
    "not_after": "timestamptz",
    "behind": "boolean NOT NULL DEFAULT false",
}

CONSTRAINTS = {
    "ck_outbox_priority": "priority BETWEEN 0 AND 2",
    "ck_outbox_mass_text": "priority < 2 OR broadcast_id IS NOT NULL",
}

CLAIMABLE = "state = 'queued' AND NOT behind"

INDEXES: dict[str, tuple[list[str], str]] = {
    "ix_outbox_replies": (
        ["organization_id", "line_id", "priority", "due_at", "id"],
        f"{CLAIMABLE} AND priority < 2",
    ),
    "ix_outbox_mass_texts": (
        ["organization_id", "line_id", "broadcast_id", "due_at", "id"],
        f"{CLAIMABLE} AND priority = 2",
    ),
    "ix_outbox_claimed": (["organization_id", "state", "due_at"], "state <> 'queued'"),
    "ix_outbox_behind": (["organization_id", "conversation_id", "seq"], "behind"),
    "ix_outbox_broadcast": (
        ["organization_id", "broadcast_id", "state", "priority", "id"],
        "broadcast_id IS NOT NULL",
    ),
}
"""Columns and condition."""


def upgrade() -> None:
    # Each statement can be repeated: an interrupted run starts again from the first one.
    with op.get_context().autocommit_block():
        for name, type_ in COLUMNS.items():
            op.execute(f"ALTER TABLE outbox ADD COLUMN IF NOT EXISTS {name} {type_}")
        for name, condition in CONSTRAINTS.items():
            op.execute(f"ALTER TABLE outbox DROP CONSTRAINT IF EXISTS {name}")
            op.execute(f"ALTER TABLE outbox ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
            op.execute(f"ALTER TABLE outbox VALIDATE CONSTRAINT {name}")
        for name, (columns, condition) in INDEXES.items():
            op.drop_index(name, "outbox", if_exists=True, postgresql_concurrently=True)
            op.create_index(name, "outbox", columns, postgresql_where=sa.text(condition), postgresql_concurrently=True)
        op.execute(
            "CREATE TABLE IF NOT EXISTS outbox_pauses ("
            "organization_id uuid NOT NULL, id uuid NOT NULL, paused_at timestamptz NOT NULL DEFAULT now(),"
            " CONSTRAINT fk_outbox_pauses_organization_id_organizations"
            " FOREIGN KEY (organization_id) REFERENCES organizations (id),"
            " CONSTRAINT pk_outbox_pauses PRIMARY KEY (organization_id, id))"
        )
        # With statistics from when the outbox was empty, the planner would read an organization's whole queue by it.
        op.drop_index("ix_outbox_due", "outbox", if_exists=True, postgresql_concurrently=True)
    # The texts that wait for an earlier one now.
    op.execute(
        "UPDATE outbox SET behind = true WHERE state = 'queued' AND EXISTS ("
        "SELECT FROM outbox AS earlier WHERE earlier.organization_id = outbox.organization_id"
        " AND earlier.conversation_id = outbox.conversation_id AND earlier.seq < outbox.seq"
        " AND earlier.state <> 'unknown')"
    )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_outbox_due", "outbox", if_exists=True, postgresql_concurrently=True)
        op.create_index("ix_outbox_due", "outbox", ["organization_id", "state", "due_at"], postgresql_concurrently=True)
        for name in INDEXES:
            op.drop_index(name, "outbox", if_exists=True, postgresql_concurrently=True)
        for name in CONSTRAINTS:
            op.execute(f"ALTER TABLE outbox DROP CONSTRAINT IF EXISTS {name}")
        for name in COLUMNS:
            op.execute(f"ALTER TABLE outbox DROP COLUMN IF EXISTS {name}")
        op.execute("DROP TABLE IF EXISTS outbox_pauses")
