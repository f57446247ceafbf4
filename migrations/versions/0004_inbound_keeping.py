"""What is kept of what arrives, and for how long"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {
    "ix_inbound_events_raw": (["organization_id", "id"], "state = 'applied' AND body IS NOT NULL"),
    "ix_inbound_events_missed": (["organization_id", "id"], "source = 'reconciliation'"),
    "ix_inbound_events_arrivals": (["organization_id", "line_id", "received_at"], "kind = 'message'"),
}

CHECKS = {
    "source": "source IN ('webhook', 'reconciliation')",
    "raw": "body IS NOT NULL OR state = 'applied'",
}


def upgrade() -> None:
    # What a large journal would wait for, outside of a transaction. Each step can be repeated: an interrupted
    # migration starts again from here.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE inbound_events ADD COLUMN IF NOT EXISTS source text NOT NULL DEFAULT 'webhook'")
        for name, condition in CHECKS.items():
            check = op.f(f"ck_inbound_events_{name}")
            op.execute(f"ALTER TABLE inbound_events DROP CONSTRAINT IF EXISTS {check}")
            op.execute(f"ALTER TABLE inbound_events ADD CONSTRAINT {check} CHECK ({condition}) NOT VALID")
            op.execute(f"ALTER TABLE inbound_events VALIDATE CONSTRAINT {check}")
        for name, (columns, condition) in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.create_index(
                name,
                "inbound_events",
                columns,
                unique=False,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
            )
    op.alter_column("inbound_events", "body", nullable=True)
    op.add_column("lines", sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "line_watches",
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compared_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_line_watches_organization_id_id_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_line_watches_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_line_watches")),
    )
    op.create_index("ix_line_watches_due_at", "line_watches", ["due_at"], unique=False)


def downgrade() -> None:
    for name, (_, condition) in INDEXES.items():
        op.drop_index(name, table_name="inbound_events", postgresql_where=sa.text(condition))
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_inbound_events_{name}"), "inbound_events", type_="check")
    op.execute("UPDATE inbound_events SET body = '' WHERE body IS NULL")
    op.alter_column("inbound_events", "body", nullable=False)
    op.drop_column("inbound_events", "source")
    op.drop_column("lines", "silent_since")
    op.drop_index("ix_line_watches_due_at", table_name="line_watches")
    op.drop_table("line_watches")
