"""Asking what is set at a provider, whichever it is: the same tests, in each provider's dialect.

A person reads the answer, so it says what is known and no more: out of reach is not wrong, refused is not unset.
"""

import random
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from api.kit.text import storable
from api.providers import check as checking
from api.providers.port import (
    ChecksWebhooks,
    CredentialsState,
    LineAccess,
    ProviderUnreachable,
    WebhookAddresses,
    WebhookCheck,
    WebhookState,
)
from tests.providers.dialects import every_access
from tests.providers.dialects.dialect import BASE, Dialect, line_of
from tests.providers.peer import Start, disconnect, hang, http, plain_client

EXPECTED = WebhookAddresses(inbound=f"{BASE}/inbound", status=f"{BASE}/status")

Found = WebhookCheck | ProviderUnreachable


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client() as client:
        yield client


async def check(dialect: Dialect, client: httpx.AsyncClient, url: str, *, line: LineAccess | None = None) -> Found:
    provider = dialect.provider(client, url)
    assert isinstance(provider, ChecksWebhooks)
    return await provider.check_webhooks(line or line_of(dialect), EXPECTED)


@every_access
@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_are_called_so_and_nothing_is_said_of_what_is_set(
    dialect: Dialect, start: Start, client: httpx.AsyncClient, status: int
) -> None:
    found = await check(dialect, client, (await start(dialect.refuses(status, "98765"))).url)
    assert isinstance(found, WebhookCheck)
    assert found.credentials is CredentialsState.REFUSED
    assert {found.inbound.state, found.status.state} == {WebhookState.CANNOT_TELL}


@every_access
async def test_a_provider_out_of_reach_says_nothing_of_the_line(
    dialect: Dialect, start: Start, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "TIMEOUT_SECONDS", 0.2)
    for answer in (disconnect, hang, http(500), http(503), http(429), http(302, b"", "Location: http://127.0.0.1/")):
        peer = await start(answer)
        assert isinstance(await check(dialect, client, peer.url), ProviderUnreachable)
        assert len(peer.requests) == 1
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert isinstance(await check(dialect, client, f"http://127.0.0.1:{port}"), ProviderUnreachable)


@every_access
async def test_a_check_only_reads_and_proves_itself(dialect: Dialect, start: Start, client: httpx.AsyncClient) -> None:
    peer = await start(http(200, {}))
    await check(dialect, client, peer.url)
    assert [request.line.partition(" ")[0] for request in peer.requests] == ["GET"]
    assert [request.body for request in peer.requests] == [b""]
    assert all("authorization" in request.headers for request in peer.requests)


@every_access
async def test_an_answer_that_cannot_be_read_tells_nothing_and_breaks_nothing(
    dialect: Dialect, start: Start, client: httpx.AsyncClient
) -> None:
    chance = random.Random(20_261_125)
    values: list[object] = [None, True, -1, "", "x\x00", "\ud800", "http://[", [], {}, [[]], [{"phone_number": {}}]]
    names = ["sms_url", "sms_method", "webhook_url", "id", "enabled", "data", "incoming_phone_numbers"]
    names += ["inbound_request_url", "phone_number", "messaging_profile_id"]
    peer = await start(disconnect)
    lines = [line_of(dialect), line_of(dialect, messaging_service_sid="MG1", messaging_profile_id="4001")]
    for body in (b"", b"<html>", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000):
        peer.answer = http(200, body)
        for line in lines:
            found = await check(dialect, client, peer.url, line=line)
            assert isinstance(found, WebhookCheck)
            assert found.inbound.state is WebhookState.CANNOT_TELL
    for _ in range(80):
        document = {name: chance.choice(values) for name in names}
        if chance.random() < 0.5:
            document = {"data": document, "incoming_phone_numbers": [document]}
        peer.answer = http(chance.choice([200, 200, 201, 400, 404, 410, 422]), document)
        found = await check(dialect, client, peer.url, line=chance.choice(lines))
        assert isinstance(found, WebhookCheck)
        for each in (found.inbound, found.status):
            assert each.state is not WebhookState.SET or each is checking.ALONG_WITH_EVERY_TEXT
            assert storable(each.detail + (each.address or "")) == each.detail + (each.address or "")


@every_access
async def test_credentials_of_any_spelling_break_no_check(
    dialect: Dialect, start: Start, client: httpx.AsyncClient
) -> None:
    peer = await start(http(200, {}))
    for value in ("é ü 🤸", "../x?y#z", "a:b@c", '"quoted"', "%0d%0a"):
        line = line_of(dialect, **dict.fromkeys(dialect.credentials, value))
        assert isinstance(await check(dialect, client, peer.url, line=line), WebhookCheck)


@every_access
async def test_what_cannot_be_right_is_known_before_the_provider_is_asked(
    dialect: Dialect, client: httpx.AsyncClient
) -> None:
    provider = dialect.provider(client, "http://127.0.0.1:1")
    assert provider.description.problems(dialect.credentials) == {}
    for name, value in dialect.mistyped.items():
        found = provider.description.problems({**dialect.credentials, name: value})
        assert found.keys() == {name}, (name, value)
        assert value not in found[name], "what was typed may be a secret in the wrong field"


@pytest.mark.parametrize(
    ("found", "same"),
    [
        ("https://text.example.com/webhooks/line/inbound", True),
        ("https://text.example.com:443/webhooks/line/inbound", True),
        ("https://text.example.com/webhooks/line/inbound#rc=3&rp=all", True),
        ("https://text.example.com:8443/webhooks/line/inbound", False),
        ("http://text.example.com/webhooks/line/inbound", False),
        ("https://text.example.com/webhooks/line/inbound/", False),
        ("https://text.example.com/webhooks/line/inbound?a=1", False),
        ("https://text.example.com/webhooks/line/status", False),
        ("https://TEXT.example.com/webhooks/line/inbound", False),
        ("https://[", False),
        ("https://text.example.com:x/", False),
    ],
)
def test_an_address_is_the_same_only_if_its_signature_is(found: str, same: bool) -> None:
    assert checking.is_same_address(found, EXPECTED.inbound) is same
