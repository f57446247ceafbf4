"""The door takes webhooks past the framework. What it answers, and what it leaves behind, is what the routes do."""

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest

from api.inbound.door import Scope, address_of
from api.inbound.receiving import Address
from api.providers.port import EventKind
from api.providers.twilio.receive import signature
from tests.inbound.journal import PARENT
from tests.support.business import AUTH_TOKEN, LINE_NUMBER
from tests.support.service import ORIGIN
from tests.support.world import World

LINE = UUID("0195a1b2-0000-7000-8000-00000000000a")
MESSAGE = UUID("0195a1b2-0000-7000-8000-00000000000b")
FIELDS = {"MessageSid": "SM1", "From": PARENT, "To": LINE_NUMBER, "Body": "Hello", "NumMedia": "0"}


def fields() -> dict[str, str]:
    """Of a text or a report that nobody has had before."""
    return {**FIELDS, "MessageSid": f"SM{uuid4().hex}", "MessageStatus": "sent"}


def scope(target: str, *, method: str = "POST") -> Scope:
    path, _, query = target.partition("?")
    return {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": []}


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (f"/webhooks/twilio/{LINE}/inbound", Address("twilio", LINE, EventKind.MESSAGE, None)),
        (f"/webhooks/twilio/{LINE}/inbound?bodySHA256=0", Address("twilio", LINE, EventKind.MESSAGE, None)),
        (f"/webhooks/telnyx/{LINE}/status", Address("telnyx", LINE, EventKind.STATUS, None)),
        (f"/webhooks/telnyx/{LINE}/status?message_id={MESSAGE}", Address("telnyx", LINE, EventKind.STATUS, MESSAGE)),
        (f"/webhooks/twilio/{LINE}/status?message_id=1", None),
        (f"/webhooks/twilio/{LINE}/status?message_id={MESSAGE}&message_id=1", None),
        (f"/webhooks/twilio/{str(LINE).upper()}/inbound", None),
        (f"/webhooks/twilio/{LINE.hex}/inbound", None),
        (f"/webhooks/twilio/{LINE}/inbound/", None),
        (f"/webhooks/twilio/{LINE}/inbound\n", None),
        (f"/api/v1/webhooks/twilio/{LINE}/inbound", None),
        ("/webhooks", None),
    ],
)
def test_the_door_takes_what_is_plainly_a_webhook(target: str, address: Address | None) -> None:
    assert address_of(scope(target)) == address
    assert address_of(scope(target, method="GET")) is None


async def post(world: World, path: str, form: dict[str, str], *, token: str = AUTH_TOKEN) -> httpx.Response:
    headers = {"X-Twilio-Signature": signature(token, ORIGIN + path, list(form.items()))}
    transport = httpx.ASGITransport(app=world.service.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as carrier:
        return await carrier.post(path, data=form, headers=headers)


def without_instance(response: httpx.Response) -> object:
    return {**response.json(), "instance": None} if response.status_code != 200 else response.content


@pytest.mark.parametrize("kind", ["inbound", "status"])
async def test_the_door_and_the_route_answer_alike(world: World, kind: str) -> None:
    def spellings(line: object) -> tuple[str, str]:
        at_the_door, at_the_route = (
            f"/webhooks/simulator/{line}/{kind}",
            f"/webhooks/simulator/{str(line).upper()}/{kind}",
        )
        assert address_of(scope(at_the_door)) is not None
        assert address_of(scope(at_the_route)) is None
        return at_the_door, at_the_route

    statuses: list[int] = []
    for line, token in ((world.line_id, AUTH_TOKEN), (world.line_id, "of somebody else"), (uuid4(), AUTH_TOKEN)):
        door, route = [await post(world, path, fields(), token=token) for path in spellings(line)]
        assert door.status_code == route.status_code
        assert without_instance(door) == without_instance(route)
        assert sorted(name for name in door.headers) == sorted(name for name in route.headers)
        same = [name for name in door.headers if name != "content-length"]
        assert [door.headers[name] for name in same] == [route.headers[name] for name in same]
        assert door.headers["x-content-type-options"] == "nosniff"
        statuses.append(door.status_code)

    assert statuses == [200, 403, 404]
    assert await world.rows("SELECT count(*) FROM inbound_events") == [(2,)]


async def test_an_address_with_a_message_id_that_is_none_gets_the_routes_explanation(world: World) -> None:
    path = f"/webhooks/simulator/{world.line_id}/status?message_id=1"
    response = await post(world, path, fields())
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == ["/query/message_id"]


async def test_the_door_measures_webhooks_under_their_routes_templates(world: World) -> None:
    async def counted() -> dict[str, float]:
        text = (await world.other_client().get("/metrics")).text
        found = re.findall(
            r'^messenger_request_seconds_count\{.*route="(/webhooks.*)",status="(\d+)"\} (.*)$', text, re.M
        )
        return {f"{status} {route}": float(count) for route, status, count in found}

    path = f"/webhooks/simulator/{world.line_id}/inbound"
    await post(world, path, fields())
    await post(world, path, fields(), token="of somebody else")
    template = "/webhooks/{provider}/{line_id}/inbound"
    assert await counted() == {f"200 {template}": 1.0, f"403 {template}": 1.0}


async def through_the_door(world: World, *parts: dict[str, Any]) -> list[MutableMapping[str, Any]]:
    """What the application sends when a server gives it a signed webhook's head and then these parts."""
    path, _, headers = world.webhook("inbound", FIELDS)
    incoming = iter(parts)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return next(incoming)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await world.service.app({**scope(path), "headers": raw}, receive, send)
    return sent


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_RECV_DURABLE_a_body_that_comes_in_parts_is_one_webhook(world: World) -> None:
    body = urlencode(FIELDS).encode()
    sent = await through_the_door(world, part(body[:10], more=True), part(body[10:], more=False))
    assert [sent[0]["status"], sent[1]["body"]] == [200, b"<Response/>"]
    assert await world.rows("SELECT body FROM inbound_events") == [(body,)]


async def test_a_body_that_never_ends_is_refused_as_soon_as_it_is_too_large(world: World) -> None:
    sent = await through_the_door(world, part(b"x" * 200_000, more=True), part(b"x" * 200_000, more=True))
    assert sent[0]["status"] == 413
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]


async def test_a_provider_that_leaves_in_the_middle_gets_no_answer_and_changes_nothing(world: World) -> None:
    body = urlencode(FIELDS).encode()
    assert await through_the_door(world, part(body, more=True), {"type": "http.disconnect"}) == []
    assert await world.rows("SELECT count(*) FROM inbound_events") == [(0,)]
