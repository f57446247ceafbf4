"""Price lists, credits and costs through the API, with a worker's claims and a provider's callbacks."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event

from api.broadcasts.loop import run_broadcasts
from api.delivery.claim import Claim
from api.delivery.settle import Settlement, settle_many
from api.providers.port import Accepted, MessageStatus, NotProcessed, Rejected, SendOutcome
from tests.support.broadcasts import BROADCASTS, new_broadcast
from tests.support.world import World

API = "/api/v1"
MOM, DAD, LONDON = "+13125550101", "+13125550102", "+447911123456"
USD = {
    "currency": "USD",
    "prices": [
        {"country": "US", "text": "0.0079", "picture": "0.02"},
        {"country": None, "text": "0.05", "picture": "0.20"},
    ],
}


async def set_prices(world: World, prices: dict[str, Any] = USD, *, status: int = 200) -> dict[str, Any]:
    answer = await world.admin.put(f"{API}/lines/{world.line_id}/prices", json=prices, headers={"If-Match": "*"})
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def on_credits(world: World, amount: str, *, low_below: str | None = None) -> dict[str, Any]:
    settings = {"is_on": True, "currency": "USD", "low_below": low_below}
    answer = await world.admin.put(f"{API}/credits", json=settings)
    assert answer.status_code == 200, answer.text
    added = await world.admin.post(f"{API}/credits/additions", json={"amount": amount})
    assert added.status_code == 201, added.text
    shown: dict[str, Any] = added.json()
    return shown


async def balance(world: World) -> str:
    answer = await world.admin.get(f"{API}/credits")
    found: str = answer.json()["balance"]
    return found


async def send(world: World, number: str = MOM, body: str = "See you at 4.", *, status: int = 201, **more: Any) -> str:
    answer = await world.maria.post(f"{API}/messages", json={"phone_number": number, "body": body, **more})
    assert answer.status_code == status, answer.text
    return str(answer.json().get("id", ""))


async def settle(world: World, claims: Sequence[Claim], outcome: SendOutcome | None = None) -> None:
    settlements = [
        Settlement(each, outcome or Accepted(provider_message_id=f"SM{each.message_id.hex}", status=MessageStatus.SENT))
        for each in claims
    ]
    if settlements:
        await settle_many(world.service.database, world.organization_id, settlements)


async def cost_of(world: World, message_id: str) -> Any:
    answer = await world.daniel.get(f"{API}/messages/{message_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()["cost"]


async def report(world: World, message_id: str, status: str, **more: str) -> None:
    sid = f"SM{message_id.replace('-', '')}"
    fields = {"MessageSid": sid, "MessageStatus": status, "To": MOM, **more}
    answer = await world.post_webhook("status", fields, query=f"?message_id={message_id}")
    assert answer.status_code == 200, answer.text
    await world.settled()


@pytest.fixture
async def one(world: World) -> World:
    await world.family("Rivera", MOM)
    await world.family("Chen", DAD)
    return world


# Price lists.


async def test_COST_a_price_list_is_set_shown_and_audited(world: World) -> None:
    empty = await world.admin.get(f"{API}/lines/{world.line_id}/prices")
    assert empty.json() == {"currency": None, "prices": []}

    assert await set_prices(world) == USD
    assert (await world.admin.get(f"{API}/lines/{world.line_id}/prices")).json() == USD
    await set_prices(world)  # The same again changes nothing.
    wrong = {**USD, "prices": [*USD["prices"], USD["prices"][0]]}
    assert (await set_prices(world, wrong, status=422))["errors"][0]["pointer"] == "/prices/2/country"
    as_float = {"currency": "USD", "prices": [{"country": "US", "text": 0.0079, "picture": "0.02"}]}
    await set_prices(world, as_float, status=422)
    await set_prices(world, {"currency": None, "prices": []})

    assert (await world.audited()).count("line.prices_changed") == 2


# The cost of a text.


async def test_COST_a_text_keeps_the_price_of_when_it_left(one: World) -> None:
    await set_prices(one)
    body = "a" * 161
    message_id = await send(one, body=body)
    dearer = {"currency": "USD", "prices": [{"country": "US", "text": "1", "picture": "1"}]}
    assert await cost_of(one, message_id) is None

    await settle(one, await one.claims())
    await set_prices(one, dearer)

    assert await cost_of(one, message_id) == {"amount": "0.0158", "currency": "USD", "source": "list"}
    await report(one, message_id, "delivered")
    assert await cost_of(one, message_id) == {"amount": "0.0158", "currency": "USD", "source": "list"}


async def test_COST_without_a_price_list_there_is_no_cost_and_no_statement_more(one: World) -> None:
    message_id = await send(one)
    seen: list[str] = []
    engine = one.service.database.engine.sync_engine

    def see(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", see)
    await settle(one, await one.claims())
    event.remove(engine, "before_cursor_execute", see)

    assert await cost_of(one, message_id) is None
    assert seen
    assert not [each for each in seen if "line_prices" in each or "FROM credits" in each]


async def test_COST_a_failed_text_costs_nothing(one: World) -> None:
    await set_prices(one)
    message_id = await send(one)

    await settle(one, await one.claims(), Rejected("21211", "No such number."))

    assert await cost_of(one, message_id) is None


async def test_COST_a_picture_message_costs_its_own_price(one: World) -> None:
    await set_prices(one)
    message_id = await send(one, body="Look", media_urls=["https://example.com/a.jpg"])

    await settle(one, await one.claims())

    assert (await cost_of(one, message_id))["amount"] == "0.02"


async def test_COST_an_estimate_says_why_there_is_none(one: World) -> None:
    asked = {"line_id": str(one.line_id), "phone_number": MOM, "body": "ø" * 300}

    async def estimate(**more: Any) -> dict[str, Any]:
        answer = await one.maria.post(f"{API}/cost-estimates", json={**asked, **more})
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    assert await estimate() == {"segments": 2, "encoding": "GSM-7", "cost": None, "reason": "no_price_list"}
    only_us = {"currency": "USD", "prices": USD["prices"][:1]}
    await set_prices(one, only_us)
    assert (await estimate())["cost"] == {"amount": "0.0158", "currency": "USD"}
    assert (await estimate(has_media=True))["cost"] == {"amount": "0.02", "currency": "USD"}
    assert (await estimate(phone_number=LONDON))["reason"] == "no_price"


# Credits.


async def test_COST_credits_need_a_price_list_in_their_currency(one: World) -> None:
    wanted = {"is_on": True, "currency": "USD"}
    refused = await one.admin.put(f"{API}/credits", json=wanted)
    assert refused.status_code == 422
    await set_prices(one)
    assert (await one.admin.put(f"{API}/credits", json={**wanted, "currency": "NZD"})).status_code == 422

    assert (await one.admin.put(f"{API}/credits", json=wanted)).json()["standing"] == "used_up"
    await set_prices(one, {"currency": None, "prices": []}, status=409)


async def test_COST_texts_use_credits_and_failed_ones_give_them_back(one: World) -> None:
    await set_prices(one)
    await on_credits(one, "1")
    sent, failed, undelivered = [await send(one, number, "Hi") for number in (MOM, MOM, DAD)]
    first = await one.claims()
    await settle(one, first)
    await settle(one, await one.claims())

    assert await balance(one) == "0.9763"
    await report(one, failed, "failed", ErrorCode="30003")
    await report(one, undelivered, "undelivered", ErrorCode="30003")
    await report(one, sent, "delivered")
    await report(one, failed, "failed", ErrorCode="30003", Again="1")

    assert await balance(one) == "0.9842"
    (spent,) = await one.rows("SELECT sum(credits) FROM messages")
    assert spent[0] == Decimal(1) - Decimal("0.9842")


async def test_COST_a_text_that_is_posted_again_takes_credits_once(one: World) -> None:
    await set_prices(one)
    await on_credits(one, "1")
    await send(one)
    await settle(one, await one.claims(), NotProcessed("Slower."))
    await one.rows("UPDATE outbox SET due_at = now() RETURNING id")
    await settle(one, await one.claims())

    assert await balance(one) == "0.9921"


async def test_COST_at_zero_sending_stops_and_says_why(one: World) -> None:
    await set_prices(one)
    await on_credits(one, "0.01")
    first, second = await send(one, MOM), await send(one, DAD)

    await settle(one, await one.claims())

    statuses = {each["id"]: each for number in (MOM, DAD) for each in await thread(one, number)}
    assert sorted(statuses[each]["status"] for each in (first, second)) == ["failed", "sent"]
    (failed,) = (each for each in statuses.values() if each["status"] == "failed")
    assert failed["error"]["code"] == "no_credits"
    assert "credits are used up" in failed["error"]["title"]
    await one.admin.post(f"{API}/credits/additions", json={"amount": "-0.0021", "note": "Wrong month"})
    assert await balance(one) == "0.00"
    refused = await one.maria.post(f"{API}/messages", json={"phone_number": MOM, "body": "Again"})
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/no-credits"

    await one.admin.post(f"{API}/credits/additions", json={"amount": "5"})
    retried = await one.maria.post(f"{API}/messages/{failed['id']}/retry")
    assert retried.status_code == 201, retried.text


async def thread(world: World, number: str) -> list[dict[str, Any]]:
    return await world.thread((await world.conversation(number))["id"])


async def test_COST_a_low_balance_is_told_once_a_crossing(one: World) -> None:
    await set_prices(one)
    await on_credits(one, "0.02", low_below="0.0125")

    async def go(number: str) -> None:
        await send(one, number)
        await settle(one, await one.claims())

    await go(MOM)
    assert "credits.low" in await one.audited()
    assert (await one.admin.get(f"{API}/credits")).json()["standing"] == "low"
    await go(DAD)
    assert (await one.audited()).count("credits.low") == 1
    await one.admin.post(f"{API}/credits/additions", json={"amount": "0.0125"})
    assert (await one.admin.get(f"{API}/credits")).json()["low_since"] is None
    await go(MOM)
    assert (await one.audited()).count("credits.low") == 2


async def test_COST_an_addition_is_made_once_under_its_key(one: World) -> None:
    await set_prices(one)
    await on_credits(one, "1")
    headers = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        added = await one.admin.post(f"{API}/credits/additions", json={"amount": "2"}, headers=headers)
        assert added.status_code == 201

    assert await balance(one) == "3.00"


# Mass texts.

ANY_HOUR = {"any_hour_reason": "The pool is closed."}


async def nobody_held(_: object) -> frozenset[Any]:
    return frozenset()


async def preview(world: World, broadcast_id: str) -> dict[str, Any]:
    answer = await world.admin.post(f"{BROADCASTS}/{broadcast_id}/preview")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_COST_a_preview_estimates_and_says_what_has_no_price(one: World) -> None:
    broadcast_id = await new_broadcast(one.admin, MOM, DAD)
    plain = await preview(one, broadcast_id)
    assert (plain["costs"], plain["without_price"]) == ([], 2)

    await set_prices(one)

    priced = await preview(one, broadcast_id)
    assert (priced["costs"], priced["without_price"]) == ([{"amount": "0.0158", "currency": "USD"}], 0)


async def test_COST_a_mass_text_keeps_the_estimate_that_was_confirmed(one: World) -> None:
    await set_prices(one)
    broadcast_id = await new_broadcast(one.admin, MOM, DAD)
    assert (await shown(one, broadcast_id))["estimate"] is None

    sent = await one.admin.post(f"{BROADCASTS}/{broadcast_id}/send", json=ANY_HOUR)
    assert sent.status_code == 200, sent.text
    await set_prices(one, {"currency": None, "prices": []})

    assert (await shown(one, broadcast_id))["estimate"] == {
        "costs": [{"amount": "0.0158", "currency": "USD"}],
        "without_price": 0,
    }


async def shown(world: World, broadcast_id: str) -> dict[str, Any]:
    answer = await world.admin.get(f"{BROADCASTS}/{broadcast_id}")
    found: dict[str, Any] = answer.json()
    return found


async def test_COST_a_mass_text_that_the_credits_do_not_cover_is_not_confirmed(one: World) -> None:
    await set_prices(one)
    await on_credits(one, "0.01")
    broadcast_id = await new_broadcast(one.admin, MOM, DAD)

    refused: httpx.Response = await one.admin.post(f"{BROADCASTS}/{broadcast_id}/send", json=ANY_HOUR)

    assert refused.status_code == 409
    assert refused.json() | {"balance": "0.01", "needed": "0.0158", "currency": "USD"} == refused.json()


async def test_COST_a_mass_text_is_paused_when_the_credits_are_used_up_and_goes_on_later(one: World) -> None:
    await set_prices(one)
    await on_credits(one, "1")
    broadcast_id = await new_broadcast(one.admin, MOM, DAD)
    sent = await one.admin.post(f"{BROADCASTS}/{broadcast_id}/send", json=ANY_HOUR)
    assert sent.status_code == 200, sent.text
    await one.admin.post(f"{API}/credits/additions", json={"amount": "-0.99"})

    await run_broadcasts(one.service.database, nobody_held)

    shown = (await one.admin.get(f"{BROADCASTS}/{broadcast_id}")).json()
    assert (shown["state"], shown["pause_reason"]) == ("paused", "no_credits")
    assert await one.claims() == []
    await one.admin.post(f"{API}/credits/additions", json={"amount": "1"})
    await one.admin.post(f"{BROADCASTS}/{broadcast_id}/resume")
    while await run_broadcasts(one.service.database, nobody_held):
        pass
    claims = await one.claims()
    assert len(claims) == 2
    await settle(one, claims)
    cost = (await one.maria.get(f"{BROADCASTS}/{broadcast_id}/cost")).json()
    assert (cost["texts"], cost["costs"]) == (2, [{"amount": "0.0158", "currency": "USD"}])
