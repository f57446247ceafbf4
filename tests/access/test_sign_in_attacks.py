"""Sign-in under attack: what a refusal tells, what a guess costs, who is locked out, and what it writes."""

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.access import passwords, sign_in
from api.access.clean_up import clean_up
from api.access.devices import MAX_PEOPLE, KnownDevice, cookie_value, known_devices, with_device
from api.access.rules import ACCOUNT_FAILURES, AUDITED_OF_STRANGERS, AUDITED_PER_PERSON
from api.kit.secrets import SecretBox
from tests.access.test_sign_in import ADMIN_EMAIL, API, cookie_of, have_failed
from tests.support import postgres
from tests.support.backends import until_it_waits
from tests.support.business import PASSWORD
from tests.support.service import Service, service_settings
from tests.support.world import World

DEVICE_COOKIE = "messenger_device"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about how long a hash takes."""
    monkeypatch.setattr(passwords, "UNKNOWN_ACCOUNT", passwords._passwords.hash("nobody has this"))


async def attempt(
    world: World,
    *,
    organization: str | None = None,
    email: str = ADMIN_EMAIL,
    password: str = "a guess",
    device: str | None = None,
    forwarded_for: str | None = None,
) -> httpx.Response:
    """A try of somebody who has never been here, or who has that device cookie."""
    headers: dict[str, str] = {}
    if device is not None:
        headers["Cookie"] = f"{DEVICE_COOKIE}={device}"
    if forwarded_for is not None:
        headers["X-Forwarded-For"] = forwarded_for
    body = {"organization": organization or world.slug, "email": email, "password": password}
    return await world.other_client().post(f"{API}/session", json=body, headers=headers)


async def attempts(world: World, *tries: dict[str, str]) -> list[httpx.Response]:
    """Wrong ones, one after another, then the last once more, as if no time had passed since."""
    answers = [await attempt(world, **each) for each in tries]
    await world.rows("UPDATE sign_in_tries SET at = at + interval '10 seconds' RETURNING id")
    return [*answers, await attempt(world, **tries[-1])]


LOCKED = [401] * ACCOUNT_FAILURES + [429]


def seen(response: httpx.Response) -> tuple[int, str, list[str]]:
    """Everything of an answer that could tell something, but for the seconds to wait."""
    varying = {"date", "retry-after", "x-request-id"}
    headers = [f"{name}: {value}" for name, value in response.headers.items() if name not in varying]
    body = response.text.replace(response.headers["x-request-id"], "…")
    return response.status_code, re.sub("in [0-9]+ seconds", "in n seconds", body), sorted(headers)


UNKNOWN: dict[str, dict[str, str]] = {
    "a wrong password": {},
    "no such account": {"email": "nobody@gym.test"},
    "an account without a password": {"email": "maria@gym.test"},
    "no such business": {"organization": "no-such-business"},
    "a business of no possible name": {"organization": "No Business!"},
    "no address": {"email": "nonsense"},
}


async def test_every_kind_of_refusal_is_the_same_answer_and_counts_the_same(world: World) -> None:
    course: dict[str, list[tuple[int, str, list[str]]]] = {}
    for kind, changes in UNKNOWN.items():
        await world.rows("DELETE FROM sign_in_tries RETURNING id")
        course[kind] = [seen(answer) for answer in await attempts(world, *[changes] * ACCOUNT_FAILURES)]

    expected = course["a wrong password"]
    assert [status for status, _, _ in expected] == LOCKED
    for kind, answers in course.items():
        assert answers == expected, kind


async def test_the_time_of_a_refusal_does_not_tell_what_it_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "REFUSAL_SECONDS", 0.5)

    async def seconds(changes: dict[str, str]) -> float:
        started = time.monotonic()
        assert (await attempt(world, **changes)).status_code == 401
        return time.monotonic() - started

    assert min(await asyncio.gather(*map(seconds, UNKNOWN.values()))) >= 0.5


async def test_concurrent_guesses_are_limited_like_sequential_ones(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Noting:
        def verify(self, password: str, stored: str) -> bool:
            checked.append(password)
            return False

    monkeypatch.setattr(passwords, "_passwords", Noting())
    async with Service.running(world.service.settings, world.service.urls) as another:
        elsewhere = replace(world, service=another)
        answers = await asyncio.gather(
            *(attempt(where, password=f"guess {n}") for n in range(50) for where in (world, elsewhere))
        )

    # Each second of waiting lets another one through: a slow machine may get to a sixth.
    assert ACCOUNT_FAILURES <= len(checked) <= ACCOUNT_FAILURES + 3, "counted before it is checked, in any process"
    assert [response.status_code for response in answers].count(401) == len(checked)
    assert {response.status_code for response in answers} == {401, 429}


SPELLINGS = {
    "admin@gym.test": ["ADMIN@gym.test", "ADM\u0130N@gym.test", "admin@GYM.TEST", "Adm\u0130n@Gym.Test"],
    "k@gym.test": ["K@gym.test", "\u212a@gym.test"],
    "stra\u00dfe@gym.test": ["STRA\u1e9eE@gym.test", "Stra\u00dfe@gym.test"],
    "\u00e5sa@gym.test": ["\u212bsa@gym.test", "\u00c5SA@gym.test"],
    "\uff41da@gym.test": ["\uff21da@gym.test"],
    "\u03c3\u03b1\u03c3@gym.test": ["\u03a3\u0391\u03a3@gym.test"],
}


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("email", SPELLINGS)
async def test_every_spelling_of_an_address_is_one_account_with_one_counter(
    world: World, email: str, exists: bool
) -> None:
    people = f"{API}/staff-members"
    new = {"name": "Zoe", "email": email, "password": PASSWORD, "permissions": []}
    if exists:
        assert (await world.admin.post(people, json=new)).status_code == 201
    for spelling in SPELLINGS[email]:
        if exists:
            assert (await world.admin.post(people, json={**new, "email": spelling})).status_code == 409
            assert (await attempt(world, email=spelling, password=PASSWORD)).status_code == 200
    spellings = [email, *SPELLINGS[email]]
    tries = [{"email": spellings[number % len(spellings)]} for number in range(ACCOUNT_FAILURES)]

    assert [response.status_code for response in await attempts(world, *tries)] == LOCKED


async def test_of_two_rows_of_an_import_with_one_address_one_is_refused(world: World) -> None:
    rows = [
        {"kind": "staff_member", "external_id": str(n), "name": "Zoe", "email": email}
        for n, email in enumerate(["admin@gym.test", "ADM\u0130N@gym.test"])
    ]
    body = "\n".join(json.dumps(row) for row in rows)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await world.admin.post(f"{API}/directory/import?partial=true", content=body, headers=headers)
    report = answer.json()
    assert (report["created"], report["failed"]) == (1, 1)
    assert [error["pointer"] for error in report["items"][1]["errors"]] == ["/email"]


# Devices.


@pytest.fixture
async def device(world: World) -> str:
    """The cookie of a device that Ada has signed in on."""
    answer = await attempt(world, password=PASSWORD)
    assert answer.status_code == 200
    return str(cookie_of(answer, DEVICE_COOKIE).value)


async def test_the_device_cookie_is_kept_from_scripts_and_lasts(world: World) -> None:
    cookie = cookie_of(await attempt(world, password=PASSWORD), DEVICE_COOKIE)
    assert cookie["httponly"] is True
    assert cookie["samesite"].lower() == "strict"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert int(cookie["max-age"]) > 365 * 24 * 3600


async def test_over_https_no_other_host_can_set_the_device_cookie(clone: postgres.Database, tmp_path: Path) -> None:
    settings = service_settings(tmp_path, public_url="https://messenger.example")
    async with Service.running(settings, clone) as service:
        world = await World.create(service)
        headers = {"Origin": "https://messenger.example"}
        body = {"organization": world.slug, "email": ADMIN_EMAIL, "password": PASSWORD}
        response = await service.client().post(f"{API}/session", json=body, headers=headers)
        assert cookie_of(response, DEVICE_COOKIE).OutputString().startswith("__Host-")


async def test_strangers_do_not_lock_out_a_device_that_has_signed_in_before(world: World, device: str) -> None:
    await have_failed(world, 40)
    await have_failed(world, 60, account="somebody@gym.test", address="127.0.0.1")

    assert (await attempt(world, password=PASSWORD)).status_code == 429
    assert (await attempt(world, password=PASSWORD, device=device)).status_code == 200
    assert (await attempt(world, password=PASSWORD)).status_code == 429, "strangers stay locked out"


async def test_a_device_has_a_counter_of_its_own(world: World, device: str) -> None:
    answers = await attempts(world, *[{"device": device}] * ACCOUNT_FAILURES)
    assert [response.status_code for response in answers] == LOCKED
    assert (await attempt(world, password=PASSWORD, device=device)).status_code == 429
    assert (await attempt(world, password=PASSWORD)).status_code == 200, "and locks nobody else out"


async def test_a_device_helps_with_no_other_account(world: World, device: str) -> None:
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": []}
    await world.admin.post(f"{API}/staff-members", json=new)
    await have_failed(world, 40, account="zoe@gym.test")
    assert (await attempt(world, email="zoe@gym.test", password=PASSWORD, device=device)).status_code == 429


async def test_people_who_share_a_device_each_stay_known(world: World, device: str) -> None:
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": []}
    await world.admin.post(f"{API}/staff-members", json=new)
    answer = await attempt(world, email="zoe@gym.test", password=PASSWORD, device=device)
    shared = cookie_of(answer, DEVICE_COOKIE).value
    for account in (ADMIN_EMAIL, "zoe@gym.test"):
        await have_failed(world, 40, account=account)
        assert (await attempt(world, email=account, password=PASSWORD, device=shared)).status_code == 200


def forged(cookie: str) -> list[str]:
    content = base64.urlsafe_b64decode(cookie + "==")
    return [
        *("", ".", "x", "." * 1_000, "%00", "a" * 4_000),
        base64.urlsafe_b64encode(content[:-1]).decode(),
        base64.urlsafe_b64encode(content + b"x").decode(),
        base64.urlsafe_b64encode(content[:32] + bytes(32)).decode(),
        *(
            base64.urlsafe_b64encode(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]).decode()
            for at in (0, 15, 16, 31, 32, 63)
        ),
        cookie_value(known_devices(cookie, SecretBox("a key for tests")), SecretBox("another key")),
    ]


async def test_a_forged_device_cookie_is_ignored(world: World, device: str) -> None:
    await have_failed(world, 40)
    for cookie in forged(device):
        answer = await attempt(world, password=PASSWORD, device=cookie)
        assert (cookie, answer.status_code) == (cookie, 429)
    assert (await attempt(world, password=PASSWORD, device=device)).status_code == 200


def test_a_device_cookie_outlives_the_replacement_of_the_key_and_stays_small(world: World) -> None:
    old, both = SecretBox("old"), SecretBox("new", "old")
    person = world.staff_ids["admin"]
    assert [each.staff_member_id for each in known_devices(cookie_value([KnownDevice.new(person)], old), both)] == [
        person
    ]
    devices: list[KnownDevice] = []
    for name in [*world.staff_ids] * 5:
        devices = with_device(devices, KnownDevice.new(world.staff_ids[name]))
    assert len(devices) == len(world.staff_ids)
    assert len(cookie_value([KnownDevice.new(person)] * 50, old)) < 90 * MAX_PEOPLE


# Addresses.


@pytest.fixture
async def behind_a_proxy(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[World]:
    async with Service.running(service_settings(tmp_path, trusted_proxies="127.0.0.1"), clone) as service:
        yield await World.create(service)


async def tries_by_address(world: World) -> list[str]:
    return [row[0] for row in await world.rows("SELECT address FROM sign_in_tries ORDER BY at")]


async def test_without_a_trusted_proxy_X_Forwarded_For_counts_for_nothing(world: World) -> None:
    for address in ("198.51.100.7", "127.0.0.1", "nonsense", "198.51.100.7, 10.0.0.1"):
        await attempt(world, forwarded_for=address, email=f"{len(address)}@gym.test")
    assert await tries_by_address(world) == ["127.0.0.1"] * 4


async def test_behind_a_trusted_proxy_visitors_are_told_apart_and_IPv6_ones_by_their_network(
    behind_a_proxy: World,
) -> None:
    world = behind_a_proxy
    for number, address in enumerate(("198.51.100.7", "8.8.8.8, 198.51.100.8", "2001:db8::1", "2001:db8::2:1")):
        await attempt(world, forwarded_for=address, email=f"{number}@gym.test")
    assert await tries_by_address(world) == ["198.51.100.7", "198.51.100.8", "2001:db8::/64", "2001:db8::/64"]
    ((audited,),) = await world.rows(
        "SELECT details->>'address' FROM audit_entries WHERE action = 'session.refused' ORDER BY at DESC LIMIT 1"
    )
    assert audited == "2001:db8::2:1"


# What it writes.


async def refusals(world: World) -> list[tuple[str, dict[str, Any]]]:
    return [
        (row[0], row[1])
        for row in await world.rows(
            "SELECT actor_name, details FROM audit_entries WHERE action = 'session.refused' ORDER BY chain_number"
        )
    ]


async def test_refused_sign_ins_write_a_bounded_number_of_entries_and_a_summary(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.access.sign_in.sign_in_delay", lambda **_: None)
    for number in range(AUDITED_OF_STRANGERS + 7):
        await attempt(world, email=f"{number}@gym.test")
        if number < AUDITED_PER_PERSON + 3:
            await attempt(world)
    assert len(await refusals(world)) == AUDITED_OF_STRANGERS + AUDITED_PER_PERSON

    await clean_up(world.service.database)
    assert len(await refusals(world)) == AUDITED_OF_STRANGERS + AUDITED_PER_PERSON, "the window is not over"
    await world.rows("UPDATE sign_in_tries SET at = at - interval '1 hour' RETURNING id")
    for _ in range(3):
        await clean_up(world.service.database)

    assert sorted((name, details["times"]) for name, details in (await refusals(world))[-2:]) == [
        ("Ada", 3),
        ("Messenger", 7),
    ]
    assert len(await refusals(world)) == AUDITED_OF_STRANGERS + AUDITED_PER_PERSON + 2
    assert await world.rows("SELECT id FROM sign_in_tries") == []


async def test_a_success_forgets_no_refusal_without_an_entry(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.access.sign_in.sign_in_delay", lambda **_: None)
    for _ in range(AUDITED_PER_PERSON + 3):
        await attempt(world)
    assert (await attempt(world, password=PASSWORD)).status_code == 200
    written = await refusals(world)
    assert len(written) == AUDITED_PER_PERSON + 1
    assert (written[-1][0], written[-1][1]["times"]) == ("Ada", 3)


async def test_beyond_the_bound_a_refusal_does_not_wait_for_the_business_s_audit_chain(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.access.sign_in.sign_in_delay", lambda **_: None)
    for number in range(AUDITED_OF_STRANGERS):
        await attempt(world, email=f"{number}@gym.test")
    async with world.service.database.transaction() as session:
        await session.execute(text("SELECT id FROM audit_chains FOR UPDATE"))
        async with asyncio.timeout(20):
            assert (await attempt(world, email="another@gym.test")).status_code == 401


async def test_tries_at_no_business_are_forgotten_after_the_window(world: World) -> None:
    await attempt(world, organization="no-such-business")
    await clean_up(world.service.database)
    assert len(await tries_by_address(world)) == 1
    await world.rows("UPDATE sign_in_tries SET at = at - interval '16 minutes' RETURNING id")
    await clean_up(world.service.database)
    assert await tries_by_address(world) == []
    assert await refusals(world) == []


async def test_failures_that_processes_of_the_version_before_counted_are_deleted(world: World) -> None:
    await world.rows(
        "INSERT INTO sign_in_failures (organization_id, id, account, address, at) SELECT :id, gen_random_uuid(),"
        " 'ada', '192.0.2.1', now() - minutes * interval '1 minute' FROM unnest(ARRAY[14, 16]) AS minutes RETURNING id",
        id=world.organization_id,
    )
    await clean_up(world.service.database)
    assert len(await world.rows("SELECT id FROM sign_in_failures")) == 1


async def test_sessions_that_have_ended_are_deleted_and_no_others(world: World) -> None:
    await world.rows(
        "UPDATE staff_sessions SET expires_at = now() - interval '1 second' WHERE staff_member_id = :id RETURNING id",
        id=world.staff_ids["noah"],
    )
    await clean_up(world.service.database)
    left = await world.rows("SELECT staff_member_id FROM staff_sessions")
    assert {row[0] for row in left} == set(world.staff_ids.values()) - {world.staff_ids["noah"]}


# A password that is changed meanwhile.


CHANGES: dict[str, dict[str, Any]] = {
    "a new password": {"password": "another long one"},
    "archiving": {"archived": True},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_sign_in_that_was_under_way_starts_no_session_after_the_change(
    world: World, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": []}
    zoe = (await world.admin.post(f"{API}/staff-members", json=new)).json()
    checked, changed = asyncio.Event(), asyncio.Event()
    matches = passwords.matches

    async def slow_matches(password: str, stored: str) -> bool:
        answer = await matches(password, stored)
        checked.set()
        await changed.wait()
        return answer

    monkeypatch.setattr(passwords, "matches", slow_matches)
    signing_in = asyncio.create_task(attempt(world, email="zoe@gym.test", password=PASSWORD))
    await checked.wait()
    answer = await world.admin.patch(f"{API}/staff-members/{zoe['id']}", json=CHANGES[change])
    assert answer.status_code == 200, answer.text
    changed.set()

    assert (await signing_in).status_code == 401
    assert await world.rows("SELECT id FROM staff_sessions WHERE staff_member_id = :id", id=zoe["id"]) == []


async def test_a_session_that_is_just_starting_waits_for_the_change_and_is_refused(world: World) -> None:
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": []}
    zoe = (await world.admin.post(f"{API}/staff-members", json=new)).json()
    async with world.service.database.transaction() as session:
        await session.execute(
            text("UPDATE staff_members SET password_hash = 'another' WHERE id = :id"), {"id": zoe["id"]}
        )
        signing_in = asyncio.create_task(attempt(world, email="zoe@gym.test", password=PASSWORD))
        await until_it_waits(world)
    assert (await signing_in).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "x" * 1_025},
        {"password": "ā" * 500_000},
        {"password": ""},
        {"password": "\ud800"},
        {"email": "x" * 255},
        {"email": "a\x00b@gym.test"},
        {"organization": "x" * 64},
    ],
    ids=str,
)
async def test_impossible_credentials_are_refused_before_they_are_counted_or_checked(
    world: World, changes: dict[str, str]
) -> None:
    body = {"organization": world.slug, "email": ADMIN_EMAIL, "password": "x", **changes}
    answer = await world.other_client().post(
        f"{API}/session", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {413, 422}
    assert await tries_by_address(world) == []
