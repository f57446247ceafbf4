"""Every adapter against the carrier simulator, which was written from the providers' documents and not from ours."""

import base64
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.kit.money import Money
from api.providers.port import (
    Accepted,
    CannotTell,
    ChecksWebhooks,
    CredentialsState,
    EventKind,
    FetchedMedia,
    FetchesMedia,
    Found,
    LineAccess,
    ListedPrice,
    ListsPrices,
    MessageStatus,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    SmsProvider,
    UnknownMessage,
    WebhookAddresses,
    WebhookCheck,
    WebhookRequest,
    WebhookState,
)
from api.providers.registry import ProviderName
from simulator.app import create_server
from tests.providers.dialects import every_access
from tests.providers.dialects.bandwidth import BandwidthOAuth
from tests.providers.dialects.dialect import LINE_NUMBER, PARENT, Dialect
from tests.providers.peer import NO_CERTIFICATES, Peer, Request, Start, http
from tests.simulator.conftest import FAST, running
from tests.simulator.test_receiving import PNG

PROFILE = "40017c1f-0000-4000-8000-000000000001"
BANDWIDTHS = {"username", "client_id", "client_secret", "callback_username", "callback_password"}
MESSAGE_ID = UUID("0195a1b2-0000-7000-8000-00000000002a")


@pytest.fixture(scope="module")
def carrier_url() -> Iterator[str]:
    with running(create_server(FAST)) as url:
        yield url


class Carrier:
    """The simulated provider with one line of ours, whose webhooks come to `webhooks`."""

    def __init__(self, client: httpx.AsyncClient, url: str, webhooks: Peer, dialect: Dialect) -> None:
        self.client = client
        self.url = url
        self.webhooks = webhooks
        self.provider: SmsProvider = dialect.provider(client, url)
        self.line = LineAccess(UUID(int=1), LINE_NUMBER, dialect.credentials)
        self.account_sid = ""

    async def control(self, method: str, path: str, **body: Any) -> Any:
        response = await self.client.request(method, f"{self.url}/control{path}", json=body or None)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def set_up(self, dialect: Dialect) -> None:
        given = dialect.credentials
        account: dict[str, Any] = {"wire": dialect.name.value}
        match dialect.name:
            case ProviderName.TWILIO:
                sid, account["auth_token"] = given["account_sid"], given["auth_token"]
            case ProviderName.PLIVO:
                sid, account["auth_token"] = given["auth_id"], given["auth_token"]
            case ProviderName.TELNYX:
                sid, account["auth_token"] = "the-organization", given["api_key"]
            case _:
                sid, account["auth_token"] = given["account_id"], given.get("password", "no API user's")
                account |= {name: value for name, value in given.items() if name in BANDWIDTHS}
        await self.control("DELETE", "/state")
        await self.control("PUT", f"/accounts/{sid}", **account)
        if dialect.name is ProviderName.TELNYX:
            public_key = (await self.control("GET", f"/accounts/{sid}"))["public_key"]
            self.line = LineAccess(UUID(int=1), LINE_NUMBER, {**given, "public_key": public_key})
        self.account_sid = sid
        await self.lay(dialect, inbound_url=f"{self.webhooks.url}/inbound", profile_id=None)
        await self.control("PUT", f"/handsets/{PARENT}", name="Maya")

    async def lay(self, dialect: Dialect, *, inbound_url: str | None, profile_id: str | None = PROFILE) -> None:
        """The line, set up anew at the provider."""
        line = {"account_sid": self.account_sid, "inbound_url": inbound_url, "profile_id": profile_id}
        if dialect.name is ProviderName.BANDWIDTH:
            application = dialect.credentials["application_id"]
            line |= {"profile_id": application, "status_url": f"{self.webhooks.url}/status"}
        await self.control("PUT", f"/lines/{LINE_NUMBER}", **line)

    def line_in_profile(self, dialect: Dialect) -> LineAccess:
        """The same line, whose credentials name what its number is in."""
        named = {
            ProviderName.TWILIO: {"messaging_service_sid": PROFILE},
            ProviderName.TELNYX: {"messaging_profile_id": PROFILE},
        }.get(dialect.name, {})
        return LineAccess(self.line.line_id, LINE_NUMBER, {**self.line.credentials, **named})

    async def check(self, line: LineAccess, expected: WebhookAddresses) -> WebhookCheck:
        assert isinstance(self.provider, ChecksWebhooks)
        found = await self.provider.check_webhooks(line, expected)
        assert isinstance(found, WebhookCheck)
        return found

    def webhook(self, request: Request) -> WebhookRequest:
        url = self.webhooks.url + request.line.split(" ")[1]
        return WebhookRequest(url=url, headers=request.headers, body=request.body)

    def text(self, body: str) -> OutgoingMessage:
        return OutgoingMessage(MESSAGE_ID, PARENT, body, [], f"{self.webhooks.url}/status?message_id={MESSAGE_ID}")


