"""MASS-HOURS as a table: weekdays, zones, changes of the clocks, and numbers whose area has several zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.away.rules import WEEKDAYS, OpeningHours
from api.broadcasts.hours import Availability, Window, next_window
from api.broadcasts.numbers import facts_of

CHICAGO, NEW_YORK, LOS_ANGELES = "America/Chicago", "America/New_York", "America/Los_Angeles"
SCHOOL_DAYS = OpeningHours({day: [(9 * 60, 17 * 60)] for day in WEEKDAYS[:5]})
LUNCH = OpeningHours({day: [(9 * 60, 12 * 60), (13 * 60, 17 * 60)] for day in WEEKDAYS})
TOUCHING = OpeningHours({day: [(0, 12 * 60), (12 * 60, 24 * 60)] for day in WEEKDAYS})


def at(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def shown(window: Window | None, zone: str) -> tuple[str, str] | None:
    if window is None:
        return None
    opens, closes = (each.astimezone(ZoneInfo(zone)) for each in (window.opens_at, window.closes_at))
    return f"{opens:%a %d %H:%M}", f"{closes:%a %d %H:%M}"


# In 2026 the clocks of the United States change on 8 March and 1 November, those of Europe on 29 March.
CASES = {
    "within both": ("2026-03-02 10:00", SCHOOL_DAYS, (CHICAGO,), ("Mon 02 09:00", "Mon 02 17:00")),
    "before the business opens": ("2026-03-02 08:30", SCHOOL_DAYS, (CHICAGO,), ("Mon 02 09:00", "Mon 02 17:00")),
    "the moment it closes": ("2026-03-02 17:00", SCHOOL_DAYS, (CHICAGO,), ("Tue 03 09:00", "Tue 03 17:00")),
    "Friday evening": ("2026-03-06 18:00", SCHOOL_DAYS, (CHICAGO,), ("Mon 09 09:00", "Mon 09 17:00")),
    "a pause at noon": ("2026-03-02 12:30", LUNCH, (CHICAGO,), ("Mon 02 13:00", "Mon 02 17:00")),
    "spans that touch": ("2026-03-02 11:00", TOUCHING, (CHICAGO,), ("Mon 02 08:00", "Mon 02 21:00")),
    "no hours of its own": ("2026-03-02 20:59", None, (CHICAGO,), ("Mon 02 08:00", "Mon 02 21:00")),
    "no hours of its own, at nine": ("2026-03-02 21:00", None, (CHICAGO,), ("Tue 03 08:00", "Tue 03 21:00")),
    "an unknown zone is the business's": ("2026-03-02 07:00", None, (), ("Mon 02 08:00", "Mon 02 21:00")),
    # Eastern is an hour ahead of the business, Pacific two behind.
    "a parent in New York, in the evening": ("2026-03-02 20:30", None, (NEW_YORK,), ("Tue 03 07:00", "Tue 03 20:00")),
    "a parent in Los Angeles, in the morning": (
        "2026-03-02 09:00",
        None,
        (LOS_ANGELES,),
        ("Mon 02 10:00", "Mon 02 23:00"),
    ),
    "the stricter of business and parent": (
        "2026-03-02 09:30",
        SCHOOL_DAYS,
        (LOS_ANGELES,),
        ("Mon 02 10:00", "Mon 02 17:00"),
    ),
    "every zone of an area with two": (
        "2026-03-02 08:30",
        None,
        ("America/Boise", LOS_ANGELES),
        ("Mon 02 10:00", "Mon 02 22:00"),
    ),
    # The night when clocks go forward is an hour shorter; the morning is at 8 all the same.
    "clocks go forward": ("2026-03-07 22:00", None, (CHICAGO,), ("Sun 08 08:00", "Sun 08 21:00")),
    "clocks go back": ("2026-10-31 22:00", None, (CHICAGO,), ("Sun 01 08:00", "Sun 01 21:00")),
    # Arizona keeps standard time: two hours behind Chicago in summer, one in winter.
    "no daylight saving, in summer": ("2026-07-01 06:00", None, ("America/Phoenix",), ("Wed 01 10:00", "Wed 01 23:00")),
    "no daylight saving, in winter": ("2026-12-01 06:00", None, ("America/Phoenix",), ("Tue 01 09:00", "Tue 01 22:00")),
    # London changes three weeks after Chicago: five hours ahead for these weeks, six otherwise.
    "between two changes of clocks": ("2026-03-20 02:00", None, ("Europe/London",), ("Fri 20 03:00", "Fri 20 16:00")),
    "after both": ("2026-04-20 01:30", None, ("Europe/London",), ("Mon 20 02:00", "Mon 20 15:00")),
    "across the date line": ("2026-03-02 12:00", None, ("Pacific/Auckland",), ("Mon 02 13:00", "Tue 03 02:00")),
    "hours that never meet": (
        "2026-03-02 12:00",
        OpeningHours({day: [(3 * 60, 6 * 60)] for day in WEEKDAYS}),
        (CHICAGO,),
        None,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_MASS_HOURS_the_stricter_of_the_business_and_the_numbers_zone(
    case: tuple[str, OpeningHours | None, tuple[str, ...], tuple[str, str] | None],
) -> None:
    moment, hours, zones, expected = case
    window = next_window(at(CHICAGO, moment), hours=hours, timezone=CHICAGO, zones=zones)
    assert shown(window, CHICAGO) == expected


def test_MASS_HOURS_with_the_override_any_hour_is_possible() -> None:
    never = OpeningHours({"monday": [(3 * 60, 6 * 60)]})
    night = at(CHICAGO, "2026-03-02 04:00")
    assert not Availability(night, hours=never, timezone=CHICAGO).is_possible((CHICAGO,))
    assert Availability(night, hours=never, timezone=CHICAGO, any_hour=True).is_possible((CHICAGO,))


EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
ZONES = ("America/Chicago", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Honolulu", "UTC")


@settings(deadline=None)
@given(
    moment=st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: EPOCH + timedelta(minutes=minutes)),
    zones=st.sets(st.sampled_from(ZONES), min_size=1, max_size=3),
    spans=st.dictionaries(
        st.sampled_from(WEEKDAYS), st.tuples(st.integers(0, 1200), st.integers(30, 240)), min_size=1, max_size=7
    ),
)
def test_MASS_HOURS_no_time_of_a_window_is_outside_of_any_zones_day(
    moment: datetime, zones: set[str], spans: dict[str, tuple[int, int]]
) -> None:
    hours = OpeningHours({day: [(opens, opens + minutes)] for day, (opens, minutes) in spans.items()})
    window = next_window(moment, hours=hours, timezone=CHICAGO, zones=sorted(zones))
    if window is None:
        return
    assert window.opens_at < window.closes_at
    assert moment < window.closes_at
    for each in (window.opens_at, window.closes_at - timedelta(microseconds=1)):
        for zone in zones:
            assert 8 <= each.astimezone(ZoneInfo(zone)).hour < 21
        local = each.astimezone(ZoneInfo(CHICAGO))
        opens, minutes = spans[WEEKDAYS[local.weekday()]]
        assert opens <= local.hour * 60 + local.minute < opens + minutes


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+13125550101", {"America/Chicago"}),
        ("+12085550101", {"America/Boise", "America/Los_Angeles"}),
        ("+447911123456", {"Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey", "Europe/London"}),
        ("+6421123456", {"Pacific/Auckland", "Pacific/Chatham"}),
        ("+12425550101", {"America/Nassau"}),
    ],
)
def test_MASS_HOURS_zones_are_those_of_the_numbers_area(number: str, zones: set[str]) -> None:
    assert set(facts_of(number).zones) == zones


def test_MASS_HOURS_a_number_without_an_area_may_be_anywhere_in_its_country() -> None:
    anywhere = set(facts_of("+61412345678").zones)
    assert {"Australia/Sydney", "Australia/Perth"} <= anywhere
    toll_free = facts_of("+18005551234").zones
    assert {"America/New_York", "Pacific/Honolulu"} <= set(toll_free)
    window = next_window(at(CHICAGO, "2026-03-02 09:00"), hours=None, timezone=CHICAGO, zones=toll_free)
    assert window is not None
    assert window.closes_at - window.opens_at < timedelta(hours=6)
