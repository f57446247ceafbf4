"""Files of received messages

The files of earlier messages are expected like those of later ones. Take in nothing meanwhile with an earlier version: its
messages would keep the provider's addresses.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from api.kit.ids import new_id

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 500

TO_DO = sa.text(
    "SELECT organization_id, id, media FROM messages"
    " WHERE direction = 'inbound' AND media <> '[]' AND media -> 0 ? 'url'"
    " AND (organization_id, id) > (:organization_id, :id)"
    " ORDER BY organization_id, id LIMIT :batch"
).columns(organization_id=sa.Uuid(), id=sa.Uuid(), media=JSONB())

EXPECT = sa.text(
    "WITH given AS ("
    " SELECT * FROM unnest(CAST(:organization_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:message_ids AS uuid[]),"
    " CAST(:positions AS integer[]), CAST(:urls AS text[]), CAST(:types AS text[]))"
    " AS file(organization_id, id, message_id, position, provider_url, declared_type)"
    "), added AS ("
    " INSERT INTO message_media (organization_id, id, message_id, position, provider_url, declared_type)"
    " SELECT * FROM given"
    ") UPDATE messages SET media = shown.media FROM ("
    " SELECT organization_id, message_id, jsonb_agg(jsonb_build_object('id', id, 'content_type', declared_type,"
    " 'state', 'waiting', 'size', NULL, 'reason', NULL) ORDER BY position) AS media"
    " FROM given GROUP BY organization_id, message_id) AS shown"
    " WHERE messages.organization_id = shown.organization_id AND messages.id = shown.message_id"
)
"""Rows and what their messages show, in one statement: interrupted, it has done both or neither."""


def upgrade() -> None:
    # Outside of a transaction: each step can be repeated, and none holds a lock for longer than a batch takes.
    with op.get_context().autocommit_block():
        _create()
        _expect_earlier()


def _create() -> None:
    op.create_table(
        "message_media",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provider_url", sa.Text(), nullable=False),
        sa.Column("declared_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'kept', 'refused')", name=op.f("ck_message_media_state")),
        sa.CheckConstraint(
            "(state = 'kept') = (content IS NOT NULL AND content_type IS NOT NULL AND size IS NOT NULL"
            " AND sha256 IS NOT NULL)",
            name=op.f("ck_message_media_content"),
        ),
        sa.CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name=op.f("ck_message_media_reason")),
        sa.CheckConstraint("lease_token IS NULL OR state = 'waiting'", name=op.f("ck_message_media_lease")),
        sa.ForeignKeyConstraint(
            ["organization_id", "message_id"],
            ["messages.organization_id", "messages.id"],
            name=op.f("fk_message_media_organization_id_message_id_messages"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_message_media_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_message_media")),
        sa.UniqueConstraint(
            "organization_id",
            "message_id",
            "position",
            name=op.f("uq_message_media_organization_id_message_id_position"),
        ),
        if_not_exists=True,
    )
    # Pictures are compressed already: PostgreSQL need not try.
    op.execute("ALTER TABLE message_media ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_index(
        "ix_message_media_due",
        "message_media",
        ["organization_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        if_not_exists=True,
    )


def _expect_earlier() -> None:
    connection = op.get_bind()
    after: tuple[object, object] = ("00000000-0000-0000-0000-000000000000",) * 2
    while True:
        rows = connection.execute(TO_DO, {"organization_id": after[0], "id": after[1], "batch": BATCH}).all()
        if not rows:
            return
        files = [
            (row.organization_id, new_id(), row.id, position, each["url"], each["content_type"])
            for row in rows
            for position, each in enumerate(row.media)
        ]
        names = ("organization_ids", "ids", "message_ids", "positions", "urls", "types")
        connection.execute(EXPECT, {name: [file[at] for file in files] for at, name in enumerate(names)})
        after = (rows[-1].organization_id, rows[-1].id)


def downgrade() -> None:
    # A file that has been kept is fetched no more: its content goes, its address comes back.
    op.execute(
        "UPDATE messages SET media = earlier.media FROM ("
        " SELECT organization_id, message_id, jsonb_agg(jsonb_build_object("
        " 'url', provider_url, 'content_type', coalesce(content_type, declared_type)) ORDER BY position) AS media"
        " FROM message_media GROUP BY organization_id, message_id) AS earlier"
        " WHERE messages.organization_id = earlier.organization_id AND messages.id = earlier.message_id"
    )
    op.drop_index("ix_message_media_due", table_name="message_media", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_table("message_media")
