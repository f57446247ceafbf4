"""What a line may send: the countries it may text, and how many texts in a day."""

import asyncio
from datetime import UTC, date, datetime
from uuid import uuid4

import httpx
import phonenumbers
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from api.access.rules import Permission
from api.kit.countries import COUNTRY_NAMES
from api.kit.phone import possible_countries
from api.lines.rules import ONE_COUNTRY, Day, texts_number
from api.migrate import alembic_config
from tests.support import postgres
from tests.support.statements import execute, fetch_value
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"
CANADA = "+14165550123"
BRITAIN = "+447400123456"


@pytest.mark.parametrize(
    ("number", "country", "countries", "expected"),
    [
        ("+13125550147", "US", None, True),
        (CANADA, "US", None, False),
        (CANADA, "US", ["CA", "US"], True),
        ("+13125550147", "US", ["CA"], False),
        ("+12425550123", "US", None, False),  # The Bahamas share +1 too.
        ("+15555550100", "US", None, True),  # +1, in no country's plan.
        ("+15555550100", "CA", None, True),
        ("+15555550100", "NZ", None, False),
        (BRITAIN, "US", None, False),
        (BRITAIN, "GB", None, True),
        ("+447911123456", "GB", None, True),  # Guernsey, which counts as one country with it.
        ("+447400123456", "GG", None, True),
        ("+447911123456", "US", ["GB"], True),
        ("+17872345678", "US", None, True),  # Puerto Rico.
        ("+642102345678", "NZ", None, True),
        ("+61412345678", "NZ", None, False),
        ("+88213300655", "US", None, False),  # Networks of no country.
        ("+88213300655", "US", ["CA", "US"], False),
        ("+9", "US", None, True),  # Not E.164: other rules decide.
        ("24680", "NZ", None, True),
        ("312GYMTEAM", "US", None, True),
        ("", "US", None, True),
    ],
)
def test_a_line_texts_its_own_country_and_those_that_an_administrator_chose(
    number: str, country: str, countries: list[str] | None, expected: bool
) -> None:
    assert texts_number(number, country=country, countries=countries) is expected


def test_a_line_of_every_country_may_text_that_country_and_no_other_by_itself() -> None:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if example is None:
            continue
        number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        if possible_countries(number) != {region}:
            continue
        for country in ("US", "GB", "NZ", region):
            is_one = country == region or any({country, region} <= group for group in ONE_COUNTRY)
            assert texts_number(number, country=country, countries=None) is is_one, (number, country)


def test_every_country_has_a_name() -> None:
    assert COUNTRY_NAMES.keys() == phonenumbers.SUPPORTED_REGIONS


async def _set(world: World, **settings: object) -> None:
    response = await world.admin.patch(f"{API}/lines/{world.line_id}", json={"settings": settings})
    assert response.status_code == 200, response.text


async def _send(world: World, number: str, *, by: httpx.AsyncClient | None = None, body: str = "Hi") -> httpx.Response:
    conversation = await world.conversation(number)
    return await (by or world.maria).post(f"{API}/conversations/{conversation['id']}/messages", json={"body": body})


async def test_a_country_that_is_not_allowed_is_refused_by_every_way_in_with_its_name(world: World) -> None:
    await world.family("Martin", CANADA)
    await world.text(CANADA, "Bonjour")
    texted = await world.conversation(CANADA)
    key = await world.api_key(Permission.SMS_LOGS, Permission.MASS_TEXT)
    answers = [
        await _send(world, CANADA),
        await _send(world, CANADA, by=key),
        await world.maria.post(f"{API}/conversations", json={"phone_number": CANADA}),
    ]
    await world.family("Hall", BRITAIN)
    answers.append(await world.maria.post(f"{API}/conversations", json={"phone_number": BRITAIN}))
    for answer in answers[:2] + answers[3:]:
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (409, "/problems/not-allowed-to-text")
        assert (problem["check"]["allowed"], problem["check"]["reason"]) == (False, "country_not_allowed")
        assert "An administrator can allow it" in problem["detail"]
    assert "Canada" in answers[0].json()["detail"]
    assert "the United Kingdom" in answers[3].json()["detail"]
    shown = (await world.maria.get(f"{API}/conversations/{texted['id']}")).json()["opt_in_check"]
    assert shown["reason"] == "country_not_allowed", "The composer says it before anybody types."

    await world.allow_countries("CA", "US")
    sent = await _send(world, CANADA)
    assert sent.status_code == 201

    await world.allow_countries("US")
    await world.settle_as(sent.json()["id"], "failed")
    retried = await world.maria.post(f"{API}/messages/{sent.json()['id']}/retry")
    assert retried.json()["check"]["reason"] == "country_not_allowed"


async def test_a_stranger_who_texts_from_a_country_that_is_not_allowed_gets_no_answer(world: World) -> None:
    """Toll fraud lives on answers."""
    await world.text("+423663202123", "Hello?")
    refused = await _send(world, "+423663202123")
    assert refused.json()["check"]["reason"] == "country_not_allowed"
    assert "Liechtenstein" in refused.json()["detail"]


