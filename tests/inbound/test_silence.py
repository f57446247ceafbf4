"""A line that has been silent for longer than it ever is: the rule, and where it is said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from hypothesis import given
from hypothesis import strategies as st

from api.inbound.rules import CHANCE, HISTORY, HOUR, silent_since
from api.inbound.silence import check_silence
from api.lines import queries as lines
from tests.support.world import World

CHICAGO = ZoneInfo("America/Chicago")
MONDAY = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)
"""9 in the morning in Chicago."""


def office_hours(weeks: int, *, until: datetime) -> set[datetime]:
    """A text in each hour from 9 to 17 on weekdays, Chicago time."""
    hours = [until - index * HOUR for index in range(weeks * 7 * 24)]
    return {
        hour for hour in hours if hour.astimezone(CHICAGO).weekday() < 5 and 9 <= hour.astimezone(CHICAGO).hour < 17
    }


def silent(hours: set[datetime], *, last: datetime, after: timedelta, known: timedelta = HISTORY) -> bool:
    found = silent_since(hours, last=last, known_since=last - known, now=last + after, zone=CHICAGO)
    assert found in (None, last)
    return found is not None


def test_five_hours_that_always_had_a_text_and_had_none_are_a_silence() -> None:
    hours = office_hours(5, until=MONDAY)
    # 9:10; the hours that count are those of 10, 11, 12, 13 and 14: a chance of a fifth each.
    last = MONDAY + timedelta(minutes=10)
    assert not silent(hours, last=last, after=timedelta(hours=5, minutes=49))
    assert silent(hours, last=last, after=timedelta(hours=5, minutes=50))


def test_nights_and_weekends_that_are_always_quiet_are_no_silence() -> None:
    friday_evening = MONDAY + timedelta(days=4, hours=7, minutes=30)
    hours = office_hours(5, until=friday_evening.replace(minute=0))
    assert not silent(hours, last=friday_evening, after=timedelta(days=2, hours=20))
    assert silent(hours, last=friday_evening, after=timedelta(days=2, hours=22))


def test_a_line_that_is_new_needs_a_longer_silence_and_one_without_a_past_has_none() -> None:
    hours = office_hours(1, until=MONDAY)
    assert not silent(hours, last=MONDAY, after=timedelta(hours=8), known=timedelta(days=7))
    assert silent(hours, last=MONDAY, after=timedelta(days=1, hours=6), known=timedelta(days=7))
    assert not silent({MONDAY}, last=MONDAY, after=timedelta(days=20), known=timedelta(0))


def test_after_four_weeks_silence_is_what_is_usual() -> None:
    hours = office_hours(5, until=MONDAY)
    assert silent(hours, last=MONDAY, after=HISTORY)
    assert not silent(hours, last=MONDAY, after=HISTORY + timedelta(seconds=1))


PAST = st.sets(st.integers(min_value=1, max_value=27 * 24), max_size=200)
"""Hours before the last one in which a text came."""

SPAN = st.integers(min_value=0, max_value=27 * 24)


@given(past=PAST, span=SPAN)
def test_it_is_the_product_of_the_chances_of_each_hour(past: set[int], span: int) -> None:
    hours = {MONDAY - HOUR * index for index in past} | {MONDAY}
    chance = 1.0
    for ahead in range(1, span):
        same = [MONDAY + HOUR * ahead - timedelta(weeks=week) for week in range(1, 9)]
        same = [hour for hour in same if MONDAY - HISTORY < hour <= MONDAY]
        chance *= 1 - sum(hour in hours for hour in same) / (len(same) + 1)
    assert silent_since(hours, last=MONDAY, known_since=MONDAY - HISTORY, now=MONDAY + HOUR * span, zone=UTC) == (
        MONDAY if chance < CHANCE else None
    )


@given(past=PAST, span=SPAN, longer=SPAN, busier=PAST)
def test_a_longer_silence_and_a_busier_past_never_speak_for_less(
    past: set[int], span: int, longer: int, busier: set[int]
) -> None:
    def at(indexes: set[int], after: int) -> bool:
        return silent({MONDAY - HOUR * index for index in indexes}, last=MONDAY, after=HOUR * min(after, 28 * 24))

    if at(past, span):
        assert at(past, span + longer)
        assert at(past | busier, span)


async def test_a_silent_line_is_said_on_the_line_in_the_administration_the_metrics_and_the_log(world: World) -> None:
    await world.rows("UPDATE lines SET created_at = now() - interval '60 days', provider = 'telnyx' RETURNING id")
    # A text every hour, until 12 hours ago.
    await world.rows(
        "INSERT INTO inbound_events (organization_id, id, line_id, provider, event_id, kind, content_type, state,"
        " received_at) SELECT :organization, gen_random_uuid(), :line, 'telnyx', 'e' || n, 'message', '', 'applied',"
        " now() - n * interval '1 hour' FROM generate_series(12, 800) AS n RETURNING id",
        organization=world.organization_id,
        line=world.line_id,
    )

    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            await check(world)
    assert [line["event"] for line in logged] == ["inbound.line_silent"], "It is said once."

    (line,) = (await world.daniel.get("/api/v1/lines")).json()["items"]
    assert timedelta(hours=11) < datetime.now(UTC) - datetime.fromisoformat(line["silent_since"]) < timedelta(hours=13)
    health = (await world.admin.get("/api/v1/inbound-health")).json()
    assert health["silent_lines"] == [
        {
            "id": line["id"],
            "label": "Front desk",
            "phone_number": line["phone_number"],
            "silent_since": line["silent_since"],
        }
    ]
    assert "messenger_inbound_silent_lines 1.0" in (await world.other_client().get("/metrics")).text

    await world.rows("UPDATE inbound_events SET received_at = now() WHERE event_id = 'e12' RETURNING id")
    await check(world)
    assert (await world.admin.get("/api/v1/inbound-health")).json()["silent_lines"] == []


async def check(world: World) -> None:
    service = world.service
    async with service.database.transaction() as session:
        line = await lines.line_by_id(session, world.line_id)
    assert line is not None
    await check_silence(service.database, line)
