"""How long an event that fails alone is tried before a person must look at it."""

from datetime import timedelta

import pytest

from api.inbound.rules import retry_after


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 0.5), (2, 2), (3, 8), (4, 32), (5, 120)])
def test_RECV_NOTHING_LOST_an_event_that_failed_alone_is_tried_again_ever_later(attempts: int, seconds: float) -> None:
    assert retry_after(attempts) == timedelta(seconds=seconds)


@pytest.mark.parametrize("attempts", [6, 7, 1000])
def test_RECV_NOTHING_LOST_after_six_tries_it_goes_to_quarantine(attempts: int) -> None:
    assert retry_after(attempts) is None
