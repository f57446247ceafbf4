"""Conversations have a version, which grows with each change of the row

The API raises it itself. The trigger raises it for a change that leaves it as it was: of a process of the release before,
and of statements that know nothing of it. Without the trigger such a change would look as old as what clients have.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RAISE_VERSION = """
CREATE FUNCTION raise_version_of_conversation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    op.add_column("conversations", sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    op.execute(RAISE_VERSION)
    op.execute(
        "CREATE TRIGGER conversations_version BEFORE UPDATE ON conversations"
        " FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION raise_version_of_conversation()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER conversations_version ON conversations")
    op.execute("DROP FUNCTION raise_version_of_conversation()")
    op.drop_column("conversations", "version")
