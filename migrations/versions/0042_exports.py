"""Exports and their files"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNFINISHED = "state IN ('queued', 'running')"
ENDED = "NOT is_emptied AND state IN ('failed', 'expired')"
CHECKS = {
    "kind": "kind IN ('conversation', 'phone_number', 'range')",
    "format": "format IN ('ndjson', 'csv', 'html')",
    "state": "state IN ('queued', 'running', 'done', 'failed', 'expired')",
    "conversation": "(kind = 'conversation') = (conversation_id IS NOT NULL)",
    "phone_number": "(kind = 'phone_number') = (phone_number_id IS NOT NULL)",
    "range": "(kind = 'range') = (since IS NOT NULL)",
    "finished": f"({UNFINISHED}) = (finished_at IS NULL)",
    "done": "state <> 'done' OR (sha256 IS NOT NULL AND expires_at IS NOT NULL)",
}


def _to(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{to}.organization_id", f"{to}.id"],
        name=op.f(f"fk_{table}_organization_id_{column}_{to}"),
    )


def _time(name: str, *, required: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if required else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not required)


def _number(name: str, kind: type[sa.Integer]) -> sa.Column[object]:
    return sa.Column(name, kind(), server_default=sa.text("0"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("phone_number_id", sa.Uuid(), nullable=True),
        _time("since"),
        _time("until"),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("place", postgresql.JSONB(), nullable=True),
        _number("chunks", sa.Integer),
        _number("done", sa.BigInteger),
        sa.Column("total", sa.BigInteger(), nullable=True),
        _number("size", sa.BigInteger),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        _number("attempts", sa.Integer),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("is_emptied", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", postgresql.JSONB(), nullable=False),
        _time("created_at", required=True),
        _time("finished_at"),
        _time("expires_at"),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_exports_organization_id_organizations")
        ),
        *(_to("exports", f"{one}_id", f"{one}s") for one in ("conversation", "phone_number", "line")),
        *(sa.CheckConstraint(check, name=op.f(f"ck_exports_{name}")) for name, check in CHECKS.items()),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_exports")),
    )
    op.create_table(
        "export_chunks",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _to("export_chunks", "export_id", "exports"),
        sa.PrimaryKeyConstraint("organization_id", "export_id", "position", name=op.f("pk_export_chunks")),
    )
    _index("created_at", ["organization_id", "created_at", "id"])
    _index("created_by", ["organization_id", "created_by_id", "created_at", "id"])
    _index("unfinished", ["organization_id", "created_at"], where=UNFINISHED)
    _index("expires_at", ["expires_at"], where="state = 'done'")
    _index("to_empty", ["finished_at"], where=ENDED)
    _index("finished_at", ["finished_at"], where="finished_at IS NOT NULL")


def _index(name: str, columns: list[str], *, where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(f"ix_exports_{name}", "exports", columns, postgresql_where=condition)


def downgrade() -> None:
    op.drop_table("export_chunks")
    op.drop_table("exports")
