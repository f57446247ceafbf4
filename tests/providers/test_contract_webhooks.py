"""Webhooks whichever address they come to, whoever signs them, and however hostile they are."""

import asyncio
import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from api.providers.bandwidth.json_array import MAX_EVENTS
from api.providers.form_fields import form_fields
from api.providers.port import EventKind
from api.providers.twilio.receive import signature
from tests.providers.dialects import every_dialect
from tests.providers.dialects.bandwidth import Bandwidth, received
from tests.providers.dialects.dialect import BASE, LINE_NUMBER, PARENT, Arriving, Dialect, Reporting, Webhook, line_of
from tests.providers.dialects.twilio import FORM, Twilio
from tests.providers.peer import Peer
from tests.providers.test_contract_receiving import listening, split
from tests.providers.wire import Wire
from tests.support.service import ORIGIN
from tests.support.world import World


@pytest.fixture
async def wire(world: World, dialect: Dialect, peer: Peer) -> Wire:
    await world.family("Smith", PARENT)
    return await Wire.laid(world, dialect, peer)


# Either address.


@every_dialect
async def test_RECV_NOTHING_LOST_a_text_and_a_stop_are_taken_at_the_address_for_reports(wire: Wire) -> None:
    address = wire.line["webhook_urls"]["status"]
    text = wire.dialect.arrival(Arriving("m1", text="Is class on?"), url=address)
    stop = wire.dialect.arrival(Arriving("m2", text="STOP"), url=f"{address}?message_id={uuid4()}")
    for webhook in (text, stop):
        assert (await wire.post(webhook)).status_code == 200
    assert (await wire.thread())[:2] == ["Is class on?", "STOP"]
    assert await wire.check() == "stopped"


@every_dialect
async def test_SEND_STATUS_a_failure_is_taken_at_the_address_for_texts(wire: Wire) -> None:
    wire.peer.answer = wire.dialect.accepts("theirs-1")
    message_id = await wire.queues()
    await wire.delivers()
    reporting = Reporting(wire.dialect.failed_word, "theirs-1", error_code=wire.dialect.opted_out_code)
    webhook = wire.dialect.report(reporting, url=wire.line["webhook_urls"]["inbound"])
    assert (await wire.post(webhook)).status_code == 200
    assert await wire.status(message_id) == ("failed", wire.dialect.opted_out_code)
    assert await wire.check() == "stopped"


@every_dialect
async def test_RECV_ONCE_the_same_event_at_either_address_is_one_event(wire: Wire) -> None:
    wire.peer.answer = wire.dialect.accepts("theirs-1")
    message_id = await wire.queues()
    await wire.delivers()
    urls = wire.line["webhook_urls"]
    for url in (urls["inbound"], urls["status"], f"{urls['status']}?message_id={message_id}"):
        await wire.post(wire.dialect.arrival(Arriving("m1", text="Once"), url=url))
        await wire.post(wire.dialect.report(Reporting(wire.dialect.failed_word, "theirs-1"), url=url))
    assert (await wire.thread()).count("Once") == 1
    kinds = await wire.world.rows("SELECT kind FROM inbound_events ORDER BY kind")
    assert [kind for (kind,) in kinds] == ["message", "status"]


TWILIO_FORMS: list[tuple[dict[str, str], EventKind, EventKind]] = [
    # Fields beside MessageSid; what they are at the address for texts, and at the one for reports.
    ({"From": PARENT, "Body": "Hi", "NumMedia": "0"}, EventKind.MESSAGE, EventKind.MESSAGE),
    ({"From": PARENT, "Body": "Hi", "SmsStatus": "received"}, EventKind.MESSAGE, EventKind.MESSAGE),
    ({"From": PARENT, "Body": "", "SmsStatus": "receiving"}, EventKind.MESSAGE, EventKind.MESSAGE),
    ({"From": PARENT, "Body": "Hi", "MessageStatus": "received"}, EventKind.MESSAGE, EventKind.MESSAGE),
    ({"From": PARENT, "Body": "Hi", "MessageStatus": "", "SmsStatus": ""}, EventKind.MESSAGE, EventKind.MESSAGE),
    ({"From": PARENT, "NumMedia": "1", "MediaUrl0": "https://x/"}, EventKind.MESSAGE, EventKind.MESSAGE),
    ({"From": PARENT, "SmsStatus": "received"}, EventKind.MESSAGE, EventKind.MESSAGE),
    ({"SmsStatus": "received"}, EventKind.MESSAGE, EventKind.MESSAGE),
    # Neither: reading it at its address fails, so it is quarantined.
    ({"From": PARENT}, EventKind.MESSAGE, EventKind.STATUS),
    ({"Body": "Hi"}, EventKind.MESSAGE, EventKind.STATUS),
    ({}, EventKind.MESSAGE, EventKind.STATUS),
    ({"To": PARENT, "MessageStatus": "delivered"}, EventKind.STATUS, EventKind.STATUS),
    ({"To": PARENT, "MessageStatus": "FAILED", "ErrorCode": "30003"}, EventKind.STATUS, EventKind.STATUS),
    # A report may repeat the text that it is about; an old one has SmsStatus alone.
    ({"From": LINE_NUMBER, "To": PARENT, "Body": "Hi", "MessageStatus": "sent"}, EventKind.STATUS, EventKind.STATUS),
    ({"From": LINE_NUMBER, "To": PARENT, "SmsStatus": "sent"}, EventKind.STATUS, EventKind.STATUS),
    ({"From": LINE_NUMBER, "To": PARENT, "Body": "Hi", "SmsStatus": "failed"}, EventKind.STATUS, EventKind.STATUS),
    # A word that Twilio does not have yet is in the timeline, unless it came with a text.
    ({"To": PARENT, "MessageStatus": "teleported"}, EventKind.STATUS, EventKind.STATUS),
    ({"To": PARENT, "SmsStatus": "teleported"}, EventKind.STATUS, EventKind.STATUS),
    ({"From": PARENT, "Body": "Hi", "SmsStatus": "teleported"}, EventKind.MESSAGE, EventKind.MESSAGE),
]


