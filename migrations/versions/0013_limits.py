"""Limits of lines, and the session of a viewer

A line may text its own country, and those of the numbers that it has conversations with at this moment.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.kit.countries import COUNTRY_NAMES
from api.kit.phone import possible_countries

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 5_000

TEXTED = sa.text(
    "SELECT conversations.id, phone_numbers.number FROM conversations"
    " JOIN phone_numbers ON phone_numbers.organization_id = conversations.organization_id"
    " AND phone_numbers.id = conversations.phone_number_id"
    " WHERE conversations.organization_id = :organization_id AND conversations.line_id = :line_id"
    " AND conversations.id > :after ORDER BY conversations.id LIMIT :batch"
).columns(id=sa.Uuid(), number=sa.Text())

ALLOW = sa.text(
    "UPDATE lines SET countries = :countries WHERE organization_id = :organization_id AND id = :id"
).bindparams(sa.bindparam("countries", type_=postgresql.ARRAY(sa.Text())))


def upgrade() -> None:
    op.add_column("viewers", sa.Column("session_id", sa.Uuid(), nullable=True))
    op.add_column("lines", sa.Column("countries", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("lines", sa.Column("texts_per_day", sa.Integer(), nullable=True))
    op.add_column("lines", sa.Column("texts_per_person_per_day", sa.Integer(), nullable=True))
    op.create_table(
        "daily_texts",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_daily_texts_organization_id_line_id_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_daily_texts_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_daily_texts")),
        sa.UniqueConstraint(
            "organization_id",
            "line_id",
            "day",
            "sender_id",
            name=op.f("uq_daily_texts_organization_id_line_id_day_sender_id"),
        ),
    )
    _allow_what_is_in_use()


def _allow_what_is_in_use() -> None:
    connection = op.get_bind()
    lines = connection.execute(
        sa.text("SELECT organization_id, id, country FROM lines").columns(organization_id=sa.Uuid(), id=sa.Uuid())
    ).all()
    for organization_id, line_id, own in lines:
        found: set[str] = set()
        after: object = "00000000-0000-0000-0000-000000000000"
        while True:
            given = {"organization_id": organization_id, "line_id": line_id, "after": after, "batch": BATCH}
            rows = connection.execute(TEXTED, given).all()
            for _, number in rows:
                possible = possible_countries(number)
                if own not in possible:
                    found |= possible & COUNTRY_NAMES.keys()
            if len(rows) < BATCH:
                break
            after = rows[-1].id
        if found:
            allowed = sorted(found | {own})
            connection.execute(ALLOW, {"organization_id": organization_id, "id": line_id, "countries": allowed})


def downgrade() -> None:
    op.drop_table("daily_texts")
    for name in ("countries", "texts_per_day", "texts_per_person_per_day"):
        op.drop_column("lines", name)
    op.drop_column("viewers", "session_id")
