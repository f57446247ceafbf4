"""The webhook app answers every request below `/webhooks/`, irregular ones too."""

import asyncio
import re
from collections.abc import AsyncIterator, MutableMapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from api.providers.twilio.receive import signature
from tests.inbound.journal import PARENT
from tests.support.business import AUTH_TOKEN, LINE_NUMBER
from tests.support.service import ORIGIN
from tests.support.world import World

MESSAGE_ID = "0195a1b2-0000-7000-8000-00000000000b"
FIELDS = {"MessageSid": "SM1", "From": PARENT, "To": LINE_NUMBER, "Body": "Hello", "NumMedia": "0"}


def new_fields() -> dict[str, str]:
    """Of a text, or of a status report, with an id of its own."""
    return {**FIELDS, "MessageSid": f"SM{uuid4().hex}", "MessageStatus": "sent"}


@pytest.fixture
async def carrier(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=world.service.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


async def post(
    carrier: httpx.AsyncClient, path: str, form: dict[str, str], *, token: str = AUTH_TOKEN
) -> httpx.Response:
    headers = {"X-Twilio-Signature": signature(token, ORIGIN + path, list(form.items()))}
    return await carrier.post(path, data=form, headers=headers)


# Addresses.


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/webhooks/simulator/LINE/inbound", 200),
        ("/webhooks/simulator/LINE/inbound?bodySHA256=0", 200),
        ("/webhooks/simulator/LINE/inbound?message_id=1", 200),
        ("/webhooks/simulator/LINE/status", 200),
        (f"/webhooks/simulator/LINE/status?message_id={MESSAGE_ID}", 200),
        (f"/webhooks/simulator/LINE/status?other=&message_id={MESSAGE_ID.upper()}", 200),
        (f"/webhooks/simulator/LINE/status?message_id=1&message_id={MESSAGE_ID}", 200),
        ("/webhooks/", 404),
        ("/webhooks//LINE/inbound", 404),
        ("/webhooks/simulator/LINE", 404),
        ("/webhooks/simulator/LINE/inbound/", 404),
        ("/webhooks/simulator/LINE/inbound%0A", 404),
        ("/webhooks/simulator/LINE/else", 404),
        ("/webhooks/simulator/LINE/inbound/more", 404),
        ("/webhooks/simulator/0195a1b2-0000-7000-8000-00000000000a/inbound", 404),
        ("/webhooks/nobody/LINE/inbound", 404),
        ("/api/v1/webhooks/simulator/LINE/inbound", 404),
    ],
)
async def test_a_webhook_has_one_of_two_addresses(
    world: World, carrier: httpx.AsyncClient, target: str, status: int
) -> None:
    response = await post(carrier, target.replace("LINE", str(world.line_id)), new_fields())
    assert (target, response.status_code) == (target, status)
    if status == 404:
        assert response.json()["type"] == "/problems/not-found"
    assert await world.rows("SELECT count(*) FROM inbound_events") == [(1 if status == 200 else 0,)]


async def test_the_lines_id_counts_in_either_case(world: World, carrier: httpx.AsyncClient) -> None:
    path = f"/webhooks/simulator/{str(world.line_id).upper()}/inbound"
    assert (await post(carrier, path, new_fields())).status_code == 200


@pytest.mark.parametrize(
    ("target", "pointer"),
    [
        ("/webhooks/simulator/1/inbound", "/path/line_id"),
        (f"/webhooks/simulator/{MESSAGE_ID.replace('-', '')}/inbound", "/path/line_id"),
        (f"/webhooks/{'x' * 21}/LINE/inbound", "/path/provider"),
        ("/webhooks/simulator/LINE/status?message_id=1", "/query/message_id"),
        ("/webhooks/simulator/LINE/status?message_id=", "/query/message_id"),
        (f"/webhooks/simulator/LINE/status?message_id={MESSAGE_ID}&message_id=1", "/query/message_id"),
    ],
)
async def test_an_address_with_a_malformed_part_is_422_and_names_the_part(
    world: World, carrier: httpx.AsyncClient, target: str, pointer: str
) -> None:
    response = await post(carrier, target.replace("LINE", str(world.line_id)), new_fields())
    assert (response.status_code, response.json()["type"]) == (422, "/problems/validation")
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert await world.rows("SELECT count(*) FROM inbound_events") == [(0,)]


async def test_a_message_id_in_a_callbacks_address_is_stored_with_the_event(
    world: World, carrier: httpx.AsyncClient
) -> None:
    await post(carrier, f"/webhooks/simulator/{world.line_id}/status?message_id={MESSAGE_ID}", new_fields())
    assert [str(ref) for (ref,) in await world.rows("SELECT message_ref FROM inbound_events")] == [MESSAGE_ID]


