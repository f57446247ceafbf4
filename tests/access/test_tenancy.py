"""PERM-TENANT: another organization's rows do not exist, on any route, in any body or query."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.access.needs import NEEDS, RETRY, STREAMS
from tests.access.route_requests import body_of, headers_of
from tests.access.routes import routes_of
from tests.access.rows import Rows, failed_message
from tests.support.media import upload
from tests.support.world import World

API = "/api/v1"

NOT_OURS = {"viewer_id", "external_id", "path", "provider", "token", "name"}
"""Path parameters that name no row of anybody's: the tab's own id, the integration's own id, a signed
address."""


ANY_NUMBER = f"GET {API}/recipients/{{number}}"
"""It answers for every number from what the caller's organization knows: tests/conversations/test_recipients.py."""


@pytest.fixture
async def neighbour(world: World) -> World:
    return await World.create(world.service)


async def test_every_route_with_an_id_answers_404_to_another_organization(world: World, neighbour: World) -> None:
    rows = await Rows.create(world)
    rows.ids["failed_message_id"] = await failed_message(world, rows)
    rows.ids["upload_id"] = (await upload(world.admin)).json()["id"]
    before = await world.table_sizes()
    asked = 0

    for name in NEEDS:
        method, _, path = name.partition(" ")
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")} - NOT_OURS
        if not named or not path.startswith(API) or name in STREAMS or name == ANY_NUMBER:
            continue
        ids = {**rows.ids, "message_id": rows.ids["failed_message_id"]} if name == RETRY else rows.ids
        sent: dict[str, Any] = {"json": body_of(name, rows), "headers": headers_of(name)}
        response = await neighbour.admin.request(method, path.format(**ids), **sent)
        unknown = {key: str(uuid4()) for key in ids} | {"number": "+13125550199"}
        nothing = await neighbour.admin.request(method, path.format(**unknown), **sent)

        assert (name, response.status_code) == (name, 404)
        # The answer to a row of somebody else's is the answer to a row of nobody's.
        of_request = {"instance": "", "request_id": ""}
        assert response.json() | of_request == nothing.json() | of_request
        asked += 1

    assert asked >= 18
    assert await world.table_sizes() == before


async def test_another_organizations_ids_in_queries_answer_404(world: World, neighbour: World) -> None:
    rows = await Rows.create(world)
    for parameter in ("family_id", "staff_member_id", "line_id"):
        response = await neighbour.admin.get(f"{API}/conversations", params={parameter: rows.ids[parameter]})
        assert (parameter, response.status_code) == (parameter, 404)
    ids = {"conversation_id": rows.ids["conversation_id"], "actor_id": rows.ids["staff_member_id"]}
    for path in ("audit-entries", "audit-entries/export.csv"):
        for parameter, value in {**ids, "actor_id of a key": rows.ids["api_key_id"]}.items():
            response = await neighbour.admin.get(f"{API}/{path}", params={parameter.split()[0]: value})
            assert (path, parameter, response.status_code) == (path, parameter, 404)
    events = await neighbour.admin.get(f"{API}/inbound-events", params={"line_id": rows.ids["line_id"]})
    assert events.status_code == 404
    check = {"phone_number": rows.phone_number, "line_id": rows.ids["line_id"]}
    assert (await neighbour.admin.get(f"{API}/opt-in-checks", params=check)).status_code == 404


