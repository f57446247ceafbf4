"""What crosses the wire of prices and credits. Amounts are strings."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.kit.countries import COUNTRY_CODE, COUNTRY_NAMES
from api.kit.money import NOT_ZERO, AmountText, CurrencyCode, SignedAmountText, shown_amount
from api.kit.published import NO_ITEMS, NULL, Published, both_or_none
from api.kit.request_models import RequestModel
from api.kit.text import Length, SingleLine
from api.prices.credits import CreditSettings, standing_of
from api.prices.models import Credits
from api.prices.rules import MAX_PRICES, Price, Standing
from api.prices.service import LinePrices


def _known_country(given: str) -> str:
    if given not in COUNTRY_NAMES:
        raise ValueError(f"use the code of a country, such as US; {given} is not one")
    return given


Country = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_known_country), Published(COUNTRY_CODE)
]


class PriceIn(RequestModel):
    """`text` is of one segment, `picture` of a whole picture message. `country` null: every country without a price of
    its own."""

    model_config = ConfigDict(title="Price")

    country: Country | None
    text: AmountText
    picture: AmountText


class PriceOut(BaseModel):
    model_config = ConfigDict(title="LinePrice")

    country: str | None
    """ISO 3166-1 alpha-2. Null: every country without a price of its own."""
    text: str
    """Of one part of a text."""
    picture: str
    """Of a whole picture message."""


class LinePricesIn(RequestModel):
    """Without prices, and with `currency` null, the line has no price list."""

    model_config = ConfigDict(json_schema_extra=both_or_none(currency=NULL, prices=NO_ITEMS))

    currency: CurrencyCode | None
    """ISO 4217, such as USD. Null: the line has no price list."""
    prices: Annotated[list[PriceIn], Field(max_length=MAX_PRICES)]

    def wanted(self) -> LinePrices:
        return LinePrices(
            self.currency, [Price(each.country, Decimal(each.text), Decimal(each.picture)) for each in self.prices]
        )


class LinePricesOut(BaseModel):
    model_config = ConfigDict(title="LinePrices")

    currency: str | None
    """ISO 4217. Null: the line has no price list, so a text has a cost only if its provider names it."""
    prices: list[PriceOut]
    """Its prices, by country."""

    @classmethod
    def of(cls, found: LinePrices) -> "LinePricesOut":
        return cls(
            currency=found.currency,
            prices=[
                PriceOut(country=each.country, text=shown_amount(each.text), picture=shown_amount(each.picture))
                for each in found.prices
            ],
        )


class CreditsIn(RequestModel):
    """`low_below`: administrators are told once the balance is below it; null: once it is used up."""

    is_on: bool
    currency: CurrencyCode
    """ISO 4217, such as USD."""
    low_below: AmountText | None = None

    def settings(self) -> CreditSettings:
        return CreditSettings(self.is_on, self.currency, Decimal(self.low_below) if self.low_below else None)


class AddedCreditsIn(RequestModel):
    """A negative amount takes credits out."""

    amount: Annotated[SignedAmountText, Published(NOT_ZERO)]
    """A decimal number, such as 25.00. A negative one takes credits out."""
    note: Annotated[SingleLine, Length(0, 200)] = ""
    """What it was for. It stands in the audit log."""


class CreditsOut(BaseModel):
    model_config = ConfigDict(title="Credits")

    is_on: bool
    """Texts take of the balance, and none leaves that it does not cover."""
    currency: str | None
    """Null: the organization has never run on credits."""
    balance: str | None
    """What is left. Null: the organization has never run on credits."""
    low_below: str | None
    """Administrators are told once the balance is below it. Null: once it is used up."""
    standing: Standing | None
    """Null unless it runs on credits."""
    low_since: datetime | None
    """When administrators were told that the balance is low. Null once credits were added."""

    @classmethod
    def of(cls, row: Credits | None) -> "CreditsOut":
        if row is None:
            return cls(is_on=False, currency=None, balance=None, low_below=None, standing=None, low_since=None)
        return cls(
            is_on=row.is_on,
            currency=row.currency,
            balance=shown_amount(row.balance),
            low_below=shown_amount(row.low_below) if row.low_below is not None else None,
            standing=standing_of(row) if row.is_on else None,
            low_since=row.told_low_at if row.is_on else None,
        )