async def test_any_method_but_POST_is_405(world: World, carrier: httpx.AsyncClient) -> None:
    path = f"/webhooks/simulator/{world.line_id}/inbound"
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        response = await carrier.request(method, path)
        assert (method, response.status_code, response.headers["allow"]) == (method, 405, "POST")
        if method == "HEAD":
            assert response.content == b""
        else:
            assert response.json()["type"] == "/problems/method-not-allowed"
            assert response.json()["instance"] == path


# What every answer has.


async def test_every_answer_has_the_security_headers_and_is_measured_under_its_routes_template(
    world: World, carrier: httpx.AsyncClient
) -> None:
    async def counted() -> dict[str, float]:
        text = (await world.other_client().get("/metrics")).text
        found = re.findall(
            r'^messenger_request_seconds_count\{method="(\w+)",route="(.*)",status="(\d+)"\} (.*)$', text, re.M
        )
        return {
            f"{method} {route} {status}": float(count)
            for method, route, status, count in found
            if route.startswith("/webhooks") or (route, status) == ("other", "404")
        }

    path = f"/webhooks/simulator/{world.line_id}/inbound"
    before = await counted()
    answers = [
        await post(carrier, path, new_fields()),
        await post(carrier, path, new_fields(), token="of somebody else"),
        await post(carrier, path.replace(str(world.line_id), str(uuid4())), new_fields()),
        await post(carrier, path.replace(str(world.line_id), "1"), new_fields()),
        await carrier.get(path),
        await carrier.head(path),
        await carrier.get("/webhooks/nowhere"),
    ]
    assert [each.status_code for each in answers] == [200, 403, 404, 422, 405, 405, 404]
    assert [each.headers["x-content-type-options"] for each in answers] == ["nosniff"] * len(answers)
    template = "/webhooks/{provider}/{line_id}/inbound"
    measured = ("POST 200", "POST 403", "POST 404", "POST 422", "GET 405", "HEAD 405")
    expected = {f"{method} {template} {status}": 1.0 for method, status in map(str.split, measured)}
    counts = {key: count - before.get(key, 0.0) for key, count in (await counted()).items()}
    assert {key: count for key, count in counts.items() if count} == {**expected, "GET other 404": 1.0}


# Bodies.


async def sent_for(world: World, *parts: dict[str, Any]) -> list[MutableMapping[str, Any]]:
    """What the application sends when a server gives it a signed webhook's head and then these parts."""
    path, _, headers = world.webhook("inbound", FIELDS)
    incoming = iter(parts)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return next(incoming)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": raw}
    await world.service.app(scope, receive, send)
    return sent


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_RECV_DURABLE_a_body_in_parts_is_one_webhook(world: World) -> None:
    body = urlencode(FIELDS).encode()
    sent = await sent_for(world, part(body[:10], more=True), part(body[10:], more=False))
    assert [sent[0]["status"], sent[1]["body"]] == [200, b"<Response/>"]
    assert await world.rows("SELECT body FROM inbound_events") == [(body,)]


async def test_a_body_that_never_ends_is_413_as_soon_as_it_is_too_large(world: World) -> None:
    sent = await sent_for(world, part(b"x" * 200_000, more=True), part(b"x" * 200_000, more=True))
    assert sent[0]["status"] == 413
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]


async def test_a_provider_that_disconnects_before_the_end_gets_no_answer_and_changes_nothing(world: World) -> None:
    body = urlencode(FIELDS).encode()
    assert await sent_for(world, part(body, more=True), {"type": "http.disconnect"}) == []
    assert await world.rows("SELECT count(*) FROM inbound_events") == [(0,)]
    assert world.service.app.free_requests["webhook"] == world.service.settings.open_webhooks


async def test_a_large_webhook_is_verified_and_stored_like_any_other(world: World, carrier: httpx.AsyncClient) -> None:
    """Above `LARGE_BYTES` a thread does it."""
    path = f"/webhooks/simulator/{world.line_id}/inbound"
    large = {**new_fields(), "Body": "x" * 50_000}
    assert (await post(carrier, path, large, token="of somebody else")).status_code == 403
    answers = await asyncio.gather(*(post(carrier, path, {**large, "MessageSid": f"SM{n}"}) for n in range(4)))
    assert [each.status_code for each in answers] == [200] * 4
    assert await world.rows("SELECT count(*) FROM inbound_events") == [(4,)]
