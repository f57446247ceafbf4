"""What a request does not mean is refused: unknown fields and query parameters, and null where it means nothing."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from api.kit.request_models import PatchModel, RequestModel
from tests.access.needs import API
from tests.access.route_requests import body_of
from tests.access.rows import PARENT, Rows
from tests.support.service import Service
from tests.support.world import World

ID = str(UUID(int=1))
OF_NOBODY = Rows(defaultdict(lambda: str(uuid4())), PARENT)
"""Ids of no rows: what is refused here is refused before a row is looked for."""


def routes(app: FastAPI) -> Iterator[tuple[str, str, APIRoute]]:
    """(method, path, route) of every route of the API."""
    for context in iter_route_contexts(app.routes):
        route, path = context.original_route, context.path_format or ""
        if isinstance(route, APIRoute) and path.startswith(API):
            for method in context.methods or ():
                yield method, path, route


def models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model in the type of a body, nested ones too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_of(field.annotation)
    for each in get_args(annotation):
        yield from models_of(each)


def bodies(app: FastAPI) -> Iterator[tuple[str, str, list[type[BaseModel]]]]:
    for method, path, route in routes(app):
        if route.body_field is not None:
            yield method, path, list(models_of(route.body_field.field_info.annotation))


def test_every_body_and_every_object_in_one_is_strict(service: Service) -> None:
    found = {model for _, _, models in bodies(service.app.api) for model in models}

    assert len(found) > 50
    assert [model for model in found if not issubclass(model, RequestModel)] == []
    assert [model for model in found if model.model_config["extra"] != "forbid"] == []


def test_every_body_of_a_patch_refuses_null_where_it_clears_nothing(service: Service) -> None:
    for method, path, models in bodies(service.app.api):
        if method == "PATCH":
            assert issubclass(models[0], PatchModel), path
            assert models[0].clearable <= models[0].model_fields.keys(), path


async def test_every_route_refuses_an_unknown_query_parameter_by_name(world: World) -> None:
    asked = 0
    for method, path, _ in routes(world.service.app.api):
        address = path.format_map(OF_NOBODY.ids)
        response = await world.admin.request(method, address, params={"exteral_id": "F-1", "~/": ""})
        assert (method, path, response.status_code) == (method, path, 422)
        assert response.json()["type"] == "/problems/validation"
        assert [each["pointer"] for each in response.json()["errors"]] == ["/query/exteral_id", "/query/~0~1"]
        asked += 1
    assert asked > 100


async def test_every_route_refuses_an_unknown_field_and_points_at_it(world: World) -> None:
    for method, path, _ in bodies(world.service.app.api):
        body = {**(body_of(f"{method} {path}", OF_NOBODY) or {}), "sendAt": "2030-01-01T12:00:00Z"}
        response = await world.admin.request(method, path.format_map(OF_NOBODY.ids), json=body)
        assert (method, path, response.status_code) == (method, path, 422)
        found = {each["pointer"].rpartition("/")[2]: each["detail"] for each in response.json()["errors"]}
        assert (path, found.get("sendAt")) == (path, "There is no such field here.")


async def test_every_patch_refuses_null_in_a_field_that_it_does_not_clear(world: World) -> None:
    for method, path, models in bodies(world.service.app.api):
        if method == "PATCH":
            nothing = dict.fromkeys(models[0].model_fields)
            response = await world.admin.patch(path.format_map(OF_NOBODY.ids), json=nothing)
            refused = {each["pointer"].lstrip("/") for each in response.json().get("errors", [])}
            body = models[0]
            assert issubclass(body, PatchModel)
            assert (path, refused) == (path, nothing.keys() - body.clearable)


async def test_a_route_without_a_body_refuses_one(world: World) -> None:
    asked = 0
    for method, path, route in routes(world.service.app.api):
        if method == "GET" or route.body_field is not None or "requestBody" in (route.openapi_extra or {}):
            continue
        address = path.format_map(OF_NOBODY.ids)
        for body, pointer in (({"send_at": None}, "/send_at"), ([1], "/")):
            response = await world.admin.request(method, address, json=body)
            assert (method, path, response.status_code) == (method, path, 422)
            assert [each["pointer"] for each in response.json()["errors"]] == [pointer]
        asked += 1
    assert asked > 20
    emptied = await world.admin.request("DELETE", f"{API}/notes/{UUID(int=0)}", json={})
    assert emptied.status_code == 404, "An empty body says nothing."


async def test_a_misspelt_send_at_sends_nothing(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)

    text = {"body": "Closed", "sendat": "2030-01-01T12:00:00Z"}
    refused = await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json=text)

    assert refused.status_code == 422
    assert [each["body"] for each in await world.thread(conversation["id"])] == ["Hello?"]


async def test_a_whole_number_may_be_written_with_a_point(world: World) -> None:
    await world.text(PARENT, "Hello?")
    address = f"{API}/conversations/{(await world.conversation(PARENT))['id']}/close"

    statuses = [(await world.maria.post(address, json={"seen_seq": value})).status_code for value in (1.5, 1.0)]

    assert statuses == [422, 200]


async def test_null_clears_what_may_be_empty_and_changes_nothing_else(world: World) -> None:
    new = {"name": "Rivera", "contacts": [], "location": "North", "notes": "Late", "tags": ["VIP"]}
    family = (await world.maria.put(f"{API}/families/by-external-id/F-1", json=new)).json()
    address = f"{API}/families/{family['id']}"

    refused = await world.maria.patch(address, json={"name": None, "notes": None})
    cleared = await world.maria.patch(address, json={"notes": None})
    again = await world.maria.put(
        f"{API}/families/by-external-id/F-1", json={"name": "Rivera", "contacts": [], "location": None}
    )

    assert (refused.status_code, [each["pointer"] for each in refused.json()["errors"]]) == (422, ["/name"])
    assert (cleared.json()["notes"], cleared.json()["location"]) == (None, "North")
    assert (again.json()["location"], again.json()["tags"]) == (None, ["VIP"])


@pytest.mark.parametrize("field", ["students", "tags"])
async def test_a_list_of_a_record_is_left_out_or_given_and_never_null(world: World, field: str) -> None:
    refused = await world.maria.post(f"{API}/families", json={"name": "Rivera", "contacts": [], field: None})

    assert [each["pointer"] for each in refused.json()["errors"]] == [f"/{field}"]


async def test_a_query_parameter_is_given_once_unless_it_is_a_list(world: World) -> None:
    twice = await world.maria.get(f"{API}/conversations", params={"status": ["open", "closed"], "limit": 1})
    several = await world.maria.get(
        f"{API}/events",
        params={"type": ["message.sent", "message.received"]},
        headers={"Accept": "application/json"},
    )

    assert (twice.status_code, [each["pointer"] for each in twice.json()["errors"]]) == (422, ["/query/status"])
    assert several.status_code == 200


async def test_an_object_names_each_field_once(world: World) -> None:
    body = '{"name": "Rivera", "contacts": [{"name": "Ana", "relation": "Mother", "relation": "Aunt"}]}'

    refused = await world.maria.post(f"{API}/families", content=body, headers={"Content-Type": "application/json"})

    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/unreadable")


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("conversations/{id}/messages", {"body": "Hello", "close": "yes"}, "/close"),
        ("conversations/{id}/messages", {"body": "Hello", "seen_seq": True}, "/seen_seq"),
        ("conversations/{id}/close", {"seen_seq": "1"}, "/seen_seq"),
        ("conversations/bulk", {"action": "close", "items": [{"id": ID, "seen_seq": "1"}]}, "/items/0/seen_seq"),
    ],
)
async def test_booleans_and_numbers_are_no_texts(world: World, path: str, body: dict[str, Any], pointer: str) -> None:
    refused = await world.maria.post(f"{API}/{path.format(id=uuid4())}", json=body)

    assert (refused.status_code, [each["pointer"] for each in refused.json()["errors"]]) == (422, [pointer])


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
async def test_a_deep_body_is_refused(world: World, content_type: str) -> None:
    refused = await world.maria.post(f"{API}/families", content="[" * 100_000, headers={"Content-Type": content_type})

    assert refused.status_code in {400, 415, 422}
