"""Signing in and out: the cookie, refusals, throttling, forged requests, and what of it is recorded."""

import asyncio
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access.dependencies import SESSION_COOKIE
from api.access.rules import Permission, account_key
from tests.support import postgres
from tests.support.business import PASSWORD
from tests.support.service import Service, service_settings
from tests.support.world import World

API = "/api/v1"
ADMIN_EMAIL = "ada@gym.test"


def credentials(world: World, **changes: str) -> dict[str, str]:
    return {"organization": world.slug, "email": ADMIN_EMAIL, "password": PASSWORD, **changes}


def cookie_of(response: httpx.Response, name: str = SESSION_COOKIE) -> Any:
    set_cookies = [each for header in response.headers.get_list("set-cookie") for each in SimpleCookie(header).values()]
    (cookie,) = (each for each in set_cookies if each.key.removeprefix("__Host-") == name)
    return cookie


async def test_sign_in_answers_with_the_person_and_their_permissions(world: World) -> None:
    client = world.other_client()

    response = await client.post(f"{API}/session", json=credentials(world))

    assert response.status_code == 200
    assert response.json()["staff_member"]["email"] == ADMIN_EMAIL
    assert response.json()["organization"]["slug"] == world.slug
    assert response.json()["is_admin"] is True
    assert (await client.get(f"{API}/me")).json() == response.json()


async def test_the_cookie_is_kept_from_scripts_and_from_other_sites(world: World) -> None:
    cookie = cookie_of(await world.other_client().post(f"{API}/session", json=credentials(world)))

    assert cookie["httponly"] is True
    assert cookie["samesite"].lower() == "lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert int(cookie["max-age"]) == world.service.settings.session_hours * 3600
    assert not cookie["secure"], "The service is reached over http here."


async def test_the_cookie_is_secure_where_the_service_is_reached_over_https(
    clone: postgres.Database, tmp_path: Path
) -> None:
    settings = service_settings(tmp_path, public_url="https://messenger.example")
    async with Service.running(settings, clone) as service:
        world = await World.create(service)
        headers = {"Origin": "https://messenger.example"}
        response = await service.client().post(f"{API}/session", json=credentials(world), headers=headers)
        cookie = cookie_of(response)
        assert cookie["secure"] is True
        assert (cookie.key, cookie["path"], cookie["domain"]) == (f"__Host-{SESSION_COOKIE}", "/", "")

        def client(name: str) -> httpx.AsyncClient:
            here = service.client()
            here.headers.update({**headers, "Cookie": f"{name}={cookie.value}"})
            return here

        assert (await client(SESSION_COOKIE).get(f"{API}/me")).status_code == 401, "A sister site could have set it."
        assert (await client(cookie.key).get(f"{API}/me")).status_code == 200

        ended = cookie_of(await client(cookie.key).delete(f"{API}/session"))
        assert (ended.key, ended.value, ended["secure"]) == (cookie.key, "", True), "Browsers ignore it otherwise."


async def test_the_token_is_stored_hashed(world: World) -> None:
    token = cookie_of(await world.other_client().post(f"{API}/session", json=credentials(world))).value

    ((stored,),) = await world.rows("SELECT string_agg(token_hash, ''::bytea) FROM staff_sessions")

    assert token.encode() not in stored
    assert token.partition(".")[2].encode() not in stored


async def test_a_refusal_never_says_which_part_was_wrong(world: World) -> None:
    without_a_password = {"email": "maria@gym.test"}
    for changes in (
        {"password": "wrong"},
        {"email": "nobody@gym.test"},
        {"organization": "no-such-business"},
        without_a_password,
    ):
        client = world.other_client()
        response = await client.post(f"{API}/session", json=credentials(world, **changes))

        assert (changes, response.status_code) == (changes, 401)
        assert response.json()["detail"] == "The business, email address or password is not right."
        assert "set-cookie" not in response.headers
        assert (await client.get(f"{API}/me")).status_code == 401


