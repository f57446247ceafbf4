"""What is Telnyx's own: the time in its signature, its kinds of events, and repeating a text under its key."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from telnyx.types.shared.inbound_message_payload import InboundMessagePayload

from api.providers.port import (
    CannotTell,
    EventKind,
    Found,
    LineAccess,
    MessageStatus,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    ReconcileOutcome,
    Rejected,
    UnknownMessage,
    UnreadableEventError,
)
from api.providers.telnyx import receive
from api.providers.telnyx.provider import TelnyxProvider
from api.providers.telnyx.receive import TOLERANCE_SECONDS
from tests.providers.dialects.dialect import BASE, PARENT, Arriving, Reporting, Webhook, line_of
from tests.providers.dialects.telnyx import Telnyx, event, message_record, signed
from tests.providers.peer import NO_CERTIFICATES, Answer, Peer, Start, http, plain_client

TELNYX = Telnyx()
LINE = line_of(TELNYX)
TEXT = OutgoingMessage(
    message_id=UUID("0195a1b2-0000-7000-8000-00000000002a"),
    to=PARENT,
    body='Kia ora 🤸\n"quoted" \\ ünï',
    media_urls=["https://x/b.jpg?a=1&b=2"],
    status_callback_url=f"{BASE}/status?message_id=1",
)
NOW = 1_772_625_906


PROVIDER = TelnyxProvider(httpx.AsyncClient(verify=NO_CERTIFICATES), api_url="http://127.0.0.1:1")


def is_authentic(webhook: Webhook, *, line: LineAccess = LINE) -> bool:
    return receive.is_authentic(line, webhook.request, clock=lambda: NOW)


# RECV-AUTHENTIC


@pytest.mark.parametrize("off_by", [0, 1, TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS])
def test_RECV_AUTHENTIC_a_webhook_counts_for_five_minutes_either_way(off_by: int) -> None:
    for timestamp in (NOW - off_by, NOW + off_by):
        assert is_authentic(signed(BASE, b"{}", timestamp=str(timestamp)))
    for timestamp in (NOW - TOLERANCE_SECONDS - 1 - off_by, NOW + TOLERANCE_SECONDS + 1 + off_by):
        assert not is_authentic(signed(BASE, b"{}", timestamp=str(timestamp)))


def test_RECV_AUTHENTIC_another_time_than_the_signed_one_is_refused() -> None:
    webhook = signed(BASE, b"{}", timestamp=str(NOW - 10_000))
    assert not is_authentic(webhook.with_header("telnyx-timestamp", str(NOW)))


@pytest.mark.parametrize("key", ["", "x", "not base64 at all!", "AAAA", "é", "A" * 10_000])
def test_RECV_AUTHENTIC_a_mistyped_public_key_lets_nothing_in(key: str) -> None:
    webhook = signed(BASE, b"{}", timestamp=str(NOW))
    assert not is_authentic(webhook, line=line_of(TELNYX, public_key=key))


# What arrives.


def test_the_dialect_speaks_as_telnyx_s_own_types_do() -> None:
    arrival = json.loads(TELNYX.arrival(Arriving(media=[("https://x/1.png", "image/png")])).body)
    payload = InboundMessagePayload.model_validate(arrival["data"]["payload"], strict=False)
    assert payload.from_ is not None
    assert (payload.from_.phone_number, payload.text) == (PARENT, Arriving().text)
    assert payload.media is not None
    assert payload.media[0].content_type == "image/png"


def test_an_arrival_carries_telnyx_s_own_time() -> None:
    received = datetime(2026, 3, 4, 12, 5, 6, 789_000, tzinfo=UTC)
    occurred = datetime(2026, 3, 4, 12, 5, 7, 123_000, tzinfo=UTC)
    for more, time in (
        ({}, received),
        ({"received_at": None}, occurred),
        ({"received_at": "yesterday"}, occurred),
        ({"received_at": "0001-01-01T00:00:00"}, occurred),
    ):
        assert PROVIDER.read_message(TELNYX.arrival(Arriving(more=more)).body).provider_time == time
    report = PROVIDER.read_status(TELNYX.report(Reporting("delivered")).body)
    assert report.provider_time == occurred


@pytest.mark.parametrize("asked_as", [EventKind.MESSAGE, EventKind.STATUS])
def test_the_kind_of_event_decides_and_not_which_address_it_came_to(asked_as: EventKind) -> None:
    """A messaging profile has one address for everything."""
    for webhook, kind in (
        (TELNYX.arrival(Arriving()), EventKind.MESSAGE),
        (TELNYX.report(Reporting("sent")), EventKind.STATUS),
        (TELNYX.report(Reporting("delivered")), EventKind.STATUS),
    ):
        (found,) = PROVIDER.split_webhook(webhook.request, kind=asked_as)
        assert found.kind is kind
        assert found.event_id == json.loads(webhook.body)["data"]["id"]
        assert found.body == webhook.body


def test_RECV_NOTHING_LOST_events_that_nobody_has_heard_of_are_kept_and_a_followed_link_is_no_matter() -> None:
    unheard_of = event("message.teleported", message_record("m1", "sent"))
    (kept,) = PROVIDER.split_webhook(signed(BASE, unheard_of).request, kind=EventKind.STATUS)
    assert (kept.kind, kept.body) == (EventKind.UNREADABLE, unheard_of)
    click = {"data": {"message_id": "m1", "time_clicked": "2026-03-04T12:05:07Z", "to": PARENT, "url": "https://x"}}
    assert PROVIDER.split_webhook(signed(BASE, json.dumps(click).encode()).request, kind=EventKind.MESSAGE) == []


def test_a_refusal_anywhere_among_the_errors_is_an_opt_out() -> None:
    record = message_record("m1", "delivery_failed")
    record["errors"] = [{"code": "40008", "title": "Undeliverable"}, {"code": "40300", "title": "Blocked"}]
    report = PROVIDER.read_status(event("message.finalized", record))
    assert (report.opted_out, report.error_code, report.status) == (True, "40300", MessageStatus.UNDELIVERED)


@pytest.mark.parametrize(
    ("without", "reading"),
    [
        ("id", PROVIDER.read_message),
        ("from", PROVIDER.read_message),
        ("id", PROVIDER.read_status),
        ("to", PROVIDER.read_status),
    ],
)
def test_RECV_NOTHING_LOST_what_lacks_what_it_needs_is_unreadable(
    without: str, reading: Callable[[bytes], object]
) -> None:
    webhook = TELNYX.arrival(Arriving()) if reading == PROVIDER.read_message else TELNYX.report(Reporting("sent"))
    document = json.loads(webhook.body)
    del document["data"]["payload"][without]
    with pytest.raises(UnreadableEventError):
        reading(json.dumps(document).encode())


# Handing over.


async def test_a_line_with_a_messaging_profile_names_it_beside_its_number(start: Start) -> None:
    peer = await start(TELNYX.accepts("theirs-1"))
    async with plain_client() as client:
        await TelnyxProvider(client, api_url=peer.url).send(line_of(TELNYX, messaging_profile_id="4001"), TEXT)
    body = json.loads(peer.requests[0].body)
    assert (body["messaging_profile_id"], body["from"]) == ("4001", LINE.phone_number)
    assert peer.requests[0].headers["authorization"] == "Bearer KEY0123_secret"


@pytest.mark.parametrize(("status", "code"), [(429, "10011"), (400, "40318"), (403, "40318"), (503, "40318")])
async def test_a_full_queue_was_never_processed(start: Start, status: int, code: str) -> None:
    peer = await start(TELNYX.refuses(status, code))
    async with plain_client() as client:
        outcome = await TelnyxProvider(client, api_url=peer.url).send(LINE, TEXT)
    assert isinstance(outcome, NotProcessed)
    assert outcome.code == code


async def test_SEND_NEVER_TWICE_a_key_that_is_in_use_is_unknown(start: Start) -> None:
    async with plain_client() as client:
        peer = await start(TELNYX.refuses(409, "10012"))
        assert isinstance(await TelnyxProvider(client, api_url=peer.url).send(LINE, TEXT), OutcomeUnknown)


# Repeating (docs/decisions/0011).


async def ask(peer: Peer, *, repeat: OutgoingMessage | None = TEXT) -> ReconcileOutcome:
    unknown = UnknownMessage(TEXT.message_id, PARENT, TEXT.body, datetime(2026, 3, 4, tzinfo=UTC), repeat=repeat)
    async with plain_client() as client:
        return await TelnyxProvider(client, api_url=peer.url).reconcile(LINE, unknown)


async def test_SEND_NEVER_TWICE_a_repetition_has_the_same_key_and_the_same_bytes(start: Start) -> None:
    peer = await start(TELNYX.accepts("theirs-1"))
    async with plain_client() as client:
        await TelnyxProvider(client, api_url=peer.url).send(LINE, TEXT)
    await ask(peer, repeat=replace(TEXT, media_urls=tuple(TEXT.media_urls)))
    first, second = peer.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == str(TEXT.message_id)
    assert first.body == second.body
    assert first.line == second.line


async def test_SEND_NEVER_TWICE_what_may_not_be_repeated_is_not(start: Start) -> None:
    peer = await start(TELNYX.accepts("theirs-1"))
    assert isinstance(await ask(peer, repeat=None), CannotTell)
    assert peer.requests == []


async def test_a_success_that_is_replayed_or_only_now_had_resolves_it(start: Start) -> None:
    outcome = await ask(await start(TELNYX.accepts("theirs-1")))
    assert isinstance(outcome, Found)
    assert (outcome.report.provider_message_id, outcome.report.status) == ("theirs-1", MessageStatus.SENT)


@pytest.mark.parametrize(("code", "opted_out"), [("40310", False), ("40300", True)])
async def test_a_refusal_of_the_repetition_says_that_there_was_no_success(
    start: Start, code: str, opted_out: bool
) -> None:
    outcome = await ask(await start(TELNYX.refuses(400, code)))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.opted_out) == (code, opted_out)


@pytest.mark.parametrize(
    "answer",
    [
        TELNYX.refuses(401, "10009"),
        TELNYX.refuses(403, "10010"),
        TELNYX.refuses(404, "10005"),
        TELNYX.refuses(409, "10012"),
        TELNYX.refuses(422, "10027"),
        TELNYX.refuses(429, "10011"),
        TELNYX.refuses(400, "40318"),
        http(500, b""),
        http(200, {"data": {"id": "theirs-1"}}),
        http(200, b""),
    ],
    ids=range(10),
)
async def test_SEND_NEVER_TWICE_an_answer_about_the_repetition_itself_leaves_it_unknown(
    start: Start, answer: Answer
) -> None:
    assert isinstance(await ask(await start(answer)), CannotTell)


def test_what_a_line_needs_to_speak_telnyx() -> None:
    assert {field.name: field.required for field in PROVIDER.description.credential_fields} == {
        "api_key": True,
        "public_key": True,
        "public_key_secondary": False,
        "messaging_profile_id": False,
    }
    assert PROVIDER.description.answers_keywords