@pytest.mark.parametrize(("fields", "at_inbound", "at_status"), TWILIO_FORMS, ids=range(len(TWILIO_FORMS)))
def test_what_a_form_of_twilios_is(fields: dict[str, str], at_inbound: EventKind, at_status: EventKind) -> None:
    twilio = Twilio()
    webhook = twilio.signed(f"{BASE}/inbound", urlencode({"MessageSid": "SM1", **fields}).encode())
    assert split(twilio, webhook, EventKind.MESSAGE).kind is at_inbound
    assert split(twilio, webhook, EventKind.STATUS).kind is at_status
    without = twilio.signed(f"{BASE}/inbound", urlencode(fields).encode())
    assert split(twilio, without).kind is EventKind.UNREADABLE


@every_dialect
async def test_RECV_NOTHING_LOST_what_is_neither_is_quarantined_at_either_address(wire: Wire) -> None:
    for number, url in enumerate(wire.line["webhook_urls"].values()):
        body = urlencode({"MessageSid": f"SM{number}", "Something": "else"}).encode()
        assert (await wire.post(wire.dialect.signed(url, body))).status_code == 200
    states = await wire.world.rows("SELECT state, error IS NOT NULL FROM inbound_events")
    assert [tuple(row) for row in states] == [("quarantined", True)] * 2


# Two valid tokens.


@every_dialect
def test_RECV_AUTHENTIC_while_it_is_rotated_either_of_two_is_accepted_and_no_third(dialect: Dialect) -> None:
    body = dialect.arrival(Arriving()).body
    url = f"{BASE}/inbound"
    first, second = dialect.signed(url, body), dialect.signed_with_second(url, body)
    third = dialect.signed_by_another(url, body)
    alone, both = line_of(dialect), line_of(dialect, **dialect.second_credentials)
    provider = listening(dialect)
    judged = [[provider.is_authentic(line, each.request) for each in (first, second, third)] for line in (alone, both)]
    assert judged == [[True, False, False], [True, True, False]]
    assert provider.description.problems(both.credentials) == {}


@every_dialect
async def test_RECV_AUTHENTIC_a_changed_token_takes_effect_at_once(wire: Wire) -> None:
    """The line is warm in the cache at every step."""
    path, url = f"/api/v1/lines/{wire.line['id']}", wire.line["webhook_urls"]["inbound"]
    (name,) = wire.dialect.second_credentials
    primary = name.removesuffix("_secondary")

    async def answers() -> list[int]:
        found: list[int] = []
        for signed in (wire.dialect.signed, wire.dialect.signed_with_second):
            body = wire.dialect.arrival(Arriving(f"m-{uuid4().hex}")).body
            found.append((await wire.post(signed(url, body))).status_code)
        return found

    async def patch(**credentials: str | None) -> None:
        response = await wire.world.admin.patch(path, json={"credentials": credentials})
        assert response.status_code == 200, response.text

    assert await answers() == [200, 403]
    await patch(**wire.dialect.second_credentials)
    assert await answers() == [200, 200]
    await patch(**{primary: wire.dialect.second_credentials[name], name: None})
    assert await answers() == [403, 200]
    await patch(**dict(wire.dialect.credentials))
    assert await answers() == [200, 403]


# Hostile.


LATIN = bytes(range(0x80, 0x100))
HOSTILE_VALUES = [
    b"",
    b" ",
    LATIN,
    b"x" * 60_000,
    b"\xff" * 60_000,
    b"=" * 10_000,
    b"9" * 6_000,
    "é".encode(),
    b"Basic " + LATIN,
]


@every_dialect
async def test_RECV_AUTHENTIC_hostile_headers_are_403_and_never_500(wire: Wire) -> None:
    before = await wire.world.table_sizes()
    webhook = wire.dialect.arrival(Arriving(), url=wire.line["webhook_urls"]["inbound"])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=wire.world.service.app, raise_app_exceptions=False), base_url=ORIGIN
    ) as carrier:
        for value in HOSTILE_VALUES:
            for changed in (*wire.dialect.signature_headers, "content-type"):
                headers = [(name.encode(), each.encode()) for name, each in webhook.headers.items() if name != changed]
                headers.append((changed.encode(), value))
                if changed == "content-type" and wire.dialect.name != "twilio":
                    continue
                response = await carrier.post(webhook.url, content=webhook.body, headers=headers)
                assert response.status_code == 403, (changed, value[:20], response.text)
    assert await wire.world.table_sizes() == before