async def test_an_email_address_is_the_same_in_capitals(world: World) -> None:
    response = await world.sign_in(world.other_client(), ADMIN_EMAIL.upper())
    assert response.status_code == 200


async def have_failed(
    world: World,
    times: int,
    *,
    organization: str | None = None,
    account: str = ADMIN_EMAIL,
    address: str = "192.0.2.1",
    ago: str = "0 seconds",
) -> None:
    """As many refused sign-ins from elsewhere, without the time that hashing takes."""
    await world.rows(
        "INSERT INTO sign_in_tries (id, account, address, at)"
        " SELECT gen_random_uuid(), :account, :address, now() - CAST(:ago AS text)::interval"
        " FROM generate_series(1, :times) RETURNING id",
        account=account_key(organization or world.slug, account),
        address=address,
        ago=ago,
        times=times,
    )


async def test_repeated_failures_are_slowed_down_for_that_account_alone(world: World) -> None:
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": []}
    assert (await world.admin.post(f"{API}/staff-members", json=new)).status_code == 201
    await have_failed(world, 9)

    slowed = await world.sign_in(world.other_client(), ADMIN_EMAIL)
    another = await world.sign_in(world.other_client(), "zoe@gym.test")

    assert slowed.status_code == 429, "Even the right password waits, or waiting would tell nothing."
    assert slowed.json()["type"] == "/problems/rate-limited"
    assert 1 <= int(slowed.headers["retry-after"]) <= 16
    assert another.status_code == 200


async def test_real_failures_are_what_slows_down(world: World) -> None:
    refused = [await world.sign_in(world.other_client(), ADMIN_EMAIL, f"guess {n}") for n in range(4)]
    assert [response.status_code for response in refused] == [401] * 4
    await have_failed(world, 4)
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 429
    ((counted,),) = await world.rows("SELECT count(*) FROM sign_in_tries")
    assert counted == 8, "A try that has to wait is no failure of its own."


async def test_each_further_failure_waits_longer_up_to_five_minutes(world: World) -> None:
    waits: list[int] = []
    for more in (9, 2, 30):
        await have_failed(world, more)
        slowed = await world.sign_in(world.other_client(), ADMIN_EMAIL)
        waits.append(int(slowed.headers["retry-after"]))

    assert waits == sorted(waits)
    assert 40 <= waits[1] <= 64
    assert 270 <= waits[2] <= 300


async def test_after_the_wait_the_right_password_lets_in_and_forgets_the_failures(world: World) -> None:
    await have_failed(world, 30, ago="301 seconds")

    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 200

    assert await world.rows("SELECT id FROM sign_in_tries") == []


async def test_failures_of_a_quarter_of_an_hour_ago_no_longer_count(world: World) -> None:
    await have_failed(world, 4)
    await have_failed(world, 30, ago="901 seconds")
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 200


async def test_capitals_do_not_make_it_another_account_to_guess_at(world: World) -> None:
    await world.sign_in(world.other_client(), "ADA@gym.test", "wrong")
    assert await world.rows("SELECT account FROM sign_in_tries") == [(account_key(world.slug, ADMIN_EMAIL),)]
    await have_failed(world, 9)
    assert (await world.sign_in(world.other_client(), "AdA@gym.test")).status_code == 429


async def test_tries_of_many_accounts_from_one_address_are_slowed_down_too(world: World) -> None:
    for person in range(50):
        await have_failed(world, 1, account=f"person{person}@gym.test", address="127.0.0.1")
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 429


UNSAFE = [("POST", f"{API}/families"), ("PUT", f"{API}/families/by-external-id/1"), ("DELETE", f"{API}/session")]


ELSEWHERE: list[str | None] = [
    None,
    "https://evil.test",
    "null",
    "",
    "http://[",
    "http://messenger.test.evil.test",
    "http://evil.test:80",
]


