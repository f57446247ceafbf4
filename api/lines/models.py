"""Tables of the lines slice."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow
from api.providers.registry import ProviderName


class Line(OrganizationRow, Base):
    """A phone number or short code that the business texts from."""

    __tablename__ = "lines"
    __table_args__ = (
        UniqueConstraint("organization_id", "phone_number"),
        UniqueConstraint("id"),
        CheckConstraint("kind IN ('long_code', 'toll_free', 'short_code')", name="kind"),
        CheckConstraint(
            "provider IN ('twilio', 'telnyx', 'bandwidth', 'plivo', 'sandbox', 'simulator')", name="provider"
        ),
    )

    label: Mapped[str]
    phone_number: Mapped[str]
    kind: Mapped[str]
    country: Mapped[str]
    provider: Mapped[str]
    sealed_credentials: Mapped[bytes] = mapped_column(LargeBinary)
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    enabled: Mapped[bool] = mapped_column(server_default=true())
    """A line taken out of service still receives; sending from it is `line_blocked`."""
    countries: Mapped[list[str] | None]
    """ISO 3166 alpha-2: the countries that it may text; null: its own."""
    texts_per_day: Mapped[int | None]
    """Null: `DEFAULT_TEXTS_PER_DAY`."""
    texts_per_person_per_day: Mapped[int | None]
    """Of one staff member or API key on this line; null: `DEFAULT_TEXTS_PER_PERSON_PER_DAY`."""
    next_send_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the rate limit next allows a message. All processes share it."""
    health: Mapped[dict[str, Any] | None]
    """`LineHealth.stored()` of the last check; null until one with these credentials."""
    price_currency: Mapped[str | None]
    """ISO 4217, of the line's price list. Null: it has none, so only the provider says what its texts cost."""
    prices_fetched_until: Mapped[datetime | None]
    """Texts that were accepted before have the provider's own figure, or are too old to get one."""
    prices_due_at: Mapped[datetime | None]
    """When the provider is asked next what the line's texts cost. Null: at once."""
    silent_since: Mapped[datetime | None]
    """When the last text came, if that is longer ago than usual for this line; else null."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def is_sandbox(self) -> bool:
        """It texts only test numbers, over the built-in carrier (decision 0053)."""
        return self.provider == ProviderName.SANDBOX


class LineDefault(OrganizationRow, Base):
    """The line from which a new conversation is texted, for one country or for every other (LINE-CHOICE)."""

    __tablename__ = "line_defaults"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        Index(
            "uq_line_defaults_country", "organization_id", "country", unique=True, postgresql_nulls_not_distinct=True
        ),
    )

    line_id: Mapped[UUID]
    country: Mapped[str | None]
    """ISO 3166 alpha-2. Null: every country without a default of its own."""


class SecretKeyCheck(Base):
    """One row: a value derived from the service's secret key. A start with another key is refused."""

    __tablename__ = "secret_key_check"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DailyTexts(OrganizationRow, Base):
    """Texts accepted on a line in a day: from one sender, or in all (`sender_id` is then the line's id)."""

    __tablename__ = "daily_texts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "line_id"], ["lines.organization_id", "lines.id"]),
        UniqueConstraint("organization_id", "line_id", "day", "sender_id"),
    )

    line_id: Mapped[UUID]
    day: Mapped[date] = mapped_column(Date)
    sender_id: Mapped[UUID]
    texts: Mapped[int]
