"""Usage through the API."""

import csv
import io
from typing import Any

import pytest

from api.broadcasts.loop import run_broadcasts
from api.providers.port import Rejected
from api.retention import stages
from tests.prices.test_prices import API, DAD, MOM, nobody_held, send, set_prices, settle
from tests.support.broadcasts import BROADCASTS, new_broadcast
from tests.support.world import World


async def usage(world: World, *, status: int = 200, **params: str) -> dict[str, Any]:
    answer = await world.admin.get(f"{API}/usage", params=params)
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


@pytest.fixture
async def texted(world: World) -> World:
    """Four texts: one of two segments, one that failed, and a mass text to two."""
    await world.family("Rivera", MOM)
    await world.family("Chen", DAD)
    await set_prices(world)
    await send(world, MOM, "a" * 161)
    await settle(world, await world.claims())
    await send(world, DAD, "No.")
    await settle(world, await world.claims(), Rejected("21211", "No such number."))
    broadcast_id = await new_broadcast(world.admin, MOM, DAD, name="Snow day", footer="")
    sent = await world.admin.post(f"{BROADCASTS}/{broadcast_id}/send", json={"any_hour_reason": "Snow."})
    assert sent.status_code == 200, sent.text
    while await run_broadcasts(world.service.database, nobody_held):
        pass
    await settle(world, await world.claims())
    return world


@pytest.mark.parametrize(
    ("group_by", "name"), [("month", None), ("line", "Front desk"), ("person", "Maria"), ("broadcast", None)]
)
async def test_COST_usage_adds_up_by_group_and_kind(texted: World, group_by: str, name: str | None) -> None:
    report = await usage(texted, group_by=group_by)

    assert report["total"] == {
        "texts": 3,
        "segments": 4,
        "picture_texts": 0,
        "failed": 1,
        "costs": [{"amount": "0.0316", "currency": "USD"}],
        "by_provider": 0,
        "without_cost": 0,
    }
    rows = {each["kind"]: each for each in report["rows"]}
    assert rows["conversation"]["costs"] == [{"amount": "0.0158", "currency": "USD"}]
    assert (rows["conversation"]["segments"], rows["conversation"]["failed"]) == (2, 1)
    assert (rows["mass_text"]["texts"], rows["mass_text"]["failed"]) == (2, 0)
    names = {each["name"] for each in report["rows"]}
    if group_by == "broadcast":
        assert names == {None, "Snow day"}
    elif name is not None:
        assert any(each is not None and each.startswith(name.split()[0]) for each in names), names
    assert report["lines_without_prices"] == []


async def test_COST_what_has_no_price_is_counted_apart_and_not_as_zero(world: World) -> None:
    await world.family("Rivera", MOM)
    await send(world)
    await settle(world, await world.claims())

    report = await usage(world)

    assert (report["total"]["costs"], report["total"]["without_cost"]) == ([], 1)
    assert len(report["lines_without_prices"]) == 1


async def test_COST_usage_is_bounded_and_of_one_line_if_asked(texted: World) -> None:
    assert (await usage(texted, line_id=str(texted.line_id)))["total"]["texts"] == 3
    await usage(texted, line_id=str(texted.organization_id), status=404)
    too_long, empty = {"from": "2025-01-01", "to": "2026-12-31"}, {"from": "2025-01-01", "to": "2025-02-01"}
    assert (await texted.admin.get(f"{API}/usage", params=too_long)).status_code == 422
    assert (await texted.admin.get(f"{API}/usage", params=empty)).json()["rows"] == []
    for day in ("0001-01-01", "0002-12-31", "9999-12-31", "0"):
        assert (await texted.admin.get(f"{API}/usage", params={"to": day})).status_code == 422
    assert (await texted.admin.get(f"{API}/usage", params={"to": "0003-01-01"})).status_code == 200


async def test_COST_usage_is_exported_and_audited(texted: World) -> None:
    answer = await texted.admin.get(f"{API}/usage/export.csv", params={"group_by": "line"})

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(each["kind"], each["texts"], each["cost"], each["currency"]) for each in rows] == [
        ("conversation", "1", "0.0158", "USD"),
        ("mass_text", "2", "0.0158", "USD"),
    ]
    assert "usage.exported" in await texted.audited()


async def test_COST_erasing_a_number_keeps_what_was_spent(texted: World) -> None:
    before = (await usage(texted))["total"]
    erased = await texted.admin.post(f"{API}/phone-numbers/{MOM}/erase", json={"reason": "Asked us to."})
    assert erased.status_code in (200, 202), erased.text
    while await stages.work_off(texted.service.database):
        pass

    assert (await usage(texted))["total"] == before
