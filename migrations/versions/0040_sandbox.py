"""Lines may have the sandbox as their provider"""

from collections.abc import Sequence

from alembic import op

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _allow("'twilio', 'telnyx', 'bandwidth', 'plivo', 'sandbox', 'simulator'")


def downgrade() -> None:
    _allow("'twilio', 'telnyx', 'bandwidth', 'plivo', 'simulator'")


def _allow(providers: str) -> None:
    op.drop_constraint(op.f("ck_lines_provider"), "lines")
    op.create_check_constraint(op.f("ck_lines_provider"), "lines", f"provider IN ({providers})")