async def test_another_organizations_ids_in_bodies_answer_404_or_are_refused(world: World, neighbour: World) -> None:
    rows = await Rows.create(world)
    await neighbour.family("Rivera", rows.phone_number)
    before = await world.table_sizes()

    start = {"phone_number": rows.phone_number, "line_id": rows.ids["line_id"]}
    assert (await neighbour.admin.post(f"{API}/conversations", json=start)).status_code == 404
    checks = {"phone_numbers": [rows.phone_number], "line_id": rows.ids["line_id"]}
    assert (await neighbour.admin.post(f"{API}/opt-in-checks", json=checks)).status_code == 404

    audience = {"numbers": [rows.phone_number]}
    for theirs_named in (
        {"line_id": rows.ids["line_id"], "audience": audience},
        {"audience": {"audience_ids": [rows.ids["audience_id"]]}},
        {"audience": {"families": {"class_id": rows.ids["class_id"]}}},
    ):
        draft = {"name": "Snow", "body": "Closed", **theirs_named}
        assert (await neighbour.admin.post(f"{API}/broadcasts", json=draft)).status_code == 404

    # Contacts and phone records are named by id within a family: those of another business are none of the family's.
    family = (await neighbour.admin.get(f"{API}/families")).json()["items"][0]
    theirs = (await world.admin.get(f"{API}/families/{rows.ids['family_id']}")).json()
    for contact in (
        {"id": theirs["contacts"][0]["id"], "name": "Taken", "phone_records": []},
        {"name": "Taken", "phone_records": [{"id": rows.ids["phone_record_id"], "phone_number": "+13125550142"}]},
    ):
        patch = await neighbour.admin.patch(f"{API}/families/{family['id']}", json={"contacts": [contact]})
        assert patch.status_code == 422, patch.text
    assert await world.table_sizes() == before
    assert (await world.admin.get(f"{API}/families/{rows.ids['family_id']}")).json() == theirs


async def test_lists_show_only_the_organizations_own_rows(world: World, neighbour: World) -> None:
    await Rows.create(world)

    async def shown(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
        response = await client.get(f"{API}/{path}", params={"limit": 200})
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    for path in (
        "conversations",
        "families",
        "staff-members",
        "lines",
        "api-keys",
        "audit-entries",
        "inbound-events",
        "webhook-endpoints",
    ):
        ours = {item["id"] for item in await shown(world.admin, path)}
        theirs = {item["id"] for item in await shown(neighbour.admin, path)}
        assert ours, path
        assert not ours & theirs, path
    assert await neighbour.indicator() == (0, 0)
    assert await world.indicator() == (1, 0)


async def test_a_number_that_two_businesses_know_is_two_numbers(world: World, neighbour: World) -> None:
    number = "+13125550107"
    await world.family("Rivera", number)
    await neighbour.family("Rivera", number)

    await world.text(number, "STOP")

    params = {"phone_number": number}
    assert (await world.admin.get(f"{API}/opt-in-checks", params=params)).json()["reason"] == "stopped"
    assert (await neighbour.admin.get(f"{API}/opt-in-checks", params=params)).json()["reason"] == "allowed"


async def test_an_external_id_that_two_businesses_use_is_two_records(world: World, neighbour: World) -> None:
    put = f"{API}/families/by-external-id/42"
    first = await world.admin.put(put, json={"name": "Ours", "contacts": []})
    second = await neighbour.admin.put(put, json={"name": "Theirs", "contacts": []})

    assert (first.status_code, second.status_code) == (201, 201)
    assert (await world.admin.get(f"{API}/families/{first.json()['id']}")).json()["name"] == "Ours"


def test_every_id_in_a_path_is_tried_above(world: World) -> None:
    ids = {
        part[1:-1] for route in routes_of(world.service.app.api) for part in route.path.split("/") if part[:1] == "{"
    }
    ids -= NOT_OURS | {"path", "word"}
    assert ids == {
        "conversation_id",
        "message_id",
        "media_id",
        "note_id",
        "family_id",
        "import_id",
        "phone_record_id",
        "staff_member_id",
        "api_key_id",
        "webhook_endpoint_id",
        "delivery_id",
        "event_id",
        "line_id",
        "number",
        "refusal_id",
        "session_id",
        "subscription_id",
        "erasure_id",
        "view_id",
        "undo_id",
        "class_id",
        "saved_reply_id",
        "broadcast_id",
        "audience_id",
        "export_id",
        "upload_id",
    }
