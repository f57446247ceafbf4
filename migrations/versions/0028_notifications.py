"""Notifications: what people want to be told of, their browsers, and what is still to be posted to them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = "'message', 'mention', 'assigned', 'reminder', 'not_sent'"


def _of_staff(table: str, column: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id_organizations")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", column],
            ["staff_members.organization_id", "staff_members.id"],
            name=op.f(f"fk_{table}_organization_id_{column}_staff_members"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f(f"pk_{table}")),
    ]


def upgrade() -> None:
    op.create_table(
        "push_key",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_push_key_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_key")),
    )
    op.create_table(
        "notification_settings",
        sa.Column("scope", sa.Text(), server_default=sa.text("'all'"), nullable=False),
        sa.Column("sound", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("shows_text", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("quiet_since", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("scope IN ('all', 'mine', 'mentions', 'none')", name=op.f("ck_notification_settings_scope")),
        sa.CheckConstraint(
            "(quiet_since IS NULL) = (quiet_until IS NULL)", name=op.f("ck_notification_settings_quiet_hours")
        ),
        *_of_staff("notification_settings", "id"),
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("staff_member_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("auth_secret", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_of_staff("push_subscriptions", "staff_member_id"),
        sa.UniqueConstraint("organization_id", "endpoint", name=op.f("uq_push_subscriptions_organization_id_endpoint")),
    )
    op.create_index("ix_push_subscriptions_staff_member", "push_subscriptions", ["organization_id", "staff_member_id"])
    op.create_table(
        "notices",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("staff_member_id", sa.Uuid(), nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_notices_kind")),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_notices_organization_id_conversation_id_conversations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_organization_id_at", "notices", ["organization_id", "at"])
    op.create_table(
        "pushes",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("shows_text", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS}, 'test')", name=op.f("ck_pushes_kind")),
        sa.ForeignKeyConstraint(
            ["organization_id", "subscription_id"],
            ["push_subscriptions.organization_id", "push_subscriptions.id"],
            name=op.f("fk_pushes_organization_id_subscription_id_push_subscriptions"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_pushes")),
    )
    op.create_index("ix_pushes_organization_id_due_at", "pushes", ["organization_id", "due_at"])
    op.create_index("ix_pushes_subscription", "pushes", ["organization_id", "subscription_id"])


def downgrade() -> None:
    for table in ("pushes", "notices", "push_subscriptions", "notification_settings", "push_key"):
        op.drop_table(table)
