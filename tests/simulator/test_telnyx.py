"""Telnyx's dialect, as Telnyx's own SDK speaks and verifies it."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import telnyx
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature

from simulator.carrier import Carrier
from simulator.model import Account, Line
from simulator.telnyx import TelnyxDialect
from simulator.telnyx.http import Call
from simulator.telnyx.messages import create_message
from tests.simulator.conftest import FAST, PARENT, Answer, Business, Received, Simulator, unused_port, wait_for
from tests.simulator.test_receiving import PNG

ORGANIZATION = "b448f9cc-a842-4784-98e9-03c1a5872950"
API_KEY = "KEY0123456789"
LINE = "+13125550110"
PROFILE = "0f512bda-ae1e-4597-8e11-e5f5686b97d3"
MESSAGES = "/v2/messages"
BEARER = {"Authorization": f"Bearer {API_KEY}"}


@pytest.fixture
def carrier(simulator: Simulator, business: Business) -> Simulator:
    """The simulator with a line of Telnyx's kind, whose texts and their fates are reported to `business`."""
    simulator.control("PUT", f"/accounts/{ORGANIZATION}", auth_token=API_KEY, wire="telnyx")
    simulator.control(
        "PUT",
        f"/lines/{LINE}",
        account_sid=ORGANIZATION,
        inbound_url=f"{business.url}/telnyx",
        profile_id=PROFILE,
    )
    return simulator


@pytest.fixture
def sdk(carrier: Simulator) -> Iterator[telnyx.Telnyx]:
    http = httpx.Client(trust_env=False, verify=False)
    with telnyx.Telnyx(api_key=API_KEY, base_url=f"{carrier.url}/v2", http_client=http, max_retries=0) as client:
        yield client


def public_key(carrier: Simulator) -> str:
    key: str = carrier.control("GET", f"/accounts/{ORGANIZATION}")["public_key"]
    return key


def post(carrier: Simulator, key: str | None = None, **fields: Any) -> httpx.Response:
    headers = BEARER if key is None else {**BEARER, "Idempotency-Key": key}
    return carrier.http.post(MESSAGES, json={"from": LINE, "to": PARENT, "text": "See you", **fields}, headers=headers)


def events(business: Business) -> list[tuple[str, str]]:
    """Event type and the recipient's status of each webhook."""
    datas = [report.json["data"] for report in business.received]
    return [(data["event_type"], data["payload"]["to"][0]["status"]) for data in datas]


def error_of(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    assert error["title"]
    assert error["detail"]
    return response.status_code, error["code"]


# Sending


def test_the_official_sdk_sends_and_fetches(carrier: Simulator, sdk: telnyx.Telnyx, business: Business) -> None:
    sent = sdk.messages.send(to=PARENT, from_=LINE, text="Class is on").data
    assert sent is not None
    assert sent.to is not None
    assert (sent.to[0].status, sent.parts, sent.type, sent.direction) == ("queued", 1, "SMS", "outbound")
    assert (sent.messaging_profile_id, sent.errors) == (PROFILE, [])
    carrier.settle()
    assert carrier.texts() == ["Class is on"]
    fetched: Any = sdk.messages.retrieve(str(sent.id)).data
    assert (fetched.to[0].status, fetched.text, fetched.id) == ("delivered", "Class is on", sent.id)
    assert events(business) == [("message.sent", "sent"), ("message.finalized", "delivered")]


def test_a_message_may_name_its_own_address_for_reports(carrier: Simulator, business: Business) -> None:
    post(carrier, webhook_url=f"{business.url}/telnyx/17")
    carrier.settle()
    assert [report.url for report in business.received] == [f"{business.url}/telnyx/17"] * 2


def test_a_profile_picks_the_number_that_the_recipient_knows(carrier: Simulator) -> None:
    carrier.control("PUT", "/lines/+13125550111", account_sid=ORGANIZATION, profile_id=PROFILE)
    carrier.text("hi", to="+13125550111")
    body = {"to": PARENT, "text": "hello", "messaging_profile_id": PROFILE}
    answer = carrier.http.post(MESSAGES, json=body, headers=BEARER).json()["data"]
    assert answer["from"]["phone_number"] == "+13125550111"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"to": ""}, (400, "10004")),
        ({"to": "3125550147"}, (400, "40310")),
        ({"to": LINE}, (400, "40310")),
        ({"to": 5}, (400, "10015")),
        ({"from": "", "messaging_profile_id": ""}, (400, "10004")),
        ({"from": "+13125550999"}, (400, "40305")),
        ({"messaging_profile_id": "another"}, (400, "40313")),
        ({"text": ""}, (400, "40316")),
        ({"text": "ā" * 671}, (400, "40302")),
        ({"media_urls": ["picture.png"]}, (400, "40317")),
        ({"webhook_url": "/status"}, (400, "10015")),
    ],
)
def test_a_wrong_request_is_refused_with_telnyx_code(
    carrier: Simulator, fields: dict[str, Any], error: tuple[int, str]
) -> None:
    assert error_of(post(carrier, **fields)) == error
    assert carrier.messages()["counts"]["sends_accepted"] == 0


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"text": "\\ud800"}'])
def test_a_body_that_is_no_json_object_is_a_bad_request(carrier: Simulator, body: bytes) -> None:
    assert error_of(carrier.http.post(MESSAGES, content=body, headers=BEARER)) == (400, "10015")


