"""The layers of every request: HEAD, headers, and the limits on open requests and requests a minute."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from api.access.rate_limits import MAX_REMEMBERED, WINDOW_SECONDS, RateLimits
from api.access.rules import Permission, Principal, PrincipalKind
from tests.support import postgres
from tests.support.server import serving
from tests.support.service import Service, service_settings
from tests.support.stack import eventually
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


def principal(kind: PrincipalKind = PrincipalKind.STAFF_MEMBER) -> Principal:
    return Principal(
        kind=kind,
        organization_id=uuid4(),
        id=uuid4(),
        name="Maria",
        permissions=frozenset(Permission),
        is_admin=False,
        credential_id=uuid4(),
    )


async def _gettable(world: World) -> list[str]:
    """An address of every GET route, most with something behind it."""
    family = await world.family("Jones", PARENT)
    await world.text(PARENT, "Hello")
    conversation = await world.conversation(PARENT)
    values = {
        "conversation_id": conversation["id"],
        "message_id": (await world.thread(conversation["id"]))[0]["id"],
        "family_id": family["id"],
        "staff_member_id": str(world.staff_ids["maria"]),
        "line_id": str(world.line_id),
        "number": PARENT,
    }
    found = []
    for context in iter_route_contexts(world.service.app.api.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or context.methods is None or "GET" not in context.methods:
            continue
        names = {each.name for each in route.dependant.path_params}
        path = (context.path or "").replace(":path}", "}")
        found.append(path.format(**{name: values.get(name, str(uuid4())) for name in names} | {"path": "x"}))
    return found


async def test_head_answers_like_get_without_a_body(world: World) -> None:
    paths = await _gettable(world)
    assert f"{API}/events" in paths
    queries = {f"{API}/messages/search": "?q=hello", f"{API}/opt-in-checks": f"?phone_number=%2B{PARENT[1:]}"}
    others = ["/", "/index.html", "/nothing/here", "/api/v1/nothing", "/assets/nothing.js", "/openapi.json", "/docs"]
    async with serving(world) as url, httpx.AsyncClient(base_url=url, cookies=world.admin.cookies) as client:
        for path in [*paths, *others]:
            address = path + queries.get(path, "")
            head = await client.head(address)
            async with client.stream("GET", address) as get:
                pass
            assert (address, head.status_code) == (address, get.status_code)
            assert await head.aread() == b""
            for name in ("content-type", "cache-control", "content-security-policy", "content-length", "allow"):
                expected = get.headers.get(name)
                if address == "/metrics" and name == "content-length":
                    continue  # What is measured has changed in between.
                assert (address, name, head.headers.get(name)) == (address, name, expected)
    assert world.service.state.hub.open_streams == 0


async def test_a_head_request_opens_no_stream_and_leaves_the_connection_usable(world: World) -> None:
    async with serving(world) as url, httpx.AsyncClient(base_url=url, cookies=world.daniel.cookies) as client:
        for _ in range(25):
            response = await client.head(f"{API}/events")
            assert (response.status_code, response.headers["content-type"]) == (
                200,
                "text/event-stream; charset=utf-8",
            )
            assert world.service.state.hub.open_streams == 0
        assert (await client.head(f"{API}/lines")).status_code == 200
        assert (await client.head(f"{API}/session")).status_code == 405, "As GET answers there."
        assert (await client.head(f"{API}/staff-members")).status_code == (
            await client.get(f"{API}/staff-members")
        ).status_code
    assert (await world.other_client().head(f"{API}/me")).status_code == 401


async def test_a_head_request_changes_nothing_and_is_not_in_the_document(world: World) -> None:
    before = await world.table_sizes()
    for path in ("/api/v1/families", "/api/v1/api-keys", f"/webhooks/simulator/{world.line_id}/inbound"):
        await world.admin.head(path)
    assert await world.table_sizes() == before
    document = world.service.app.api.openapi()
    assert not any("head" in path for path in document["paths"].values())


async def test_personal_json_is_never_stored_by_a_browser_or_a_proxy(world: World) -> None:
    for client, path in (
        (world.admin, f"{API}/families"),
        (world.admin, f"{API}/nothing"),
        (world.other_client(), f"{API}/me"),
        (world.admin, f"{API}/families?limit=x"),
    ):
        assert (path, (await client.get(path)).headers["cache-control"]) == (path, "no-store")
    assert (await world.admin.get("/healthz")).headers.get("cache-control") is None


async def test_hsts_is_sent_where_the_service_is_reached_over_https(clone: postgres.Database, tmp_path: Path) -> None:
    for url, expected in (("HTTPS://messenger.example:443", "max-age=31536000"), ("http://messenger.example", None)):
        async with Service.running(service_settings(tmp_path, public_url=url), clone) as service:
            world = await World.create(service)
            answers = [
                await world.admin.get(f"{API}/me"),
                await world.other_client().get("/"),
                await world.post_webhook("inbound", {"MessageSid": "SM1"}, token="forged"),
            ]
            assert [each.headers.get("strict-transport-security") for each in answers] == [expected] * 3


async def test_the_eleventh_event_stream_of_a_person_is_refused_and_colleagues_are_not(world: World) -> None:
    limit = world.service.settings.streams_per_person
    assert limit == 10
    async with serving(world) as url, contextlib.AsyncExitStack() as stack:

        def client(person: httpx.AsyncClient) -> httpx.AsyncClient:
            return httpx.AsyncClient(base_url=url, cookies=person.cookies)

        async def opened(person: httpx.AsyncClient) -> httpx.Response:
            here = await stack.enter_async_context(client(person))
            return await stack.enter_async_context(here.stream("GET", f"{API}/events"))

        answers = await asyncio.gather(*(opened(world.daniel) for _ in range(limit + 5)))
        assert sorted(each.status_code for each in answers) == [200] * limit + [429] * 5
        refused = next(each for each in answers if each.status_code == 429)
        problem = json.loads(await refused.aread())
        assert problem["type"] == "/problems/rate-limited"
        assert "event streams" in problem["detail"]
        assert int(refused.headers["retry-after"]) > 0
        assert (await opened(world.maria)).status_code == 200

        await next(each for each in answers if each.status_code == 200).aclose()

        async def opens_again() -> bool:
            return (await opened(world.daniel)).status_code == 200

        await eventually(opens_again, "a place is free again")


async def test_a_stream_whose_client_left_before_its_start_is_not_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = world.service.state.hub
    person = principal()
    for _ in range(10):
        hub.open(person, last_event_id=None)
    monkeypatch.setattr("api.live.stream.START_SECONDS", 0.0)
    hub.open(person, last_event_id=None)
    assert hub.open_streams == 1


async def test_a_flood_of_api_requests_is_answered_503_and_refuses_no_webhook(
    clone: postgres.Database, tmp_path: Path
) -> None:
    """All connections of the pool are taken, and every place of the API."""
    settings = service_settings(tmp_path, open_requests=5, database_pool_size=2)
    async with Service.running(settings, clone) as service, contextlib.AsyncExitStack() as stack:
        world = await World.create(service)
        for _ in range(settings.database_pool_size):
            session = await stack.enter_async_context(service.database.transaction())
            await session.connection()
        waiting = [asyncio.create_task(world.admin.get(f"{API}/me")) for _ in range(5)]
        await asyncio.sleep(0)  # They are under way.
        async with asyncio.timeout(5):
            refused = await world.admin.get(f"{API}/me")
            assert refused.status_code == 503
            assert refused.json()["type"] == "/problems/unavailable"
            assert refused.headers["retry-after"] == "1"
            assert (await world.other_client().get("/healthz")).status_code == 200
            fields = {"MessageSid": "SM" + "1" * 32, "From": PARENT, "To": "+13125550199", "Body": "Hi"}
            assert (await world.post_webhook("inbound", fields)).status_code == 200
        await stack.aclose()
        assert [each.status_code for each in await asyncio.gather(*waiting)] == [200] * 5
        assert (await world.admin.get(f"{API}/me")).status_code == 200, "Every place has been released."


async def test_open_webhooks_are_limited_and_refused_with_retry_after(clone: postgres.Database, tmp_path: Path) -> None:
    async with Service.running(service_settings(tmp_path, open_webhooks=1), clone) as service:
        world = await World.create(service)
        fields = {"MessageSid": "SM" + "1" * 32, "From": PARENT, "To": "+13125550199", "Body": "Hi"}
        path, body, headers = world.webhook("inbound", fields)
        has_begun, may_end = asyncio.Event(), asyncio.Event()

        async def slow_body() -> AsyncIterator[bytes]:
            has_begun.set()
            await may_end.wait()
            yield body

        slow = asyncio.create_task(world.other_client().post(path, content=slow_body(), headers=headers))
        await has_begun.wait()
        refused = await world.post_webhook("inbound", fields)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["type"] == "/problems/unavailable"
        assert refused.headers["x-content-type-options"] == "nosniff"
        may_end.set()
        assert (await slow).status_code == 200
        for _ in range(3):
            assert (await world.post_webhook("inbound", fields)).status_code == 200


async def test_requests_are_limited_per_person_and_per_key_with_headers(
    clone: postgres.Database, tmp_path: Path
) -> None:
    settings = service_settings(tmp_path, requests_per_minute_per_person=4, requests_per_minute_per_key=3)
    async with Service.running(settings, clone) as service:
        world = await World.create(service)
        elsewhere = world.other_client()
        elsewhere.cookies = world.daniel.cookies
        left = []
        for client in (world.daniel, elsewhere, world.daniel, elsewhere):
            response = await client.get(f"{API}/indicator")
            assert response.status_code == 200
            assert response.headers["ratelimit-policy"] == f'"person";q=4;w={WINDOW_SECONDS}'
            name, remaining, resets = response.headers["ratelimit"].split(";")
            assert name == '"person"'
            assert 0 < int(resets.removeprefix("t=")) <= WINDOW_SECONDS
            left.append(int(remaining.removeprefix("r=")))
        assert left == [3, 2, 1, 0]
        for path in (f"{API}/indicator", f"{API}/events", f"{API}/me"):
            refused = await world.daniel.get(path)
            assert (refused.status_code, refused.json()["type"]) == (429, "/problems/rate-limited")
            assert 0 < int(refused.headers["retry-after"]) <= WINDOW_SECONDS
            assert refused.headers["ratelimit"].startswith('"person";r=0;t=')
        assert (await world.maria.get(f"{API}/indicator")).status_code == 200, "Each has a number of their own."
        key = await world.api_key(Permission.SMS_LOGS)
        answers = [await key.get(f"{API}/indicator") for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == f'"api-key";q=3;w={WINDOW_SECONDS}'
        assert "ratelimit" not in (await world.other_client().get(f"{API}/me")).headers


async def test_a_busy_app_stays_far_below_the_limit(world: World) -> None:
    """A text makes an open page ask for ten things again: two texts a second in three tabs are not refused."""
    limits = world.service.state.rate_limits
    maria = principal()
    counted = [limits.count(maria) for _ in range(10 * 2 * 60 * 3)]
    assert not any(quota is None or quota.is_exceeded for quota in counted)


def test_a_rate_limit_window_ends_and_memory_is_bounded() -> None:
    now = 0.0
    limits = RateLimits(per_person=2, per_key=0, clock=lambda: now)
    maria = principal()

    def is_refused() -> bool:
        quota = limits.count(maria)
        assert quota is not None
        return quota.is_exceeded

    assert [is_refused() for _ in range(4)] == [False, False, True, True]
    now = WINDOW_SECONDS - 0.1
    assert is_refused(), "Asking on does not shorten the wait."
    now = float(WINDOW_SECONDS)
    assert not is_refused(), "Nor does it lengthen it."
    assert limits.count(principal(PrincipalKind.API_KEY)) is None, "0 is no limit."
    for _ in range(MAX_REMEMBERED + 100):
        limits.count(principal())
    assert len(limits._windows) == MAX_REMEMBERED
