"""Message search: the words of every message, and indexes over them and over the newest first

Existing messages are taken apart by the application's own tokeniser, in batches that commit by themselves. A run that is
interrupted goes on where it stopped. Insert nothing meanwhile with an earlier version: its messages would have no words,
and the last step refuses them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.kit.lexemes import search_vector

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 1_000

TO_DO = sa.text(
    "SELECT organization_id, id, body FROM messages"
    " WHERE search IS NULL AND (organization_id, id) > (:organization_id, :id)"
    " ORDER BY organization_id, id LIMIT :batch"
).columns(organization_id=sa.Uuid(), id=sa.Uuid(), body=sa.Text())

DONE = sa.text(
    "UPDATE messages SET search = words.search"
    " FROM unnest(CAST(:organization_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:vectors AS text[]))"
    " AS given(organization_id, id, vector),"
    " LATERAL (SELECT CAST(given.vector AS tsvector) AS search) AS words"
    " WHERE messages.organization_id = given.organization_id AND messages.id = given.id"
)


def upgrade() -> None:
    op.execute("ALTER TABLE messages ADD COLUMN IF NOT EXISTS search tsvector")
    with op.get_context().autocommit_block():
        _take_apart()
        # An index whose making was interrupted is there, and not valid.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_messages_search")
        op.create_index(
            "ix_messages_search",
            "messages",
            ["search"],
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
            postgresql_concurrently=True,
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_messages_newest")
        op.create_index(
            "ix_messages_newest",
            "messages",
            ["organization_id", "created_at", "id"],
            postgresql_concurrently=True,
        )
        # A checked constraint spares SET NOT NULL its scan under a lock that shuts everybody out.
        op.execute("ALTER TABLE messages DROP CONSTRAINT IF EXISTS messages_have_words")
        op.execute("ALTER TABLE messages ADD CONSTRAINT messages_have_words CHECK (search IS NOT NULL) NOT VALID")
        op.execute("ALTER TABLE messages VALIDATE CONSTRAINT messages_have_words")
    op.alter_column("messages", "search", existing_type=postgresql.TSVECTOR(), nullable=False)
    op.execute("ALTER TABLE messages DROP CONSTRAINT messages_have_words")


def _take_apart() -> None:
    connection = op.get_bind()
    after: tuple[object, object] = ("00000000-0000-0000-0000-000000000000",) * 2
    while True:
        organization_id, message_id = after
        rows = connection.execute(TO_DO, {"organization_id": organization_id, "id": message_id, "batch": BATCH}).all()
        if not rows:
            return
        connection.execute(
            DONE,
            {
                "organization_ids": [row.organization_id for row in rows],
                "ids": [row.id for row in rows],
                "vectors": [search_vector(row.body, organization_id=row.organization_id) for row in rows],
            },
        )
        after = (rows[-1].organization_id, rows[-1].id)


def downgrade() -> None:
    op.drop_index("ix_messages_newest", table_name="messages")
    op.drop_index("ix_messages_search", table_name="messages")
    op.drop_column("messages", "search")
