"""Bandwidth's dialect, as Bandwidth's own SDK speaks and reads it."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from bandwidth import ApiClient, Configuration
from bandwidth.api.media_api import MediaApi
from bandwidth.api.messages_api import MessagesApi
from bandwidth.exceptions import BadRequestException, ForbiddenException, UnauthorizedException
from bandwidth.models.inbound_callback import InboundCallback
from bandwidth.models.message_request import MessageRequest
from bandwidth.models.status_callback import StatusCallback

from tests.simulator.conftest import PARENT, Answer, Business, Simulator
from tests.simulator.test_receiving import PNG

ACCOUNT = "5500123"
USER = ("api-user", "api-password")
CLIENT = ("CLI-17", "client-secret")
CALLBACK = ("callback-user", "callback-password")
APPLICATION = "93de2206-9669-4e07-948d-329f4b722ee2"
LINE = "+13125550120"
TOKEN = "/api/v1/oauth2/token"
MESSAGES = f"/api/v2/users/{ACCOUNT}/messages"


@pytest.fixture
def carrier(simulator: Simulator, business: Business) -> Simulator:
    """The simulator with a line of Bandwidth's kind, whose texts and their fates are reported to `business`."""
    simulator.control(
        "PUT",
        f"/accounts/{ACCOUNT}",
        auth_token=USER[1],
        wire="bandwidth",
        username=USER[0],
        client_id=CLIENT[0],
        client_secret=CLIENT[1],
        callback_username=CALLBACK[0],
        callback_password=CALLBACK[1],
    )
    simulator.control(
        "PUT",
        f"/lines/{LINE}",
        account_sid=ACCOUNT,
        inbound_url=f"{business.url}/bandwidth/inbound",
        status_url=f"{business.url}/bandwidth/status",
        profile_id=APPLICATION,
    )
    return simulator


@pytest.fixture
def sdk(carrier: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    client = redirected(ApiClient(Configuration(username=USER[0], password=USER[1])), carrier, monkeypatch)
    yield client
    client.rest_client.pool_manager.clear()


def redirected(client: ApiClient, carrier: Simulator, monkeypatch: pytest.MonkeyPatch) -> ApiClient:
    """The SDK names its hosts in each of its methods; here all of them are the simulator."""
    call_api = client.call_api

    def call(method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return call_api(method, url.replace("https://messaging.bandwidth.com", carrier.url), *args, **kwargs)

    monkeypatch.setattr(client, "call_api", call)
    return client


def request(**fields: Any) -> MessageRequest:
    given = {"applicationId": APPLICATION, "from": LINE, "to": [PARENT], "text": "See you", **fields}
    return MessageRequest.from_dict(given) or MessageRequest.model_validate(given)


def post(carrier: Simulator, **fields: Any) -> httpx.Response:
    body = {"applicationId": APPLICATION, "from": LINE, "to": [PARENT], "text": "See you", **fields}
    return carrier.http.post(MESSAGES, json=body, auth=USER)


def events(business: Business) -> list[Any]:
    return [report.json[0] for report in business.received]


# Sending


def test_the_official_sdk_sends_and_finds(carrier: Simulator, sdk: ApiClient) -> None:
    sent = MessagesApi(sdk).create_message(ACCOUNT, request(tag="message:17"))
    assert (sent.tag, sent.segment_count, sent.direction, sent.owner) == ("message:17", 1, "out", LINE)
    carrier.settle()
    carrier.text("Thanks!", to=LINE)
    listed = MessagesApi(sdk).list_messages(ACCOUNT, destination_tn=PARENT)
    assert listed.messages is not None
    [found] = listed.messages
    assert (found.message_id, found.message_status, found.message_direction) == (sent.id, "DELIVERED", "OUTBOUND")
    [inbound] = MessagesApi(sdk).list_messages(ACCOUNT, source_tn=PARENT).messages or []
    assert (inbound.message_status, inbound.message_direction) == ("RECEIVED", "INBOUND")
    assert carrier.texts() == ["See you", "Thanks!"]


def test_a_search_goes_through_pages_and_times(carrier: Simulator) -> None:
    for n in range(5):
        carrier.text(str(n), to=LINE)
    sids = [text["message_sid"] for text in carrier.control("GET", f"/handsets/{PARENT}/texts")["items"]]

    def ask(url: str, **query: str) -> Any:
        return carrier.http.get(url, params=query or None, auth=USER).json()

    first = ask(MESSAGES, sourceTn=PARENT, limit="3")
    carrier.text("later", to=LINE)
    second = ask(first["pageInfo"]["nextPage"])
    assert [m["messageId"] for m in first["messages"] + second["messages"]] == sids[::-1]
    assert (first["totalCount"], second["pageInfo"]) == (5, {})
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert ask(MESSAGES, fromDateTime=soon)["messages"] == []
    assert len(ask(MESSAGES, toDateTime=soon, messageDirection="INBOUND")["messages"]) == 6
    assert [m["messageId"] for m in ask(MESSAGES, messageId=sids[2])["messages"]] == [sids[2]]
    assert ask(MESSAGES)["type"] == "request-validation"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"applicationId": ""}, "applicationId"),
        ({"applicationId": "another"}, "from"),
        ({"from": "+13125550999"}, "from"),
        ({"to": ["3125550147"]}, "to"),
        ({"to": [PARENT, "+13125550188"]}, "to"),
        ({"to": []}, "to"),
        ({"to": [LINE]}, "to"),
        ({"text": ""}, "text"),
        ({"text": 5}, "text"),
        ({"text": "x" * 2049}, "text"),
        ({"tag": "x" * 1025}, "tag"),
        ({"media": ["picture.png"]}, "media"),
        ({"expiration": "2020-01-01T00:00:00Z"}, "expiration"),
    ],
)
def test_a_wrong_field_is_named(carrier: Simulator, fields: dict[str, Any], wrong: str) -> None:
    response = post(carrier, **fields)
    assert (response.status_code, response.json()["type"]) == (400, "request-validation")
    assert [error["fieldName"] for error in response.json()["fieldErrors"]] == [wrong]
    assert carrier.messages()["counts"]["sends_accepted"] == 0


