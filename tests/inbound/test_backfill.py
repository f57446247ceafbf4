"""Backfill: a text that no webhook brought is fetched from the provider's list, once (RECV-NOTHING-LOST, RECV-ONCE)."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
import structlog

from api.delivery.holds import held_organizations
from api.inbound.backfill import GRACE, OVERLAP, DueLine, backfill_line, take_due_lines
from api.inbound.loop import BackfillLoop
from api.providers.port import CannotTell, LineAccess
from api.providers.registry import Providers
from api.providers.twilio.provider import TwilioProvider
from tests.inbound.journal import PARENT
from tests.providers.peer import Answer, Peer, Start, hang, http, plain_client
from tests.support.business import ACCOUNT_SID, LINE_NUMBER
from tests.support.service import service_settings
from tests.support.world import World

ACCOUNT = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
WEEK = timedelta(days=7)


def listed(sid: str = "SM1", *, ago: timedelta = timedelta(minutes=5), **changed: Any) -> dict[str, Any]:
    """A received message as Twilio lists it."""
    return {
        "sid": sid,
        "account_sid": ACCOUNT_SID,
        "body": "Is class on?",
        "date_created": format_datetime(datetime.now(UTC) - ago),
        "date_sent": format_datetime(datetime.now(UTC) - ago),
        "direction": "inbound",
        "from": PARENT,
        "messaging_service_sid": None,
        "num_media": "0",
        "status": "received",
        "to": LINE_NUMBER,
        **changed,
    }


def page(*messages: dict[str, Any], next_page: str | None = None) -> Answer:
    return http(200, {"messages": list(messages), "next_page_uri": next_page})


def in_turn(*answers: Answer) -> Answer:
    left = list(answers)

    async def answer(writer: asyncio.StreamWriter) -> None:
        await left.pop(0)(writer)

    return answer


@dataclass
class Backfill:
    """The business's line, and a provider with a list of received messages."""

    world: World
    peer: Peer

    async def take(self, *, interval: timedelta = timedelta(0)) -> list[DueLine]:
        return await take_due_lines(self.world.service.database, self.world.organization_id, interval=interval)

    async def __call__(self) -> int:
        """Returns how many were found. Applied when this returns."""
        (line,) = await self.take()
        service = self.world.service
        providers = Providers(service_settings("unused", simulator_port=urlsplit(self.peer.url).port))
        try:
            found = await backfill_line(service.database, line, providers=providers, secrets=service.secret_box)
        finally:
            await providers.close()
        await self.world.settled()
        return found


@pytest.fixture
async def long_there(world: World) -> World:
    """A business whose line has been there for a month."""
    await world.rows("UPDATE lines SET created_at = now() - interval '30 days' RETURNING id")
    return world


async def stored(world: World) -> list[str]:
    return [row[0] for row in await world.rows("SELECT provider_message_id FROM messages ORDER BY seq, created_at")]


async def test_a_text_whose_webhook_was_lost_is_found_applied_and_reported(long_there: World, start: Start) -> None:
    world = long_there
    backfill = Backfill(world, await start(page(listed("SM1", body="Is class on? 👍"))))

    with structlog.testing.capture_logs() as logged:
        assert await backfill() == 1

    conversation = await world.conversation(PARENT)
    (message,) = await world.thread(conversation["id"])
    assert (message["body"], message["provider_message_id"]) == ("Is class on? 👍", "SM1")
    assert (conversation["status"], await world.indicator()) == ("unread", (1, 0))
    # STATUS-ORDER: the provider's own time beside ours.
    late = datetime.fromisoformat(message["created_at"]) - datetime.fromisoformat(message["provider_time"])
    assert timedelta(minutes=4) < late < timedelta(minutes=7)
    detail = (await world.daniel.get(f"/api/v1/messages/{message['id']}")).json()
    assert [(step["status"], step["source"]) for step in detail["timeline"]] == [("received", "reconciliation")]
    assert [(line["event"], line.get("messages")) for line in logged] == [("inbound.missed", 1)]
    assert "messenger_inbound_missed 1.0" in (await world.other_client().get("/metrics")).text
    assert (await world.admin.get("/api/v1/inbound-health")).json()["missed_last_week"] == 1


async def test_RECV_ONCE_found_again_and_by_a_late_webhook_it_stays_one_message(
    long_there: World, start: Start
) -> None:
    world = long_there
    backfill = Backfill(world, await start(page(listed("SM1"))))
    assert await backfill() == 1
    assert await backfill() == 0
    await world.text(PARENT, "Is class on?", sid="SM1")
    assert await stored(world) == ["SM1"]


