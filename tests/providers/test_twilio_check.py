"""What is set at Twilio: for the number, its short code or its Messaging Service, as Twilio's answers say."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from api.providers.port import LineAccess, WebhookAddresses, WebhookCheck, WebhookState
from api.providers.twilio.check import messaging_url
from api.providers.twilio.provider import TwilioProvider
from tests.providers.peer import Answer, Start, http, plain_client

ACCOUNT = "AC" + "1" * 32
SERVICE = "MG" + "2" * 32
EXPECTED = WebhookAddresses("https://text.example.com/in", "https://text.example.com/status")


def line(number: str = "+13125550100", **more: str) -> LineAccess:
    return LineAccess(UUID(int=1), number, {"account_sid": ACCOUNT, "auth_token": "the token", **more})


def number(**more: Any) -> dict[str, Any]:
    return {"phone_number": "+13125550100", "sms_url": EXPECTED.inbound, "sms_method": "POST", **more}


async def asked(start: Start, answer: Answer, of: LineAccess) -> tuple[WebhookCheck, str]:
    """What was found, and what was asked for."""
    peer = await start(answer)
    async with plain_client() as client:
        found = await TwilioProvider(client, api_url=peer.url).check_webhooks(of, EXPECTED)
    assert isinstance(found, WebhookCheck)
    return found, peer.requests[-1].line.split(" ")[1]


@pytest.mark.parametrize(
    ("listed", "state"),
    [
        ([number()], WebhookState.SET),
        ([number(phone_number="+131255501009", sms_url=None), number()], WebhookState.SET),
        ([number(sms_method="GET")], WebhookState.ELSEWHERE),
        ([number(sms_url="https://demo.twilio.com/welcome/sms/reply")], WebhookState.ELSEWHERE),
        ([number(sms_url="")], WebhookState.MISSING),
        ([number(phone_number="+131255501009")], WebhookState.MISSING),
        ([], WebhookState.MISSING),
        ([number(sms_application_sid="AP1")], WebhookState.CANNOT_TELL),
    ],
)
async def test_the_numbers_own_webhook(start: Start, listed: list[Any], state: WebhookState) -> None:
    found, target = await asked(start, http(200, {"incoming_phone_numbers": listed}), line())
    assert (found.inbound.state, found.status.state) == (state, WebhookState.SET)
    assert urlsplit(target).path == f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json"
    assert parse_qs(urlsplit(target).query) == {"PhoneNumber": ["+13125550100"]}


async def test_a_short_code_is_in_a_list_of_its_own(start: Start) -> None:
    listed = {"short_codes": [{"short_code": "4777", "sms_url": EXPECTED.inbound, "sms_method": "POST"}]}
    found, target = await asked(start, http(200, listed), line("4777"))
    assert found.inbound.state is WebhookState.SET
    assert target == f"/2010-04-01/Accounts/{ACCOUNT}/SMS/ShortCodes.json?ShortCode=4777"


@pytest.mark.parametrize(
    ("service", "state"),
    [
        ({"inbound_request_url": EXPECTED.inbound, "inbound_method": "POST"}, WebhookState.SET),
        ({"inbound_request_url": EXPECTED.inbound, "inbound_method": "GET"}, WebhookState.ELSEWHERE),
        ({"inbound_request_url": "https://elsewhere.example.com/", "inbound_method": "POST"}, WebhookState.ELSEWHERE),
        ({"inbound_request_url": None, "use_inbound_webhook_on_number": False}, WebhookState.MISSING),
    ],
)
async def test_a_messaging_service_decides_for_its_numbers(
    start: Start, service: dict[str, Any], state: WebhookState
) -> None:
    found, target = await asked(start, http(200, service), line(messaging_service_sid=SERVICE))
    assert (found.inbound.state, target) == (state, f"/v1/Services/{SERVICE}")


async def test_a_service_that_leaves_it_to_the_numbers_is_not_the_last_word(start: Start) -> None:
    both = {"use_inbound_webhook_on_number": True, "inbound_request_url": None, "incoming_phone_numbers": [number()]}
    found, target = await asked(start, http(200, both), line(messaging_service_sid=SERVICE))
    assert found.inbound.state is WebhookState.SET
    assert "/IncomingPhoneNumbers.json" in target


async def test_a_service_that_is_not_there_is_named(start: Start) -> None:
    found, _ = await asked(start, http(404, {"code": 20404}), line(messaging_service_sid=SERVICE))
    assert found.inbound.state is WebhookState.MISSING
    assert SERVICE in found.inbound.detail


def test_messaging_services_are_at_a_host_of_their_own() -> None:
    assert messaging_url("https://api.twilio.com") == "https://messaging.twilio.com"
    assert messaging_url("https://api.dublin.ie1.twilio.com") == "https://messaging.dublin.ie1.twilio.com"
    for own in ("http://127.0.0.1:8025", "https://api.proxy.example.com", "https://api.twilio.com.example.com"):
        assert messaging_url(own) == own