def test_the_longest_text_is_taken(carrier: Simulator) -> None:
    assert post(carrier, text="x" * 2048).json()["segmentCount"] == 14


def test_the_sdk_raises_what_it_raises_for_bandwidth(carrier: Simulator, sdk: ApiClient) -> None:
    with pytest.raises(BadRequestException):
        MessagesApi(sdk).create_message(ACCOUNT, request(to=["nobody"]))
    with pytest.raises(ForbiddenException):
        MessagesApi(sdk).create_message("5500999", request())
    sdk.configuration.password = "wrong"
    with pytest.raises(UnauthorizedException):
        MessagesApi(sdk).create_message(ACCOUNT, request())


def test_the_official_sdk_sends_with_a_token(carrier: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = Configuration(client_id=CLIENT[0], client_secret=CLIENT[1], access_token_url=carrier.url + TOKEN)
    client = redirected(ApiClient(configuration), carrier, monkeypatch)
    try:
        MessagesApi(client).create_message(ACCOUNT, request())
        with pytest.raises(ForbiddenException):
            MessagesApi(client).create_message("5500999", request())
    finally:
        client.rest_client.pool_manager.clear()
    carrier.settle()
    assert carrier.texts() == ["See you"]


def token(carrier: Simulator, auth: tuple[str, str] = CLIENT, **form: str) -> httpx.Response:
    return carrier.http.post(TOKEN, data={"grant_type": "client_credentials", **form}, auth=auth)


def test_a_token_is_given_for_the_right_credentials_in_the_right_form_alone(carrier: Simulator) -> None:
    given = token(carrier).json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
    for auth in ((CLIENT[0], "wrong"), ("", ""), USER):
        refused = token(carrier, auth)
        assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})
    assert token(carrier, grant_type="password").json() == {"error": "unsupported_grant_type"}
    assert carrier.http.post(TOKEN, auth=CLIENT).json() == {"error": "invalid_request"}
    assert carrier.http.get(TOKEN, auth=CLIENT).status_code == 405


def test_a_token_is_good_as_long_as_the_credentials_that_it_is_for(carrier: Simulator) -> None:
    def listed(text: str) -> int:
        return carrier.http.get(MESSAGES, params={"sourceTn": LINE}, headers={"Authorization": text}).status_code

    good = f"Bearer {token(carrier).json()['access_token']}"
    assert [listed(text) for text in (good, "Bearer", "Bearer nobody", good[:-1])] == [200, 401, 401, 401]
    carrier.control("PUT", f"/accounts/{ACCOUNT}", auth_token=USER[1], wire="bandwidth", username=USER[0])
    assert listed(good) == 401
    assert token(carrier).status_code == 401


def test_tokens_can_be_withheld(carrier: Simulator) -> None:
    carrier.fault("token", "status_5xx", next_n=1)
    assert [token(carrier).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [(b"{", "application/json", 400), (b"[]", "application/json", 400), (b"{}", "text/plain", 415)],
)
def test_a_body_that_is_no_json_object_is_refused(
    carrier: Simulator, content: bytes, content_type: str, status: int
) -> None:
    headers = {"Content-Type": content_type}
    assert carrier.http.post(MESSAGES, content=content, headers=headers, auth=USER).status_code == status


