"""Pace, retries, and when reconciliation ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.delivery.rules import MAX_ATTEMPTS, RECONCILE_FOR, REPEAT_FOR, Pace, backoff, may_repeat, pace, reconcile_wait

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)

DOUBLING = [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]


@pytest.mark.parametrize(("attempts", "seconds"), list(enumerate(DOUBLING, start=1)))
def test_a_retry_waits_twice_as_long_each_time_up_to_two_minutes(attempts: int, seconds: int) -> None:
    assert backoff(attempts, jitter=1.0) == timedelta(seconds=seconds)
    assert backoff(attempts, jitter=0.0) == timedelta(seconds=seconds / 2)


@given(st.integers(min_value=1, max_value=500), st.floats(min_value=0, max_value=1))
def test_jitter_spreads_a_retry_over_the_upper_half_of_its_wait(attempts: int, jitter: float) -> None:
    wait = backoff(attempts, jitter=jitter)
    assert backoff(attempts, jitter=0) <= wait <= backoff(attempts, jitter=1) <= timedelta(seconds=120)


@pytest.mark.parametrize(("asked", "seconds"), [(None, 0.5), (0.0, 0.5), (0.1, 0.5), (30.0, 30.0), (600.0, 600.0)])
def test_a_retry_waits_at_least_as_long_as_the_provider_asks(asked: float | None, seconds: float) -> None:
    assert backoff(1, jitter=0.0, retry_after_seconds=asked) == timedelta(seconds=seconds)


def test_a_message_is_tried_several_times_within_a_few_minutes() -> None:
    """Long enough for a provider's hiccup, short enough that staff hear of it while it matters."""
    waits = [backoff(attempts, jitter=1.0) for attempts in range(1, MAX_ATTEMPTS)]
    assert timedelta(minutes=1) < sum(waits, timedelta()) < timedelta(minutes=10)


@pytest.mark.parametrize(("attempts", "seconds"), list(enumerate([2, 6, 18, 54, 162, 486, 600, 600])))
def test_SEND_NEVER_TWICE_an_unknown_outcome_is_reconciled_soon_then_ever_more_rarely(
    attempts: int, seconds: int
) -> None:
    assert reconcile_wait(attempts) == timedelta(seconds=seconds)


def test_SEND_NEVER_TWICE_an_unknown_outcome_is_reconciled_for_a_day() -> None:
    assert timedelta(hours=24) == RECONCILE_FOR
    waited, attempts = timedelta(), 0
    while waited < RECONCILE_FOR:
        waited += reconcile_wait(attempts)
        attempts += 1
    assert 100 < attempts < 300


# Pace.


def test_a_line_without_a_limit_lets_everything_go() -> None:
    assert pace(next_send_at=LONG_AGO, now=NOW, per_second=None, waiting=500) == Pace(500, LONG_AGO)


def test_one_a_second_lets_one_go_and_spaces_the_others_by_a_second() -> None:
    decided = pace(next_send_at=LONG_AGO, now=NOW, per_second=1, waiting=4)
    assert decided.granted == 1
    assert decided.next_send_at == NOW + timedelta(seconds=1)


def test_ten_a_second_lets_a_second_s_worth_go_after_a_rest() -> None:
    decided = pace(next_send_at=LONG_AGO, now=NOW, per_second=10, waiting=50)
    assert decided.granted == 10
    assert decided.next_send_at == NOW + timedelta(milliseconds=100)


def test_a_slow_line_waits_its_whole_interval() -> None:
    decided = pace(next_send_at=LONG_AGO, now=NOW, per_second=0.1, waiting=2)
    assert decided.granted == 1
    assert decided.next_send_at == NOW + timedelta(seconds=10)


def test_a_line_whose_next_slot_lies_ahead_lets_nothing_go() -> None:
    ahead = NOW + timedelta(milliseconds=1)
    decided = pace(next_send_at=ahead, now=NOW, per_second=1, waiting=2)
    assert (decided.granted, decided.next_send_at) == (0, ahead)


@settings(max_examples=150, deadline=None)
@given(
    st.floats(min_value=0.05, max_value=200),
    st.lists(st.tuples(st.floats(min_value=0, max_value=5), st.integers(min_value=0, max_value=300)), max_size=25),
)
def test_no_window_ever_holds_more_than_its_worth_and_one_burst(
    per_second: float, claims: list[tuple[float, int]]
) -> None:
    """Whatever the claims, in any span the line sends at most its rate times the span, and one burst."""
    burst = max(1.0, per_second)
    next_send_at, now = LONG_AGO, NOW
    sent: list[datetime] = []
    for pause, waiting in claims:
        now += timedelta(seconds=pause)
        decided = pace(next_send_at=next_send_at, now=now, per_second=per_second, waiting=waiting)
        assert 0 <= decided.granted <= waiting
        assert decided.granted == waiting or decided.next_send_at > now, "the free slots are used"
        assert decided.granted > 0 or waiting == 0 or next_send_at > now, "a free slot is used"
        next_send_at = decided.next_send_at
        sent += [now] * decided.granted
    for first, start in enumerate(sent):
        if first and sent[first - 1] == start:
            continue
        for last in range(first, len(sent)):
            if last + 1 < len(sent) and sent[last + 1] == sent[last]:
                continue
            span = (sent[last] - start).total_seconds()
            # Slots are kept in whole microseconds, so a rate is met to within one in ten thousand.
            assert last - first + 1 <= (burst + per_second * span) * 1.0002 + 1e-6


@pytest.mark.parametrize(
    ("allowed", "is_last", "since_claim", "repeated"),
    [
        (True, True, timedelta(0), True),
        (True, True, REPEAT_FOR, True),
        (True, True, REPEAT_FOR + timedelta(seconds=1), False),
        (False, True, timedelta(0), False),
        (True, False, timedelta(0), False),
        (False, False, timedelta(days=1), False),
    ],
)
def test_OPTIN_DISPATCH_SEND_ORDER_a_text_is_repeated_only_if_it_could_be_sent_now(
    allowed: bool, is_last: bool, since_claim: timedelta, repeated: bool
) -> None:
    assert may_repeat(allowed=allowed, is_last=is_last, since_claim=since_claim) is repeated


def test_SEND_NEVER_TWICE_repeating_ends_long_before_the_provider_forgets_the_key() -> None:
    assert timedelta(hours=24) / 2 >= REPEAT_FOR
