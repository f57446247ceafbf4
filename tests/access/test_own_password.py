"""ACCOUNT-SESSIONS: a person changes their own password with the current one; the operator resets a forgotten one."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access import passwords
from api.access.clean_up import summarise_refusals
from api.access.client_address import counted_as
from api.access.rules import ACCOUNT_FAILURES, MIN_PASSWORD, Permission, own_password_key
from tests.access.test_sign_in import ADMIN_EMAIL, API, have_failed
from tests.support import postgres
from tests.support.backends import until_it_waits
from tests.support.business import PASSWORD
from tests.support.world import World

OWN = f"{API}/me/password"
NEW = "a much better one"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about how long a hash takes."""
    monkeypatch.setattr(passwords, "UNKNOWN_ACCOUNT", passwords._passwords.hash("nobody has this"))


async def change(client: httpx.AsyncClient, current: str = PASSWORD, new: str = NEW) -> httpx.Response:
    return await client.put(OWN, json={"current_password": current, "new_password": new})


async def signed_in(world: World, **headers: str) -> httpx.AsyncClient:
    """The administrator in another browser."""
    client = world.other_client()
    client.headers.update(headers)
    assert (await world.sign_in(client, ADMIN_EMAIL)).status_code == 200
    return client


async def details_of(world: World, action: str) -> list[dict[str, Any]]:
    found = await world.rows(
        "SELECT details - 'salt', actor_kind FROM audit_entries"
        " WHERE organization_id = :id AND action = :action ORDER BY at",
        id=world.organization_id,
        action=action,
    )
    return [{**details, "actor": kind} for details, kind in found]


async def test_ACCOUNT_SESSIONS_a_new_password_needs_the_current_one_and_ends_the_other_sessions(world: World) -> None:
    elsewhere = await signed_in(world)

    refused = await change(world.admin, current="a guess")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/validation")
    assert refused.json()["errors"] == [
        {"pointer": "/current_password", "detail": "This is not your current password."}
    ]
    assert (await elsewhere.get(f"{API}/me")).status_code == 200

    changed = await change(world.admin)
    assert (changed.status_code, changed.json()) == (200, {"ended": 1})
    assert (await elsewhere.get(f"{API}/me")).status_code == 401
    assert (await world.admin.get(f"{API}/me")).status_code == 200
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 401
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL, NEW)).status_code == 200
    assert (await world.maria.get(f"{API}/me")).status_code == 200, "Others stay signed in."
    assert await details_of(world, "password.refused") == [{"address": "127.0.0.1", "actor": "staff_member"}]
    assert await details_of(world, "password.changed") == [{"sessions_ended": 1, "actor": "staff_member"}]


async def test_a_new_password_obeys_the_rules_and_is_another_one(world: World) -> None:
    short = await change(world.admin, new="x" * (MIN_PASSWORD - 1))
    same = await change(world.admin, new=PASSWORD)
    long = await change(world.admin, new="x" * 1_025)

    assert [each.json()["errors"][0]["pointer"] for each in (short, same, long)] == ["/new_password"] * 3
    assert {each.status_code for each in (short, same, long)} == {422}
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 200


async def test_wrong_current_passwords_are_slowed_down_in_all_sessions_of_a_person_and_apart_from_sign_ins(
    world: World,
) -> None:
    elsewhere = await signed_in(world)
    clients = [world.admin, elsewhere] * ACCOUNT_FAILURES
    refused = [await change(client, current=f"guess {n}") for n, client in enumerate(clients[:ACCOUNT_FAILURES])]
    slowed = await change(elsewhere)

    assert [each.status_code for each in refused] == [422] * ACCOUNT_FAILURES
    assert slowed.status_code == 429, "Even the right one waits, or waiting would tell nothing."
    assert int(slowed.headers["retry-after"]) >= 1
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 200, "Sign-ins are counted apart."

    await world.rows("UPDATE sign_in_tries SET at = at - interval '5 minutes' RETURNING id")
    assert (await change(world.admin)).status_code == 200
    assert await world.rows("SELECT 1 FROM sign_in_tries") == [], "A success forgets them."


async def test_strangers_who_guess_at_an_account_do_not_keep_its_owner_from_a_new_password(world: World) -> None:
    await have_failed(world, 40, address=counted_as("127.0.0.1"))
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 429

    assert (await change(world.admin)).status_code == 200


async def test_guesses_in_parallel_count_before_their_passwords_are_checked(world: World) -> None:
    answers = await asyncio.gather(*(change(world.admin, current=f"guess {n}") for n in range(3 * ACCOUNT_FAILURES)))

    checked = [each for each in answers if each.status_code == 422]
    assert len(checked) <= ACCOUNT_FAILURES
    assert {each.status_code for each in answers} <= {422, 429}
    assert len(await details_of(world, "password.refused")) == len(checked)


async def test_tries_of_ones_own_password_leave_no_summary_of_refused_sign_ins(world: World) -> None:
    await change(world.admin, current="a guess")
    await world.rows("UPDATE sign_in_tries SET at = at - interval '10 minutes' RETURNING id")
    await summarise_refusals(world.service.database, world.organization_id)

    assert await details_of(world, "session.refused") == []


