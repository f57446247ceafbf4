"""Who records consent and who records a refusal, by every way in (OPTIN-WHO)."""

import json
from collections.abc import Awaitable, Callable
from itertools import product
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.access.rules import Permission
from api.directory.rules import OptInState, missing_for_opt_in
from tests.directory.test_import import send_csv, send_ndjson
from tests.support.world import World

API = "/api/v1"
ASKED = SMS_LOGS, MASS_TEXT, DIRECTORY = Permission.SMS_LOGS, Permission.MASS_TEXT, Permission.DIRECTORY
IN, OUT, UNKNOWN = OptInState.OPTED_IN, OptInState.OPTED_OUT, OptInState.UNKNOWN

SETS = [frozenset(each for each, has in zip(ASKED, chosen, strict=True) if has) for chosen in product((0, 1), repeat=3)]

Record = dict[str, Any]


def test_OPTIN_WHO_each_change_needs_what_page_1_says() -> None:
    for permissions, before, after in product(SETS, OptInState, OptInState):
        if after is IN or (before is OUT and after is UNKNOWN):
            allowed = {SMS_LOGS, MASS_TEXT} <= permissions
        else:
            allowed = bool({SMS_LOGS, DIRECTORY} & permissions)

        missing = missing_for_opt_in(permissions, before=before, after=after)

        assert (permissions, before, after, missing is None) == (permissions, before, after, allowed)
        assert missing is None or missing not in permissions


# Every route that changes records, for a person or key with `directory` alone.

Way = Callable[[World, httpx.AsyncClient, Record, Record], Awaitable[httpx.Response]]


def contact(record: Record) -> Record:
    return {"name": "Maya Rivera", "phone_records": [record]}


def csv_row(family: Record, record: Record) -> str:
    opt_in = record["opt_in"]
    return f"family,{family['external_id']},Rivera,Maya Rivera,,{record['phone_number']},,{opt_in['state']},verbal,,,"


async def by_patch(world: World, client: httpx.AsyncClient, family: Record, record: Record) -> httpx.Response:
    return await client.patch(f"{API}/families/{family['id']}", json={"name": "Changed", "contacts": [contact(record)]})


async def by_put(world: World, client: httpx.AsyncClient, family: Record, record: Record) -> httpx.Response:
    body = {"name": "Changed", "contacts": [contact(record)]}
    return await client.put(f"{API}/families/by-external-id/{family['external_id']}", json=body)


async def by_csv(world: World, client: httpx.AsyncClient, family: Record, record: Record) -> httpx.Response:
    return await send_csv(client, "family,,Fine,,,,,,,,,", csv_row(family, record))


async def by_ndjson(world: World, client: httpx.AsyncClient, family: Record, record: Record) -> httpx.Response:
    external_id = family["external_id"]
    line = {"kind": "family", "external_id": external_id, "name": "Changed", "contacts": [contact(record)]}
    return await send_ndjson(client, line)


async def by_opt_in_route(world: World, client: httpx.AsyncClient, family: Record, record: Record) -> httpx.Response:
    record_id = family["contacts"][0]["phone_records"][0]["id"]
    return await client.put(f"{API}/phone-records/{record_id}/opt-in", json=record["opt_in"])


WAYS: dict[str, Way] = {
    "PATCH": by_patch,
    "PUT": by_put,
    "CSV": by_csv,
    "NDJSON": by_ndjson,
    "opt-in": by_opt_in_route,
}


async def family_with(world: World, state: str, number: str) -> Record:
    record = {"phone_number": number, "opt_in": {"state": state, "source": "portal"}}
    body = {"name": "Rivera", "external_id": f"F-{uuid4()}", "contacts": [contact(record)]}
    response = await world.admin.post(f"{API}/families", json=body)
    assert response.status_code == 201, response.text
    family: Record = response.json()
    return family