@pytest.fixture
async def carrier(dialect: Dialect, carrier_url: str, start: Start) -> AsyncIterator[Carrier]:
    webhooks = await start(http(200, b"{}"))
    async with httpx.AsyncClient(verify=NO_CERTIFICATES, timeout=15) as client:
        carrier = Carrier(client, carrier_url, webhooks, dialect)
        await carrier.set_up(dialect)
        yield carrier


@every_access
async def test_a_text_from_a_handset_comes_in_signed_and_is_read(dialect: Dialect, carrier: Carrier) -> None:
    await carrier.control("POST", f"/handsets/{PARENT}/texts", to=LINE_NUMBER, body="Kia ora 🤸 100% & ç")
    await carrier.control("GET", "/idle?seconds=10")
    webhook = carrier.webhook(carrier.webhooks.requests[0])
    assert carrier.provider.is_authentic(carrier.line, webhook)
    assert not carrier.provider.is_authentic(LineAccess(UUID(int=1), LINE_NUMBER, _others(dialect)), webhook)
    (event,) = carrier.provider.split_webhook(webhook, kind=EventKind.MESSAGE)
    message = carrier.provider.read_message(event.body)
    assert (event.kind, message.sender, message.body) == (EventKind.MESSAGE, PARENT, "Kia ora 🤸 100% & ç")


@every_access
async def test_a_picture_from_a_handset_is_fetched(dialect: Dialect, carrier: Carrier) -> None:
    picture = {"content_type": "image/png", "data": base64.b64encode(PNG).decode()}
    await carrier.control("PATCH", "/settings", media_auth=True)
    await carrier.control("POST", f"/handsets/{PARENT}/texts", to=LINE_NUMBER, media=[picture])
    await carrier.control("GET", "/idle?seconds=10")
    (event,) = carrier.provider.split_webhook(carrier.webhook(carrier.webhooks.requests[0]), kind=EventKind.MESSAGE)
    message = carrier.provider.read_message(event.body)
    (media,) = message.media
    assert message.body == ""
    assert isinstance(carrier.provider, FetchesMedia)
    assert await carrier.provider.fetch_media(carrier.line, media.url) == FetchedMedia(PNG)
    await carrier.control("PATCH", "/settings", media_auth=False)


@every_access
async def test_SEND_NEVER_TWICE_what_breaks_off_is_known_again_and_the_carrier_saw_it_once(
    dialect: Dialect, carrier: Carrier
) -> None:
    await carrier.control("PUT", "/faults", rules=[{"where": "send", "kind": "accept_then_disconnect", "next_n": 1}])
    claimed_at = datetime.now(UTC)
    assert isinstance(await carrier.provider.send(carrier.line, carrier.text("See you at 6!")), OutcomeUnknown)
    unknown = UnknownMessage(MESSAGE_ID, PARENT, "See you at 6!", claimed_at, repeat=carrier.text("See you at 6!"))
    outcome = await carrier.provider.reconcile(carrier.line, unknown)
    assert isinstance(outcome, CannotTell if dialect.name in {ProviderName.BANDWIDTH, ProviderName.PLIVO} else Found)
    await carrier.control("GET", "/idle?seconds=10")
    books = await carrier.control("GET", "/messages")
    assert (books["repeated"], books["counts"]["sends_accepted"]) == ([], 1)

    reports = [carrier.webhook(request) for request in carrier.webhooks.requests]
    assert all(carrier.provider.is_authentic(carrier.line, report) for report in reports)
    events = [event for each in reports for event in carrier.provider.split_webhook(each, kind=EventKind.STATUS)]
    told = [carrier.provider.read_status(event.body) for event in events]
    assert MessageStatus.DELIVERED in {report.status for report in told}
    assert len({report.provider_message_id for report in told}) == 1
    for report, event in zip(reports, events, strict=True):
        assert event.message_ref == MESSAGE_ID or f"message_id={MESSAGE_ID}" in report.url


@every_access
async def test_COST_the_provider_names_what_a_text_cost(dialect: Dialect, carrier: Carrier) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    sent = await carrier.provider.send(carrier.line, carrier.text("a" * 161))
    assert isinstance(sent, Accepted)
    await carrier.control("GET", "/idle?seconds=10")
    events = [
        event
        for request in carrier.webhooks.requests
        for event in carrier.provider.split_webhook(carrier.webhook(request), kind=EventKind.STATUS)
    ]
    reports = [carrier.provider.read_status(event.body) for event in events]
    told = next((each.price for each in reports if each.status is MessageStatus.DELIVERED), None)
    match dialect.name:
        case ProviderName.TELNYX:
            assert told == Money(Decimal("0.008"), "USD")
        case ProviderName.PLIVO:
            assert told == Money(Decimal("0.011"), "USD")
        case ProviderName.TWILIO:
            assert told is None
            assert isinstance(carrier.provider, ListsPrices)
            listed = await carrier.provider.list_prices(
                carrier.line, since=since, until=datetime.now(UTC) + timedelta(minutes=1)
            )
            assert listed == [ListedPrice(sent.provider_message_id, Money(Decimal("-0.0158"), "USD"))]
        case _:
            assert told is None


