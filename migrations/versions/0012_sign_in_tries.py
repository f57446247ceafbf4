"""Sign-in tries of any business, known or not; the check value of the secret key; indexes for what is deleted in time

The table `sign_in_failures` stays for processes of the version before, which count there.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BY_AGE = {
    "ix_idempotency_keys_created_at": ("idempotency_keys", "created_at", None),
    "ix_idempotency_keys_sealed": ("idempotency_keys", "created_at", sa.text("answer ? 'sealed'")),
    "ix_staff_sessions_expires_at": ("staff_sessions", "expires_at", None),
}


def upgrade() -> None:
    op.create_table(
        "sign_in_tries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("staff_member_id", sa.Uuid(), nullable=True),
        sa.Column("is_audited", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_tries")),
        if_not_exists=True,
    )
    for name, columns in {
        "ix_sign_in_tries_account": ["account", "at"],
        "ix_sign_in_tries_address": ["address", "at"],
        "ix_sign_in_tries_at": ["at"],
        "ix_sign_in_tries_organization_id": ["organization_id", "at"],
    }.items():
        op.create_index(name, "sign_in_tries", columns, if_not_exists=True)
    op.create_table(
        "secret_key_check",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_secret_key_check_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_key_check")),
        if_not_exists=True,
    )
    with op.get_context().autocommit_block():
        for name, (table, column, where) in BY_AGE.items():
            # An index whose building was interrupted is there, but no good.
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)
            op.create_index(name, table, [column], postgresql_where=where, postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, (table, _, _) in BY_AGE.items():
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)
    op.drop_table("secret_key_check")
    op.drop_table("sign_in_tries")
