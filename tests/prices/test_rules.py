"""Price lists, costs and credits, as pure rules."""

from decimal import Decimal

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.conversations.message_rules import segments
from api.kit.money import LARGEST, PLACES, Money, read_money, rounded, shown_amount
from api.kit.phone import possible_countries
from api.lines.rules import ONE_COUNTRY
from api.prices.rules import (
    MAIN_COUNTRIES,
    Allowance,
    Cost,
    CostSource,
    Estimate,
    Price,
    PriceList,
    Standing,
    by_provider,
    credits_used,
    problems,
    settled_cost,
    standing,
    tells_low,
)
from api.providers.port import MessageStatus

AMOUNTS = st.decimals(min_value=0, max_value=1_000, places=PLACES)
ANY_AMOUNTS = st.decimals(min_value=-1_000, max_value=1_000, places=PLACES)
USD, NZD = "USD", "NZD"


def price(country: str | None, text: str, picture: str = "0.03") -> Price:
    return Price(country, Decimal(text), Decimal(picture))


LIST = PriceList.of(USD, [price("US", "0.0079"), price("GB", "0.04"), price("CA", "0.0085"), price(None, "0.1", "0.5")])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("+13125550101", "0.0079"),
        ("+14165550101", "0.0085"),  # Toronto: +1 is not one country.
        ("+447911123456", "0.04"),
        ("+447797712345", "0.04"),  # Jersey counts as the United Kingdom.
        ("+17875550101", "0.0079"),  # Puerto Rico counts as the United States.
        ("+6421123456", "0.1"),  # Elsewhere.
        ("+18765550123", "0.1"),  # Jamaica.
    ],
)
def test_COST_a_text_has_the_price_of_its_numbers_country(number: str, text: str) -> None:
    found = LIST.price(number)

    assert found is not None
    assert found.text == Decimal(text)


def test_COST_a_territory_may_have_a_price_of_its_own() -> None:
    prices = PriceList.of(USD, [price("GB", "0.04"), price("JE", "0.09")])

    london, jersey, guernsey = "+442079460123", "+447797712345", "+447911123456"
    assert [prices.price(number) for number in (london, jersey, guernsey)] == [
        price("GB", "0.04"),
        price("JE", "0.09"),
        price("GB", "0.04"),
    ]
    assert prices.price("+13125550101") is None


def test_COST_each_group_of_one_country_has_its_country() -> None:
    for group in ONE_COUNTRY:
        (main,) = group & MAIN_COUNTRIES
        code = phonenumbers.country_code_for_region(main)
        assert phonenumbers.region_code_for_country_code(code) == main


def test_COST_a_number_of_several_countries_has_the_dearest_price() -> None:
    ambiguous = "+12223334444"
    assert len(possible_countries(ambiguous)) > 1
    prices = PriceList.of(USD, [price("US", "0.01"), price("CA", "0.02")])

    found = prices.price(ambiguous)

    assert found is not None
    assert found.text == Decimal("0.02")


@pytest.mark.parametrize("number", ["12345", "312GYMTEAM", "erased:7", ""])
def test_COST_what_is_not_a_phone_number_has_no_price(number: str) -> None:
    assert LIST.cost(number, segments=1, has_media=False) is None


@given(text=AMOUNTS, picture=AMOUNTS, body=st.text(max_size=400))
def test_COST_a_text_costs_its_segments_and_a_picture_message_once(text: Decimal, picture: Decimal, body: str) -> None:
    prices = PriceList.of(USD, [Price("US", text, picture)])
    count = segments(body).count

    assert prices.cost("+13125550101", segments=count, has_media=False) == Money(text * count, USD)
    assert prices.cost("+13125550101", segments=1, has_media=True) == Money(picture, USD)


@given(st.lists(st.tuples(st.sampled_from(["+13125550101", "+447911123456", "+6421123456"]), st.integers(1, 12))))
def test_COST_an_estimate_is_the_exact_sum_of_its_texts(texts: list[tuple[str, int]]) -> None:
    estimate = Estimate()
    for number, count in texts:
        estimate.add(LIST, number, segments=count, has_media=False)
        estimate.add(None, number, segments=count, has_media=False)

    each = [LIST.cost(number, segments=count, has_media=False) for number, count in texts]
    assert estimate.costs.get(USD, Decimal(0)) == sum((one.amount for one in each if one), Decimal(0))
    assert estimate.without_price == len(texts)


def test_COST_a_price_list_names_its_currency_and_each_country_once() -> None:
    one = price("US", "0.01")
    assert problems(USD, [one, price(None, "0.1")]) == []
    assert problems(None, []) == []
    assert problems(None, [one])[0][0] == "/currency"
    assert problems(USD, [])[0][0] == "/prices"
    assert problems(USD, [one, one])[0][0] == "/prices/1/country"


# Money.


