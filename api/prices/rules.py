"""The cost of a text by a price list or by its provider, and what it takes of the credits (COST). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from api.kit.money import Money, rounded, shown_amount
from api.kit.phone import possible_countries
from api.lines.rules import ONE_COUNTRY
from api.providers.port import MessageStatus

MAX_PRICES = 260
"""Of one line: each country once, and every other country."""

NO_CREDITS_CODE = "no_credits"
"""The error code of a text that the credits did not cover when it was to leave."""

NO_CREDITS = "Not sent: the organization's credits are used up. An administrator can add credits."


MAIN_COUNTRIES = frozenset({"GB", "US", "AU", "FI", "NO", "IT", "MA", "GP", "RE", "CW", "SH"})
"""The country of each `ONE_COUNTRY` as which its territories count."""


class CostSource(StrEnum):
    LIST = "list"
    """The line's price list, as it was when the text was sent."""
    PROVIDER = "provider"
    """The provider's own figure."""


@dataclass(frozen=True, slots=True)
class Price:
    country: str | None
    """ISO 3166 alpha-2. None: every country without a price of its own."""
    text: Decimal
    """Of one segment."""
    picture: Decimal
    """Of a whole picture message."""

    def of(self, *, segments: int, has_media: bool) -> Decimal:
        return rounded(self.picture if has_media else self.text * segments)


@dataclass(frozen=True)
class PriceList:
    """A line's prices, all in one currency."""

    currency: str
    by_country: Mapping[str, Price]
    elsewhere: Price | None

    @classmethod
    def of(cls, currency: str, prices: Sequence[Price]) -> "PriceList":
        """A country's price is that of its territories too, unless they have prices of their own."""
        given = {each.country: each for each in prices if each.country is not None}
        spread = {
            territory: given[country]
            for group in ONE_COUNTRY
            for country in group & MAIN_COUNTRIES & given.keys()
            for territory in group - given.keys()
        }
        elsewhere = next((each for each in prices if each.country is None), None)
        return cls(currency, MappingProxyType({**spread, **given}), elsewhere)

    def price(self, number: str) -> Price | None:
        """The price of texting this number; None if the list has none.

        A number that may belong to several countries has the dearest of their prices: an estimate is not too low.
        """
        countries = possible_countries(number)
        if not countries:
            return None
        known = [self.by_country.get(country, self.elsewhere) for country in countries]
        found = [price for price in known if price is not None]
        return max(found, key=lambda price: (price.text, price.picture), default=None)

    def cost(self, number: str, *, segments: int, has_media: bool) -> Money | None:
        price = self.price(number)
        if price is None:
            return None
        return Money(price.of(segments=segments, has_media=has_media), self.currency)


def problems(currency: str | None, prices: Sequence[Price]) -> list[tuple[str, str]]:
    """What is wrong with a price list, by JSON pointer."""
    if prices and currency is None:
        return [("/currency", "Say in which currency the prices are.")]
    if currency is not None and not prices:
        return [("/prices", "Give a price at least, or no currency for no price list.")]
    seen: set[str | None] = set()
    found: list[tuple[str, str]] = []
    for place, each in enumerate(prices):
        if each.country in seen:
            found.append((f"/prices/{place}/country", "This country has a price already."))
        seen.add(each.country)
    return found


@dataclass(frozen=True, slots=True)
class Cost:
    amount: Decimal
    currency: str
    source: CostSource


def by_provider(price: Money) -> Cost:
    """The provider's own figure stands for good; a later one replaces it. Some name what they take as negative."""
    return Cost(abs(price.amount), price.currency, CostSource.PROVIDER)


def settled_cost(cost: Cost | None, *, status: MessageStatus) -> Cost | None:
    """What a text has cost, by its status. A failed one costs nothing, unless its provider says otherwise."""
    if cost is not None and cost.source is CostSource.LIST and status is MessageStatus.FAILED:
        return None
    return cost


def credits_used(cost: Cost | None, *, status: MessageStatus, currency: str, taken: Decimal) -> Decimal:
    """What a text takes of credits in this currency, of which it has `taken` some when it left.

    A failed text takes none, whatever its provider charges. A figure in another currency changes nothing.
    """
    if status is MessageStatus.FAILED:
        return Decimal(0)
    return taken if cost is None or cost.currency != currency else cost.amount


class Standing(StrEnum):
    """How an organization's credits stand."""

    ENOUGH = "enough"
    LOW = "low"
    USED_UP = "used_up"


def standing(balance: Decimal, *, low_below: Decimal | None) -> Standing:
    if balance <= 0:
        return Standing.USED_UP
    return Standing.LOW if low_below is not None and balance < low_below else Standing.ENOUGH


def tells_low(balance: Decimal, *, low_below: Decimal | None, is_told: bool) -> bool:
    """Whether administrators are told now that the balance is low: once a crossing.

    Adding credits, not a text that failed after all, makes the next crossing a new one.
    """
    return not is_told and standing(balance, low_below=low_below) is not Standing.ENOUGH


@dataclass
class Allowance:
    """The credits that are left while texts of one batch are taken from them in turn."""

    left: Decimal
    currency: str
    used: Decimal = Decimal(0)

    def take(self, cost: Cost | None, *, always: bool = False) -> Decimal | None:
        """What the text takes. None if the credits do not cover it, and it does not leave `always`.

        With nothing left, a text whose cost is not known does not leave either.
        """
        wanted = cost.amount if cost is not None and cost.currency == self.currency else Decimal(0)
        if not always and (self.left <= 0 or wanted > self.left):
            return None
        self.left -= wanted
        self.used += wanted
        return wanted


@dataclass
class Estimate:
    """What many texts will cost, by the price lists of their lines."""

    costs: dict[str, Decimal] = field(default_factory=dict)
    """By currency."""
    without_price: int = 0
    """Texts whose line has no price for their number."""

    def add(self, prices: PriceList | None, number: str, *, segments: int, has_media: bool) -> None:
        cost = prices.cost(number, segments=segments, has_media=has_media) if prices is not None else None
        if cost is None:
            self.without_price += 1
        else:
            self.costs[cost.currency] = self.costs.get(cost.currency, Decimal(0)) + cost.amount

    def as_json(self) -> dict[str, Any]:
        """With amounts as strings: JSON's numbers are read as floats."""
        costs = {currency: shown_amount(amount) for currency, amount in sorted(self.costs.items())}
        return {"costs": costs, "without_price": self.without_price}