async def test_a_refusal_of_the_person_is_named_before_the_country(world: World) -> None:
    await world.family("Martin", CANADA, state="opted_out")
    await world.text(CANADA, "Bonjour")
    assert (await _send(world, CANADA)).json()["check"]["reason"] == "opted_out"


async def test_OPTIN_DISPATCH_a_country_that_was_taken_away_meanwhile_stops_what_is_queued(world: World) -> None:
    await world.family("Smith", PARENT)
    await world.text(PARENT, "Hello")
    message_id = (await _send(world, PARENT)).json()["id"]
    await world.allow_countries("NZ")
    claims = await world.claims()
    assert claims == []
    message = (await world.daniel.get(f"{API}/messages/{message_id}")).json()
    assert (message["status"], message["error"]["code"]) == ("failed", "not_allowed_country_not_allowed")
    assert "the United States" in message["error"]["title"]


async def test_the_settings_of_limits_are_told_changed_alone_and_audited(world: World) -> None:
    await _set(world, countries=["US", "CA", "US"], texts_per_day=20)
    line = (await world.daniel.get(f"{API}/lines/{world.line_id}")).json()
    assert line["settings"]["countries"] == ["CA", "US"]
    assert (line["settings"]["texts_per_day"], line["settings"]["texts_per_person_per_day"]) == (20, 1_000_000)
    ((changes,),) = await world.rows(
        "SELECT details->'changes' FROM audit_entries WHERE action = 'line.updated' ORDER BY at DESC LIMIT 1"
    )
    assert changes["countries"] == {"from": None, "to": ["CA", "US"]}

    await _set(world, business_name="Tumble")
    line = (await world.daniel.get(f"{API}/lines/{world.line_id}")).json()
    assert line["settings"]["countries"] == ["CA", "US"], "Whoever does not know the setting does not lift it."
    await _set(world, countries=None)
    line = (await world.daniel.get(f"{API}/lines/{world.line_id}")).json()
    assert line["settings"]["countries"] == ["US"]

    wrong: list[dict[str, object]] = [
        {"countries": []},
        {"countries": ["XX"]},
        {"countries": ["us"]},
        {"countries": "US"},
        {"countries": ["001"]},
        {"texts_per_day": 0},
        {"texts_per_person_per_day": -1},
        {"texts_per_day": 1_000_001},
        {"texts_per_day": 1.5},
    ]
    for settings in wrong:
        response = await world.admin.patch(f"{API}/lines/{world.line_id}", json={"settings": settings})
        assert (settings, response.status_code) == (settings, 422)
        assert response.json()["errors"][0]["pointer"].startswith(f"/settings/{next(iter(settings))}")
    assert (await world.maria.patch(f"{API}/lines/{world.line_id}", json={"settings": {}})).status_code == 403


async def _texts_today(world: World) -> dict[str, int]:
    rows = await world.rows("SELECT sender_id::text, texts FROM daily_texts")
    return {row[0]: row[1] for row in rows}


async def test_texts_of_a_person_in_a_day_are_limited_by_every_way_in_and_colleagues_are_not(world: World) -> None:
    await world.family("Smith", PARENT)
    await world.text(PARENT, "Hello")
    await _set(world, texts_per_person_per_day=2)
    sent = [await _send(world, PARENT) for _ in range(3)]
    assert [each.status_code for each in sent] == [201, 201, 429]
    problem = sent[2].json()
    assert problem["type"] == "/problems/rate-limited"
    assert (problem["per"], problem["limit"]) == ("person", 2)
    assert "2 texts on this line today" in problem["detail"]
    assert "administrator" in problem["detail"]
    resets_at = datetime.fromisoformat(problem["resets_at"])
    left = (resets_at - datetime.now(UTC)).total_seconds()
    assert abs(left - int(sent[2].headers["retry-after"])) < 5
    assert 0 < left <= 25 * 3600

    await world.settle_as(sent[0].json()["id"], "failed")
    assert (await world.maria.post(f"{API}/messages/{sent[0].json()['id']}/retry")).status_code == 429
    key = await world.api_key(Permission.SMS_LOGS, Permission.MASS_TEXT)
    assert [(await _send(world, PARENT, by=key)).status_code for _ in range(3)] == [201, 201, 429]
    assert (await _send(world, PARENT, by=world.admin)).status_code == 201
    counted = await _texts_today(world)
    assert counted.pop(str(world.line_id)) == 5, "What was refused does not count."
    assert sorted(counted.values()) == [1, 2, 2]


async def test_texts_of_a_line_in_a_day_are_limited_for_all_together_and_never_passed_at_once(world: World) -> None:
    numbers = [f"+1312555010{n}" for n in range(8)]
    for number in numbers:
        await world.text(number, "Hello")
    await _set(world, texts_per_day=5)
    people = [world.maria, world.admin]
    answers = await asyncio.gather(
        *(_send(world, number, by=people[index % 2]) for index, number in enumerate(numbers))
    )
    assert sorted(each.status_code for each in answers) == [201] * 5 + [429] * 3
    refused = next(each.json() for each in answers if each.status_code == 429)
    assert (refused["per"], refused["limit"]) == ("line", 5)
    ((stored,),) = await world.rows("SELECT count(*) FROM messages WHERE direction = 'outbound'")
    assert stored == 5


