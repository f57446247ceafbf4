"""Files that staff and integrations have uploaded and not sent yet"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

GIVE_ADDRESSES = """
UPDATE messages
SET media = (
    SELECT jsonb_agg(CASE WHEN file ? 'url' THEN file ELSE file || '{"url": ""}' END ORDER BY position)
    FROM jsonb_array_elements(media) WITH ORDINALITY AS each(file, position)
)
WHERE direction = 'outbound' AND jsonb_path_exists(media, '$[*] ? (exists (@.id) && !exists (@.url))')
"""
"""The version before reads an address of each sent file. It refuses to send an empty one, and says so."""


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_uploads_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_uploads")),
    )
    # Pictures are compressed already.
    op.execute("ALTER TABLE uploads ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_index("ix_uploads_owner_id", "uploads", ["organization_id", "owner_id"])
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])


def downgrade() -> None:
    op.execute(GIVE_ADDRESSES)
    op.drop_table("uploads")
