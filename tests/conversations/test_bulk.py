"""Acts on many conversations, and their undo."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conversations.team import API, act, details, get, refuse, results, send, soon, waiting
from tests.support.world import World

NUMBERS = [f"+1312555020{n}" for n in range(4)]


@pytest.fixture
async def ids(world: World) -> list[str]:
    return [await waiting(world, number) for number in NUMBERS]


async def undo(world: World, answer: dict[str, Any], *, by: httpx.AsyncClient | None = None) -> httpx.Response:
    return await (by or world.maria).post(f"{API}/conversations/bulk/{answer['undo_id']}/undo")


async def test_STATUS_CLOSE_RACE_each_item_has_its_own_result_and_the_others_are_done(
    world: World, ids: list[str]
) -> None:
    await world.text(NUMBERS[1], "One more thing")
    nobodys = str(uuid4())

    closed = await act(world, "close", *ids, nobodys)

    assert results(closed) == ["done", "new_messages", "done", "done", "not_found"]
    assert [(item["conversation"] or {}).get("status") for item in closed["items"]] == [
        *("closed", "unread", "closed", "closed"),
        None,
    ]
    assert results(await act(world, "close", ids[0])) == ["unchanged"]
    assert await world.actions(ids[0]) == ["conversation.unread", "conversation.closed"]
    assert await world.actions(ids[1]) == ["conversation.unread"]


async def test_an_undo_is_exact_once_and_ones_own(world: World, ids: list[str]) -> None:
    await world.maria.put(f"{API}/conversations/{ids[0]}/reminder", json={"at": soon(hours=1), "seen_seq": 1})
    await act(world, "close", ids[3])
    before = [await get(world, each) for each in ids]

    closed = await act(world, "close", *ids)
    # A text comes into one of them meanwhile: undoing would hide nothing, and changes nothing of it.
    await world.text(NUMBERS[1], "One more thing")
    assert (await undo(world, closed, by=world.daniel)).status_code == 404
    undone = (await undo(world, closed)).json()

    assert sorted(results(undone)) == ["changed_since", "done", "done"]
    after = [await get(world, each) for each in ids]
    assert [each["status"] for each in after] == ["open", "unread", "open", "closed"]
    assert after[0]["reminder"] == before[0]["reminder"]
    assert after[1]["waiting_since"] > before[1]["waiting_since"], "closing said that it needed no answer"
    del after[1], before[1]
    assert [each["waiting_since"] for each in after] == [each["waiting_since"] for each in before]
    assert after[1]["unread_messages"] == 0, "what was seen stays seen"
    assert (await world.actions(ids[2]))[-3:] == [
        *("conversation.closed", "conversation.opened", "conversation.undone"),
    ]
    assert (await undo(world, closed)).status_code == 404


async def test_ASSIGN_assigning_and_releasing_many_can_be_undone(world: World, ids: list[str]) -> None:
    maria, daniel = (str(world.staff_ids[name]) for name in ("maria", "daniel"))
    await act(world, "assign", ids[0], staff_member_id=daniel)

    assigned = await act(world, "assign", *ids, staff_member_id=maria)
    assert {item["conversation"]["assignee"]["id"] for item in assigned["items"]} == {maria}
    await undo(world, assigned)
    assignees = [(await get(world, each))["assignee"] for each in ids]
    assert [each and each["id"] for each in assignees] == [daniel, None, None, None]

    released = await act(world, "release", *ids)
    assert results(released) == ["done", "unchanged", "unchanged", "unchanged"]
    # Who may not see conversations any more does not get any back.
    await world.admin.patch(f"{API}/staff-members/{daniel}", json={"permissions": []})
    await undo(world, released)
    assert (await get(world, ids[0]))["assignee"] is None


async def test_REMIND_many_can_be_deferred_and_taken_back(world: World, ids: list[str]) -> None:
    await act(world, "close", ids[3])
    later = await act(world, "later", *ids, at=soon(days=1), unless_answered=True)
    assert results(later) == ["done"] * 4
    assert (await world.indicator()) == (0, 0)
    await undo(world, later)
    shown = [await get(world, each) for each in ids]
    assert [(each["status"], each["reminder"]) for each in shown] == [("open", None)] * 3 + [("closed", None)]


async def test_NOT_SENT_many_can_be_dismissed_and_taken_back(world: World) -> None:
    ids = []
    for number in NUMBERS:
        await world.family(number[-2:], number)
        ids.append(await waiting(world, number))
        await send(world, ids[-1])
    await refuse(world)
    dismissed = await act(world, "dismiss_not_sent", *ids)
    assert results(dismissed) == ["done"] * 4
    await undo(world, dismissed)
    assert [(await get(world, each))["not_sent"] for each in ids] == [1] * 4
    assert await world.rows("SELECT count(*) FROM messages WHERE not_sent") == [(4,)]
    assert [each["cause"] for each in await details(world, ids[0], "conversation.undone")] == ["dismiss_not_sent"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "assign"},
        {"action": "assign", "staff_member_id": str(uuid4())},
        {"action": "later"},
        {"action": "later", "at": "2020-01-01T00:00:00Z"},
        {"action": "erase"},
    ],
)
async def test_an_act_that_says_too_little_or_too_much_changes_nothing(
    world: World, ids: list[str], wrong: dict[str, str]
) -> None:
    items = [{"id": each, "seen_seq": 1} for each in ids]
    for body in (
        {**wrong, "items": items},
        {"action": "close", "items": items, "at": soon(hours=1)},
        {"action": "close", "items": [{"id": str(uuid4())} for _ in range(201)]},
        {"action": "close", "items": [{"id": ids[0], "seen_seq": 9}]},
    ):
        assert (await world.maria.post(f"{API}/conversations/bulk", json=body)).status_code == 422
    assert await world.rows("SELECT DISTINCT status FROM conversations") == [("unread",)]


async def test_acts_on_many_and_texts_into_them_at_the_same_time_lock_nobody_out(world: World, ids: list[str]) -> None:
    maria = str(world.staff_ids["maria"])

    async def acts(by: httpx.AsyncClient, order: list[str]) -> None:
        for _ in range(3):
            await act(world, "assign", *order, by=by, staff_member_id=maria)
            await act(world, "close", *order, by=by)
            undoable = await act(world, "release", *order, by=by)
            if undoable["undo_id"]:
                await undo(world, undoable, by=by)

    async def texts() -> None:
        for n in range(6):
            await asyncio.gather(*(world.text(number, f"{n}") for number in reversed(NUMBERS)))

    await asyncio.gather(acts(world.maria, ids), acts(world.daniel, ids[::-1]), texts())

    for each, number in zip(ids, NUMBERS, strict=True):
        shown = await get(world, each)
        assert (shown["phone_number"], shown["last_seq"], shown["status"]) == (number, 7, "unread")
    assert (await world.admin.get(f"{API}/audit-entries/verification")).json()["whole"] is True
