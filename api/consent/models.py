"""The table of first texts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow


class ConsumerInitiation(OrganizationRow, Base):
    """A number's first text to a line: it allows answers to a number on no record (OPTIN-UNKNOWN-SENDER)."""

    __tablename__ = "consumer_initiations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "phone_number_id"], ["phone_numbers.organization_id", "phone_numbers.id"]
        ),
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        UniqueConstraint("organization_id", "phone_number_id", "line_id"),
    )

    phone_number_id: Mapped[UUID]
    line_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