def large_bodies(dialect: Dialect) -> Iterator[bytes]:
    """As large as is taken, and each as dear to read as can be."""
    size = 250 * 1024
    if dialect.name == "twilio":
        for unit in (b"a&", b"a=1&", b"%C3%A9&", b"MessageSid=SM1&"):
            yield unit * (size // len(unit))
        yield "&".join(f"{number:x}=" for number in range(size // 7)).encode()
        return
    for unit in (b"[],", b'{"a":1},', b"[" * 900 + b"]" * 900 + b",", b"1,", b"1.7e308,", b"9" * 4300 + b",", b'"a",'):
        yield b"[" + unit * (size // len(unit)) + b"0]"
    yield b"[" * size
    yield b'{"data":' * (size // 8)
    yield b'{"data":[' + b"{}," * (size // 3) + b"{}]}"
    yield b"[" + b" " * size + b"]"
    yield b'{"data":1,' * 1 + b'"data":1,' * (size // 9) + b'"data":2}'


def signed_quickly(dialect: Dialect, url: str, body: bytes) -> Webhook:
    """Twilio's own SDK takes a time that grows with the square of the number of fields."""
    if dialect.name != "twilio":
        return dialect.signed(url, body)
    token = dialect.credentials["auth_token"]
    headers = {"content-type": FORM, "x-twilio-signature": signature(token, url, form_fields(body, max_fields=None))}
    return Webhook(url, headers, body)


@every_dialect
async def test_RECV_NOTHING_LOST_what_is_dear_to_read_is_kept_whole_and_holds_nobody_up(wire: Wire) -> None:
    url = wire.line["webhook_urls"]["inbound"]
    client = wire.world.other_client()
    for body in large_bodies(wire.dialect):
        await wire.world.rows("DELETE FROM inbound_events RETURNING id")
        webhook = signed_quickly(wire.dialect, url, body)
        posted = asyncio.create_task(wire.post(webhook))
        assert (await client.get("/healthz")).status_code == 200
        assert (await posted).status_code == 200, body[:40]
        kept = await wire.world.rows("SELECT state, kind, body FROM inbound_events")
        if body.strip(b"[] "):
            assert {(state, kind) for state, kind, _ in kept} == {("quarantined", "unreadable")}, body[:40]
            assert len(kept) <= MAX_EVENTS
            assert kept[0][2] == body or all(part in body for _, _, part in kept)


@every_dialect
def test_no_body_takes_long_to_verify_and_to_split(dialect: Dialect) -> None:
    """A generous bound, for a loaded machine: a quadratic reading of any of these takes minutes."""
    for body in large_bodies(dialect):
        webhook = signed_quickly(dialect, f"{BASE}/inbound", body)
        started = time.process_time()
        assert listening(dialect).is_authentic(line_of(dialect), webhook.request)
        listening(dialect).split_webhook(webhook.request, kind=EventKind.MESSAGE)
        assert time.process_time() - started < 1.0, body[:40]


def array(events: list[object]) -> Webhook:
    return Bandwidth().signed(f"{BASE}/inbound", json.dumps(events).encode())


def test_RECV_NOTHING_LOST_an_array_of_as_many_events_as_fit_is_split_and_a_longer_one_kept_whole() -> None:
    provider = listening(Bandwidth())
    events: list[object] = [received(Arriving(f"m{number}")) for number in range(MAX_EVENTS)]
    split_events = provider.split_webhook(array(events).request, kind=EventKind.MESSAGE)
    assert [event.event_id for event in split_events] == [f"m{number}" for number in range(MAX_EVENTS)]
    longer = array([*events, received(Arriving("one more"))])
    (whole,) = provider.split_webhook(longer.request, kind=EventKind.MESSAGE)
    assert (whole.kind, whole.body) == (EventKind.UNREADABLE, longer.body)


@pytest.mark.parametrize(
    "body", [b"[{}", b"[{}{}]", b"[{},]", b"[,{}]", b"[{}] x", b"[{}]]", b"[,]", b" ", b"{}", b'"[]"', b"[\x0b]"]
)
def test_RECV_NOTHING_LOST_what_is_no_array_is_kept_whole(body: bytes) -> None:
    (whole,) = listening(Bandwidth()).split_webhook(
        Bandwidth().signed(f"{BASE}/inbound", body).request, kind=EventKind.MESSAGE
    )
    assert (whole.kind, whole.body) == (EventKind.UNREADABLE, body)


def test_an_array_with_space_in_every_place_is_split() -> None:
    body = b" \r\n[ {} \t, [1 , 2] ,\n3 ] \n"
    events = listening(Bandwidth()).split_webhook(
        Bandwidth().signed(f"{BASE}/inbound", body).request, kind=EventKind.MESSAGE
    )
    assert [event.body for event in events] == [b"{}", b"[1 , 2]", b"3"]
