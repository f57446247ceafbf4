"""What `api.openapi` adds to the document: descriptions, security, servers, tags, and what is deprecated."""

import re
import tempfile
from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from api.access.dependencies import Public
from api.app import create_app
from api.kit.deprecation import Deprecated
from api.layers import ResponseHeaders
from api.openapi import TAGS, extend_document
from tests.access.routes import routes_of
from tests.support.service import service_settings

APP = create_app(service_settings(tempfile.gettempdir()), database_url="postgresql+asyncpg://nowhere/nothing").api
DOCUMENT: dict[str, Any] = APP.openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
GONE = Deprecated(since=date(2027, 3, 1), sunset=date(2028, 3, 1), instead="Use `GET /new`.")


def service_with_a_deprecated_route() -> FastAPI:
    app = FastAPI(middleware=[Middleware(ResponseHeaders, is_https=False)])

    @app.get("/old", dependencies=[Depends(GONE), Depends(Public("A test."))])
    async def old(limit: int = 1) -> int:
        """The old way."""
        return limit

    @app.get("/new", dependencies=[Depends(Public("A test."))])
    async def new() -> int:
        return 1

    extend_document(app)
    return app


async def test_every_answer_of_a_deprecated_route_says_since_when_and_until_when() -> None:
    transport = httpx.ASGITransport(service_with_a_deprecated_route())
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        for answer in (await client.get("/old"), await client.get("/old?limit=many")):
            # RFC 9745 has a structured date, RFC 8594 one of HTTP.
            assert answer.headers["deprecation"] == "@1803859200", answer.status_code
            assert answer.headers["sunset"] == "Wed, 01 Mar 2028 00:00:00 GMT"
            assert answer.headers["link"] == '</docs>; rel="deprecation"; type="text/html"'
        assert not {"deprecation", "sunset", "link"} & (await client.get("/new")).headers.keys()


def test_the_document_marks_a_deprecated_route_and_no_other() -> None:
    paths = service_with_a_deprecated_route().openapi()["paths"]
    old = paths["/old"]["get"]
    assert old["deprecated"]
    assert old["description"] == (
        "The old way.\n\nDeprecated since 2027-03-01, and removed on 2028-03-01 or later. Use `GET /new`."
    )
    assert all({"Deprecation", "Sunset"} <= response["headers"].keys() for response in old["responses"].values())
    assert "deprecated" not in paths["/new"]["get"]


def test_a_route_works_for_twelve_months_after_it_is_deprecated() -> None:
    with pytest.raises(ValueError, match="365 days"):
        Deprecated(since=date(2027, 3, 1), sunset=date(2028, 2, 28), instead="Use `GET /new`.")


def test_operations_want_a_key_or_a_session_unless_they_are_open_to_anybody() -> None:
    assert DOCUMENT["security"] == [{"apiKey": []}, {"session": []}]
    assert DOCUMENT["components"]["securitySchemes"].keys() == {"apiKey", "session"}
    routes = {route.name: route for route in routes_of(APP)}
    for name, operation in OPERATIONS.items():
        is_open = name not in routes or any(isinstance(guard, Public) for guard in routes[name].guards)
        assert ("security" in operation) is is_open, name
        assert operation.get("security", []) == []


def test_every_tag_of_an_operation_is_described_and_used() -> None:
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert used == TAGS.keys(), "`api.openapi.TAGS` describes each tag."
    assert [each["name"] for each in DOCUMENT["tags"]] == list(TAGS)


def test_the_document_names_its_service() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/"]


def test_every_operation_has_an_id_of_one_style_a_tag_and_a_description() -> None:
    posted = [each["post"] for each in DOCUMENT["webhooks"].values()]
    ids = [each["operationId"] for each in (*OPERATIONS.values(), *posted)]
    assert len(set(ids)) == len(ids)
    for operation in (*OPERATIONS.values(), *posted):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"]), operation["operationId"]
        assert len(operation["tags"]) == 1, operation["operationId"]
        assert operation["summary"], operation["operationId"]
        assert operation["description"], operation["operationId"]


def test_webhooks_of_providers_have_a_body() -> None:
    for name in ("inbound", "status"):
        content = OPERATIONS[f"POST /webhooks/{{provider}}/{{line_id}}/{name}"]["requestBody"]["content"]
        assert content.keys() == {"application/json", "application/x-www-form-urlencoded"}


def test_every_choice_between_schemas_is_made_by_one_field() -> None:
    """Generators make a union of types that can be told apart. A scheduled text is told by its own fields."""
    undecided = {
        frozenset(each["$ref"].rpartition("/")[2] for each in choice.get("oneOf") or choice["anyOf"])
        for choice in choices(DOCUMENT)
        if "discriminator" not in choice
    }
    assert undecided == {frozenset({"Message", "ScheduledText"}), frozenset({"MessageDetail", "ScheduledText"})}


def choices(part: Any) -> Iterator[dict[str, Any]]:
    """Each place where a value has one of several schemas."""
    if isinstance(part, dict):
        for name in ("oneOf", "anyOf"):
            if isinstance(part.get(name), list) and sum("$ref" in each for each in part[name]) > 1:
                yield part
        for each in part.values():
            yield from choices(each)
    elif isinstance(part, list):
        for each in part:
            yield from choices(each)


def test_every_property_is_described() -> None:
    missing = [
        f"{name}.{each}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        for each, described in schema.get("properties", {}).items()
        if not described.get("description")
    ]
    assert not missing, "The docstring under an attribute is its description."


def test_every_parameter_is_described() -> None:
    missing = [
        f"{name}: {parameter['name']}"
        for name, operation in OPERATIONS.items()
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]
    assert not missing, "`description=` of its `Query`, `Path` or `Header`."
