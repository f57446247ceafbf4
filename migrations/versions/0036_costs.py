"""Price lists of lines, credits, and what each message cost

The new columns of `messages` have no default, so no row is written anew. A process of an earlier version leaves them null:
what it sends has no cost until its provider names one.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AMOUNT = sa.Numeric(14, 6)

PAUSE_REASONS = "'person', 'author', 'no_line', 'restored'"


def _key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f(f"fk_{table}_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f(f"pk_{table}")),
    ]


def _may_pause_for(reasons: str) -> None:
    """Earlier values fit the new constraint, or were removed, so the table is not read under the lock."""
    name = op.f("ck_broadcasts_pause_reason")
    op.drop_constraint(name, "broadcasts", type_="check")
    op.execute(f"ALTER TABLE broadcasts ADD CONSTRAINT {name} CHECK (pause_reason IN ({reasons})) NOT VALID")
    op.execute(f"ALTER TABLE broadcasts VALIDATE CONSTRAINT {name}")


def upgrade() -> None:
    op.create_table(
        "line_prices",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("text_price", AMOUNT, nullable=False),
        sa.Column("picture_price", AMOUNT, nullable=False),
        *_key("line_prices"),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_line_prices_organization_id_line_id_lines"),
        ),
        sa.CheckConstraint("text_price >= 0 AND picture_price >= 0", name=op.f("ck_line_prices_not_negative")),
    )
    op.create_index(
        "uq_line_prices_country",
        "line_prices",
        ["organization_id", "line_id", "country"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "credits",
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance", AMOUNT, nullable=False),
        sa.Column("low_below", AMOUNT, nullable=True),
        sa.Column("told_low_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_key("credits"),
        sa.CheckConstraint("low_below >= 0", name=op.f("ck_credits_low_below")),
    )
    op.add_column("lines", sa.Column("price_currency", sa.Text(), nullable=True))
    op.add_column("lines", sa.Column("prices_fetched_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("lines", sa.Column("prices_due_at", sa.DateTime(timezone=True), nullable=True))
    for column in (
        sa.Column("cost", AMOUNT, nullable=True),
        sa.Column("cost_currency", sa.Text(), nullable=True),
        sa.Column("cost_source", sa.Text(), nullable=True),
        sa.Column("credits", AMOUNT, nullable=True),
    ):
        op.add_column("messages", column)
    op.add_column("broadcasts", sa.Column("estimate", JSONB(), nullable=True))
    _may_pause_for(f"{PAUSE_REASONS}, 'no_credits'")


def downgrade() -> None:
    op.execute("UPDATE broadcasts SET pause_reason = 'person' WHERE pause_reason = 'no_credits'")
    _may_pause_for(PAUSE_REASONS)
    op.drop_column("broadcasts", "estimate")
    for name in ("credits", "cost_source", "cost_currency", "cost"):
        op.drop_column("messages", name)
    for name in ("prices_due_at", "prices_fetched_until", "price_currency"):
        op.drop_column("lines", name)
    op.drop_table("credits")
    op.drop_table("line_prices")
