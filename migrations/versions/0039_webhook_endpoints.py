"""Webhook endpoints and their deliveries

New tables: processes of the release before deliver nothing.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PENDING = "state = 'pending'"


def _moment(name: str, *, now: bool = False, nullable: bool = True) -> sa.Column[object]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable and not now)


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("event_types", ARRAY(sa.Text()), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        _moment("disabled_at"),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        _moment("previous_secret_until"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _moment("failing_since"),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _moment("last_delivered_at"),
        _moment("created_at", now=True),
        _moment("updated_at", now=True),
        _moment("deleted_at"),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_webhook_endpoints_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_webhook_endpoints")),
        sa.CheckConstraint(
            "disabled_reason IN ('person', 'gone', 'failing')", name=op.f("ck_webhook_endpoints_disabled_reason")
        ),
        sa.CheckConstraint("is_enabled = (disabled_reason IS NULL)", name=op.f("ck_webhook_endpoints_enabled")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("order_key", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        _moment("due_at"),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        _moment("retry_until", nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        _moment("created_at", now=True),
        _moment("finished_at"),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "endpoint_id"],
            ["webhook_endpoints.organization_id", "webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_organization_id_endpoint_id_webhook_endpoints"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_webhook_deliveries")),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_state")),
        sa.UniqueConstraint(
            *("organization_id", "endpoint_id", "position"),
            name=op.f("uq_webhook_deliveries_organization_id_endpoint_id_position"),
        ),
    )
    key = ["organization_id", "endpoint_id"]
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", [*key, "id"])
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        [*key, "due_at"],
        postgresql_where=sa.text(f"{PENDING} AND due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_deliveries_order",
        "webhook_deliveries",
        [*key, "order_key", "position"],
        postgresql_where=sa.text(PENDING),
    )


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
