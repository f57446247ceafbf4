"""Amounts of money: a decimal number with its currency. Never a float; on the wire a string."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

PLACES = 6
"""Digits after the point that are stored. Providers charge as little as a ten-thousandth for a text."""

_SMALLEST = Decimal(1).scaleb(-PLACES)

LARGEST = Decimal(10) ** 8
"""No amount is as large. Columns have `NUMERIC(14, 6)`."""

_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str
    """ISO 4217, such as USD."""


def rounded(amount: Decimal) -> Decimal:
    """To `PLACES`, halves away from zero."""
    return amount.quantize(_SMALLEST, rounding=ROUND_HALF_UP)


def read_money(amount: object, currency: object) -> Money | None:
    """What somebody else reports as an amount and its currency. None if it is not one."""
    if isinstance(amount, bool) or not isinstance(amount, str | int) or not isinstance(currency, str):
        return None
    given, currency = str(amount).strip(), currency.strip().upper()
    if _AMOUNT.fullmatch(given) is None or _CURRENCY.fullmatch(currency) is None:
        return None
    try:
        read = rounded(Decimal(given))
    except InvalidOperation:
        return None
    return Money(read, currency) if abs(read) < LARGEST else None


def shown_amount(amount: Decimal) -> str:
    """Plain digits, with two places at least: 0.0079, 12.50."""
    digits = f"{amount:f}"
    whole, _, places = digits.partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


AmountText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,7}(\.[0-9]{1,6})?$", max_length=14)]
"""An amount in a request: a string, so that nothing on the way makes a float of it."""

SignedAmountText = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,7}(\.[0-9]{1,6})?$", max_length=15)]
NOT_ZERO = r"^-?(?!0*(\.0*)?$)[0-9]{1,7}(\.[0-9]{1,6})?$"
"""The published pattern of a `SignedAmountText` that is not 0."""

CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class MoneyOut(BaseModel):
    """A decimal number as a string, and its ISO 4217 currency."""

    model_config = ConfigDict(title="Money")

    amount: str
    """A decimal number, such as 0.0079."""
    currency: str
    """ISO 4217, such as USD."""

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> "MoneyOut":
        return cls(amount=shown_amount(amount), currency=currency)
