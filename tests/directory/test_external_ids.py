"""Finding records by the ids of other systems, and the record that a conflict is with."""

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.support.world import World

API = "/api/v1"

STRANGE = ["F-1", "a/b", "/", "a/", "../x", "50% & more?", "#1", "ünï ✓", "a;b=c", "."]


def person(**changes: object) -> dict[str, Any]:
    return {"name": "Yan", "email": "yan@gym.test", "permissions": [], **changes}


@pytest.mark.parametrize("external_id", STRANGE)
async def test_records_are_found_by_any_external_id(world: World, external_id: str) -> None:
    for resource, body in (("families", {"name": "Rivera", "contacts": []}), ("staff-members", person())):
        address = f"{API}/{resource}/by-external-id/{quote(external_id, safe='').replace('.', '%2E')}"
        assert (await world.admin.get(address)).status_code == 404
        made = (await world.admin.put(address, json=body)).json()
        assert made["external_id"] == external_id
        assert (await world.noah.get(address)).json() == made

        listed = await world.noah.get(f"{API}/{resource}", params={"external_id": external_id})
        assert [each["id"] for each in listed.json()["items"]] == [made["id"]]
        other = await world.noah.get(f"{API}/{resource}", params={"external_id": f"{external_id}0"})
        assert other.json()["items"] == []
        both = await world.noah.get(f"{API}/{resource}", params={"external_id": external_id, "q": body["name"]})
        assert [each["id"] for each in both.json()["items"]] == [made["id"]]


async def test_an_archived_record_is_found_by_its_external_id(world: World) -> None:
    address = f"{API}/families/by-external-id/F-1"
    made = (await world.admin.put(address, json={"name": "Rivera", "contacts": []})).json()
    await world.admin.post(f"{API}/families/{made['id']}/archive")
    assert (await world.olga.get(address)).json()["archived"] is True
    listed = await world.olga.get(f"{API}/families", params={"external_id": "F-1", "archived": True})
    assert [each["id"] for each in listed.json()["items"]] == [made["id"]]


async def test_another_businesses_external_id_is_not_found(world: World) -> None:
    await world.admin.put(f"{API}/families/by-external-id/F-1", json={"name": "Rivera", "contacts": []})
    other = await World.create(world.service)
    assert (await other.admin.get(f"{API}/families/by-external-id/F-1")).status_code == 404


CREATED: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("families", {"name": "A", "external_id": "F-1", "contacts": []}, {"name": "B"}, ["/external_id"]),
    ("staff-members", person(external_id="S-1"), {"email": "other@gym.test"}, ["/external_id"]),
    ("staff-members", person(), {"name": "Other", "email": "YAN@gym.test"}, ["/email"]),
    (
        "classes",
        {"name": "Tumbling", "weekdays": ["monday"]},
        {"room": "2"},
        ["/name", "/weekdays", "/time", "/location"],
    ),
    ("saved-replies", {"title": "Hours", "body": "9 to 5", "scope": "organization"}, {"body": "Other"}, ["/title"]),
    ("audiences", {"name": "All", "audience": {"families": {}}}, {"name": "ALL"}, ["/name"]),
]


@pytest.mark.parametrize(("resource", "body", "changes", "conflicting"), CREATED)
async def test_a_create_that_conflicts_names_the_record_that_is_there(
    world: World, resource: str, body: dict[str, Any], changes: dict[str, Any], conflicting: list[str]
) -> None:
    made = await world.admin.post(f"{API}/{resource}", json=body)
    assert made.status_code == 201, made.text
    refused = await world.admin.post(f"{API}/{resource}", json={**body, **changes})
    assert refused.status_code == 409, refused.text
    problem = refused.json()
    assert problem["type"] == "/problems/conflict"
    assert (problem["existing_id"], problem["conflicting"]) == (made.json()["id"], conflicting)
    # The refused request has left nothing, and the service goes on.
    assert (await world.admin.get(f"{API}/{resource}/{made.json()['id']}")).status_code in {200, 405}


