"""Headers and methods of every route: 401, 201, OPTIONS, CORS, request ids, rate limits, and their documentation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.access.rules import Permission
from api.created import MADE_AT
from api.cross_origin import METHODS, READ
from tests.access.needs import API, NEEDS
from tests.access.route_requests import ask
from tests.access.routes import routes_of
from tests.access.rows import PARENT, Rows, failed_message, scheduled_text
from tests.support import postgres
from tests.support.broadcasts import broadcast_for
from tests.support.service import Service, service_settings
from tests.support.world import World

SITE = "https://portal.example.com"


def operations(service: Service) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in service.app.api.openapi()["paths"].items():
        if path.startswith(API):
            for method, operation in methods.items():
                yield f"{method.upper()} {path}", operation


async def test_every_route_answers_401_with_a_challenge_a_request_id_and_no_store(world: World) -> None:
    nobody = world.other_client()
    for name, need in NEEDS.items():
        method, _, path = name.partition(" ")
        if need.public or not path.startswith(API):
            continue
        answer = await nobody.request(method, path.replace("{", "").replace("}", ""))
        assert (name, answer.status_code, answer.headers["www-authenticate"]) == (name, 401, "Bearer")
        assert answer.headers["x-request-id"] == answer.json()["request_id"]
        assert answer.headers["cache-control"] == "no-store"
    refused = await world.sign_in(nobody, "ada@gym.test", "wrong password")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


async def test_options_names_the_methods_of_every_address(world: World) -> None:
    methods: dict[str, set[str]] = {}
    for route in routes_of(world.service.app.api):
        if route.path.startswith(API) and "by-external-id" not in route.path:
            methods.setdefault(route.path, {"OPTIONS"}).add(route.method)
    for path, own in methods.items():
        answer = await world.other_client().options(path.format_map(_AnyId()))
        allowed = set(answer.headers["allow"].split(", "))
        assert (path, answer.status_code, answer.content) == (path, 204, b"")
        assert own | ({"HEAD"} if "GET" in own else set()) <= allowed, path
    assert len(methods) > 80
    assert (await world.other_client().options(f"{API}/nothing")).status_code == 404


class _AnyId(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return str(uuid4())


def test_every_route_that_answers_201_says_where_the_new_thing_is(service: Service) -> None:
    creating = {name for name, operation in operations(service) if "201" in operation["responses"]}

    assert creating == MADE_AT.keys()


async def test_location_of_a_201_leads_to_what_was_made(world: World) -> None:
    rows = await Rows.create(world)
    given = {
        "retry": lambda: failed_message(world, rows),
        "send": lambda: scheduled_text(world, rows),
    }
    credits = {"is_on": False, "currency": "USD"}
    assert (await world.admin.put(f"{API}/credits", json=credits)).status_code == 200
    for name in MADE_AT:
        ids = dict(rows.ids)
        if name.endswith(("{message_id}/retry", "{message_id}/send")):
            ids["message_id"] = await given[name.rpartition("/")[2]]()
        if "{broadcast_id}" in name:
            ids["broadcast_id"] = await broadcast_for(world, name)
        if name == f"POST {API}/conversations":
            await world.family("New", "+13125550144")
            answer = await world.admin.post(f"{API}/conversations", json={"phone_number": "+13125550144"})
        else:
            answer = await ask(world.admin, name, Rows(ids, PARENT))
        assert (name, answer.status_code) == (name, 201), answer.text
        location = answer.headers["location"]
        assert location == f"{API}/{MADE_AT[name].replace('$id', str(answer.json().get('id')))}"
        assert (name, (await world.admin.get(location)).status_code) == (name, 200)


async def test_a_repeated_request_says_where_the_thing_is_too(world: World) -> None:
    headers = {"Idempotency-Key": "one"}
    new = {"name": "Jones", "contacts": []}

    made = [await world.maria.post(f"{API}/families", json=new, headers=headers) for _ in range(2)]

    assert made[0].headers["location"] == made[1].headers["location"] == f"{API}/families/{made[0].json()['id']}"
    assert made[1].headers["idempotency-replayed"] == "true"


async def test_every_answer_tells_what_is_left_of_the_quota(world: World) -> None:
    key = await world.api_key(Permission.DIRECTORY)
    for path, status in (("families", 200), ("audit-entries", 403), ("families?limt=1", 422)):
        answer = await key.get(f"{API}/{path}")
        assert (path, answer.status_code) == (path, status)
        assert answer.headers["ratelimit-policy"].startswith('"api-key";q=')
        assert answer.headers["ratelimit"].startswith('"api-key";r=')


def test_the_document_names_the_headers(service: Service) -> None:
    for name, operation in operations(service):
        answers = operation["responses"]
        assert all("X-Request-ID" in each["headers"] for each in answers.values()), name
        if "201" in answers:
            assert "Location" in answers["201"]["headers"], name
        if NEEDS[name].public:
            continue
        assert "WWW-Authenticate" in answers["401"]["headers"], name
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= answers["429"]["headers"].keys(), name


# Pages of other origins.


async def test_by_default_no_page_of_another_origin_may_call_the_api(world: World) -> None:
    key = await world.api_key(Permission.DIRECTORY)

    answer = await key.get(f"{API}/families", headers={"Origin": SITE})

    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.fixture
async def shared(clone: postgres.Database, tmp_path: Path) -> Any:
    """A business whose portal calls the API from its pages."""
    settings = service_settings(tmp_path, cors_origins="HTTPS://Portal.example.com:443, https://other.example.com")
    async with Service.running(settings, clone) as service:
        yield await World.create(service)


async def test_a_page_of_an_allowed_origin_calls_the_api_with_a_key_and_never_with_a_session(shared: World) -> None:
    key = await shared.api_key(Permission.DIRECTORY)
    asked = {"Origin": SITE, "Access-Control-Request-Headers": ", ".join(READ).lower()}
    for method in METHODS:
        preflight = await shared.other_client().options(
            f"{API}/families", headers={**asked, "Access-Control-Request-Method": method}
        )
        assert (method, preflight.status_code) == (method, 200)
        assert preflight.headers["access-control-allow-origin"] == SITE
    for answer in (
        await key.get(f"{API}/families", headers={"Origin": SITE}),
        await key.get(f"{API}/nothing", headers={"Origin": SITE}),
        await shared.other_client().get(f"{API}/families", headers={"Origin": SITE}),
    ):
        assert answer.headers["access-control-allow-origin"] == SITE
        assert {"X-Request-ID", "Content-Range"} <= set(answer.headers["access-control-expose-headers"].split(", "))
        assert "access-control-allow-credentials" not in answer.headers
    forged = await shared.admin.post(f"{API}/families", json={"name": "X", "contacts": []}, headers={"Origin": SITE})
    assert (forged.status_code, forged.json()["type"]) == (403, "/problems/cross-origin")


async def test_no_other_origin_and_no_page_of_the_app_is_shared(shared: World) -> None:
    for origin, path in (("https://evil.example.com", f"{API}/me"), ("null", f"{API}/me"), (SITE, "/")):
        answer = await shared.admin.get(path, headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers, origin