async def test_what_arrived_is_not_found_and_costs_no_more_than_the_list(long_there: World, start: Start) -> None:
    world = long_there
    await world.text(PARENT, "Is class on?", sid="SM1")
    peer = await start(page(listed("SM1"), listed("MM2", ago=timedelta(seconds=30), num_media="1")))
    assert await Backfill(world, peer)() == 0, "The second is so young that its webhook may be on its way."
    (request,) = peer.requests
    query = dict(parse_qsl(urlsplit(request.line.split(" ")[1]).query))
    assert query.keys() == {"DateSent>", "PageSize", "To"}
    assert query["To"] == LINE_NUMBER


async def test_a_message_that_is_stored_but_not_in_the_journal_is_known_too(long_there: World, start: Start) -> None:
    world = long_there
    await world.text(PARENT, "Is class on?", sid="SM1")
    await world.rows("DELETE FROM inbound_events RETURNING id")
    assert await Backfill(world, await start(page(listed("SM1"))))() == 0


async def test_STATUS_ORDER_backfilled_texts_keep_the_order_in_which_they_came_to_the_provider(
    long_there: World, start: Start
) -> None:
    ages = {"SM3": 5, "SM2": 6, "SM1": 7}
    first, *rest = [listed(sid, ago=timedelta(minutes=age)) for sid, age in ages.items()]
    peer = await start(in_turn(page(first, next_page=f"{ACCOUNT}/Messages.json?Page=1"), page(*rest)))
    assert await Backfill(long_there, peer)() == 3
    assert await stored(long_there) == ["SM1", "SM2", "SM3"]
    assert [urlsplit(each.line.split(" ")[1]).query for each in peer.requests][1] == "Page=1"


async def test_a_backfilled_picture_has_its_address(long_there: World, start: Start) -> None:
    world = long_there
    uri = f"{ACCOUNT}/Messages/MM1/Media/ME1"
    media = http(200, {"media_list": [{"sid": "ME1", "content_type": "image/jpeg", "uri": f"{uri}.json"}]})
    peer = await start(in_turn(page(listed("MM1", body="", num_media="1")), media))
    assert await Backfill(world, peer)() == 1
    (message,) = await world.thread((await world.conversation(PARENT))["id"])
    assert [(each["content_type"], each["state"]) for each in message["media"]] == [("image/jpeg", "waiting")]
    assert await world.rows("SELECT provider_url FROM message_media") == [(f"{peer.url}{uri}",)]


async def test_OPTIN_STOP_a_backfilled_STOP_takes_effect(long_there: World, start: Start) -> None:
    await long_there.family("Rivera", PARENT)
    assert await Backfill(long_there, await start(page(listed(body="Stop."))))() == 1
    check = await long_there.daniel.get("/api/v1/opt-in-checks", params={"phone_number": PARENT})
    assert check.json()["reason"] == "stopped"


async def test_what_is_not_this_lines_is_left_alone(long_there: World, start: Start) -> None:
    others = [
        listed("SM1", direction="outbound-api"),
        listed("SM2", to="+13125550111"),
        listed("SM3", ago=timedelta(days=31)),
    ]
    assert await Backfill(long_there, await start(page(*others)))() == 0
    assert await stored(long_there) == []


async def test_a_new_line_does_not_fetch_what_came_to_its_number_before(world: World, start: Start) -> None:
    await world.rows("UPDATE lines SET created_at = now() RETURNING id")

    assert await Backfill(world, await start(page(listed())))() == 0


UNUSABLE = {
    "an error": http(500),
    "refused credentials": http(401, {"code": 20003}),
    "no list": http(200, {"nothing": []}),
    "no JSON": http(200, b"<html>"),
    "a message without a date": page(listed(date_sent=None, date_created="yesterday")),
    "a next page of somebody else's": page(listed(), next_page="//evil.test/2010-04-01/"),
    "pictures that cannot be read": in_turn(page(listed(num_media="1")), http(200, {"media_list": [None]})),
}


async def test_a_list_that_cannot_be_read_finds_nothing_and_is_read_again_later(
    long_there: World, start: Start
) -> None:
    world = long_there
    for what, answer in UNUSABLE.items():
        assert (what, await Backfill(world, await start(answer))()) == (what, 0)
        assert await world.rows("SELECT compared_until FROM line_watches") == [(None,)], what

    assert await Backfill(world, await start(page(listed())))() == 1
    ((until,),) = await world.rows("SELECT compared_until FROM line_watches")
    assert abs(datetime.now(UTC) - GRACE - until) < timedelta(seconds=30)