async def test_an_unsafe_request_from_another_site_or_from_nowhere_is_refused(world: World) -> None:
    before = await world.table_sizes()
    for origin in ELSEWHERE:
        forged = world.other_client()
        forged.cookies = world.admin.cookies
        del forged.headers["Origin"]
        headers = {} if origin is None else {"Origin": origin}
        for method, path in UNSAFE:
            response = await forged.request(method, path, json={"name": "Forged", "contacts": []}, headers=headers)
            assert (origin, response.status_code) == (origin, 403)
            assert response.json()["type"] == "/problems/cross-origin"
        reading = await forged.get(f"{API}/families", headers=headers)
        assert reading.status_code == 200, "Reading is safe, and its answer unreadable from another site."
    assert await world.table_sizes() == before


async def test_signing_in_from_another_site_is_refused_too(world: World) -> None:
    headers = {"Origin": "https://evil.test"}
    response = await world.other_client().post(f"{API}/session", json=credentials(world), headers=headers)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


async def test_an_api_key_needs_no_origin_and_a_wrong_one_is_not_rescued_by_a_cookie(world: World) -> None:
    client = await world.api_key(Permission.DIRECTORY)
    assert (await client.post(f"{API}/families", json={"name": "New", "contacts": []})).status_code == 201

    for authorization in ("Bearer nonsense", "Bearer ", "Bearer", "bearer x", "Bearer mc_1_zz_3"):
        response = await world.admin.get(f"{API}/me", headers={"Authorization": authorization})
        assert (authorization, response.status_code) == (authorization, 401)
        assert response.headers["www-authenticate"] == "Bearer"


OTHER_SCHEMES = ["Basic YTpi", "Basic", "Negotiate abc", 'Digest username="a"', "AWS4-HMAC x", "mc_1_2_3", "", " "]


@pytest.mark.parametrize("value", OTHER_SCHEMES)
async def test_only_a_bearer_token_is_an_api_key_and_other_schemes_are_ignored(value: str, world: World) -> None:
    headers = [("Authorization", value)]
    assert (await world.admin.get(f"{API}/me", headers=headers)).status_code == 200
    family = {"name": "New", "contacts": []}
    assert (await world.admin.post(f"{API}/families", json=family, headers=headers)).status_code == 201
    anonymous = await world.other_client().get(f"{API}/me", headers=headers)
    assert (anonymous.status_code, anonymous.json()["type"]) == (401, "/problems/not-signed-in")
    signing_in = await world.other_client().post(f"{API}/session", json=credentials(world), headers=headers)
    assert signing_in.status_code == 200

    integration = await world.api_key()
    key = integration.headers.pop("Authorization")
    both = [*headers, ("Authorization", key)]
    assert (await integration.get(f"{API}/me", headers=both)).status_code == 200, "The key beside it counts."


async def test_two_different_api_keys_are_refused(world: World) -> None:
    keys = [(await world.api_key()).headers["Authorization"] for _ in range(2)]
    nobody = world.other_client()
    for given, expected in (([keys[0], keys[0]], 200), (keys, 401)):
        response = await nobody.get(f"{API}/me", headers=[("Authorization", key) for key in given])
        assert response.status_code == expected


async def test_a_malformed_cookie_is_refused(world: World) -> None:
    for token in ("", "x", "x.y", ".", f"{'0' * 32}.x", "a" * 4000):
        response = await world.other_client().get(f"{API}/me", headers={"Cookie": f"{SESSION_COOKIE}={token}"})
        assert (token, response.status_code) == (token, 401)


async def test_signing_out_ends_this_session_and_no_other(world: World) -> None:
    here, there = world.other_client(), world.other_client()
    for client in (here, there):
        await world.sign_in(client, ADMIN_EMAIL)
    token = here.cookies[SESSION_COOKIE]

    response = await here.delete(f"{API}/session")

    assert response.status_code == 204
    assert cookie_of(response).value == ""
    here.cookies.set(SESSION_COOKIE, token)
    assert (await here.get(f"{API}/me")).status_code == 401, "The token is dead, not only forgotten by the browser."
    assert (await there.get(f"{API}/me")).status_code == 200


