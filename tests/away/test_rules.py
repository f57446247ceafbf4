"""Opening hours and who gets the away message, as rules. Times are local; the zones change their clocks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.away.rules import (
    DAY,
    MACHINE_ANSWERS,
    MAX_PER_DAY,
    MINUTES,
    WEEKDAYS,
    Answered,
    ClosedPeriod,
    OpeningHours,
    Span,
    closed_period,
    may_answer,
)

CHICAGO = "America/Chicago"
DESK = OpeningHours(
    {day: [(9 * 60, 12 * 60), (13 * 60, 17 * 60)] for day in WEEKDAYS[:5]} | {"saturday": [(9 * 60, 12 * 60)]}
)
LATE = OpeningHours({"friday": [(18 * 60, MINUTES)], "saturday": [(0, 2 * 60)]})
NIGHT = OpeningHours({"sunday": [(90, 150), (210, 240)]})


def local(text: str, zone: str = CHICAGO, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


PERIODS: list[tuple[OpeningHours, str, tuple[str, str] | None]] = [
    (DESK, "2026-11-25T09:00", None),
    (DESK, "2026-11-25T08:59", ("2026-11-24T17:00", "2026-11-25T09:00")),
    (DESK, "2026-11-25T12:00", ("2026-11-25T12:00", "2026-11-25T13:00")),
    (DESK, "2026-11-25T16:59", None),
    (DESK, "2026-11-25T17:00", ("2026-11-25T17:00", "2026-11-26T09:00")),
    # The weekend is one closed period.
    (DESK, "2026-11-28T12:30", ("2026-11-28T12:00", "2026-11-30T09:00")),
    (DESK, "2026-11-29T23:59", ("2026-11-28T12:00", "2026-11-30T09:00")),
    # The clocks go back on 1 November and forward on 8 March: it opens at 9 by the clock on the wall.
    (DESK, "2026-11-01T12:00", ("2026-10-31T12:00", "2026-11-02T09:00")),
    (DESK, "2026-03-08T12:00", ("2026-03-07T12:00", "2026-03-09T09:00")),
    # Past midnight.
    (LATE, "2026-11-28T00:00", None),
    (LATE, "2026-11-28T01:59", None),
    (LATE, "2026-11-28T02:00", ("2026-11-28T02:00", "2026-12-04T18:00")),
    # Never open: each local day is a period, of 25 hours when the clocks go back.
    (OpeningHours({}), "2026-11-01T12:00", ("2026-11-01T00:00", "2026-11-02T00:00")),
]


@pytest.mark.parametrize(("hours", "at", "expected"), PERIODS)
def test_a_business_is_closed_from_closing_to_opening(
    hours: OpeningHours, at: str, expected: tuple[str, str] | None
) -> None:
    period = closed_period(hours, at=local(at), timezone=CHICAGO)
    assert period == (ClosedPeriod(local(expected[0]), local(expected[1])) if expected else None)


def test_hours_in_the_night_when_the_clocks_change() -> None:
    # 01:30 comes twice on 1 November: the span from 01:30 to 02:30 takes two hours.
    opens, closes = local("2026-11-01T01:30"), local("2026-11-01T02:30")
    assert closes - opens == timedelta(hours=2)
    for minutes in range(0, 120, 15):
        assert closed_period(NIGHT, at=opens + timedelta(minutes=minutes), timezone=CHICAGO) is None
    # 02:30 does not come on 8 March: the span ends at 03:30 by the new time, where the next one begins.
    assert closed_period(NIGHT, at=local("2026-03-08T03:15"), timezone=CHICAGO) is None
    assert closed_period(NIGHT, at=local("2026-03-08T03:30"), timezone=CHICAGO) is None
    assert closed_period(NIGHT, at=local("2026-03-08T04:00"), timezone=CHICAGO) is not None


@st.composite
def weeks(draw: st.DrawFn) -> OpeningHours:
    spans: dict[str, Sequence[Span]] = {}
    for day in WEEKDAYS:
        edges = sorted(draw(st.sets(st.integers(0, MINUTES // 15), max_size=6)))
        spans[day] = [(opens * 15, closes * 15) for opens, closes in zip(edges[::2], edges[1::2], strict=False)]
    hours = OpeningHours(spans)
    assert all(hours.problem(day) is None for day in WEEKDAYS)
    return hours


ZONES = st.sampled_from([CHICAGO, "Pacific/Auckland", "Australia/Lord_Howe", "Europe/London", "UTC", "Asia/Kolkata"])
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda span: datetime(2026, 1, 1, tzinfo=UTC) + span)


@given(hours=weeks(), at=MOMENTS, zone=ZONES)
def test_every_moment_of_a_closed_period_is_in_that_period(hours: OpeningHours, at: datetime, zone: str) -> None:
    assert OpeningHours.read(hours.stored()).stored() == hours.stored()
    period = closed_period(hours, at=at, timezone=zone)
    assume(period is not None and any(hours.spans.values()))
    assert period is not None
    assert period.since <= at < period.until
    for part in range(5):
        moment = period.since + (period.until - period.since) * part / 5
        assert closed_period(hours, at=moment, timezone=zone) == period
    assert closed_period(hours, at=period.until, timezone=zone) is None


@given(
    hours=weeks(),
    zone=ZONES,
    start=MOMENTS,
    gaps=st.lists(st.timedeltas(timedelta(0), timedelta(hours=30)), min_size=1, max_size=40),
)
def test_a_number_gets_it_once_a_closed_period_and_seldom_a_day(
    hours: OpeningHours, zone: str, start: datetime, gaps: list[timedelta]
) -> None:
    """Whenever the texts come, also from a machine that answers each away message at once."""
    sent: list[datetime] = []
    at = start
    for gap in gaps:
        at += gap
        period = closed_period(hours, at=at, timezone=zone)
        if period is None:
            continue
        last = sent[-1] if sent else None
        if may_answer(Answered(away=sent, automatic=last), period, at=at):
            assert not any(each >= period.since for each in sent)
            assert last is None or at - last >= MACHINE_ANSWERS
            sent.append(at)
    for each in sent:
        assert sum(each <= other < each + DAY for other in sent) <= MAX_PER_DAY


def test_a_number_that_a_person_wrote_to_just_now_gets_none() -> None:
    at = local("2026-11-25T18:00")
    period = ClosedPeriod(local("2026-11-25T17:00"), local("2026-11-26T09:00"))
    assert not may_answer(Answered(person=at - timedelta(minutes=14)), period, at=at)
    assert may_answer(Answered(person=at - timedelta(minutes=15)), period, at=at)


@pytest.mark.parametrize(
    ("spans", "problem"),
    [
        ([(60, 60)], "A span closes"),
        ([(120, 60)], "A span closes"),
        ([(0, 120), (60, 180)], "The spans"),
        ([(120, 180), (0, 60)], "The spans"),
        ([(each * 20, each * 20 + 10) for each in range(7)], "A day has"),
    ],
)
def test_hours_that_contradict_each_other_are_refused(spans: list[Span], problem: str) -> None:
    assert (OpeningHours({"monday": spans}).problem("monday") or "").startswith(problem)
