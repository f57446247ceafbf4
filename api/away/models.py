"""The table of away messages."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow


class AwayMessage(OrganizationRow, Base):
    """An organization's away message and opening hours. `id` is the organization's."""

    __tablename__ = "away_messages"
    __table_args__ = (CheckConstraint("id = organization_id", name="one_row"),)

    enabled: Mapped[bool]
    body: Mapped[str]
    hours: Mapped[dict[str, Any]]
    """{weekday: [[opens, closes], …]} in minutes of the organization's day: `away.rules.OpeningHours.stored`."""
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