async def test_a_line_that_exists_is_named(world: World) -> None:
    line = (await world.admin.get(f"{API}/lines/{world.line_id}")).json()
    new = {key: line[key] for key in ("label", "phone_number", "kind", "country", "provider")}
    credentials = {"account_sid": "AC1", "auth_token": "t"}
    refused = await world.admin.post(f"{API}/lines", json={**new, "credentials": credentials})
    assert refused.status_code == 409, refused.text
    assert refused.json()["existing_id"] == str(world.line_id)
    assert refused.json()["conflicting"] == ["/phone_number"]


async def test_creates_at_the_same_moment_name_the_one_that_was_first(world: World) -> None:
    body = {"name": "Rivera", "external_id": "F-1", "contacts": []}
    answers = await asyncio.gather(*(world.olga.post(f"{API}/families", json=body) for _ in range(6)))
    (made,) = [each.json() for each in answers if each.status_code == 201]
    refused = [each.json() for each in answers if each.status_code == 409]
    assert len(refused) == 5
    assert {each["existing_id"] for each in refused} == {made["id"]}


async def test_a_change_that_conflicts_names_the_record_that_is_there(world: World) -> None:
    first, second = [
        (await world.olga.put(f"{API}/families/by-external-id/{each}", json={"name": each, "contacts": []})).json()
        for each in ("F-1", "F-2")
    ]
    refused = await world.olga.patch(f"{API}/families/{second['id']}", json={"external_id": "F-1"})
    assert (refused.status_code, refused.json()["existing_id"]) == (409, first["id"])


async def test_an_import_id_that_is_taken_is_named(world: World) -> None:
    import_id = str(uuid4())
    rows = "".join(f'{{"kind": "family", "external_id": "I-{n}", "name": "I", "contacts": []}}\n' for n in range(1001))
    headers = {"Content-Type": "application/x-ndjson"}
    address = f"{API}/directory/import?import_id={import_id}"
    first = await world.olga.post(address, content=rows, headers=headers)
    assert first.status_code == 202, first.text
    refused = await world.olga.post(address, content=rows, headers=headers)
    assert refused.status_code == 409, refused.text
    assert refused.json()["existing_id"] == import_id


async def test_null_takes_the_external_id_from_a_record_and_frees_it(world: World) -> None:
    for resource, body in (("families", {"name": "Rivera", "contacts": []}), ("staff-members", person())):
        address = f"{API}/{resource}/by-external-id/F-1"
        made = (await world.admin.put(address, json=body)).json()

        freed = await world.admin.patch(f"{API}/{resource}/{made['id']}", json={"external_id": None})

        assert (freed.status_code, freed.json()["external_id"]) == (200, None)
        assert (await world.admin.get(address)).status_code == 404
        again = await world.admin.put(address, json={**body, "email": "other@gym.test"} if "email" in body else body)
        assert (again.status_code, again.json()["id"] == made["id"]) == (201, False)


async def test_a_put_names_no_other_external_id_than_its_address(world: World) -> None:
    for resource, body in (("families", {"name": "Rivera", "contacts": []}), ("staff-members", person())):
        address = f"{API}/{resource}/by-external-id/F-1"

        refused = await world.admin.put(address, json={**body, "external_id": "F-2"})
        same = await world.admin.put(address, json={**body, "external_id": "F-1"})

        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/external_id")
        assert (same.status_code, same.json()["external_id"]) == (201, "F-1")


async def test_a_record_that_is_sent_back_whole_is_told_what_cannot_be_set(world: World) -> None:
    family = await world.family("Rivera", "+13125550101")

    refused = await world.maria.patch(f"{API}/families/{family['id']}", json={"contacts": family["contacts"]})

    contact, record = "/contacts/0", "/contacts/0/phone_records/0"
    assert {each["pointer"]: each["detail"] for each in refused.json()["errors"]} == dict.fromkeys(
        [
            *(f"{contact}/{name}" for name in ("created_at", "updated_at")),
            *(f"{record}/{name}" for name in ("created_at", "updated_at", "opt_in/changed_at", "opt_in/changed_by")),
        ],
        "This cannot be set: leave it out.",
    )
