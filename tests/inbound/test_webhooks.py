"""Webhooks: what is not authentic changes nothing, what is authentic is durable before it is answered."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from api.providers.twilio.receive import signature
from tests.support.business import ACCOUNT_SID, AUTH_TOKEN, LINE_NUMBER
from tests.support.service import ORIGIN
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


def form(**changes: str) -> dict[str, str]:
    return {
        "MessageSid": "SM1",
        "AccountSid": ACCOUNT_SID,
        "From": PARENT,
        "To": LINE_NUMBER,
        "Body": "Is class on?",
        "NumMedia": "0",
        **changes,
    }


async def post(
    world: World, path: str, body: bytes, headers: Mapping[str, str] | Mapping[bytes, bytes]
) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=world.service.app, raise_app_exceptions=False), base_url=ORIGIN
    ) as carrier:
        return await carrier.post(path, content=body, headers=headers)


async def thread(world: World, number: str = PARENT) -> list[dict[str, Any]]:
    return await world.thread((await world.conversation(number))["id"])


async def test_the_answer_is_empty_TwiML_for_anything_else_would_be_texted_to_the_sender(world: World) -> None:
    response = await world.post_webhook("inbound", form())
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == "text/xml"
    assert response.content == b"<Response/>"


async def test_RECV_DURABLE_what_was_answered_is_in_the_journal_byte_for_byte(world: World) -> None:
    path, body, headers = world.webhook("inbound", form(Body="Zoë & co = 100%"))
    assert (await post(world, path, body, headers)).status_code == 200
    assert await world.rows("SELECT body, event_id, phone_number FROM inbound_events") == [(body, "SM1", PARENT)]


# RECV-AUTHENTIC


async def test_RECV_AUTHENTIC_a_missing_or_wrong_signature_changes_nothing(world: World) -> None:
    path, body, headers = world.webhook("inbound", form())
    before = await world.table_sizes()
    right = headers["X-Twilio-Signature"]

    for wrong in ("", "x", right.lower(), right[:-1], right + "=", "é", right[::-1]):
        forged = {**{k.encode(): v.encode() for k, v in headers.items()}, b"X-Twilio-Signature": wrong.encode()}
        response = await post(world, path, body, forged)
        assert (wrong, response.status_code) == (wrong, 403)
        assert response.json()["type"] == "/problems/not-authentic"
    del headers["X-Twilio-Signature"]
    assert (await post(world, path, body, headers)).status_code == 403
    assert (await world.post_webhook("inbound", form(), token="another token")).status_code == 403

    await world.settled()
    assert await world.table_sizes() == before


async def test_RECV_AUTHENTIC_any_altered_added_or_removed_field_changes_nothing(world: World) -> None:
    path, _, headers = world.webhook("inbound", form())
    before = await world.table_sizes()

    forged: list[bytes] = []
    for name, value in form().items():
        forged.append(urlencode({**form(), name: value + "x"}).encode())
        forged.append(urlencode({k: v for k, v in form().items() if k != name}).encode())
    forged.append(urlencode({**form(), "OptOutType": "STOP"}).encode())
    forged.append(urlencode(form()).encode() + b"&Body=STOP")
    forged.append(b"")
    for body in forged:
        assert (body, (await post(world, path, body, headers)).status_code) == (body, 403)

    await world.settled()
    assert await world.table_sizes() == before


async def test_RECV_AUTHENTIC_the_address_and_the_kind_of_content_are_part_of_what_is_signed(world: World) -> None:
    path, body, headers = world.webhook("inbound", form())
    before = await world.table_sizes()

    assert (await post(world, path.replace("/inbound", "/status"), body, headers)).status_code == 403
    assert (await post(world, f"{path}?x=1", body, headers)).status_code == 403
    assert (await post(world, path, body, {**headers, "Content-Type": "application/json"})).status_code == 403

    await world.settled()
    assert await world.table_sizes() == before


async def test_RECV_AUTHENTIC_the_public_address_counts_and_not_the_one_that_the_request_claims(world: World) -> None:
    path, body, headers = world.webhook("inbound", form())
    claimed = {**headers, "Host": "evil.test", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"}
    assert (await post(world, path, body, claimed)).status_code == 200


async def test_RECV_AUTHENTIC_one_lines_credentials_are_no_good_for_another(world: World) -> None:
    neighbour = await World.create(world.service)
    response = await world.admin.patch(
        f"{API}/lines/{world.line_id}", json={"credentials": {"account_sid": "AC2", "auth_token": "of its own"}}
    )
    assert response.status_code == 200
    fields = form()

    path, body, headers = neighbour.webhook("inbound", fields)
    crossed = path.replace(str(neighbour.line_id), str(world.line_id))

    assert (await post(world, crossed, body, headers)).status_code == 403
    assert (await world.post_webhook("inbound", fields, token="of its own")).status_code == 200


async def test_a_line_or_provider_that_does_not_exist_is_404(world: World) -> None:
    path, body, headers = world.webhook("inbound", form())
    for other in (
        path.replace(str(world.line_id), str(uuid4())),
        path.replace("simulator", "twilio"),
        path.replace("simulator", "telnyx"),
        path.replace("simulator", "nonsense"),
    ):
        assert (other, (await post(world, other, body, headers)).status_code) == (other, 404)
    assert (await post(world, "/webhooks/simulator/1/inbound", body, headers)).status_code == 422
    assert (await post(world, "/webhooks/simulator", body, headers)).status_code == 404


async def test_a_webhook_that_is_too_large_is_413(world: World) -> None:
    path, _, headers = world.webhook("inbound", form())
    for size in (256 * 1024 + 1, 1024 * 1024 + 1):
        response = await post(world, path, b"Body=" + b"x" * size, headers)
        assert response.status_code == 413
        assert response.json()["type"] == "/problems/too-large"


# RECV-ONCE


async def test_RECV_ONCE_the_same_webhook_again_is_the_same_message(world: World) -> None:
    for _ in range(3):
        assert (await world.post_webhook("inbound", form())).status_code == 200
        await world.settled()
    assert len(await thread(world)) == 1
    assert await world.indicator() == (1, 0)


async def test_RECV_ONCE_ten_times_at_the_same_instant_is_one_message(world: World) -> None:
    answers = await asyncio.gather(*(world.post_webhook("inbound", form()) for _ in range(10)))
    await world.settled()
    assert {answer.status_code for answer in answers} == {200}
    assert len(await thread(world)) == 1
    assert await world.actions((await world.conversation(PARENT))["id"]) == ["conversation.unread"]


async def test_RECV_ONCE_the_same_id_with_other_fields_is_the_first_message(world: World) -> None:
    await world.text(PARENT, "Is class on?", sid="SM1")
    await world.text(PARENT, "Something else", sid="SM1", ApiVersion="2010-04-01")
    assert [message["body"] for message in await thread(world)] == ["Is class on?"]


async def test_RECV_ONCE_equal_texts_with_different_ids_are_two_messages(world: World) -> None:
    await world.text(PARENT, "ok", sid="SM1")
    await world.text(PARENT, "ok", sid="SM2")
    assert [message["provider_message_id"] for message in await thread(world)] == ["SM1", "SM2"]


async def test_RECV_ONCE_two_businesses_may_get_the_same_id(world: World) -> None:
    neighbour = await World.create(world.service)
    await world.text(PARENT, "ok", sid="SM1")
    await neighbour.text(PARENT, "ok", sid="SM1")
    assert (await world.indicator(), await neighbour.indicator()) == ((1, 0), (1, 0))


# What comes.


async def test_a_message_through_a_messaging_service_has_another_To_and_is_accepted(world: World) -> None:
    await world.text(PARENT, "Hello?", To="+13125550999", MessagingServiceSid="MG1")
    assert [message["body"] for message in await thread(world)] == ["Hello?"]


async def test_a_picture_without_words(world: World) -> None:
    media = {"MediaUrl0": "https://api.twilio.test/1", "MediaContentType0": "image/jpeg"}
    media |= {"MediaUrl1": "https://api.twilio.test/2", "MediaContentType1": "image/png"}
    await world.text(PARENT, "", **{"NumMedia": "2", **media})
    (message,) = await thread(world)
    assert message["body"] == ""
    assert [(each["content_type"], each["state"]) for each in message["media"]] == [
        ("image/jpeg", "waiting"),
        ("image/png", "waiting"),
    ]
    rows = await world.rows("SELECT provider_url, declared_type FROM message_media ORDER BY position")
    assert [tuple(row) for row in rows] == [
        ("https://api.twilio.test/1", "image/jpeg"),
        ("https://api.twilio.test/2", "image/png"),
    ]
    assert (await world.conversation(PARENT))["last_message"]["preview"] == "2 pictures"


HOSTILE: list[tuple[str, str | None]] = [
    ("x" * 1600, None),
    ("👍" * 800, None),
    ("x" * 10_000, None),
    ("<script>alert(1)</script>", None),
    ("\u202etxet lortnoc-idib\u202c", None),
    ("a\x00b", "a\ufffdb"),
    (" \n\t ", None),
    ("=1+1", None),
    ("%00%FF", None),
    ("{{7*7}} ${x} '; DROP TABLE messages;--", None),
    ("\u0000", "\ufffd"),
]
"""A text, and what is kept of it where that is not the text itself."""


@pytest.mark.reliability
async def test_R9_hostile_text_is_kept_harmless(world: World) -> None:
    for body, _ in HOSTILE:
        await world.text(PARENT, body)
    assert [message["body"] for message in await thread(world)] == [kept or body for body, kept in HOSTILE]


@pytest.mark.reliability
async def test_R9_bytes_that_are_no_text_are_kept_as_replacement_characters(world: World) -> None:
    path, _, headers = world.webhook("inbound", form())
    body = urlencode(form(Body="BODY")).encode().replace(b"BODY", b"%ED%A0%80%FF")
    decoded = list(form(Body="\ufffd" * 4).items())
    headers["X-Twilio-Signature"] = signature(AUTH_TOKEN, ORIGIN + path, decoded)

    response = await post(world, path, body, headers)
    await world.settled()

    assert response.status_code == 200
    assert [message["body"] for message in await thread(world)] == ["\ufffd" * 4]


async def test_whoever_texts_gets_a_conversation(world: World) -> None:
    senders = ["86753", "BANK", "+64211234567", "3125550101"]
    for sender in senders:
        await world.text(sender, "Hello")
    found = {row[0] for row in await world.rows("SELECT number FROM phone_numbers")}
    assert found == set(senders), "RECV-SENDER: no provider documents senders in national form"
    assert await world.indicator() == (4, 0)