def test_the_sdk_raises_what_it_raises_for_telnyx(carrier: Simulator, sdk: telnyx.Telnyx) -> None:
    with pytest.raises(telnyx.BadRequestError):
        sdk.messages.send(to="nobody", from_=LINE, text="hello")
    with pytest.raises(telnyx.NotFoundError):
        sdk.messages.retrieve("no-such-message")
    with pytest.raises(telnyx.AuthenticationError) as caught:
        sdk.with_options(api_key="wrong").messages.send(to=PARENT, from_=LINE, text="hello")
    assert error_of(caught.value.response) == (401, "10009")


def test_a_parent_who_texted_stop_is_not_texted(carrier: Simulator) -> None:
    carrier.text("STOP", to=LINE)
    carrier.settle()
    assert error_of(post(carrier)) == (400, "40300")
    carrier.text("START", to=LINE)
    assert post(carrier).status_code == 200


@pytest.mark.parametrize(("state", "code"), [("off", "40006"), ("unreachable", "40008"), ("landline", "40001")])
def test_a_handset_that_cannot_be_reached_is_reported_with_its_code(
    carrier: Simulator, business: Business, state: str, code: str
) -> None:
    carrier.control("PUT", f"/handsets/{PARENT}", state=state)
    post(carrier)
    carrier.settle()
    assert events(business) == [("message.sent", "sent"), ("message.finalized", "delivery_failed")]
    [error] = business.received[-1].json["data"]["payload"]["errors"]
    assert error["code"] == code


def test_a_text_can_fail_with_any_code_long_after_it_was_accepted(carrier: Simulator, business: Business) -> None:
    carrier.fault("delivery", "reject", code=40002)
    assert post(carrier).status_code == 200
    carrier.settle()
    assert business.received[-1].json["data"]["payload"]["errors"][0]["code"] == "40002"
    assert carrier.texts() == []


def test_a_line_of_another_dialect_does_not_send(carrier: Simulator) -> None:
    carrier.control("PUT", "/lines/+13125550113", account_sid=ORGANIZATION, wire="twilio")
    assert error_of(post(carrier, **{"from": "+13125550113"})) == (400, "40305")


def test_a_line_may_speak_another_dialect_than_its_account(carrier: Simulator) -> None:
    carrier.control("PUT", "/accounts/mixed", auth_token="KEY3")
    carrier.control("PUT", "/lines/+13125550114", account_sid="mixed", wire="telnyx")
    body = {"from": "+13125550114", "to": PARENT, "text": "hello"}
    assert carrier.http.post(MESSAGES, json=body, headers={"Authorization": "Bearer KEY3"}).status_code == 200
    assert carrier.control("GET", "/accounts/mixed")["public_key"]


# Repeating a request


def test_a_repeated_request_is_answered_again_and_texts_once(carrier: Simulator, business: Business) -> None:
    media = {"media_urls": [f"{business.url}/picture.png"]}
    business.files["/picture.png"] = Answer(body=PNG, content_type="image/png")
    first = post(carrier, key="message:17", **media)
    carrier.settle()
    again = post(carrier, key="message:17", **media)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert carrier.texts() == ["See you"]
    assert carrier.messages()["counts"]["sends_accepted"] == 1
    assert carrier.messages()["repeated"] == []


def test_another_body_under_the_same_key_is_refused(carrier: Simulator) -> None:
    body = json.dumps({"from": LINE, "to": PARENT, "text": "See you"})
    headers = {**BEARER, "Idempotency-Key": "k"}
    assert carrier.http.post(MESSAGES, content=body, headers=headers).status_code == 200
    # One byte is enough.
    assert carrier.http.post(MESSAGES, content=body + " ", headers=headers).status_code == 422
    assert carrier.http.post(f"{MESSAGES}?x=1", content=body, headers=headers).status_code == 422
    assert carrier.messages()["counts"]["sends_accepted"] == 1


