"""Periods and sums of usage, as pure rules."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.costs.rules import MAX_DAYS, Counted, Period, UsageKind, add_up, total

TODAY = date(2026, 11, 28)


def period(since: date | None = None, until: date | None = None, timezone: str = "America/Chicago") -> Period:
    return Period.of(since, until, today=TODAY, timezone=timezone)


def test_COST_usage_is_of_twelve_months_unless_asked_otherwise() -> None:
    assert period() == Period(date(2025, 12, 1), date(2026, 11, 29), "America/Chicago")
    assert period(until=date(2026, 1, 1)).since == date(2025, 1, 1)
    assert period(date(2026, 11, 1)).until == date(2026, 11, 29)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_COST_the_usual_period_is_always_lawful(today: date) -> None:
    assert Period.of(None, None, today=today, timezone="UTC").problem() is None


def test_COST_days_are_those_of_the_business() -> None:
    asked = period(date(2026, 3, 8), date(2026, 3, 9))  # The night in which the clocks went forward.

    assert asked.starts_at == datetime(2026, 3, 8, 6, tzinfo=UTC)
    assert asked.ends_at == datetime(2026, 3, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until"), [(date(2026, 1, 2), date(2026, 1, 2)), (date(2025, 1, 1), date(2026, 2, 6))]
)
def test_COST_a_question_is_bounded(since: date, until: date) -> None:
    assert period(since, until).problem() is not None
    assert MAX_DAYS == 400


COUNTED = st.builds(
    lambda key, kind, currency, texts, cost: Counted(
        key=key,
        kind=kind,
        currency=currency,
        texts=texts,
        segments=2 * texts,
        pictures=0,
        failed=1,
        cost=cost if currency else Decimal(0),
        priced=texts if currency else 0,
        by_provider=0,
    ),
    st.sampled_from(["a", "b", None]),
    st.sampled_from(UsageKind),
    st.sampled_from(["USD", "NZD", None]),
    st.integers(1, 1_000),
    st.decimals(min_value=0, max_value=1_000, places=6),
)


@given(st.lists(COUNTED, max_size=30))
def test_COST_sums_of_groups_are_the_sum_of_all(counted: list[Counted]) -> None:
    groups, whole = add_up(counted), total(counted)

    for name in ("texts", "segments", "failed", "without_cost"):
        assert sum(getattr(each, name) for each in groups.values()) == getattr(whole, name)
    for currency in ("USD", "NZD"):
        parts = [each.costs.get(currency, Decimal(0)) for each in groups.values()]
        assert sum(parts, Decimal(0)) == whole.costs.get(currency, Decimal(0))
    # Nothing without a cost is counted as if it had cost 0.
    assert whole.without_cost == sum(each.texts for each in counted if each.currency is None)
