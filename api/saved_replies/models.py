"""Table of saved replies."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow


class SavedReply(OrganizationRow, Base):
    """A text to insert into the composer: of the organization, or of one person."""

    __tablename__ = "saved_replies"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "staff_member_id"], ["staff_members.organization_id", "staff_members.id"]
        ),
        Index(
            "uq_saved_replies_key",
            *("organization_id", "staff_member_id", "key"),
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    staff_member_id: Mapped[UUID | None]
    """Whose it is; null for one of the organization."""
    title: Mapped[str]
    body: Mapped[str]
    key: Mapped[str]
    """The folded title."""
    search: Mapped[str]
    """Title and body, folded."""
    uses: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
