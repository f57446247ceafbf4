"""The away message: which texts get it, and that it changes nothing else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.away.rules import WEEKDAYS
from tests.support.business import LINE_NUMBER
from tests.support.world import World

API = "/api/v1"
PARENT, SECOND, THIRD = "+13125550101", "+13125550102", "+13125550103"
BODY = "We are closed. We answer at 9."


async def set_away(world: World, *, closed: bool = True, enabled: bool = True) -> dict[str, Any]:
    """The business is closed now for half a day around, or always open."""
    spans = [] if closed else [{"opens": "00:00", "closes": "24:00"}]
    body = {"enabled": enabled, "body": BODY, "hours": dict.fromkeys(WEEKDAYS, spans)}
    response = await world.admin.put(f"{API}/organization/away", json=body, headers={"If-Match": "*"})
    assert response.status_code == 200, response.text
    away: dict[str, Any] = response.json()
    return away


async def automatic(world: World) -> list[tuple[str, str]]:
    """(number, body) of the away messages."""
    rows = await world.rows(
        "SELECT n.number, m.body FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " JOIN phone_numbers n ON n.id = c.phone_number_id WHERE m.is_away ORDER BY m.created_at, m.id"
    )
    return [(row[0], row[1]) for row in rows]


@pytest.fixture
async def closed(world: World) -> World:
    await world.family("Rivera", PARENT)
    await set_away(world)
    return world


async def test_a_text_outside_opening_hours_is_answered_once_and_stays_unread(closed: World) -> None:
    await closed.text(PARENT, "Is there class tomorrow?")
    await closed.text(PARENT, "And on Friday?")

    assert await automatic(closed) == [(PARENT, BODY)]
    conversation = await closed.conversation(PARENT)
    assert (conversation["status"], conversation["unread_messages"], conversation["seen_seq"]) == ("unread", 2, 0)
    thread = await closed.thread(conversation["id"])
    assert [(each["direction"], each["automatic"], each["status"]) for each in thread] == [
        ("inbound", None, "received"),
        ("outbound", "away", "queued"),
        ("inbound", None, "received"),
    ]
    assert thread[1]["sent_by"] is None
    (claim,) = await closed.claims()
    assert claim.message.body == BODY
    ((details,),) = await closed.rows("SELECT details - 'salt' FROM audit_entries WHERE action = 'message.sent'")
    assert details == {"seq": 2, "segments": 1, "automatic": "away"}


async def test_nobody_is_answered_while_it_is_off_or_the_business_is_open(world: World) -> None:
    await world.family("Rivera", PARENT)
    for setting in ({"enabled": False}, {"closed": False}):
        away = await set_away(world, **setting)
        assert away["is_open"] is ("closed" in setting)
        await world.text(PARENT, "Hello?")
    assert await automatic(world) == []


async def test_who_is_never_answered(closed: World) -> None:
    await closed.family("Chen", SECOND, state="opted_out")
    await closed.family("Okafor", THIRD, state="unknown")
    for sender, body in (
        (SECOND, "Hello?"),
        (THIRD, "Hello?"),
        ("24680", "Your code is 1234"),
        ("312GYMTEAM", "Hello"),
        (LINE_NUMBER, "An answer from ourselves"),
        (PARENT, "STOP"),
        (PARENT, "Hello?"),
        (PARENT, "START"),
        (PARENT, "HELP"),
        (PARENT, "please don't text me any more"),
    ):
        await closed.text(sender, body)
    assert await automatic(closed) == []
    await closed.text("+13125550150", "I am new here")
    assert await automatic(closed) == [("+13125550150", BODY)], "who has texted may be answered"


async def test_a_number_that_a_person_answers_or_views_gets_no_away_message(closed: World) -> None:
    await closed.family("Chen", SECOND)
    sent = await closed.maria.post(f"{API}/messages", json={"phone_number": PARENT, "body": "Hi Maya"})
    assert sent.status_code == 201
    await closed.text(PARENT, "Hello!")
    first = await closed.maria.post(f"{API}/conversations", json={"phone_number": SECOND})
    await closed.view(first.json()["id"], 0)
    await closed.text(SECOND, "Hello?")
    assert await automatic(closed) == []


async def test_a_new_closed_period_has_an_answer_of_its_own_and_a_day_two(closed: World) -> None:
    """The opening hours change while a number texts: the period is what counts, and the bound of a day."""
    zone = ZoneInfo((await closed.daniel.get(f"{API}/organization/away")).json()["timezone"])
    for turn in range(4):
        now = datetime.now(UTC).astimezone(zone)
        await closed.rows(
            "UPDATE messages SET created_at = created_at - interval '5 minutes' WHERE is_away RETURNING id"
        )
        closing = now - timedelta(minutes=2)
        hours = {WEEKDAYS[closing.weekday()]: [[0, max(1, closing.hour * 60 + closing.minute)]]}
        await closed.rows(
            "UPDATE away_messages SET hours = CAST(:hours AS jsonb) RETURNING id", hours=json.dumps(hours)
        )
        await closed.text(PARENT, f"Question {turn}")
    assert len(await automatic(closed)) == 2


async def test_the_settings_are_an_administrators_checked_and_audited(world: World) -> None:
    address = f"{API}/organization/away"
    initial = (await world.daniel.get(address)).json()
    assert (initial["enabled"], initial["body"], initial["opens_at"]) == (False, "", None)
    hours = {"monday": [{"opens": "09:00", "closes": "12:00"}, {"opens": "13:00", "closes": "24:00"}]}
    good = {"enabled": True, "body": BODY, "hours": hours}
    assert (await world.maria.put(address, json=good, headers={"If-Match": "*"})).status_code == 403
    for wrong, pointer in (
        ({"body": " "}, "/body"),
        ({"body": "a" * 321}, "/body"),
        ({"hours": {"monday": [{"opens": "12:00", "closes": "09:00"}]}}, "/hours/monday"),
        ({"hours": {"monday": [{"opens": "25:00", "closes": "26:00"}]}}, "/hours/monday/0/opens"),
        ({"hours": {"someday": []}}, "/hours/someday"),
        ({"open": True}, "/open"),
    ):
        refused = await world.admin.put(address, json={**good, **wrong}, headers={"If-Match": "*"})
        assert refused.status_code == 422, wrong
        assert refused.json()["errors"][0]["pointer"].startswith(pointer), (wrong, refused.json())
    for _ in range(2):
        changed = await world.admin.put(address, json=good, headers={"If-Match": "*"})
        assert changed.json()["hours"]["monday"] == hours["monday"]
        assert changed.json()["hours"]["sunday"] == []
    assert (await world.audited()).count("away_message.changed") == 1
    other = await World.create(world.service)
    assert (await other.daniel.get(address)).json()["enabled"] is False
