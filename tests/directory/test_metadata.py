"""Metadata of families and staff members (decision 0058)."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import text as sql

from api.access.models import StaffMember
from api.directory.models import Family
from tests.directory.test_import import errors, outcomes, send, send_ndjson
from tests.support.metadata import uses_the_index
from tests.support.world import World

API = "/api/v1"
FAMILY = {"name": "Rivera", "contacts": []}
PERSON = {"name": "Yan", "email": "yan@gym.test", "permissions": []}
KINDS = [("families", FAMILY), ("staff-members", PERSON)]


async def made(world: World, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    response = await world.admin.post(f"{API}/{kind}", json=body)
    assert response.status_code == 201, response.text
    record: dict[str, Any] = response.json()
    return record


async def found(client: httpx.AsyncClient, kind: str, query: str) -> list[str]:
    response = await client.get(f"{API}/{kind}?{query}")
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["items"]]


@pytest.mark.parametrize(("kind", "body"), KINDS)
async def test_metadata_is_given_kept_changed_and_removed(world: World, kind: str, body: dict[str, Any]) -> None:
    plain = await made(world, kind, {**body, **({"email": "a@gym.test"} if "email" in body else {})})
    assert plain["metadata"] == {}
    record = await made(world, kind, {**body, "metadata": {"crm_id": "42", "source": "web", "none": None}})
    path = f"{API}/{kind}/{record['id']}"
    assert record["metadata"] == {"crm_id": "42", "source": "web"}
    listed = (await world.admin.get(f"{API}/{kind}")).json()["items"]
    assert {each["id"]: each["metadata"] for each in listed}[record["id"]] == record["metadata"]

    changed = await world.admin.patch(path, json={"metadata": {"crm_id": "43", "source": "", "level": "3"}})
    assert changed.json()["metadata"] == {"crm_id": "43", "level": "3"}
    assert changed.json()["updated_at"] > record["updated_at"]
    renamed = await world.admin.patch(path, json={"name": "Other"})
    assert renamed.json()["metadata"] == {"crm_id": "43", "level": "3"}
    same = await world.admin.patch(path, json={"metadata": {"crm_id": "43", "unknown": None}})
    assert same.json() == renamed.json(), "Nothing has changed."
    emptied = await world.admin.patch(path, json={"metadata": None})
    assert emptied.json()["metadata"] == {}
    entries = (await world.admin.get(f"{API}/audit-entries")).json()["items"]
    said = [each["details"]["changes"].get("metadata") for each in entries if "changes" in each["details"]]
    assert [each for each in said if each] == [["crm_id", "level"], ["crm_id", "level", "source"]]


@pytest.mark.parametrize(("kind", "body"), KINDS)
async def test_a_put_replaces_the_metadata_that_it_names(world: World, kind: str, body: dict[str, Any]) -> None:
    path = f"{API}/{kind}/by-external-id/X-1"
    first = await world.admin.put(path, json={**body, "metadata": {"crm_id": "42", "source": "web"}})
    assert first.json()["metadata"] == {"crm_id": "42", "source": "web"}
    left_out = await world.admin.put(path, json=body)
    assert left_out.json()["metadata"] == first.json()["metadata"]
    replaced = await world.admin.put(path, json={**body, "metadata": {"level": "3"}})
    assert replaced.json()["metadata"] == {"level": "3"}
    assert (await world.admin.put(path, json={**body, "metadata": None})).json()["metadata"] == {}


@pytest.mark.parametrize(("kind", "body"), KINDS)
async def test_what_is_no_metadata_is_refused(world: World, kind: str, body: dict[str, Any]) -> None:
    record = await made(world, kind, {**body, "metadata": {f"key{number}": "1" for number in range(50)}})
    path = f"{API}/{kind}/{record['id']}"
    for metadata, pointer in (
        ({"more": "1"}, "/metadata"),
        ({"a[b]": "1"}, "/metadata"),
        ({"k" * 41: "1"}, "/metadata"),
        ({"": "1"}, "/metadata"),
        ({"key1": "v" * 501}, "/metadata/key1"),
        ({"key1": 1}, "/metadata/key1"),
        ({"key1": "\x00"}, "/metadata/key1"),
        ({f"new{number}": "1" for number in range(51)}, "/metadata"),
        ("crm_id", "/metadata"),
    ):
        refused = await world.admin.patch(path, json={"metadata": metadata})
        assert refused.status_code == 422, metadata
        assert [each["pointer"] for each in refused.json()["errors"]] == [pointer], refused.text
    surrogate = await world.admin.patch(path, content=rb'{"metadata": {"\ud800": "1"}}')
    assert surrogate.status_code in {400, 415, 422}
    assert (await world.admin.get(path)).json() == record


@pytest.mark.parametrize(("kind", "body"), KINDS)
async def test_records_are_found_by_their_metadata(world: World, kind: str, body: dict[str, Any]) -> None:
    def person(number: int) -> dict[str, Any]:
        return {**body, **({"email": f"{number}@gym.test"} if "email" in body else {})}

    both = (await made(world, kind, {**person(1), "name": "Ann", "metadata": {"crm:id": "4:2", "level": "3"}}))["id"]
    one = (await made(world, kind, {**person(2), "name": "Ben", "metadata": {"level": "3", "note": 'a"b\\'}}))["id"]
    await made(world, kind, {**person(3), "metadata": {"level": "33"}})
    other = await World.create(world.service)
    await made(other, kind, {**person(4), "metadata": {"level": "3"}})

    assert await found(world.noah, kind, "metadata=level:3") == [both, one]
    assert await found(world.noah, kind, "metadata[level]=3") == [both, one]
    assert await found(world.noah, kind, "metadata[level]=3&metadata[crm:id]=4:2") == [both]
    assert await found(world.noah, kind, "metadata=level:3&metadata=note:a%22b%5C") == [one]
    assert await found(world.noah, kind, "metadata=level:3&q=ann") == [both]
    assert await found(world.noah, kind, "metadata=level:3&updated_since=2020-01-01T00:00:00Z") == [both, one]
    assert await found(world.noah, kind, "metadata=level:4") == []
    assert await found(world.noah, kind, "metadata=note") == await found(world.noah, kind, "metadata[note]=") == [one]
    assert await found(world.noah, kind, "metadata=level:3&metadata[crm:id]=") == [both]
    assert await found(world.noah, kind, "metadata=4:2") == await found(world.noah, kind, "metadata=other") == []
    page = (await world.noah.get(f"{API}/{kind}?metadata=level:3&limit=1")).json()
    assert await found(world.noah, kind, f"metadata=level:3&limit=1&cursor={page['next_cursor']}") == [one]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("metadata=:3", "/query/metadata/0"),
        ("metadata=level:", "/query/metadata/0"),
        ("metadata=", "/query/metadata/0"),
        (f"metadata[level]={'3' * 501}", "/query/metadata[level]"),
        ("metadata=level&metadata=level:3", "/query/metadata"),
        (f"metadata[{'k' * 41}]=3", f"/query/metadata[{'k' * 41}]"),
        ("metadata[]=3", "/query/metadata[]"),
        ("metadata[a][b]=3", "/query/metadata[a][b]"),
        ("metadata[level]=%00", "/query/metadata[level]"),
        ("metadata=level:3&metadata[level]=4", "/query/metadata"),
        ("&".join(f"metadata[key{number}]=3" for number in range(11)), "/query/metadata"),
        ("tags[level]=3", "/query/tags[level]"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(world: World, query: str, pointer: str) -> None:
    refused = await world.admin.get(f"{API}/families?{query}")
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer], refused.text


async def test_a_route_without_the_filter_refuses_it(world: World) -> None:
    refused = await world.admin.get(f"{API}/classes?metadata[level]=3")
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/query/metadata[level]"]


async def test_an_import_sets_and_removes_keys(world: World) -> None:
    table = "kind,external_id,name,Metadata.CRM id,metadata.level\nfamily,F-1,Rivera,42,\nfamily,F-2,Okafor,43,3\n"
    assert outcomes(await send(world.admin, table.encode())) == [(1, "created"), (2, "created")]
    path = f"{API}/families/by-external-id/F-"
    assert (await world.admin.get(f"{path}1")).json()["metadata"] == {"CRM id": "42"}
    assert (await world.admin.get(f"{path}2")).json()["metadata"] == {"CRM id": "43", "level": "3"}

    assert outcomes(await send(world.admin, table.replace(",43,", ",44,").encode())) == [
        (1, "unchanged"),
        (2, "updated"),
    ]
    row = {"kind": "family", "external_id": "F-2", "name": "Okafor", "metadata": {"level": None, "season": "fall"}}
    assert outcomes(await send_ndjson(world.admin, row)) == [(1, "updated")]
    assert (await world.admin.get(f"{path}2")).json()["metadata"] == {"CRM id": "44", "season": "fall"}
    left_out = await send_ndjson(world.admin, {**row, "metadata": None})
    assert outcomes(left_out) == [(1, "unchanged")]


async def test_an_import_says_what_is_wrong_with_metadata(world: World) -> None:
    bad_header = await send(world.admin, b"kind,name,metadata.a[b],metadata.\nfamily,Rivera,1,2\n")
    assert [each["pointer"] for each in bad_header.json()["errors"]] == ["/columns/2", "/columns/3"]
    table = f"kind,external_id,name,metadata.level\nfamily,F-1,Rivera,{'3' * 501}\n"
    table += "family,F-2,Okafor,3\nfamily,F-2,Okafor,4\n"
    refused = errors(await send(world.admin, table.encode()))
    assert [each[:2] for each in refused if each[1]] == [(1, "/metadata.level"), (3, "/metadata.level")]
    full = {f"key{number}": "1" for number in range(50)}
    await send_ndjson(world.admin, {"kind": "family", "external_id": "F-3", "name": "Kim", "metadata": full})
    more = {"kind": "family", "external_id": "F-3", "name": "Kim", "metadata": {"more": "1"}}
    assert [each[:2] for each in errors(await send_ndjson(world.admin, more))] == [(1, "/metadata")]


@pytest.mark.parametrize("model", [Family, StaffMember])
async def test_the_filter_is_answered_by_an_index(world: World, model: type[Family] | type[StaffMember]) -> None:
    async with world.service.database.transaction() as session:
        await session.execute(
            sql(
                f"INSERT INTO {model.__tablename__} (organization_id, id, name, metadata)"
                " SELECT :organization_id, gen_random_uuid(), 'N' || n,"
                " jsonb_build_object('crm_id', n::text, 'all', '1')"
                " FROM generate_series(1, 5000) AS n"
            ),
            {"organization_id": world.organization_id},
        )
    kind = "families" if model is Family else "staff-members"
    await made(world, kind, {**(FAMILY if model is Family else PERSON), "name": "N0", "metadata": {"level": "3"}})
    for query, name in (("crm_id:77", "N77"), ("level", "N0")):
        async with uses_the_index(world.service, model.__tablename__):
            response = await world.admin.get(f"{API}/{kind}?metadata={query}")
        assert [each["name"] for each in response.json()["items"]] == [name]
    for query in ("all:1", "all"):
        common = (await world.admin.get(f"{API}/{kind}?metadata={query}&limit=3")).json()["items"]
        assert [each["name"] for each in common] == ["N1", "N10", "N100"]
