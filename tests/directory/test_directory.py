"""Families and staff members through the API."""

import asyncio
from typing import Any

import httpx

from api.kit.paging import encode_cursor
from tests.support.business import PASSWORD
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


def family_body(**changes: object) -> dict[str, Any]:
    record = {"phone_number": "312-555-0101", "label": "Mobile", "opt_in": {"state": "opted_in", "source": "portal"}}
    contact = {"name": "Maya Rivera", "relation": "Mother", "phone_records": [record]}
    return {"name": "Rivera family", "external_id": "F-1", "contacts": [contact], **changes}


async def create(world: World, resource: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await world.admin.post(f"{API}/{resource}", json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def test_a_family_comes_back_as_it_was_given_with_its_number_in_full(world: World) -> None:
    family = await create(world, "families", family_body())

    (contact,) = family["contacts"]
    (record,) = contact["phone_records"]
    assert (family["name"], family["external_id"], family["archived"]) == ("Rivera family", "F-1", False)
    assert (contact["name"], contact["relation"]) == ("Maya Rivera", "Mother")
    assert (record["phone_number"], record["label"]) == (PARENT, "Mobile")
    assert (record["opt_in"]["state"], record["opt_in"]["source"]) == ("opted_in", "portal")
    assert record["opt_in"]["changed_by"]["name"] == "Ada"
    assert record["opt_in"]["changed_at"] is not None
    assert (await world.noah.get(f"{API}/families/{family['id']}")).json() == family


async def test_a_record_without_an_opt_in_was_never_asked(world: World) -> None:
    family = await create(
        world, "families", {"name": "X", "contacts": [{"name": "Y", "phone_records": [{"phone_number": PARENT}]}]}
    )
    opt_in = family["contacts"][0]["phone_records"][0]["opt_in"]
    assert opt_in == {"state": "unknown", "source": None, "changed_at": None, "changed_by": None}


async def test_a_staff_member_has_the_permissions_in_force(world: World) -> None:
    new = {"name": "Kim", "email": "kim@gym.test", "permissions": ["mass_text", "sms_logs", "mass_text"][:2]}
    kim = await create(world, "staff-members", new)
    assert kim["permissions"] == ["sms_logs", "mass_text"]
    boss = await create(world, "staff-members", {**new, "email": "boss@gym.test", "permissions": [], "is_admin": True})
    assert boss["permissions"] == ["sms_logs", "mass_text", "mass_text_any_hour", "directory"]
    assert "password" not in str(boss)


REFUSED_FAMILIES: list[tuple[dict[str, Any], str]] = [
    ({}, "/name"),
    (family_body(name=""), "/name"),
    (family_body(name="x" * 201), "/name"),
    (family_body(name="a\nb"), "/name"),
    (family_body(external_id=""), "/external_id"),
    (family_body(contacts=None), "/contacts"),
    (family_body(contacts=[{"name": "Y"}] * 51), "/contacts"),
    (family_body(contacts=[{"phone_records": []}]), "/contacts/0/name"),
]

REFUSED_RECORDS: list[tuple[dict[str, Any], str]] = [
    ({"phone_number": "555-0101"}, "phone_number"),
    ({"phone_number": "12"}, "phone_number"),
    ({"phone_number": PARENT, "label": "x" * 61}, "label"),
    ({"phone_number": PARENT, "opt_in": {"state": "perhaps", "source": "portal"}}, "opt_in/state"),
    ({"phone_number": PARENT, "opt_in": {"state": "opted_in"}}, "opt_in/source"),
    ({"phone_number": PARENT, "opt_in": {"state": "opted_in", "source": "hearsay"}}, "opt_in/source"),
]


async def test_what_is_not_valid_is_refused_with_a_pointer_to_it(world: World) -> None:
    before = await world.table_sizes()
    cases = list(REFUSED_FAMILIES)
    for record, pointer in REFUSED_RECORDS:
        contacts = [{"name": "A"}, {"name": "B", "phone_records": [{"phone_number": "+13125550102"}, record]}]
        cases.append((family_body(contacts=contacts), f"/contacts/1/phone_records/1/{pointer}"))
    for body, pointer in cases:
        response = await world.admin.post(f"{API}/families", json=body)
        assert (pointer, response.status_code) == (pointer, 422)
        assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert await world.table_sizes() == before


async def test_one_number_stands_once_on_a_contact(world: World) -> None:
    twice = [{"phone_number": PARENT}, {"phone_number": "(312) 555-0101"}]
    response = await world.admin.post(
        f"{API}/families", json=family_body(contacts=[{"name": "A", "phone_records": twice}])
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/contacts/0/phone_records/1/phone_number"


async def conflicts(response: httpx.Response) -> None:
    assert response.status_code == 409, response.text
    assert response.json()["type"] == "/problems/conflict"


async def test_a_taken_external_id_or_email_is_a_conflict_on_every_route(world: World) -> None:
    await create(world, "families", family_body())
    other = await create(world, "families", family_body(external_id="F-2"))
    await conflicts(await world.admin.post(f"{API}/families", json=family_body()))
    await conflicts(await world.admin.patch(f"{API}/families/{other['id']}", json={"external_id": "F-1"}))

    new = {"name": "Kim", "email": "kim@gym.test", "external_id": "S-1", "permissions": []}
    await create(world, "staff-members", new)
    zoe = await create(world, "staff-members", {**new, "email": "zoe@gym.test", "external_id": "S-2"})
    for body in ({**new, "external_id": "S-3"}, {**new, "email": "KIM@gym.test"}, {**new, "email": "lee@gym.test"}):
        await conflicts(await world.admin.post(f"{API}/staff-members", json=body))
    for patch in ({"email": "kim@gym.test"}, {"external_id": "S-1"}, {"email": "Kim@Gym.test", "password": PASSWORD}):
        await conflicts(await world.admin.patch(f"{API}/staff-members/{zoe['id']}", json=patch))
    put = f"{API}/staff-members/by-external-id/S-9"
    await conflicts(await world.admin.put(put, json={**new, "external_id": "S-9"}))
    assert (await world.admin.get(f"{API}/staff-members/{zoe['id']}")).json() == zoe


async def test_concurrent_creates_of_one_record_create_it_once(world: World) -> None:
    put = f"{API}/families/by-external-id/F-1"
    answers = await asyncio.gather(*(world.admin.put(put, json=family_body()) for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert [answer.status_code for answer in answers].count(201) == 1
    assert await world.rows("SELECT count(*) FROM families") == [(1,)]


async def test_putting_by_external_id_creates_and_then_changes(world: World) -> None:
    put = f"{API}/families/by-external-id/F-7"
    first = await world.admin.put(put, json=family_body(external_id=None))
    again = await world.admin.put(put, json=family_body(external_id=None))
    renamed = await world.admin.put(put, json=family_body(name="Rivera-Chen family", contacts=[], external_id=None))

    assert (first.status_code, again.status_code, renamed.status_code) == (201, 200, 200)
    assert again.json() == first.json()
    assert renamed.json()["id"] == first.json()["id"]
    assert renamed.json()["external_id"] == "F-7"
    assert (renamed.json()["name"], renamed.json()["contacts"]) == ("Rivera-Chen family", [])


async def test_a_patch_changes_what_it_names_and_nothing_else(world: World) -> None:
    family = await create(world, "families", family_body())
    patched = await world.admin.patch(f"{API}/families/{family['id']}", json={"name": "Rivera-Chen family"})
    assert patched.json() == {
        **family,
        "name": "Rivera-Chen family",
        "updated_at": patched.json()["updated_at"],
    }
    nothing = await world.admin.patch(f"{API}/families/{family['id']}", json={})
    assert nothing.json() == patched.json()


async def search(world: World, query: str, **params: str) -> list[str]:
    response = await world.noah.get(f"{API}/families", params={"q": query, **params})
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


async def test_REACH_FAMILY_names_and_numbers_are_searched_here(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.family("O'Neil", "+13125550102")
    await world.family("100%", "+64211234567")

    assert await search(world, "rivera") == ["Rivera family"]
    assert await search(world, "maya o'n") == ["O'Neil family"]
    assert await search(world, "555-0102") == ["O'Neil family"]
    assert await search(world, "(312) 555") == ["O'Neil family", "Rivera family"]
    assert await search(world, "021 123 4567") == ["100% family"]
    assert await search(world, "%") == ["100% family"]
    assert await search(world, "_") == []
    assert await search(world, "\\") == []
    assert await search(world, "Nobody") == []
    assert len(await search(world, "")) == 3


async def test_archived_families_are_listed_apart(world: World) -> None:
    await world.family("Rivera", PARENT, archived=True)
    await world.family("Chen", "+13125550102")
    assert await search(world, "") == ["Chen family"]
    assert await search(world, "", archived="true") == ["Rivera family"]


async def test_families_page_by_name_while_families_are_added(world: World) -> None:
    for name in ("Adams", "Brown", "Chen", "Díaz", "Evans"):
        await create(world, "families", {"name": name, "contacts": []})
    first = (await world.admin.get(f"{API}/families", params={"limit": 2})).json()
    for name in ("Aaron", "Cole"):
        await create(world, "families", {"name": name, "contacts": []})

    names = [item["name"] for item in first["items"]]
    cursor = first["next_cursor"]
    while cursor is not None:
        page = (await world.admin.get(f"{API}/families", params={"limit": 2, "cursor": cursor})).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert names == ["Adams", "Brown", "Chen", "Cole", "Díaz", "Evans"]


async def test_an_invalid_limit_or_cursor_is_refused_on_every_list(world: World) -> None:
    for path in ("families", "staff-members", "conversations", "lines", "api-keys"):
        for params in ({"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"cursor": "garbage"}, {"cursor": "é"}):
            response = await world.admin.get(f"{API}/{path}", params=params)
            assert (path, params, response.status_code) == (path, params, 422)
        assert (await world.admin.get(f"{API}/{path}", params={"limit": "200"})).status_code == 200


async def test_a_made_up_cursor_is_refused(world: World) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for time in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2030-01-01T00:00:00", "soon", "\x00"):
        params = {"cursor": encode_cursor(time, nobody)}
        response = await world.admin.get(f"{API}/conversations", params=params)
        assert (time, response.status_code) == (time, 422)
    for parts in (("\x00", nobody), ("Chen", "x"), ("Chen",), ("Chen", nobody, 1)):
        response = await world.admin.get(f"{API}/families", params={"cursor": encode_cursor(*parts)})
        assert (parts, response.status_code) == (parts, 422)


async def test_the_last_administrator_cannot_go(world: World) -> None:
    ada = f"{API}/staff-members/{world.staff_ids['admin']}"
    await conflicts(await world.admin.post(f"{ada}/archive"))
    await conflicts(await world.admin.patch(ada, json={"is_admin": False}))
    await conflicts(await world.admin.patch(ada, json={"archived": True}))
    assert (await world.admin.get(f"{API}/me")).json()["is_admin"] is True


async def test_an_archived_person_holds_no_session_and_can_be_brought_back(world: World) -> None:
    daniel = f"{API}/staff-members/{world.staff_ids['daniel']}"
    archived = await world.admin.post(f"{daniel}/archive")
    assert archived.json()["archived"] is True
    assert (await world.daniel.get(f"{API}/me")).status_code == 401
    back = await world.admin.patch(daniel, json={"archived": False})
    assert back.json()["archived"] is False
    assert (await world.daniel.get(f"{API}/me")).status_code == 401, "He signs in again."