async def test_a_session_that_is_not_used_ends(world: World) -> None:
    await world.rows("UPDATE staff_sessions SET expires_at = now() - interval '1 second' RETURNING id")
    assert (await world.admin.get(f"{API}/me")).status_code == 401


async def test_a_session_in_use_goes_on(world: World) -> None:
    await world.rows(
        "UPDATE staff_sessions SET expires_at = now() + interval '1 minute',"
        " last_used_at = now() - interval '2 minutes' RETURNING id"
    )
    assert (await world.admin.get(f"{API}/me")).status_code == 200
    ((left,),) = await world.rows(
        "SELECT expires_at - now() > interval '1 day' FROM staff_sessions WHERE staff_member_id = :id",
        id=world.staff_ids["admin"],
    )
    assert left is True


async def test_an_archived_person_is_signed_out_everywhere_and_cannot_come_back(world: World) -> None:
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": ["sms_logs"]}
    zoe = (await world.admin.post(f"{API}/staff-members", json=new)).json()
    client = world.other_client()
    assert (await world.sign_in(client, "zoe@gym.test")).status_code == 200

    await world.admin.post(f"{API}/staff-members/{zoe['id']}/archive")

    assert (await client.get(f"{API}/conversations")).status_code == 401
    assert (await world.sign_in(world.other_client(), "zoe@gym.test")).status_code == 401


async def test_a_new_password_ends_the_sessions_of_the_old_one(world: World) -> None:
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": []}
    zoe = (await world.admin.post(f"{API}/staff-members", json=new)).json()
    client = world.other_client()
    await world.sign_in(client, "zoe@gym.test")

    changed = await world.admin.patch(f"{API}/staff-members/{zoe['id']}", json={"password": "another long one"})

    assert changed.status_code == 200
    assert (await client.get(f"{API}/me")).status_code == 401
    assert (await world.sign_in(client, "zoe@gym.test")).status_code == 401
    assert (await world.sign_in(client, "zoe@gym.test", "another long one")).status_code == 200


async def test_AUDIT_WHAT_sign_ins_refusals_and_sign_outs_leave_their_entries(world: World) -> None:
    before = len(await world.audited())
    client = world.other_client()

    await world.sign_in(client, ADMIN_EMAIL, "wrong")
    await world.sign_in(client, "nobody@gym.test", "wrong")
    await world.sign_in(client, ADMIN_EMAIL)
    await client.delete(f"{API}/session")

    assert (await world.audited())[before:] == [
        "session.refused",
        "session.refused",
        "session.created",
        "session.ended",
    ]
    refused = await world.rows(
        "SELECT actor_kind, actor_name, details->>'email' FROM audit_entries"
        " WHERE action = 'session.refused' ORDER BY at"
    )
    assert refused == [
        ("staff_member", "Ada", ADMIN_EMAIL),
        ("system", "Messenger", "nobody@gym.test"),
    ]


async def test_no_password_is_ever_written_down(world: World) -> None:
    await world.sign_in(world.other_client(), ADMIN_EMAIL, "a very secret wrong one")
    ((found,),) = await world.rows("SELECT count(*) FROM audit_entries WHERE details::text LIKE '%secret%'")
    assert found == 0
    ((hashed,),) = await world.rows(
        "SELECT bool_and(password_hash LIKE '$argon2id$%') FROM staff_members WHERE password_hash IS NOT NULL"
    )
    assert hashed is True


async def test_many_guesses_at_once_are_all_counted(world: World) -> None:
    guesses = [world.sign_in(world.other_client(), ADMIN_EMAIL, f"guess {n}") for n in range(8)]
    await asyncio.gather(*guesses)

    response = await world.sign_in(world.other_client(), ADMIN_EMAIL)

    assert response.status_code == 429
