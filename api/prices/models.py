"""Tables of prices and credits."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow

AMOUNT = Numeric(14, 6)


class LinePrice(OrganizationRow, Base):
    """A price of a line's list. The list's currency is `Line.price_currency`."""

    __tablename__ = "line_prices"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        CheckConstraint("text_price >= 0 AND picture_price >= 0", name="not_negative"),
        Index(
            "uq_line_prices_country",
            "organization_id",
            "line_id",
            "country",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    line_id: Mapped[UUID]
    country: Mapped[str | None]
    """ISO 3166 alpha-2. Null: every country without a price of its own."""
    text_price: Mapped[Decimal] = mapped_column(AMOUNT)
    """Of one segment of a text."""
    picture_price: Mapped[Decimal] = mapped_column(AMOUNT)
    """Of a whole picture message."""


class Credits(OrganizationRow, Base):
    """The balance that an organization runs on. `id` is the organization's. It changes under its row lock.

    The balance is the sum of what was added, less `Message.credits` of every text.
    """

    __tablename__ = "credits"
    __table_args__ = (CheckConstraint("low_below >= 0", name="low_below"),)

    is_on: Mapped[bool]
    """Texts take of the balance, and none leaves that it does not cover."""
    currency: Mapped[str]
    balance: Mapped[Decimal] = mapped_column(AMOUNT)
    low_below: Mapped[Decimal | None] = mapped_column(AMOUNT)
    """Administrators are told once the balance is below it."""
    told_low_at: Mapped[datetime | None]
    """When they were told of this crossing. Null: credits were added since, or it was never low."""
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
