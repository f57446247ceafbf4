"""Every provider inside the running service: what its webhooks and answers do to conversations and consent."""

import asyncio

import pytest

from api.providers.port import Accepted, MessageStatus, OutcomeUnknown, Rejected
from api.providers.registry import ProviderName
from tests.providers.dialects import every_access
from tests.providers.dialects.dialect import LINE_NUMBER, PARENT, Arriving, Dialect
from tests.providers.peer import Peer
from tests.providers.wire import Wire
from tests.support.world import World


@pytest.fixture
async def wire(world: World, dialect: Dialect, peer: Peer) -> Wire:
    """A line of the provider's, and a family that may be texted from it."""
    await world.family("Smith", PARENT)
    return await Wire.laid(world, dialect, peer)


def words_for(dialect: Dialect, status: MessageStatus) -> str:
    return next(word for word, meant in dialect.words.items() if meant is status)


@every_access
async def test_RECV_ONCE_a_signed_webhook_becomes_a_message_once_however_often_it_comes(wire: Wire) -> None:
    arrival = wire.dialect.arrival(Arriving(text="Is class on? 🤸"), url=wire.line["webhook_urls"]["inbound"])
    answers = await asyncio.gather(*(wire.post(arrival) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert await wire.thread() == ["Is class on? 🤸"]
    assert await wire.world.indicator() == (1, 0)
    assert (await wire.world.conversation(PARENT))["line_id"] == wire.line["id"]


@every_access
async def test_RECV_NOTHING_LOST_what_is_authentic_and_no_event_or_on_no_message_of_ours_is_kept_and_harmless(
    wire: Wire,
) -> None:
    before = await wire.world.table_sizes()
    for body in (b"", b"{}", b"\x00"):
        await wire.post(wire.dialect.signed(wire.line["webhook_urls"]["inbound"], body))
    await wire.reports(wire.dialect.failed_word, "another application's", error_code=wire.dialect.opted_out_code)
    after = await wire.world.table_sizes()
    assert after.pop("inbound_events") == before.pop("inbound_events") + 4
    assert after == before
    states = await wire.world.rows("SELECT state, error IS NOT NULL FROM inbound_events ORDER BY id")
    assert [tuple(row) for row in states] == [("quarantined", True)] * 3 + [("applied", False)]
    assert await wire.check() == "allowed"
    await wire.arrives("Hello?")
    assert await wire.thread() == ["Hello?"]


@every_access
async def test_SEND_STATUS_callbacks_before_the_sends_answer_twice_and_out_of_order_only_move_a_message_forward(
    wire: Wire,
) -> None:
    wire.peer.answer = wire.dialect.accepts("theirs-1")
    sent, delivered = (words_for(wire.dialect, status) for status in (MessageStatus.SENT, MessageStatus.DELIVERED))
    message_id = await wire.queues()
    (claim,) = await wire.claims()

    await wire.reports(sent, "theirs-1", ref=message_id)
    assert await wire.status(message_id) == ("sent", None)
    assert isinstance(await wire.sends(claim), Accepted)
    assert await wire.status(message_id) == ("sent", None)
    for word in (delivered, sent, delivered):
        await wire.reports(word, "theirs-1", ref=message_id)
        assert await wire.status(message_id) == ("delivered", None)

    posted = wire.dialect.posted(wire.peer.requests[0])
    assert (posted.sender, posted.to, posted.text) == (LINE_NUMBER, PARENT, "See you at five!")
    assert str(posted.ref) == message_id


@every_access
async def test_SEND_NEVER_TWICE_a_callback_resolves_what_broke_off(wire: Wire) -> None:
    message_id = await wire.queues()
    (claim,) = await wire.claims()
    assert isinstance(await wire.sends(claim), OutcomeUnknown)
    assert await wire.status(message_id) == ("unknown", None)
    await wire.reports(words_for(wire.dialect, MessageStatus.SENT), "theirs-1", ref=message_id)
    assert await wire.status(message_id) == ("sent", None)
    assert await wire.reconciles() == 0, "there is nothing left to ask"
    assert len(wire.peer.requests) == 1


@every_access
async def test_OPTIN_STOP_the_providers_opt_out_error_stops_the_number_at_once_and_in_a_callback(wire: Wire) -> None:
    code = wire.dialect.opted_out_code
    wire.peer.answer = wire.dialect.refuses(400, code)
    message_id = await wire.queues()
    (claim,) = await wire.claims()
    assert isinstance(await wire.sends(claim), Rejected)
    assert await wire.status(message_id) == ("failed", code)
    assert await wire.check() == "stopped"
    assert await wire.delivers() == 0, "it is never retried"

    wire.peer.answer = wire.dialect.accepts("the confirmation, where the line itself sends one")
    await wire.arrives("UNSTOP")
    assert await wire.check() == "allowed"
    await wire.delivers()
    wire.peer.answer = wire.dialect.accepts("theirs-1")
    message_id = await wire.queues()
    await wire.delivers()
    await wire.reports(wire.dialect.failed_word, "theirs-1", ref=message_id, error_code=code)
    assert await wire.status(message_id) == ("failed", code)
    assert await wire.check() == "stopped"


@every_access
async def test_OPTIN_CONFIRM_a_STOP_is_confirmed_by_the_line_exactly_where_its_provider_does_not(wire: Wire) -> None:
    confirms = wire.dialect.name is ProviderName.BANDWIDTH
    wire.peer.answer = wire.dialect.accepts("theirs-1")
    await wire.arrives("Stop.")
    assert await wire.check() == "stopped"
    assert await wire.delivers() == (1 if confirms else 0)
    if confirms:
        assert wire.dialect.posted(wire.peer.requests[0]).text.startswith("Tumble Gymnastics: You will get no more")
    await wire.arrives("start")
    assert await wire.check() == "allowed"


@every_access
async def test_RECV_SENDER_only_plus_and_digits_of_a_possible_number_is_read_as_a_number_and_answered(
    wire: Wire,
) -> None:
    """NUMBER-ONE too: an old mobile prefix is another spelling of the same number."""
    settings = {"answers_keywords": True, "business_name": "Tumble"}
    patched = await wire.world.admin.patch(f"/api/v1/lines/{wire.line['id']}", json={"settings": settings})
    assert patched.status_code == 200, patched.text
    for sender, expected in SENDERS.items():
        arriving = Arriving(f"theirs {len(sender)} {sender[-6:]}", sender, "STOP")
        response = await wire.post(wire.dialect.arrival(arriving, url=wire.line["webhook_urls"]["inbound"]))
        assert response.status_code == 200
        assert (await wire.world.conversation(expected))["phone_number"] == expected
    confirmed = [claim.message.to for claim in await wire.claims()]
    assert sorted(confirmed) == ["+13125550143", "+447911123456", "+525512345678"]
    assert await wire.check() == "allowed", "no stranger is stopped"


SENDERS = {
    "312GYMTEAM": "312GYMTEAM",
    "24680": "24680",
    PARENT.removeprefix("+"): PARENT.removeprefix("+"),
    PARENT.removeprefix("+1"): PARENT.removeprefix("+1"),
    f"whatsapp:{PARENT}": f"whatsapp:{PARENT}",
    f" {PARENT}": f" {PARENT}",
    "parent@example.com": "parent@example.com",
    "+4407911123456": "+447911123456",
    "+5215512345678": "+525512345678",
    "+13125550143": "+13125550143",
}
"""What a provider may name as a sender, and what the API calls it."""