def test_a_full_queue_is_429(carrier: Simulator) -> None:
    carrier.fault("send", "status_429", next_n=1)
    refused = post(carrier)
    assert (refused.status_code, refused.json()["type"]) == (429, "max-message-queue-size-exceeded")
    assert post(carrier).status_code == 202
    assert carrier.messages()["counts"]["sends_accepted"] == 1


def test_equal_texts_with_their_own_tags_are_not_repeated(carrier: Simulator) -> None:
    for tag in ("1", "2", "2"):
        post(carrier, tag=tag)
    [repeated] = carrier.messages()["repeated"]
    assert (repeated["tag"], repeated["times"]) == ("2", 2)


# Callbacks


def test_a_text_is_reported_as_a_list_with_user_and_password(carrier: Simulator, business: Business) -> None:
    sid = carrier.text("Leo has a fever 🤒", to=LINE)["message_sid"]
    carrier.settle()
    [report] = business.received
    given = base64.b64decode(report.headers["authorization"].removeprefix("Basic ")).decode()
    assert tuple(given.split(":")) == CALLBACK
    [event] = report.json
    read = InboundCallback.from_dict(event)
    assert read is not None
    assert (read.type, read.to, read.message.id) == ("message-received", LINE, sid)
    assert (read.message.direction, read.message.var_from, read.message.to) == ("in", PARENT, [LINE])
    assert (read.message.text, read.message.owner) == ("Leo has a fever 🤒", LINE)


def test_the_fate_of_a_message_is_reported_with_its_tag(carrier: Simulator, business: Business) -> None:
    post(carrier, tag="message:17")
    carrier.settle()
    [event] = events(business)
    read = StatusCallback.from_dict(event)
    assert read is not None
    assert (read.type, read.to, read.error_code) == ("message-delivered", PARENT, None)
    assert (read.message.tag, read.message.direction) == ("message:17", "out")
    assert business.received[0].url.endswith("/bandwidth/status")


def test_a_message_with_pictures_is_also_reported_as_sending(carrier: Simulator, business: Business) -> None:
    post(carrier, media=[f"{business.url}/picture.png"])
    carrier.settle()
    assert [event["type"] for event in events(business)] == ["message-sending", "message-delivered"]


@pytest.mark.parametrize(("state", "code"), [("off", 9902), ("unreachable", 4750), ("landline", 4720)])
def test_a_handset_that_cannot_be_reached_is_reported_with_its_code(
    carrier: Simulator, business: Business, state: str, code: int
) -> None:
    carrier.control("PUT", f"/handsets/{PARENT}", state=state)
    post(carrier)
    carrier.settle()
    [event] = events(business)
    read = StatusCallback.from_dict(event)
    assert read is not None
    assert (read.type, read.error_code) == ("message-failed", code)


def test_a_text_can_be_taken_for_spam_long_after_it_was_accepted(carrier: Simulator, business: Business) -> None:
    carrier.fault("delivery", "reject", code=4470)
    post(carrier)
    carrier.settle()
    [event] = events(business)
    assert (event["type"], event["errorCode"]) == ("message-failed", 4470)


def test_a_callback_is_repeated_until_it_is_taken(carrier: Simulator, business: Business) -> None:
    business.answers = [Answer(status=500), Answer(status=404), Answer(status=503), Answer(status=301)]
    carrier.text("hello", to=LINE)
    carrier.settle()
    assert len({report.body for report in business.received}) == 1
    assert len(business.received) == 5


def test_no_keyword_is_answered_but_on_toll_free_numbers(carrier: Simulator, business: Business) -> None:
    carrier.text("STOP", to=LINE)
    carrier.settle()
    assert carrier.texts() == ["STOP"]
    assert post(carrier).status_code == 202
    carrier.settle()
    assert carrier.texts() == ["STOP", "See you"]
    refused = carrier.http.put(f"/control/lines/{LINE}", json={"account_sid": ACCOUNT, "keywords": "carrier"})
    assert refused.status_code == 422

    carrier.control(
        "PUT", f"/lines/{LINE}", account_sid=ACCOUNT, kind="toll_free", inbound_url=f"{business.url}/inbound"
    )
    carrier.text("STOP", to=LINE)
    carrier.settle()
    assert post(carrier).status_code == 202
    carrier.settle()
    assert events(business)[-1]["errorCode"] == 4775


def test_a_picture_wants_the_accounts_credentials(carrier: Simulator, sdk: ApiClient, business: Business) -> None:
    media = [{"content_type": "image/png", "data": base64.b64encode(PNG).decode()}]
    carrier.text("", to=LINE, media=media)
    carrier.settle()
    [url] = events(business)[0]["message"]["media"]
    assert carrier.http.get(url).status_code == 401
    assert carrier.http.get(url, auth=USER).content == PNG
    assert bytes(MediaApi(sdk).get_media(ACCOUNT, url.rpartition("/")[2])) == PNG