@pytest.mark.parametrize(
    ("amount", "currency", "read"),
    [
        ("-0.00750", "USD", Money(Decimal("-0.0075"), USD)),
        ("0.0051", "usd", Money(Decimal("0.0051"), USD)),
        (0, "USD", Money(Decimal(0), USD)),
        ("0.0000005", "USD", Money(Decimal("0.000001"), USD)),
        ("0.00000049", "USD", Money(Decimal(0), USD)),
        ("100000000", "USD", None),
        ("1e5", "USD", None),
        ("NaN", "USD", None),
        ("", "USD", None),
        (0.5, "USD", None),  # A float has lost its digits already.
        (True, "USD", None),
        (None, "USD", None),
        ("0.5", None, None),
        ("0.5", "US", None),
        ("0.5", "DOLLARS", None),
    ],
)
def test_COST_reads_what_a_provider_names_and_no_more(amount: object, currency: object, read: Money | None) -> None:
    assert read_money(amount, currency) == read


@given(st.text(max_size=30), st.text(max_size=5))
def test_COST_reading_an_amount_never_raises(amount: str, currency: str) -> None:
    read = read_money(amount, currency)
    assert read is None or abs(read.amount) < LARGEST


@given(st.decimals(min_value=-10_000, max_value=10_000, places=9))
def test_COST_rounding_moves_by_half_of_the_smallest_at_most(amount: Decimal) -> None:
    assert abs(rounded(amount) - amount) <= Decimal("0.0000005")
    assert rounded(rounded(amount)) == rounded(amount)


@given(ANY_AMOUNTS)
def test_COST_an_amount_is_shown_exactly(amount: Decimal) -> None:
    shown = shown_amount(amount)
    assert Decimal(shown) == amount
    assert len(shown.partition(".")[2]) >= 2
    assert not shown.endswith("000")


# What it has cost, and credits.


def listed(amount: str, currency: str = USD) -> Cost:
    return Cost(Decimal(amount), currency, CostSource.LIST)


@pytest.mark.parametrize("status", list(MessageStatus))
def test_COST_a_failed_text_costs_nothing_unless_its_provider_says_so(status: MessageStatus) -> None:
    by_list, named = listed("0.01"), by_provider(Money(Decimal("-0.001"), USD))

    assert settled_cost(by_list, status=status) == (None if status is MessageStatus.FAILED else by_list)
    assert settled_cost(named, status=status) == Cost(Decimal("0.001"), USD, CostSource.PROVIDER)
    assert settled_cost(None, status=status) is None


@pytest.mark.parametrize("status", list(MessageStatus))
def test_COST_failed_texts_use_no_credits_and_undelivered_ones_do(status: MessageStatus) -> None:
    taken = Decimal("0.01")
    expected = Decimal(0) if status is MessageStatus.FAILED else Decimal("0.02")

    assert credits_used(listed("0.02"), status=status, currency=USD, taken=taken) == expected
    # A figure that cannot be compared changes nothing.
    same = Decimal(0) if status is MessageStatus.FAILED else taken
    assert credits_used(listed("0.02", NZD), status=status, currency=USD, taken=taken) == same
    assert credits_used(None, status=status, currency=USD, taken=taken) == same


COSTS = AMOUNTS.map(lambda each: Cost(each, USD, CostSource.LIST))


@given(left=ANY_AMOUNTS, costs=st.lists(st.one_of(st.none(), COSTS)))
def test_COST_credits_never_go_below_zero_by_what_they_do_not_cover(left: Decimal, costs: list[Cost | None]) -> None:
    allowed = Allowance(left, USD)

    took = [allowed.take(each) for each in costs]

    assert allowed.left >= min(left, Decimal(0))
    assert allowed.left == left - sum((each for each in took if each is not None), Decimal(0))
    assert left > 0 or all(each is None for each in took)
    for cost, each in zip(costs, took, strict=True):
        assert each in (None, cost.amount if cost else 0)


def test_COST_a_confirmation_leaves_although_nothing_is_left() -> None:
    allowed = Allowance(Decimal(0), USD)

    assert allowed.take(listed("0.01")) is None
    assert allowed.take(listed("0.01"), always=True) == Decimal("0.01")
    assert allowed.left == Decimal("-0.01")


@pytest.mark.parametrize(
    ("balance", "low_below", "stands"),
    [
        ("10", "5", Standing.ENOUGH),
        ("5", "5", Standing.ENOUGH),
        ("4.999999", "5", Standing.LOW),
        ("0", "5", Standing.USED_UP),
        ("-1", None, Standing.USED_UP),
        ("0.000001", None, Standing.ENOUGH),
    ],
)
def test_COST_low_and_used_up(balance: str, low_below: str | None, stands: Standing) -> None:
    low = Decimal(low_below) if low_below else None

    assert standing(Decimal(balance), low_below=low) is stands
    assert tells_low(Decimal(balance), low_below=low, is_told=False) is (stands is not Standing.ENOUGH)
    assert not tells_low(Decimal(balance), low_below=low, is_told=True)
