"""Mass texts, their recipients, and saved audiences

A trigger moves a recipient with the status of its message. So the report is right whichever process moved the message, one
of an earlier version too. Messages without `broadcast_id` cost the trigger's condition alone.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FOLLOW = """
CREATE FUNCTION follow_broadcast_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE broadcast_recipients SET
        state = CASE
            WHEN NEW.status NOT IN ('failed', 'undelivered') THEN NEW.status
            WHEN NEW.error_code = 'cancelled' THEN 'cancelled'
            WHEN NEW.error_code LIKE 'not\\_allowed\\_%' THEN 'skipped'
            ELSE 'failed'
        END,
        reason = CASE
            WHEN NEW.status NOT IN ('failed', 'undelivered') OR NEW.error_code = 'cancelled' THEN NULL
            WHEN NEW.error_code LIKE 'not\\_allowed\\_%' THEN substr(NEW.error_code, 13)
            ELSE coalesce(NEW.error_code, NEW.status)
        END
    WHERE organization_id = NEW.organization_id AND id = NEW.id;
    RETURN NULL;
END
$$
"""

TRIGGER = """
CREATE TRIGGER messages_broadcast AFTER UPDATE OF status ON messages FOR EACH ROW
WHEN (NEW.broadcast_id IS NOT NULL AND NEW.status IS DISTINCT FROM OLD.status)
EXECUTE FUNCTION follow_broadcast_message()
"""


def _key(table: str, *, child: bool = False) -> list[sa.schema.SchemaItem]:
    parent = sa.ForeignKeyConstraint(
        ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id_organizations")
    )
    return [
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *([] if child else [parent]),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f(f"pk_{table}")),
    ]


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{to}.organization_id", f"{to}.id"],
        name=op.f(f"fk_{table}_organization_id_{column}_{to}"),
    )


def _time(name: str, *, required: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if required else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not required)


def _json(name: str, default: str | None = None, *, required: bool = True) -> sa.Column[object]:
    given = sa.text(f"'{default}'::jsonb") if default is not None else None
    return sa.Column(name, postgresql.JSONB(), server_default=given, nullable=not required)


def _text(name: str, default: str | None = None, *, required: bool = True) -> sa.Column[object]:
    given = sa.text(f"'{default}'") if default is not None else None
    return sa.Column(name, sa.Text(), server_default=given, nullable=not required)


def _audiences() -> None:
    op.create_table(
        "audiences",
        _text("name"),
        _text("key"),
        _json("audience"),
        _time("created_at", required=True),
        _time("updated_at", required=True),
        *_key("audiences"),
    )
    op.create_index("uq_audiences_key", "audiences", ["organization_id", "key"], unique=True)
    op.create_index("ix_audiences_organization_id_name", "audiences", ["organization_id", "name", "id"])


def _broadcasts() -> None:
    table = "broadcasts"
    op.create_table(
        table,
        _text("name"),
        _text("body"),
        _text("header", ""),
        _text("footer", ""),
        _json("fallbacks", "{}"),
        sa.Column("media_urls", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        _json("audience"),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        _time("send_at"),
        _text("state", "draft"),
        _text("pause_reason", required=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _text("any_hour_reason", required=False),
        _json("author"),
        _json("sender", required=False),
        _json("approvals", "[]"),
        sa.Column("recipients", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _json("left_out", "{}"),
        sa.Column("segments", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _json("counts", "{}"),
        sa.Column("retry_of_broadcast_id", sa.Uuid(), nullable=True),
        _time("confirmed_at"),
        _time("started_at"),
        _time("finished_at"),
        _time("created_at", required=True),
        _time("updated_at", required=True),
        *_key(table),
        sa.CheckConstraint(
            "state IN ('draft', 'scheduled', 'sending', 'paused', 'sent', 'cancelled')",
            name=op.f("ck_broadcasts_state"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'cancelled') OR confirmed_at IS NOT NULL", name=op.f("ck_broadcasts_confirmed")
        ),
        sa.CheckConstraint("(state = 'paused') = (pause_reason IS NOT NULL)", name=op.f("ck_broadcasts_paused")),
        sa.CheckConstraint(
            "pause_reason IN ('person', 'author', 'no_line', 'restored')", name=op.f("ck_broadcasts_pause_reason")
        ),
        sa.CheckConstraint("char_length(header) <= 50 AND char_length(footer) <= 50", name=op.f("ck_broadcasts_added")),
        _refers(table, "line_id", "lines"),
        _refers(table, "retry_of_broadcast_id", "broadcasts"),
    )
    op.create_index(
        "uq_broadcasts_retry",
        table,
        ["organization_id", "retry_of_broadcast_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_index("ix_broadcasts_organization_id_created_at", table, ["organization_id", "created_at", "id"])
    op.create_index("ix_broadcasts_active", table, ["organization_id"], postgresql_where=sa.text("is_active"))


def _recipients() -> None:
    table = "broadcast_recipients"
    op.create_table(
        table,
        sa.Column("broadcast_id", sa.Uuid(), nullable=False),
        sa.Column("phone_number_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        _text("owner_kind", required=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        _text("state"),
        _text("reason", required=False),
        _json("fields", required=False),
        _time("due_at", required=True),
        *_key(table, child=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'queued', 'sending', 'unknown', 'sent', 'delivered', 'failed', 'skipped',"
            " 'cancelled')",
            name=op.f("ck_broadcast_recipients_state"),
        ),
        sa.CheckConstraint("owner_kind IN ('family', 'staff_member')", name=op.f("ck_broadcast_recipients_owner_kind")),
        sa.CheckConstraint("(owner_kind IS NULL) = (owner_id IS NULL)", name=op.f("ck_broadcast_recipients_owner")),
        sa.CheckConstraint(
            "state = 'skipped' OR num_nulls(phone_number_id, line_id) = 0",
            name=op.f("ck_broadcast_recipients_textable"),
        ),
        sa.CheckConstraint("state <> 'skipped' OR reason IS NOT NULL", name=op.f("ck_broadcast_recipients_reason")),
        _refers(table, "broadcast_id", "broadcasts"),
        _refers(table, "phone_number_id", "phone_numbers"),
        _refers(table, "line_id", "lines"),
        sa.UniqueConstraint(
            "organization_id",
            "broadcast_id",
            "phone_number_id",
            name=op.f("uq_broadcast_recipients_organization_id_broadcast_id_phone_number_id"),
        ),
    )
    op.create_index(
        "ix_broadcast_recipients_state", table, ["organization_id", "broadcast_id", "state", "reason", "id"]
    )
    op.create_index(
        "ix_broadcast_recipients_due",
        table,
        ["organization_id", "broadcast_id", "due_at", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_broadcast_recipients_phone_number", table, ["organization_id", "phone_number_id"])


def upgrade() -> None:
    _audiences()
    _broadcasts()
    _recipients()
    op.add_column("messages", sa.Column("broadcast_id", sa.Uuid(), nullable=True))
    op.add_column("messages", sa.Column("broadcast_name", sa.Text(), nullable=True))
    op.execute(FOLLOW)
    op.execute(TRIGGER)
    for column in (
        sa.Column("mass_text_confirm_above", sa.Integer(), server_default=sa.text("500"), nullable=False),
        sa.Column("mass_text_needs_approval", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("mass_text_header", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("mass_text_footer", sa.Text(), server_default=sa.text("'Reply STOP to opt out.'"), nullable=False),
        sa.Column("mass_text_hours", postgresql.JSONB(), nullable=True),
    ):
        op.add_column("organizations", column)


def downgrade() -> None:
    for name in (
        "mass_text_hours",
        "mass_text_footer",
        "mass_text_header",
        "mass_text_needs_approval",
        "mass_text_confirm_above",
    ):
        op.drop_column("organizations", name)
    op.execute("DROP TRIGGER messages_broadcast ON messages")
    op.execute("DROP FUNCTION follow_broadcast_message()")
    op.drop_column("messages", "broadcast_name")
    op.drop_column("messages", "broadcast_id")
    for table in ("broadcast_recipients", "broadcasts", "audiences"):
        op.drop_table(table)