def test_a_refusal_is_not_kept_under_its_key(carrier: Simulator) -> None:
    carrier.fault("send", "status_429", next_n=1, retry_after=2)
    refused = post(carrier, key="k")
    assert (error_of(refused), refused.headers["retry-after"]) == ((429, "10011"), "2")
    assert error_of(post(carrier, key="k", text="")) == (400, "40316")
    assert post(carrier, key="k").status_code == 200


@pytest.mark.parametrize("key", ["", "a b", "ü".encode(), "x" * 256])
def test_a_key_of_another_form_is_a_bad_request(carrier: Simulator, key: str | bytes) -> None:
    given = key if isinstance(key, bytes) else key.encode()
    headers = {b"Authorization": BEARER["Authorization"].encode(), b"Idempotency-Key": given}
    response = carrier.http.post(MESSAGES, json={"from": LINE, "to": PARENT, "text": "hi"}, headers=headers)
    assert error_of(response) == (400, "10015")


def test_keys_of_two_businesses_have_nothing_to_do_with_each_other(carrier: Simulator) -> None:
    carrier.control("PUT", "/accounts/another", auth_token="KEY2", wire="telnyx")
    carrier.control("PUT", "/lines/+13125550112", account_sid="another")
    post(carrier, key="k")
    headers = {"Authorization": "Bearer KEY2", "Idempotency-Key": "k"}
    body = {"from": "+13125550112", "to": PARENT, "text": "hello"}
    assert carrier.http.post(MESSAGES, json=body, headers=headers).status_code == 200


def test_a_request_beside_another_with_its_key_is_a_conflict(carrier: Simulator) -> None:
    carrier.fault("send", "delay", next_n=1, seconds=0.6)
    statuses: list[int] = []
    slow = threading.Thread(target=lambda: statuses.append(post(carrier, key="k").status_code))
    slow.start()
    wait_for(lambda: carrier.control("GET", "/faults")["rules"][0]["hits"] == 1)
    assert post(carrier, key="k").status_code == 409
    slow.join(5)
    assert statuses == [200]
    assert post(carrier, key="k").status_code == 200
    assert carrier.messages()["counts"]["sends_accepted"] == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "accept_then_disconnect"},
        {"kind": "hang", "accepted": True, "seconds": 0.05},
        {"kind": "status_5xx", "accepted": True, "status_code": 502},
    ],
)
def test_an_unknown_outcome_is_resolved_by_repeating(carrier: Simulator, fault: dict[str, Any]) -> None:
    """SEND-NEVER-TWICE: what was accepted before the connection broke is not texted a second time."""
    carrier.fault("send", next_n=1, **fault)
    with contextlib.suppress(httpx.RemoteProtocolError):
        assert post(carrier, key="k").status_code == 502
    [accepted] = carrier.messages(direction="outbound-api")["items"]
    assert post(carrier, key="k").json()["data"]["id"] == accepted["message_sid"]
    carrier.settle()
    assert carrier.texts() == ["See you"]


async def test_a_request_is_answered_again_for_a_day_and_no_longer() -> None:
    now = 1_000_000.0
    carrier = Carrier(FAST, {"telnyx": TelnyxDialect()})
    await carrier.start()
    carrier.state.clock = lambda: now
    account = Account(sid="telnyx", auth_token="KEY", wire="telnyx")
    carrier.state.put_account(account)
    carrier.state.put_line(Line(phone_number=LINE, sid="1", account_sid="telnyx", wire="telnyx"))
    body = {"from": LINE, "to": PARENT, "text": "hello"}
    call = Call(account=account, ids={}, query={}, json=body, key="k", fingerprint="f")

    def send() -> object:
        return json.loads(bytes(create_message(carrier, call).body))["data"]["id"]

    first = send()
    now += 24 * 3600 - 1
    assert send() == first
    now += 2
    assert send() != first
    await carrier.stop()


# Webhooks


def verify(report: Received, key: str) -> None:
    verify_webhook_signature(report.body, report.headers, key)


def test_a_text_is_reported_and_the_official_sdk_verifies_and_reads_it(
    carrier: Simulator, sdk: telnyx.Telnyx, business: Business
) -> None:
    sid = carrier.text("Leo has a fever 🤒", to=LINE)["message_sid"]
    carrier.settle()
    [report] = business.received
    verify(report, public_key(carrier))
    event: Any = sdk.webhooks.unsafe_unwrap(report.body)
    assert (event.data.event_type, event.data.payload.id) == ("message.received", sid)
    assert (event.data.payload.from_.phone_number, event.data.payload.text) == (PARENT, "Leo has a fever 🤒")
    assert event.data.payload.to[0].phone_number == LINE
    assert (event.data.payload.encoding, event.data.payload.media) == ("UCS-2", [])
    assert report.json["meta"] == {"attempt": 1, "delivered_to": f"{business.url}/telnyx"}


