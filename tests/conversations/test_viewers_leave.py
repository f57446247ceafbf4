"""STATUS-VIEWING: a viewing lease ends with the session and with the permission, in every way these can end."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.conversations import lifecycle
from api.conversations.queries import organizations_to_sweep
from api.conversations.viewing import sweep
from tests.support.business import PASSWORD
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"
ZOE = {"name": "Zoe", "email": "zoe@gym.test", "password": PASSWORD, "permissions": ["sms_logs"], "external_id": "z 1"}


async def _ok(response: httpx.Response) -> None:
    assert response.status_code < 300, response.text


async def _sign_out(world: World, zoe: httpx.AsyncClient, zoe_id: str) -> None:
    await _ok(await zoe.delete(f"{API}/session"))


async def _archive(world: World, zoe: httpx.AsyncClient, zoe_id: str) -> None:
    await _ok(await world.admin.post(f"{API}/staff-members/{zoe_id}/archive"))


def _patch(**changes: object) -> Callable[[World, httpx.AsyncClient, str], Awaitable[None]]:
    async def patch(world: World, zoe: httpx.AsyncClient, zoe_id: str) -> None:
        await _ok(await world.admin.patch(f"{API}/staff-members/{zoe_id}", json=changes))

    return patch


async def _put(world: World, zoe: httpx.AsyncClient, zoe_id: str) -> None:
    body = {**ZOE, "permissions": ["mass_text"]}
    del body["external_id"], body["password"]
    await _ok(await world.admin.put(f"{API}/staff-members/by-external-id/z%201", json=body))


async def _import(world: World, zoe: httpx.AsyncClient, zoe_id: str) -> None:
    row = '{"kind": "staff_member", "external_id": "z 1", "name": "Zoe", "email": "zoe@gym.test", "permissions": []}'
    response = await world.admin.post(
        f"{API}/directory/import", content=row, headers={"Content-Type": "application/x-ndjson"}
    )
    await _ok(response)
    assert response.json()["updated"] == 1, response.text


async def _session_ends(world: World, zoe: httpx.AsyncClient, zoe_id: str) -> None:
    await world.rows(
        "UPDATE staff_sessions SET expires_at = now() - interval '1 second' WHERE staff_member_id = :id RETURNING id",
        id=zoe_id,
    )


WAYS: dict[str, Callable[[World, httpx.AsyncClient, str], Awaitable[None]]] = {
    "signing out": _sign_out,
    "archiving": _archive,
    "archiving by PATCH": _patch(archived=True),
    "losing SMS Logs by PATCH": _patch(permissions=["mass_text"]),
    "losing SMS Logs by PUT": _put,
    "losing SMS Logs by an import": _import,
    "a new password": _patch(password="another good password"),
    "the session's end": _session_ends,
}


async def _zoe(world: World) -> tuple[httpx.AsyncClient, str]:
    zoe_id: str = (await world.admin.post(f"{API}/staff-members", json=ZOE)).json()["id"]
    zoe = world.other_client()
    await _ok(await world.sign_in(zoe, ZOE["email"]))  # type: ignore[arg-type]
    return zoe, zoe_id


async def _conversation(world: World) -> dict[str, Any]:
    await world.text(PARENT, "Hello")
    return await world.conversation(PARENT)


@pytest.mark.parametrize("way", WAYS)
async def test_a_text_after_the_viewer_has_left_is_unread_at_once(way: str, world: World) -> None:
    conversation = await _conversation(world)
    zoe, zoe_id = await _zoe(world)
    await world.view(conversation["id"], 1, by=zoe)
    await world.text(PARENT, "While Zoe looks")
    assert (await world.conversation(PARENT))["status"] == "open"
    await world.view(conversation["id"], 2, by=zoe)

    await WAYS[way](world, zoe, zoe_id)

    seen = (await world.maria.get(f"{API}/conversations/{conversation['id']}")).json()
    assert seen["viewers"] == []
    await world.text(PARENT, "While nobody looks")
    assert (await world.conversation(PARENT))["status"] == "unread"


async def test_signing_out_of_one_session_leaves_the_tabs_of_another(world: World) -> None:
    conversation = await _conversation(world)
    zoe, _ = await _zoe(world)
    at_home = world.other_client()
    await _ok(await world.sign_in(at_home, "zoe@gym.test"))
    await world.view(conversation["id"], 1, by=zoe)
    await world.view(conversation["id"], 1, by=at_home)
    await _ok(await at_home.delete(f"{API}/session"))
    await world.text(PARENT, "Zoe looks at the desk")
    assert (await world.conversation(PARENT))["status"] == "open"
    await _ok(await zoe.delete(f"{API}/session"))
    await world.text(PARENT, "Nobody looks")
    assert (await world.conversation(PARENT))["status"] == "unread"


async def test_a_change_that_is_rolled_back_releases_nobody(world: World) -> None:
    conversation = await _conversation(world)
    zoe, zoe_id = await _zoe(world)
    await world.view(conversation["id"], 1, by=zoe)
    refused = await world.admin.patch(
        f"{API}/staff-members/{zoe_id}", json={"permissions": [], "email": "ada@gym.test"}
    )
    assert refused.status_code == 409
    await world.text(PARENT, "Zoe still looks")
    assert (await world.conversation(PARENT))["status"] == "open"


async def test_a_tab_that_signs_in_again_is_a_viewer_again(world: World) -> None:
    conversation = await _conversation(world)
    zoe, _ = await _zoe(world)
    tab = uuid4()
    await world.view(conversation["id"], 1, viewer_id=tab, by=zoe)
    await _ok(await zoe.delete(f"{API}/session"))
    await _ok(await world.sign_in(zoe, "zoe@gym.test"))
    await world.view(conversation["id"], 1, viewer_id=tab, by=zoe)
    await world.text(PARENT, "Zoe is back")
    assert (await world.conversation(PARENT))["status"] == "open"


async def test_the_sweep_makes_unconfirmed_texts_of_a_viewer_who_left_unread_and_announces_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await _conversation(world)
    zoe, _ = await _zoe(world)
    await world.view(conversation["id"], 1, by=zoe)
    await world.text(PARENT, "While Zoe looks")
    await _ok(await zoe.delete(f"{API}/session"))

    announced: list[str] = []
    monkeypatch.setattr(lifecycle, "announce_conversation", lambda session, org, id: announced.append(str(id)))
    async with world.service.database.transaction() as session:
        assert world.organization_id in await organizations_to_sweep(session)
        assert await sweep(session, world.organization_id) == 0, "Its deadline has not passed."
    assert announced == [conversation["id"]], "Everybody sees at once that Zoe looks no more."
    assert await world.rows("SELECT id FROM viewers") == []
    async with world.service.database.transaction() as session:
        assert world.organization_id not in await organizations_to_sweep(session)
    await world.rows("UPDATE conversations SET seen_deadline = now() - interval '1 second' RETURNING id")
    async with world.service.database.transaction() as session:
        assert await sweep(session, world.organization_id) == 1
    assert (await world.conversation(PARENT))["status"] == "unread"


async def test_a_lease_of_an_older_version_that_names_no_session_counts_until_it_expires(world: World) -> None:
    conversation = await _conversation(world)
    zoe, zoe_id = await _zoe(world)
    await world.view(conversation["id"], 1, by=zoe)
    await world.rows("UPDATE viewers SET session_id = NULL RETURNING id")
    await world.text(PARENT, "Zoe looks")
    assert (await world.conversation(PARENT))["status"] == "open"
    await _archive(world, zoe, zoe_id)
    await world.text(PARENT, "An archived person does not, whatever the version")
    assert (await world.conversation(PARENT))["status"] == "unread"
