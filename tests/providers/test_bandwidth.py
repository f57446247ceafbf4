"""What is Bandwidth's own: arrays of events, directions, tags, and credentials in place of a signature."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from bandwidth.models import InboundCallback, StatusCallback

from api.providers.port import (
    CannotTell,
    EventKind,
    MediaItem,
    MessageStatus,
    NotProcessed,
    OutgoingMessage,
    Rejected,
    UnknownMessage,
    UnreadableEventError,
    WebhookEvent,
)
from tests.providers.dialects.bandwidth import Bandwidth, received, reported
from tests.providers.dialects.dialect import BASE, PARENT, Arriving, Reporting, line_of
from tests.providers.peer import NO_CERTIFICATES, Start, http, plain_client

BANDWIDTH = Bandwidth()
LINE = line_of(BANDWIDTH)
PROVIDER = BANDWIDTH.provider(httpx.AsyncClient(verify=NO_CERTIFICATES), "http://127.0.0.1:1")
OUR_ID = UUID("0195a1b2-0000-7000-8000-00000000002a")
TEXT = OutgoingMessage(OUR_ID, PARENT, "See you at 6!", [], f"{BASE}/status")


def split(*elements: Any, body: bytes | None = None) -> list[WebhookEvent]:
    webhook = BANDWIDTH.signed(f"{BASE}/inbound", json.dumps(elements).encode() if body is None else body)
    return list(PROVIDER.split_webhook(webhook.request, kind=EventKind.MESSAGE))


# RECV-AUTHENTIC


def test_RECV_AUTHENTIC_the_scheme_may_be_spelled_as_HTTP_lets_it_be() -> None:
    webhook = BANDWIDTH.arrival(Arriving())
    credentials = webhook.headers["authorization"].removeprefix("Basic ")
    for header in (f"basic {credentials}", f"BASIC  {credentials}", f"Basic {credentials} "):
        assert PROVIDER.is_authentic(LINE, webhook.with_header("authorization", header).request)


def test_RECV_AUTHENTIC_the_right_name_with_another_password_or_the_other_way_round_is_refused() -> None:
    username, password = BANDWIDTH.credentials["callback_username"], BANDWIDTH.credentials["callback_password"]
    webhook = BANDWIDTH.arrival(Arriving())
    for pair in (f"{username}:", f":{password}", f"{username}:{password}x", f"x{username}:{password}", ":", username):
        header = "Basic " + base64.b64encode(pair.encode()).decode()
        assert not PROVIDER.is_authentic(LINE, webhook.with_header("authorization", header).request), pair


# What arrives.


def test_the_dialect_speaks_as_bandwidth_s_own_types_do() -> None:
    arrival = InboundCallback.from_dict(received(Arriving(media=[("https://x/1.png", "image/png")])))
    assert arrival is not None
    assert (arrival.message.var_from, arrival.message.media) == (PARENT, ["https://x/1.png"])
    report = StatusCallback.from_dict(reported(Reporting("message-failed", error_code="4720", ref=OUR_ID)))
    assert report is not None
    assert (report.error_code, report.message.tag) == (4720, str(OUR_ID))


def test_RECV_NOTHING_LOST_each_event_of_an_array_is_its_own_and_a_bad_one_spoils_no_other() -> None:
    good = received(Arriving(message_id="m1"))
    other = reported(Reporting("message-delivered", "m2"))
    found = split(good, None, 5, {"type": "message-received"}, other, ["x"])
    assert [each.kind for each in found] == [
        EventKind.MESSAGE,
        EventKind.UNREADABLE,
        EventKind.UNREADABLE,
        EventKind.UNREADABLE,
        EventKind.STATUS,
        EventKind.UNREADABLE,
    ]
    assert [json.loads(each.body) for each in found] == [good, None, 5, {"type": "message-received"}, other, ["x"]]
    assert PROVIDER.read_message(found[0].body).provider_message_id == "m1"
    assert PROVIDER.read_status(found[4].body).provider_message_id == "m2"


def test_RECV_DURABLE_each_event_is_kept_as_it_came_byte_for_byte() -> None:
    first = '{ "type":"message-received", "message":{"id":"m1","from":"+1","direction":"in","text":"[1, 2],\\u005d é"}}'
    second = '{"type":"message-sent","message":{"id":"m2"},"n":1.0}'
    for spaced in (f"[{first},{second}]", f" \r\n[\t{first} \n, {second}\n] "):
        assert [each.body.decode() for each in split(body=spaced.encode())] == [first, second]


def test_an_empty_array_is_nothing_and_what_is_no_array_is_unreadable() -> None:
    assert split(body=b" [ ] ") == []
    for body in (json.dumps(received(Arriving())).encode(), b"[", b"[{}", b"[{}]]", b"[1,,2]", b"\xff[]"):
        (kept,) = split(body=body)
        assert (kept.kind, kept.body) == (EventKind.UNREADABLE, body)


def test_the_echo_of_a_text_of_ours_is_no_arrival_and_is_not_answered() -> None:
    assert split(received(Arriving(), direction="out")) == []
    for direction in (None, "", "sideways", 5):
        (kept,) = split(received(Arriving(), direction=direction))
        assert kept.kind is EventKind.UNREADABLE


def test_a_report_says_by_its_tag_which_message_it_is_on() -> None:
    (found,) = split(reported(Reporting("message-sent", ref=OUR_ID)))
    assert found.message_ref == OUR_ID
    for tag in (None, "", "another application's tag", 5, "0195a1b2", "{}"):
        (found,) = split(reported(Reporting("message-sent"), tag=tag))
        assert (found.kind, found.message_ref) == (EventKind.STATUS, None)
    (arrival,) = split(received(Arriving(), tag=str(OUR_ID)))
    assert arrival.message_ref is None, "what arrives is no report"


def test_the_kind_of_media_is_told_by_the_address_and_a_layout_is_none() -> None:
    urls = ["a/b.JPG", "c.png?x=1.gif", "d.smil", "e", "f.zip", "g.vcf"]
    message = PROVIDER.read_message(
        json.dumps(received(Arriving(), media=[f"https://x/{url}" for url in urls])).encode()
    )
    assert message.media == [
        MediaItem("https://x/a/b.JPG", "image/jpeg"),
        MediaItem("https://x/c.png?x=1.gif", "image/png"),
        MediaItem("https://x/e", "application/octet-stream"),
        MediaItem("https://x/f.zip", "application/octet-stream"),
        MediaItem("https://x/g.vcf", "text/vcard"),
    ]
    many = received(Arriving(), media=["https://x/1.png"] * 30 + ["https://[", 5, None])
    assert len(PROVIDER.read_message(json.dumps(many).encode()).media) == 10


def test_events_carry_bandwidth_s_own_time() -> None:
    time = datetime(2026, 3, 4, 12, 5, 6, 789_000, tzinfo=UTC)
    assert PROVIDER.read_message(json.dumps(received(Arriving())).encode()).provider_time == time
    report = PROVIDER.read_status(json.dumps(reported(Reporting("message-sent"))).encode())
    assert report.provider_time == datetime(2026, 3, 4, 12, 5, 7, 123_000, tzinfo=UTC)


def test_SEND_STATUS_a_receipt_that_never_came_does_not_make_a_text_failed() -> None:
    report = PROVIDER.read_status(json.dumps(reported(Reporting("message-failed", error_code="9902"))).encode())
    assert (report.status, report.error_code) == (MessageStatus.SENT, "9902")
    assert report.error_title == "The carrier did not say whether it was delivered."


@pytest.mark.parametrize(
    ("code", "words"),
    [("4470", "spam"), ("4770", "spam"), ("4720", "landline"), ("4432", "country"), ("4411", "large")],
)
def test_a_failure_is_explained_in_words_for_a_front_desk(code: str, words: str) -> None:
    report = PROVIDER.read_status(json.dumps(reported(Reporting("message-failed", error_code=code))).encode())
    assert (report.status, report.opted_out) == (MessageStatus.FAILED, False)
    assert report.error_title is not None
    assert words in report.error_title


def test_a_failure_that_nobody_has_heard_of_is_told_in_the_provider_s_words() -> None:
    report = PROVIDER.read_status(json.dumps(reported(Reporting("message-failed", error_code="4999"))).encode())
    assert report.error_title == "Bandwidth's own words"


@pytest.mark.parametrize(
    ("body", "reading"),
    [
        (b"{}", PROVIDER.read_message),
        (b'{"message": {"id": "m1"}}', PROVIDER.read_message),
        (b'{"message": {"from": "+1"}}', PROVIDER.read_message),
        (b"{}", PROVIDER.read_status),
        (b'{"message": {"id": "m1"}}', PROVIDER.read_status),
        (b"[", PROVIDER.read_message),
        (b"[", PROVIDER.read_status),
    ],
)
def test_RECV_NOTHING_LOST_what_lacks_what_it_needs_is_unreadable(
    body: bytes, reading: Callable[[bytes], object]
) -> None:
    with pytest.raises(UnreadableEventError):
        reading(body)


# Handing over.


async def test_a_full_queue_was_never_processed(start: Start) -> None:
    full = {"type": "max-message-queue-size-exceeded", "description": "The SMS queue for your account is full."}
    peer = await start(http(429, full, "Retry-After: 5"))
    async with plain_client() as client:
        outcome = await BANDWIDTH.provider(client, peer.url).send(LINE, TEXT)
    assert outcome == NotProcessed(
        detail="The provider's queue for this line is full. Send it again in a few minutes.",
        retry_after_seconds=5.0,
        code="max-message-queue-size-exceeded",
    )


async def test_a_refusal_names_the_field_that_it_is_about(start: Start) -> None:
    refusal = {
        "type": "request-validation",
        "description": "Your request could not be accepted",
        "fieldErrors": [{"fieldName": "to", "description": "'+1' must be replaced with a valid E164 formatted number"}],
    }
    peer = await start(http(400, refusal))
    async with plain_client() as client:
        outcome = await BANDWIDTH.provider(client, peer.url).send(LINE, TEXT)
    assert outcome == Rejected("request-validation", "'+1' must be replaced with a valid E164 formatted number")


async def test_the_account_s_credentials_are_the_ones_shown(start: Start) -> None:
    peer = await start(BANDWIDTH.accepts("theirs-1"))
    async with plain_client() as client:
        await BANDWIDTH.provider(client, peer.url).send(LINE, TEXT)
    shown = base64.b64decode(peer.requests[0].headers["authorization"].removeprefix("Basic ")).decode()
    assert shown == "api-user:the password: é"


async def test_SEND_NEVER_TWICE_records_without_text_and_tag_are_not_asked(start: Start) -> None:
    peer = await start(BANDWIDTH.accepts("theirs-1"))
    unknown = UnknownMessage(OUR_ID, PARENT, TEXT.body, datetime(2026, 3, 4, tzinfo=UTC), repeat=TEXT)
    async with plain_client() as client:
        outcome = await BANDWIDTH.provider(client, peer.url).reconcile(LINE, unknown)
    assert isinstance(outcome, CannotTell)
    assert peer.requests == []