def test_a_changed_report_no_longer_matches_its_signature(carrier: Simulator, business: Business) -> None:
    carrier.text("hello", to=LINE)
    carrier.settle()
    [report] = business.received
    forged = Received(report.url, report.body.replace("hello", "hallo"), "", "", report.headers)
    with pytest.raises(WebhookVerificationError):
        verify(forged, public_key(carrier))


def test_an_account_keeps_its_signing_key_until_it_is_given_another(carrier: Simulator) -> None:
    before = public_key(carrier)
    carrier.control("PUT", f"/accounts/{ORGANIZATION}", auth_token=API_KEY, wire="telnyx")
    assert public_key(carrier) == before
    carrier.control("PUT", f"/accounts/{ORGANIZATION}", auth_token=API_KEY, wire="telnyx", signing_key="11" * 32)
    assert public_key(carrier) != before


def test_one_event_has_one_id_however_often_it_is_reported(carrier: Simulator, business: Business) -> None:
    carrier.fault("inbound", "duplicate", next_n=1)
    sid = carrier.text("hello", to=LINE)["message_sid"]
    carrier.settle()
    carrier.control("POST", f"/messages/{sid}/report")
    carrier.settle()
    assert len(business.received) == 3
    assert len({report.json["data"]["id"] for report in business.received}) == 1


def test_three_tries_at_one_address_and_then_the_failover(carrier: Simulator, business: Business) -> None:
    carrier.control(
        "PUT",
        f"/lines/{LINE}",
        account_sid=ORGANIZATION,
        inbound_url=f"{business.url}/telnyx",
        fallback_url=f"{business.url}/failover",
    )
    business.answers = [Answer(status=500), Answer(status=404), Answer(status=503), Answer(status=500)]
    carrier.text("hello", to=LINE)
    carrier.settle()
    paths = [report.url.removeprefix(business.url) for report in business.received]
    assert paths == ["/telnyx", "/telnyx", "/telnyx", "/failover", "/failover"]
    assert [report.json["meta"]["attempt"] for report in business.received] == [1, 2, 3, 4, 5]
    for report in business.received:
        verify(report, public_key(carrier))


def test_without_a_failover_the_third_try_is_the_last(carrier: Simulator) -> None:
    address = f"http://127.0.0.1:{unused_port()}/telnyx"
    carrier.control("PUT", f"/lines/{LINE}", account_sid=ORGANIZATION, inbound_url=address)
    carrier.text("hello", to=LINE)
    carrier.settle()
    webhooks = carrier.control("GET", "/webhooks")
    assert (webhooks["posted"], webhooks["abandoned"]) == (3, 1)


def test_finalized_may_come_before_sent(carrier: Simulator, business: Business) -> None:
    carrier.fault("status", "reorder", seconds=5, match={"status": "sent"})
    post(carrier)
    carrier.settle()
    assert events(business) == [("message.finalized", "delivered"), ("message.sent", "sent")]


def test_a_business_can_check_where_its_texts_are_reported(
    carrier: Simulator, sdk: telnyx.Telnyx, business: Business
) -> None:
    profile = sdk.messaging_profiles.retrieve(PROFILE).data
    assert profile is not None
    assert (profile.id, profile.webhook_url) == (PROFILE, f"{business.url}/telnyx")
    carrier.control("PUT", f"/profiles/{PROFILE}", account_sid=ORGANIZATION, inbound_url=f"{business.url}/profile")
    assert sdk.messaging_profiles.retrieve(PROFILE).data.webhook_url == f"{business.url}/profile"  # type: ignore[union-attr]
    (number,) = sdk.phone_numbers.messaging.list(filter_phone_number=LINE)
    assert (number.phone_number, number.messaging_profile_id) == (LINE, PROFILE)
    assert list(sdk.phone_numbers.messaging.list(filter_phone_number="+13125550198")) == []
    carrier.text("hello", to=LINE)
    carrier.settle()
    assert business.received[-1].url == f"{business.url}/profile"
    with pytest.raises(telnyx.NotFoundError):
        sdk.messaging_profiles.retrieve("another")


def test_a_picture_is_at_a_public_address(carrier: Simulator, business: Business) -> None:
    media = [{"content_type": "image/png", "data": base64.b64encode(PNG).decode()}]
    carrier.text("", to=LINE, media=media)
    carrier.settle()
    [picture] = business.received[0].json["data"]["payload"]["media"]
    assert (picture["content_type"], picture["size"]) == ("image/png", len(PNG))
    assert carrier.http.get(picture["url"]).content == PNG