async def test_each_backfill_overlaps_the_one_before_it(long_there: World, start: Start) -> None:
    peer = await start(page())
    backfill = Backfill(long_there, peer)
    for _ in range(2):
        await backfill()
    asked = [
        datetime.fromisoformat(dict(parse_qsl(urlsplit(each.line.split(" ")[1]).query))["DateSent>"])
        for each in peer.requests
    ]
    now = datetime.now(UTC)
    slack = timedelta(seconds=30)
    assert abs(now - WEEK - asked[0]) < slack
    assert abs(now - GRACE - OVERLAP - asked[1]) < slack


async def test_a_line_of_a_messaging_service_has_the_messages_of_all_its_numbers(start: Start) -> None:
    peer = await start(page(listed("SM1", to="+13125550111", messaging_service_sid="MG1"), listed("SM2", to="+1312")))
    line = LineAccess(
        line_id=UUID(int=1),
        phone_number=LINE_NUMBER,
        credentials={"account_sid": ACCOUNT_SID, "auth_token": "t", "messaging_service_sid": "MG1"},
    )
    async with plain_client() as client:
        found = await TwilioProvider(client, api_url=peer.url).list_received(line, since=datetime.now(UTC) - WEEK)
    assert not isinstance(found, CannotTell)
    assert [each.event_id for each in found] == ["SM1"]
    assert "To=" not in peer.requests[0].line


async def test_RECV_SENDER_a_found_text_s_sender_is_read_as_strictly_as_a_webhook_s(
    long_there: World, start: Start
) -> None:
    senders = {"312GYMTEAM": "312GYMTEAM", "3125550142": "3125550142", "+5215512345678": "+525512345678"}
    found = [listed(f"SM{place}") | {"from": sender} for place, sender in enumerate(senders)]
    assert await Backfill(long_there, await start(page(*found)))() == 3
    for name in senders.values():
        assert (await long_there.conversation(name))["phone_number"] == name
    assert len(await long_there.rows("SELECT id FROM phone_numbers")) == 3


async def test_NUMBER_ONE_the_list_may_spell_the_line_as_of_before(start: Start) -> None:
    peer = await start(page(listed("SM1", to="+5215512345678"), listed("SM2", to="+5215512345679")))
    credentials = {"account_sid": ACCOUNT_SID, "auth_token": "t"}
    line = LineAccess(line_id=UUID(int=1), phone_number="+525512345678", credentials=credentials)
    async with plain_client() as client:
        found = await TwilioProvider(client, api_url=peer.url).list_received(line, since=datetime.now(UTC) - WEEK)
    assert not isinstance(found, CannotTell)
    assert [each.event_id for each in found] == ["SM1"]


async def test_one_process_at_a_time_takes_a_line(long_there: World, start: Start) -> None:
    backfill = Backfill(long_there, await start(hang))
    minute = timedelta(minutes=1)
    assert await backfill.take(interval=minute) == [], "A line gets its first turn within the interval, not at once."
    await long_there.rows("UPDATE line_watches SET due_at = now() RETURNING id")
    taken = await asyncio.gather(*(backfill.take(interval=minute) for _ in range(4)))
    assert [len(each) for each in sorted(taken, key=len)] == [0, 0, 0, 1]
    await long_there.admin.patch(f"/api/v1/lines/{long_there.line_id}", json={"enabled": False})
    await long_there.rows("UPDATE line_watches SET due_at = now() RETURNING id")
    assert await backfill.take(interval=minute) == [], "A line out of service gets no backfill."


async def test_the_worker_backfills_at_its_interval(long_there: World, start: Start, tmp_path: Path) -> None:
    world, service = long_there, long_there.service
    peer = await start(page(listed("SM1")))
    settings = service_settings(tmp_path, simulator_port=urlsplit(peer.url).port, watch_lines_seconds=0.2)
    providers = Providers(settings)
    found = asyncio.Event()
    loop = BackfillLoop(
        service.database, providers, service.secret_box, settings, on_found=found.set, held=held_organizations
    )
    loop.start()
    try:
        await asyncio.wait_for(found.wait(), 30)
    finally:
        await loop.stop()
        await providers.close()
    await world.settled()
    assert await stored(world) == ["SM1"]
