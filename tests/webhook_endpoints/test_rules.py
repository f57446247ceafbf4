"""HOOK: when an event is posted again, when an endpoint is switched off, and where nothing is posted to."""

from datetime import timedelta
from ipaddress import ip_network
from typing import get_args

import pytest

from api.events.rules import PUBLIC
from api.webhook_endpoints.rules import (
    WAITS,
    DeliveryState,
    DisabledReason,
    End,
    Outcome,
    Retry,
    address_problem,
    capacity,
    next_step,
    outcome_of,
    types_of,
    url_problem,
    why_switched_off,
)
from api.webhook_endpoints.schemas import PublicEventType

DAYS = timedelta(days=1)
TEN = (ip_network("10.0.0.0/8"),)


def test_an_endpoint_can_subscribe_to_exactly_the_public_types() -> None:
    assert get_args(PublicEventType) == PUBLIC
    assert types_of([]) == list(PUBLIC)
    assert types_of(["message.sent", "of.a_later_version"]) == [PUBLIC[1]]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (301, "failed"),
        (302, "failed"),
        (400, "failed"),
        (404, "failed"),
        (410, "gone"),
        (429, "failed"),
        (500, "failed"),
        (199, "failed"),
        (None, "failed"),
    ],
)
def test_HOOK_2xx_delivers_and_nothing_else_does(status: int | None, outcome: str) -> None:
    assert outcome_of(status) == outcome


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_HOOK_failures_are_retried_for_three_days_with_backoff_and_jitter(chance: float) -> None:
    waited, waits, tries = timedelta(), [], 1
    while isinstance(step := next_step(Outcome.FAILED, tries=tries, left=3 * DAYS - waited, chance=chance), Retry):
        waits.append(step.wait)
        waited += step.wait
        tries += 1
    assert step == End(DeliveryState.FAILED)
    factor = 0.8 + 0.4 * chance
    assert waits[: len(WAITS)] == pytest.approx([factor * each for each in WAITS], abs=timedelta(milliseconds=1))
    assert set(waits[len(WAITS) :]) == {waits[len(WAITS) - 1]}
    assert waited - waits[-1] < 3 * DAYS <= waited, "The last attempt comes after three days."
    assert 15 <= tries <= 25


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 24), (0.5, 30), (1.0, 36)])
def test_HOOK_jitter_is_a_fifth(chance: float, seconds: int) -> None:
    assert next_step(Outcome.FAILED, tries=2, left=DAYS, chance=chance) == Retry(timedelta(seconds=seconds))


def test_HOOK_retry_after_lengthens_a_wait_and_never_shortens_it() -> None:
    assert next_step(Outcome.FAILED, tries=1, left=DAYS, chance=0.5, retry_after=60.0) == Retry(timedelta(seconds=60))
    assert next_step(Outcome.FAILED, tries=5, left=DAYS, chance=0.5, retry_after=60.0) == Retry(WAITS[4])


def test_HOOK_a_delivery_ends_when_it_is_delivered_or_its_event_is_gone() -> None:
    assert next_step(Outcome.DELIVERED, tries=1, left=DAYS, chance=0) == End(DeliveryState.DELIVERED)
    assert next_step(Outcome.EXPIRED, tries=1, left=DAYS, chance=0) == End(DeliveryState.FAILED)
    assert next_step(Outcome.FAILED, tries=1, left=-DAYS, chance=0) == End(DeliveryState.FAILED)


@pytest.mark.parametrize(
    ("outcome", "failing_for", "failures", "reason"),
    [
        (Outcome.FAILED, 3 * DAYS, 8, DisabledReason.FAILING),
        (Outcome.FAILED, 3 * DAYS, 7, None),
        (Outcome.FAILED, 2.9 * DAYS, 80, None),
        (Outcome.GONE, timedelta(), 1, DisabledReason.GONE),
        (Outcome.DELIVERED, 9 * DAYS, 99, None),
        (Outcome.EXPIRED, 9 * DAYS, 99, None),
    ],
)
def test_HOOK_an_endpoint_that_fails_for_long_or_is_gone_is_switched_off(
    outcome: Outcome, failing_for: timedelta, failures: int, reason: DisabledReason | None
) -> None:
    assert why_switched_off(outcome, failing_for=failing_for, failures=failures) == reason


def test_a_failing_endpoint_gets_one_post_at_a_time() -> None:
    assert [capacity(is_failing=False, in_flight=each) for each in (0, 4, 5, 6)] == [5, 1, 0, 0]
    assert [capacity(is_failing=True, in_flight=each) for each in (0, 1, 2)] == [1, 0, 0]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hooks",
        "ftp://example.com/",
        "https://",
        "https:///path",
        "https://user:password@example.com/",
        "https://example.com/#part",
        "https://example.com/#",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/a\tb",
        "https://exämple.com/",
        "https://[::1/",
        "https://example.com\\@10.0.0.1/",
    ],
)
def test_addresses_that_cannot_be_posted_to_are_refused(url: str) -> None:
    assert url_problem(url) is not None


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "https://example.com:8443/a/b?c=d%20e", "http://10.0.0.1:80/", "https://[2606:4700::1]/"],
)
def test_addresses_of_the_right_form_are_taken(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "::",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "not an address",
    ],
)
def test_HOOK_no_call_to_a_private_address(ip: str) -> None:
    assert address_problem("https://example.com/", [ip], ()) is not None
    assert address_problem("https://example.com/", ["8.8.8.8", ip], ()) is not None


def test_HOOK_the_operator_can_allow_private_networks_with_http_too() -> None:
    assert address_problem("https://example.com/", ["10.1.2.3"], TEN) is None
    assert address_problem("http://example.com/", ["10.1.2.3"], TEN) is None
    assert address_problem("https://example.com/", ["::ffff:10.1.2.3"], TEN) is None
    assert address_problem("https://example.com/", ["192.168.1.1"], TEN) is not None
    assert address_problem("https://example.com/", ["8.8.8.8", "2606:4700::1"], TEN) is None
    assert address_problem("http://example.com/", ["8.8.8.8"], TEN) is not None
    assert address_problem("http://example.com/", ["8.8.8.8", "10.1.2.3"], TEN) is not None
    assert address_problem("https://example.com/", [], TEN) is not None