async def stored(world: World) -> list[Any]:
    """Every row of consent and of the directory."""
    return [
        await world.rows(f"SELECT to_jsonb(each) FROM {table} AS each ORDER BY id")
        for table in ("families", "contacts", "phone_records", "refusals", "audit_entries")
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_OPTIN_WHO_a_forbidden_change_changes_nothing_by_any_way(world: World, way: str) -> None:
    clients = {"olga": world.olga, "a key": await world.api_key(DIRECTORY)}
    if way == "opt-in":
        clients["daniel"] = world.daniel
    for n, ((before, after), (who, client)) in enumerate(
        product((("unknown", "opted_in"), ("opted_out", "opted_in"), ("opted_out", "unknown")), clients.items())
    ):
        number = f"+131255503{n:02d}"
        family = await family_with(world, before, number)
        as_it_was = await stored(world)
        record = {"phone_number": number, "opt_in": {"state": after, "source": "verbal"}}

        refused = await WAYS[way](world, client, family, record)

        cell = (way, who, before, after)
        if way in ("CSV", "NDJSON"):
            assert (*cell, refused.status_code) == (*cell, 422), refused.text
            failed = [item for item in refused.json()["items"] if item["errors"]]
            (error,) = failed[0]["errors"]
            assert "the SMS Logs permission" in error["detail"]
            place = "/opt_in_state" if way == "CSV" else "/contacts/0/phone_records/0/opt_in/state"
            assert (failed[0]["row"], error["pointer"]) == (2 if way == "CSV" else 1, place)
        else:
            assert (*cell, refused.status_code) == (*cell, 403), refused.text
            assert refused.json()["type"] == "/problems/permission-required"
            assert refused.json()["permission"] == ("mass_text" if who == "daniel" else "sms_logs")
        assert await stored(world) == as_it_was


@pytest.mark.parametrize("way", WAYS)
async def test_OPTIN_WHO_directory_is_enough_for_a_refusal_and_for_no_change(world: World, way: str) -> None:
    repeatable = [] if way == "opt-in" else [("opted_in", "opted_in")]
    for n, (before, after) in enumerate([("opted_in", "opted_out"), ("opted_out", "opted_out"), *repeatable]):
        number = f"+131255503{n:02d}"
        family = await family_with(world, before, number)
        record = {"phone_number": number, "opt_in": {"state": after, "source": "verbal"}}

        done = await WAYS[way](world, world.olga, family, record)

        assert done.status_code == 200, done.text
        after_it = (await world.olga.get(f"{API}/families/{family['id']}")).json()
        (kept,) = after_it["contacts"][0]["phone_records"]
        assert (kept["id"], kept["opt_in"]["state"]) == (
            family["contacts"][0]["phone_records"][0]["id"],
            after,
        )


@pytest.mark.parametrize("way", WAYS)
async def test_OPTIN_WHO_consent_is_recorded_by_who_may_send(world: World, way: str) -> None:
    family = await family_with(world, "unknown", "+13125550301")
    record = {"phone_number": "+13125550301", "opt_in": {"state": "opted_in", "source": "verbal"}}

    done = await WAYS[way](world, world.maria, family, record)

    assert done.status_code == 200, done.text
    check = await world.maria.get(f"{API}/opt-in-checks", params={"phone_number": "+13125550301"})
    assert check.json()["reason"] == "allowed"


async def test_OPTIN_WHO_on_the_opt_in_route_consent_needs_no_directory_and_a_refusal_either(world: World) -> None:
    family = await family_with(world, "unknown", "+13125550301")
    path = f"{API}/phone-records/{family['contacts'][0]['phone_records'][0]['id']}/opt-in"
    sender = await world.api_key(SMS_LOGS, MASS_TEXT)

    async def status(client: httpx.AsyncClient, state: str) -> tuple[int, str | None]:
        response = await client.put(path, json={"state": state, "source": "verbal"})
        return response.status_code, response.json().get("permission")

    assert await status(sender, "opted_in") == (200, None)
    # Repeating consent renews its evidence.
    assert await status(world.daniel, "opted_in") == (403, "mass_text")
    assert await status(world.daniel, "opted_out") == (200, None)
    assert await status(world.daniel, "unknown") == (403, "mass_text")
    assert await status(world.grace, "opted_out") == (403, "sms_logs")
    assert await status(world.noah, "opted_out") == (403, "sms_logs")
    assert await status(sender, "opted_in") == (200, None)


async def test_OPTIN_WHO_resetting_a_refusal_leaves_it_with_the_number(world: World) -> None:
    for n, (way, change) in enumerate(WAYS.items()):
        number = f"+131255503{n:02d}"
        family = await family_with(world, "opted_out", number)
        record: Record = {"phone_number": number, "opt_in": {"state": "unknown", "source": "verbal"}}
        assert (await change(world, world.maria, family, record)).status_code == 200
        record["opt_in"]["state"] = "opted_in"
        assert (await change(world, world.maria, family, record)).status_code == 200

        check = (await world.maria.get(f"{API}/opt-in-checks", params={"phone_number": number})).json()

        assert (way, check["reason"]) == (way, "opted_out")
        assert [each["removed"] for each in check["instances"] if each["blocks"]] == ["reset"]


async def test_OPTIN_WHO_a_new_record_that_is_opted_in_needs_it_too(world: World) -> None:
    def body(state: str) -> Record:
        record = {"phone_number": "+13125550301", "opt_in": {"state": state, "source": "verbal"}}
        return {"name": "New", "contacts": [contact(record)]}

    before = await stored(world)
    for response in (
        await world.olga.post(f"{API}/families", json=body("opted_in")),
        await world.olga.put(f"{API}/families/by-external-id/N-1", json=body("opted_in")),
    ):
        assert (response.status_code, response.json()["permission"]) == (403, "sms_logs")
    assert (await send_ndjson(world.olga, body("opted_in") | {"kind": "family"})).status_code == 422
    assert await stored(world) == before

    for state in ("opted_out", "unknown"):
        assert (await world.olga.post(f"{API}/families", json=body(state))).status_code == 201


async def test_OPTIN_WHO_in_a_partial_import_the_row_fails_whole_and_the_others_are_stored(world: World) -> None:
    family = await family_with(world, "opted_out", "+13125550301")
    external_id = family["external_id"]
    before = await world.rows("SELECT to_jsonb(each) FROM phone_records AS each")

    response = await send_csv(
        world.olga,
        f"family,{external_id},Changed,Maya Rivera,,+13125550302,,,,,,",
        f"family,{external_id},Changed,Maya Rivera,,+13125550301,,opted_in,,,,",
        "family,N-1,Fine,Ben,,+13125550303,,opted_out,,,,",
        partial=True,
    )

    assert [(each["row"], each["outcome"]) for each in response.json()["items"]] == [
        (1, "failed"),
        (2, "failed"),
        (3, "created"),
    ]
    assert (await world.olga.get(f"{API}/families/{family['id']}")).json() == family
    assert (
        await world.rows(
            "SELECT to_jsonb(each) FROM phone_records AS each WHERE contact_id = :id", id=family["contacts"][0]["id"]
        )
        == before
    )


@pytest.mark.parametrize("source", ["keyword", "provider"])
async def test_OPTIN_EVIDENCE_nobody_claims_by_any_way_what_only_a_handset_or_a_provider_says(
    world: World, source: str
) -> None:
    family = await family_with(world, "unknown", "+13125550301")
    record = {"phone_number": "+13125550301", "opt_in": {"state": "opted_out", "source": source}}
    person = {"name": "Kim", "email": "kim@gym.test", "permissions": [], "phone_records": [record]}
    staff_id = world.staff_ids["noah"]
    before = await stored(world)

    for response in (
        *[await WAYS[way](world, world.admin, family, record) for way in ("PATCH", "PUT", "NDJSON", "opt-in")],
        await world.admin.post(f"{API}/families", json={"name": "New", "contacts": [contact(record)]}),
        await world.admin.post(f"{API}/staff-members", json=person),
        await world.admin.put(f"{API}/staff-members/by-external-id/S-1", json=person),
        await world.admin.patch(f"{API}/staff-members/{staff_id}", json={"phone_records": [record]}),
        await send_csv(world.admin, csv_row(family, record).replace("verbal", source)),
    ):
        assert response.status_code == 422, response.text
        assert "not for people to set" in json.dumps(response.json())
    assert await stored(world) == before
