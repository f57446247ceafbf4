"""ACCOUNT-SESSIONS: sessions are listed and ended, by the person and by an administrator."""

from datetime import datetime
from typing import Any

import httpx
import pytest

from api.access.user_agents import MAX_NAME, device_name
from tests.access.test_own_password import details_of, signed_in
from tests.access.test_sign_in import API
from tests.support.world import World

SESSIONS = f"{API}/me/sessions"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.1 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/130.0.0.0", "Edge on Windows"),
        (f"{CHROME} OPR/115.0.0.0", "Opera on Windows"),
        (SAFARI, "Safari on iPhone"),
        (SAFARI.replace("Version/18.1", "CriOS/130.0"), "Chrome on iPhone"),
        (SAFARI.replace("iPhone; CPU iPhone", "iPad; CPU"), "Safari on iPad"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Mac"),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko)"
            " SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "X11; CrOS x86_64 14541.0.0"), "Chrome on ChromeOS"),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64"), "Chrome on Linux"),
        ("curl/8.5.0", "curl"),
        ("x" * 100_000, "x" * MAX_NAME),
        ("\xff\xfe/1", None),
        (" / ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_device_is_named_in_words(user_agent: str | None, device: str | None) -> None:
    assert device_name(user_agent) == device


async def sessions_of(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get(SESSIONS)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_ACCOUNT_SESSIONS_a_person_sees_where_they_are_signed_in(world: World) -> None:
    phone = await signed_in(world, **{"User-Agent": SAFARI})
    desk = await signed_in(world, **{"User-Agent": CHROME})

    seen = await sessions_of(phone)

    assert [(each["device"], each["address"], each["is_current"]) for each in seen] == [
        ("Chrome on Windows", "127.0.0.1", False),
        ("Safari on iPhone", "127.0.0.1", True),
        (None, "test", False),
    ]
    assert [each["is_current"] for each in await sessions_of(desk)] == [True, False, False]
    assert set(seen[0]) == {"id", "created_at", "last_used_at", "device", "address", "is_current"}
    assert len(await sessions_of(world.maria)) == 1, "Nobody sees another's."

    first = (await phone.get(SESSIONS, params={"limit": 2})).json()
    second = (await phone.get(SESSIONS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert first["items"] + second["items"] == seen
    assert second["next_cursor"] is None


async def test_a_session_that_ended_by_itself_is_neither_listed_nor_ended(world: World) -> None:
    await signed_in(world)
    ((expired,),) = await world.rows(
        "UPDATE staff_sessions SET expires_at = now() WHERE device = 'python-httpx' RETURNING id"
    )

    assert len(await sessions_of(world.admin)) == 1
    assert (await world.admin.delete(f"{SESSIONS}/{expired}")).status_code == 404
    assert (await world.admin.delete(SESSIONS)).json() == {"ended": 0}


async def test_ACCOUNT_SESSIONS_a_person_ends_one_of_theirs_and_never_anothers(world: World) -> None:
    phone = await signed_in(world, **{"User-Agent": SAFARI})
    await signed_in(world, **{"User-Agent": CHROME})
    (desk, *_rest) = await sessions_of(phone)
    (marias,) = await sessions_of(world.maria)

    assert (await world.admin.delete(f"{SESSIONS}/{marias['id']}")).status_code == 404
    assert (await world.maria.delete(f"{SESSIONS}/{desk['id']}")).status_code == 404
    assert (await phone.delete(f"{SESSIONS}/{desk['id']}")).status_code == 204
    assert (await phone.delete(f"{SESSIONS}/{desk['id']}")).status_code == 404

    assert desk["id"] not in {each["id"] for each in await sessions_of(phone)}
    assert (await world.maria.get(f"{API}/me")).status_code == 200
    (entry,) = await details_of(world, "session.revoked")
    assert (entry["name"], entry["sessions"], entry["device"]) == ("Ada", 1, "Chrome on Windows")


async def test_ACCOUNT_SESSIONS_a_person_ends_all_but_the_one_at_hand(world: World) -> None:
    phone, desk = await signed_in(world), await signed_in(world)

    assert (await phone.delete(SESSIONS)).json() == {"ended": 2}
    assert (await phone.delete(SESSIONS)).json() == {"ended": 0}

    assert (await phone.get(f"{API}/me")).status_code == 200
    assert [(await each.get(f"{API}/me")).status_code for each in (desk, world.admin)] == [401, 401]
    assert [each["sessions"] for each in await details_of(world, "session.revoked")] == [2], "Once: nothing is no act."


async def test_PERM_ADMIN_an_administrator_signs_a_colleague_out_everywhere(world: World) -> None:
    path = f"{API}/staff-members/{world.staff_ids['maria']}/sessions"
    assert (await world.daniel.delete(path)).status_code == 403

    assert (await world.admin.delete(path)).json() == {"ended": 1}

    assert (await world.maria.get(f"{API}/me")).status_code == 401
    (entry,) = await details_of(world, "session.revoked")
    assert (entry["name"], entry["sessions"]) == ("Maria", 1)
    neighbour = await World.create(world.service)
    elsewhere = f"{API}/staff-members/{neighbour.staff_ids['maria']}/sessions"
    assert (await world.admin.delete(elsewhere)).status_code == 404
    assert (await neighbour.maria.get(f"{API}/me")).status_code == 200

    own = f"{API}/staff-members/{world.staff_ids['admin']}/sessions"
    await signed_in(world)
    assert (await world.admin.delete(own)).json() == {"ended": 1}
    assert (await world.admin.get(f"{API}/me")).status_code == 200, "The session at hand stays."


async def used_at(world: World) -> datetime:
    ((at,),) = await world.rows(
        "SELECT last_used_at FROM staff_sessions WHERE staff_member_id = :id", id=world.staff_ids["maria"]
    )
    assert isinstance(at, datetime)
    return at


async def test_the_last_use_is_written_at_most_once_a_minute_with_its_address(world: World) -> None:
    await world.rows("UPDATE staff_sessions SET last_used_at = now() - interval '59 seconds' RETURNING id")
    before = await used_at(world)
    await world.maria.get(f"{API}/me")
    assert await used_at(world) == before

    await world.rows("UPDATE staff_sessions SET last_used_at = now() - interval '61 seconds' RETURNING id")
    before = await used_at(world)
    await world.maria.get(f"{API}/me")
    assert await used_at(world) > before
    (session,) = await sessions_of(world.maria)
    assert session["address"] == "127.0.0.1"


async def test_a_long_request_of_a_session_delays_no_other_of_it(world: World) -> None:
    """Both find the last use a minute ago. The second does not wait for the row that the first has locked."""
    await world.rows("UPDATE staff_sessions SET last_used_at = now() - interval '5 minutes' RETURNING id")
    async with world.service.database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("SELECT 1 FROM staff_sessions FOR UPDATE")
        assert (await world.maria.get(f"{API}/me")).status_code == 200


async def test_an_archived_person_is_signed_out_and_a_session_list_is_theirs_no_more(world: World) -> None:
    archived = await world.admin.post(f"{API}/staff-members/{world.staff_ids['daniel']}/archive")
    assert archived.status_code == 200
    assert (await world.daniel.get(SESSIONS)).status_code == 401
    assert (
        await world.rows("SELECT 1 FROM staff_sessions WHERE staff_member_id = :id", id=world.staff_ids["daniel"]) == []
    )