async def test_an_API_key_has_no_password(world: World) -> None:
    key = await world.api_key(*Permission)
    for refused in (
        await change(key),
        await key.get(f"{API}/me/sessions"),
        await key.delete(f"{API}/me/sessions"),
        await key.delete(f"{API}/me/sessions/{world.line_id}"),
    ):
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")


async def test_a_session_that_ends_while_the_password_is_checked_changes_nothing(world: World) -> None:
    """An administrator's reset holds the person's row; the change waits for it and then finds its session ended."""
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": []}
    person = (await world.admin.post(f"{API}/staff-members", json=new)).json()
    zoe = world.other_client()
    assert (await world.sign_in(zoe, "zoe@gym.test")).status_code == 200
    async with world.service.database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(f"SELECT 1 FROM staff_members WHERE id = '{person['id']}' FOR NO KEY UPDATE")
        changing = asyncio.create_task(change(zoe))
        await until_it_waits(world)
        await connection.exec_driver_sql(f"DELETE FROM staff_sessions WHERE staff_member_id = '{person['id']}'")
    assert (await changing).status_code == 401
    assert (await world.sign_in(world.other_client(), "zoe@gym.test")).status_code == 200
    assert await details_of(world, "password.changed") == []


async def test_an_administrators_own_password_is_not_changed_without_the_current_one(world: World) -> None:
    path = f"{API}/staff-members/{world.staff_ids['admin']}"
    refused = await world.admin.patch(path, json={"password": NEW})

    assert refused.status_code == 409
    assert "current" in refused.json()["detail"]
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 200


async def test_a_password_that_an_administrator_sets_ends_the_persons_sessions(world: World) -> None:
    path = f"{API}/staff-members/{world.staff_ids['daniel']}"
    assert (await world.admin.patch(path, json={"password": NEW})).status_code == 200

    assert (await world.daniel.get(f"{API}/me")).status_code == 401
    assert (await world.sign_in(world.other_client(), "daniel@gym.test", NEW)).status_code == 200


def test_the_tries_of_two_people_are_counted_apart(world: World) -> None:
    keys = {own_password_key(world.organization_id, each) for each in world.staff_ids.values()}
    assert len(keys) == len(world.staff_ids)


# `messenger reset-password`.


async def reset(clone: postgres.Database, *arguments: str, given: str = "") -> tuple[int, str, str]:
    """The exit status, the output and the errors of the command."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("messenger"),
        "reset-password",
        *arguments,
        env={**os.environ, "MESSENGER_DATABASE_URL": clone.url},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate(given.encode())
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_a_lone_administrator_who_forgot_the_password_gets_back_in(
    world: World, clone: postgres.Database
) -> None:
    await have_failed(world, 30)
    await world.rows("UPDATE sign_in_tries SET organization_id = :id RETURNING id", id=world.organization_id)
    who = ("--organization", world.slug, "--email", ADMIN_EMAIL.upper())

    status, output, errors = await reset(clone, *who, "--generate")

    assert (status, errors) == (0, "")
    done = json.loads(output)
    assert done == {"name": "Ada", "email": ADMIN_EMAIL.upper(), "sessions_ended": 1, "password": done["password"]}
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", done["password"])
    assert (await world.admin.get(f"{API}/me")).status_code == 401
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL, done["password"])).status_code == 200, "At once."
    (entry,) = await details_of(world, "password.reset")
    assert (entry["actor"], entry["name"], entry["sessions_ended"]) == ("system", "Ada", 1)
    assert [each["times"] for each in await details_of(world, "session.refused")] == [30]

    status, output, _ = await reset(clone, *who, "--password-stdin", given=f"{NEW}\n")
    assert status == 0
    assert NEW not in output
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL, NEW)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "given", "line"),
    [
        (
            {"--organization": "no-such-gym"},
            NEW,
            "messenger: There is no organization “no-such-gym”.",
        ),
        ({"--email": "nobody@gym.test"}, NEW, "signs in with nobody@gym.test. Archived staff members do not sign in."),
        ({}, "short", "messenger: The password needs at least 10 characters."),
        ({"--password-stdin": ""}, "", "--password-stdin, or have one made with --generate."),
    ],
    ids=["organization", "person", "password", "neither"],
)
async def test_the_command_refuses_with_one_line(
    world: World, clone: postgres.Database, changes: dict[str, str], given: str, line: str
) -> None:
    options = {"--organization": world.slug, "--email": ADMIN_EMAIL, "--password-stdin": "yes"} | changes
    arguments = [each for name in ("--organization", "--email") for each in (name, options[name])]
    if options["--password-stdin"]:
        arguments.append("--password-stdin")

    status, output, errors = await reset(clone, *arguments, given=given)

    assert (status, output) == (1, "")
    assert line in errors
    assert errors.count("\n") == 1
    assert (await world.sign_in(world.other_client(), ADMIN_EMAIL)).status_code == 200