@every_access
async def test_a_landline_and_a_full_queue_are_known_for_what_they_are(dialect: Dialect, carrier: Carrier) -> None:
    await carrier.control("PUT", "/faults", rules=[{"where": "send", "kind": "status_429", "next_n": 1}])
    assert not isinstance(await carrier.provider.send(carrier.line, carrier.text("Hi")), Accepted | OutcomeUnknown)
    await carrier.control("PUT", f"/handsets/{PARENT}", state="landline")
    assert isinstance(await carrier.provider.send(carrier.line, carrier.text("Hi")), Accepted)
    await carrier.control("GET", "/idle?seconds=10")
    webhook = carrier.webhook(carrier.webhooks.requests[-1])
    (event,) = carrier.provider.split_webhook(webhook, kind=EventKind.STATUS)
    report = carrier.provider.read_status(event.body)
    assert report.status in {MessageStatus.FAILED, MessageStatus.UNDELIVERED}
    assert report.error_title == "The number cannot receive texts (probably a landline)."


@every_access
async def test_a_failure_at_once_and_a_full_queue_under_another_status(dialect: Dialect, carrier: Carrier) -> None:
    full = 429 if dialect.name is ProviderName.BANDWIDTH else int(dialect.queue_full_code)
    rules = [
        {"where": "send", "kind": "accept_failed", "code": int(dialect.opted_out_code), "next_n": 1},
        {"where": "send", "kind": "reject", "code": full, "status_code": dialect.queue_full_status, "next_n": 1},
    ]
    await carrier.control("PUT", "/faults", rules=rules)
    failed = await carrier.provider.send(carrier.line, carrier.text("Hi"))
    assert isinstance(failed, Accepted)
    assert failed.status in {MessageStatus.FAILED, MessageStatus.UNDELIVERED}
    assert (failed.code, failed.opted_out) == (dialect.opted_out_code, True)
    outcome = await carrier.provider.send(carrier.line, carrier.text("Hi again"))
    assert isinstance(outcome, NotProcessed)
    assert outcome.code == dialect.queue_full_code


@every_access
async def test_what_is_set_at_the_provider_is_found(dialect: Dialect, carrier: Carrier) -> None:
    ours = WebhookAddresses(f"{carrier.webhooks.url}/inbound", f"{carrier.webhooks.url}/status")
    says = dialect.name is not ProviderName.BANDWIDTH
    for url, state in (
        (ours.inbound, WebhookState.SET),
        ("https://elsewhere.example.com/sms", WebhookState.ELSEWHERE),
        (None, WebhookState.MISSING),
    ):
        await carrier.lay(dialect, inbound_url=url)
        for line in (carrier.line, carrier.line_in_profile(dialect)):
            found = await carrier.check(line, ours)
            assert found.credentials is CredentialsState.ACCEPTED
            assert found.inbound.state is (state if says else WebhookState.CANNOT_TELL)
            assert found.inbound.address == (url if says and state is WebhookState.ELSEWHERE else None)
            assert found.status.state is (WebhookState.SET if says else WebhookState.CANNOT_TELL)
    other = LineAccess(UUID(int=2), "+13125550111", carrier.line.credentials)
    assert (await carrier.check(other, ours)).inbound.state is (
        WebhookState.MISSING if says else WebhookState.CANNOT_TELL
    )
    wrong = dict.fromkeys(("auth_token", "api_key", "password", "client_secret"), "wrong")
    given = carrier.line.credentials
    mistyped = {**given, **{name: value for name, value in wrong.items() if name in given}}
    refused = await carrier.check(LineAccess(UUID(int=1), LINE_NUMBER, mistyped), ours)
    assert refused.credentials is CredentialsState.REFUSED


@pytest.mark.parametrize("dialect", [BandwidthOAuth()])
async def test_SEND_NEVER_TWICE_a_token_that_is_no_longer_taken_is_renewed_and_the_text_leaves_once(
    dialect: Dialect, carrier: Carrier
) -> None:
    assert isinstance(await carrier.provider.send(carrier.line, carrier.text("One")), Accepted)
    await carrier.control("PUT", "/faults", rules=[{"where": "send", "kind": "reject", "code": 401, "next_n": 1}])
    assert isinstance(await carrier.provider.send(carrier.line, carrier.text("Two")), Accepted)
    await carrier.control("PUT", "/faults", rules=[{"where": "token", "kind": "status_5xx"}])
    assert isinstance(await carrier.provider.send(carrier.line, carrier.text("Three")), Accepted), "it has a token"
    other = dialect.provider(carrier.client, carrier.url)
    assert isinstance(await other.send(carrier.line, carrier.text("Four")), NotProcessed)
    books = await carrier.control("GET", "/messages?direction=outbound-api")
    assert sorted(each["body"] for each in books["items"]) == ["One", "Three", "Two"]
    assert books["repeated"] == []


def _others(dialect: Dialect) -> dict[str, str]:
    """Another account's credentials."""
    return {**dialect.credentials, "auth_token": "another", "callback_password": "another"}