async def test_one_idempotency_key_counts_once_and_what_is_refused_otherwise_does_not_count(world: World) -> None:
    await world.text(PARENT, "Hello")
    conversation = await world.conversation(PARENT)
    path = f"{API}/conversations/{conversation['id']}/messages"
    for _ in range(3):
        sent = await world.maria.post(path, json={"body": "Hi"}, headers={"Idempotency-Key": "one"})
        assert sent.status_code == 201
    assert (await world.maria.post(path, json={"body": " "})).status_code == 422
    assert (await world.maria.post(path, json={"body": "x", "seen_seq": 0})).status_code == 409
    assert set((await _texts_today(world)).values()) == {1}


async def test_confirmations_are_outside_of_the_limits(world: World) -> None:
    await _set(world, answers_keywords=True, texts_per_day=1, countries=["NZ"])
    await world.text(PARENT, "STOP")
    await world.text(PARENT, "START")
    ((stored,),) = await world.rows("SELECT count(*) FROM messages WHERE direction = 'outbound'")
    assert stored == 2
    assert await _texts_today(world) == {}


async def test_a_new_day_begins_at_the_business_midnight_and_old_counts_go(world: World) -> None:
    await world.text(PARENT, "Hello")
    await _set(world, texts_per_person_per_day=1)
    assert (await _send(world, PARENT)).status_code == 201
    assert (await _send(world, PARENT)).status_code == 429
    await world.rows("UPDATE daily_texts SET day = day - 8 RETURNING id")
    assert (await _send(world, PARENT)).status_code == 201
    ((kept,),) = await world.rows("SELECT count(DISTINCT day) FROM daily_texts")
    assert kept == 1


@pytest.mark.parametrize(
    ("moment", "timezone", "day", "ends_at"),
    [
        ("2026-11-27T03:00:00+00:00", "America/Chicago", date(2026, 11, 26), "2026-11-27T06:00:00+00:00"),
        ("2026-11-27T06:00:00+00:00", "America/Chicago", date(2026, 11, 27), "2026-11-28T06:00:00+00:00"),
        ("2026-11-27T03:00:00+00:00", "Pacific/Auckland", date(2026, 11, 27), "2026-11-27T11:00:00+00:00"),
        ("2026-03-08T12:00:00+00:00", "America/New_York", date(2026, 3, 8), "2026-03-09T04:00:00+00:00"),
        ("2026-11-01T05:30:00+00:00", "America/New_York", date(2026, 11, 1), "2026-11-02T05:00:00+00:00"),
    ],
)
def test_a_day_is_that_of_the_business_also_when_the_clocks_change(
    moment: str, timezone: str, day: date, ends_at: str
) -> None:
    at = datetime.fromisoformat(moment)
    found = Day.at(at, timezone=timezone)
    assert (found.date, found.ends_at.isoformat()) == (day, ends_at)
    assert found.seconds_left(at) == (datetime.fromisoformat(ends_at) - at).total_seconds()


def test_a_line_that_texts_abroad_already_may_go_on(template: str) -> None:
    """Migration 0013: existing lines keep the countries of the numbers that they have conversations with."""
    database = postgres.clone_database(template)
    try:
        config = alembic_config(database.owner_url)
        before = ScriptDirectory.from_config(config).get_revision("0013").down_revision
        command.downgrade(config, str(before))
        organization, lines = uuid4(), [uuid4(), uuid4()]
        statements = [
            "INSERT INTO organizations (id, slug, name, country, timezone)"
            f" VALUES ('{organization}', 'gym', 'Gym', 'US', 'UTC')"
        ]
        texted: list[tuple[int, str]] = [(0, "+13125550147"), (0, "+15555550100"), (1, "+13125550147"), (1, CANADA)]
        texted += [(1, BRITAIN), (1, "24680"), (1, "+88213300655")]
        for index, line in enumerate(lines):
            statements.append(
                "INSERT INTO lines (organization_id, id, label, phone_number, kind, country, provider,"
                f" sealed_credentials) VALUES ('{organization}', '{line}', 'Desk', '+1312555019{index}', 'long_code',"
                " 'US', 'simulator', '')"
            )
        for number in dict.fromkeys(number for _, number in texted):
            statements.append(
                "INSERT INTO phone_numbers (organization_id, id, number)"
                f" VALUES ('{organization}', gen_random_uuid(), '{number}')"
            )
        for index, number in texted:
            statements.append(
                "INSERT INTO conversations (organization_id, id, line_id, phone_number_id, status)"
                f" SELECT organization_id, gen_random_uuid(), '{lines[index]}', id, 'open' FROM phone_numbers"
                f" WHERE number = '{number}'"
            )
        execute(database.owner_url, *statements)
        command.upgrade(config, "0013")
        found = [
            fetch_value(database.owner_url, f"SELECT countries::text FROM lines WHERE id = '{line}'") for line in lines
        ]
        assert found == [None, "{CA,GB,US}"]
    finally:
        postgres.drop_database(database)
