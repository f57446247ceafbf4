"""Scheduled texts (LATER): what is stored, what leaves, what is held back, and that each leaves once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.access.rules import Permission
from api.conversations import sending
from api.conversations.leaving import send_due
from api.delivery.hold_queries import mark_restored
from api.delivery.holds import held_organizations
from api.retention.aging import retain
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


def after(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


async def schedule(world: World, path: str, **body: object) -> dict[str, Any]:
    body = {"body": "Class is on", "send_at": after(hours=1), **body}
    response = await world.maria.post(path, json=body)
    assert response.status_code == 201, response.text
    text: dict[str, Any] = response.json()
    return text


async def make_due(world: World, *, seconds: int = 1) -> None:
    """The time of every scheduled text has come, so many seconds ago."""
    await world.rows(
        "UPDATE scheduled_texts SET send_at = now() - make_interval(secs => :seconds),"
        " due_at = now() - make_interval(secs => :seconds) RETURNING id",
        seconds=seconds,
    )


async def work(world: World) -> None:
    while await send_due(world.service.database, held_organizations):
        pass


async def waiting(world: World, path: str) -> list[dict[str, Any]]:
    response = await world.daniel.get(path.removesuffix("/messages") + "/scheduled")
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def bodies(world: World, path: str) -> list[str]:
    return [each["body"] for each in await world.thread(path.split("/")[4])]


async def test_LATER_a_text_leaves_when_it_is_due_under_its_id_and_its_writers_name(world: World, path: str) -> None:
    text = await schedule(world, path, body="See you at 6", close=True)
    assert (text["status"], text["will_be_held_back"], text["held"]) == ("scheduled", False, None)
    assert text["scheduled_by"]["name"] == "Maria"
    conversation = await world.conversation(PARENT)
    assert conversation["scheduled_at"] == text["send_at"]
    assert (conversation["status"], conversation["last_seq"]) == ("unread", 1)
    await work(world)
    assert await waiting(world, path) == [text]

    await make_due(world)
    await work(world)
    await work(world)

    assert await waiting(world, path) == []
    sent = (await world.thread(conversation["id"]))[1:]
    assert [(each["id"], each["body"], each["status"], each["sent_by"]["name"]) for each in sent] == [
        (text["id"], "See you at 6", "queued", "Maria")
    ]
    conversation = await world.conversation(PARENT)
    assert (conversation["status"], conversation["scheduled_at"]) == ("closed", None)
    actions = await world.actions(conversation["id"])
    assert actions == ["conversation.unread", "message.scheduled", "message.sent", "conversation.closed"]
    for method, json in (("PATCH", {"body": "No"}), ("DELETE", None), ("POST", {})):
        address = f"{API}/messages/{text['id']}" + ("/send" if method == "POST" else "")
        assert (await world.maria.request(method, address, json=json)).status_code == 409, method


async def test_LATER_a_text_can_be_seen_changed_sent_now_and_withdrawn(world: World, path: str) -> None:
    answer = await world.maria.post(path, json={"body": "Class is on", "send_at": after(hours=1)})
    text = answer.json()
    assert (await world.daniel.get(answer.headers["Location"])).json() == text
    later = after(days=2)
    changed = await world.admin.patch(
        f"{API}/messages/{text['id']}", json={"body": "Class is off", "send_at": later, "only_if_nothing_new": False}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["body"] == "Class is off"
    assert datetime.fromisoformat(changed.json()["send_at"]) == datetime.fromisoformat(later)
    assert changed.json()["scheduled_by"]["name"] != "Maria"
    stale = await world.maria.post(f"{API}/messages/{text['id']}/send", json={"seen_seq": 0})
    assert (stale.status_code, stale.json()["type"]) == (409, "/problems/new-messages")
    sent = await world.maria.post(f"{API}/messages/{text['id']}/send")
    assert (sent.status_code, sent.json()["id"], sent.json()["sent_by"]["name"]) == (201, text["id"], "Maria")
    assert "timeline" in (await world.daniel.get(answer.headers["Location"])).json()
    other = await schedule(world, path)
    assert (await world.maria.delete(f"{API}/messages/{other['id']}")).status_code == 204
    assert (await world.maria.delete(f"{API}/messages/{other['id']}")).status_code == 404
    assert (await world.daniel.delete(f"{API}/messages/{uuid4()}")).status_code == 403
    assert await waiting(world, path) == []
    assert (await world.actions(text["conversation_id"]))[1:] == [
        *("message.scheduled", "message.rescheduled", "message.sent", "conversation.opened"),
        *("message.scheduled", "message.withdrawn"),
    ]


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"send_at": "2026-01-01T00:00:00Z"}, 422),
    ({"send_at": after(days=400)}, 422),
    ({"send_at": "2030-01-01T00:00:00"}, 422),
    ({"body": ""}, 422),
    ({"body": "a" * 1601}, 422),
    ({"seen_seq": 0}, 409),
]


async def test_LATER_scheduling_is_checked_as_sending_is_and_is_bounded(world: World, path: str) -> None:
    for wrong, status in REFUSED:
        body = {"body": "Hi", "send_at": after(hours=1), **wrong}
        assert (await world.maria.post(path, json=body)).status_code == status, wrong
    key = {"Idempotency-Key": uuid4().hex}
    body = {"body": "Hi", "send_at": after(hours=1)}
    first, again = [await world.maria.post(path, json=body, headers=key) for _ in range(2)]
    assert first.json() == again.json()
    for _ in range(19):
        await schedule(world, path)
    assert (await world.maria.post(path, json=body)).status_code == 409
    await world.text(PARENT, "STOP")
    refused = await world.maria.post(path, json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-allowed-to-text")


async def comes_in(world: World) -> None:
    await world.text(PARENT, "Wait, which class?")


async def is_stopped(world: World) -> None:
    await world.text(PARENT, "STOP")
    await world.rows("UPDATE scheduled_texts SET only_if_nothing_new = false RETURNING id")


async def is_archived(world: World) -> None:
    archived = await world.admin.post(f"{API}/staff-members/{world.staff_ids['maria']}/archive")
    assert archived.status_code == 200, archived.text


async def may_not_send(world: World) -> None:
    changed = await world.admin.patch(
        f"{API}/staff-members/{world.staff_ids['maria']}", json={"permissions": ["sms_logs"]}
    )
    assert changed.status_code == 200, changed.text


async def is_restored(world: World) -> None:
    async with world.service.database.transaction() as session:
        await mark_restored(session)


async def is_late(world: World) -> None:
    await make_due(world, seconds=3700)


HOLDS: list[tuple[Callable[[World], Awaitable[None]], str, str]] = [
    (comes_in, "/problems/new-messages", "A text came in after this one was written."),
    (is_stopped, "/problems/not-allowed-to-text", ""),
    (is_archived, "/problems/permission-required", "Maria, who scheduled it, no longer has access."),
    (may_not_send, "/problems/permission-required", "Maria, who scheduled it, no longer has Mass Text."),
    (is_restored, "/problems/restored", ""),
    (is_late, "/problems/too-late", ""),
]


@pytest.mark.parametrize(("happens", "problem", "words"), HOLDS, ids=[each[0].__name__ for each in HOLDS])
async def test_LATER_a_text_that_must_not_leave_is_held_back_with_its_reason(
    world: World, path: str, happens: Callable[[World], Awaitable[None]], problem: str, words: str
) -> None:
    text = await schedule(world, path)
    closed = await world.maria.post(path.replace("/messages", "/close"), json={"seen_seq": 1})
    assert closed.status_code == 200
    await make_due(world)
    await happens(world)
    assert (await waiting(world, path))[0]["will_be_held_back"] is (happens is comes_in)

    await work(world)
    await work(world)

    (held,) = await waiting(world, path)
    assert (held["id"], held["status"], held["held"]["type"]) == (text["id"], "held", problem)
    assert held["held"]["reason"] == words or not words
    assert "Class is on" not in await bodies(world, path)
    conversation = await world.conversation(PARENT)
    assert conversation["status"] in {"open", "unread"}, "NOT-SENT: a held text in a closed conversation is seen"
    assert conversation["scheduled_at"] is None
    assert (await world.actions(text["conversation_id"])).count("message.held_back") == 1


async def test_LATER_a_held_text_waits_again_when_a_person_reschedules_it(world: World, path: str) -> None:
    text = await schedule(world, path)
    await make_due(world)
    await comes_in(world)
    await work(world)
    changed = await world.maria.patch(f"{API}/messages/{text['id']}", json={"send_at": after(minutes=5)})
    assert (changed.json()["status"], changed.json()["has_new"]) == ("scheduled", False)
    await make_due(world)
    await work(world)
    assert (await bodies(world, path))[-1] == "Class is on"


async def test_LATER_a_writer_may_choose_that_it_leaves_whatever_comes(world: World, path: str) -> None:
    await schedule(world, path, only_if_nothing_new=False)
    await comes_in(world)
    await make_due(world)
    await work(world)
    assert (await bodies(world, path))[-1] == "Class is on"
    assert (await world.conversation(PARENT))["status"] == "unread", "nobody has seen what came"


async def test_LATER_a_text_that_arrives_at_the_due_moment_holds_it_back_or_comes_after_it(
    world: World, path: str
) -> None:
    for turn in range(8):
        text = await schedule(world, path)
        await make_due(world)
        await asyncio.gather(work(world), work(world), world.text(PARENT, f"Question {turn}"), work(world))
        thread = await world.thread(text["conversation_id"])
        places = {each["id"]: each["seq"] for each in thread}
        arrived = next(each["seq"] for each in thread if each["body"] == f"Question {turn}")
        if text["id"] in places:
            assert places[text["id"]] < arrived
            assert await waiting(world, path) == []
        else:
            (held,) = await waiting(world, path)
            assert held["held"]["type"] == "/problems/new-messages"
            assert (await world.maria.delete(f"{API}/messages/{text['id']}")).status_code == 204


class Killed(BaseException):
    """The process dies."""


async def test_LATER_a_crash_between_deciding_and_committing_sends_nothing_and_loses_nothing(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = await schedule(world, path)
    await make_due(world)
    accept = sending.accept

    async def accept_and_die(*given: Any, **more: Any) -> Any:
        await accept(*given, **more)
        raise Killed

    monkeypatch.setattr("api.conversations.leaving.accept", accept_and_die)
    with pytest.raises(Killed):
        await work(world)
    assert await bodies(world, path) == ["Hello?"]
    assert [each["id"] for each in await waiting(world, path)] == [text["id"]]

    async def fail(*given: Any, **more: Any) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr("api.conversations.leaving.accept", fail)
    await work(world)
    ((attempts, is_later),) = await world.rows("SELECT attempts, due_at > now() FROM scheduled_texts")
    assert (attempts, is_later) == (1, True)
    await world.rows("UPDATE scheduled_texts SET attempts = 5, due_at = now() RETURNING id")
    await work(world)
    assert [each["held"]["type"] for each in await waiting(world, path)] == ["/problems/internal"]

    monkeypatch.setattr("api.conversations.leaving.accept", accept)
    assert (await world.maria.post(f"{API}/messages/{text['id']}/send", json={})).status_code == 201
    assert await bodies(world, path) == ["Hello?", "Class is on"]


async def test_LATER_two_who_send_withdraw_and_work_at_once_settle_it_once(world: World, path: str) -> None:
    for _ in range(6):
        text = await schedule(world, path)
        await make_due(world)
        address = f"{API}/messages/{text['id']}"

        async def ask(method: str, url: str) -> httpx.Response:
            body: dict[str, Any] | None = {} if method == "POST" else None
            return await world.maria.request(method, url, json=body)

        answers = await asyncio.gather(
            ask("DELETE", address), ask("POST", f"{address}/send"), ask("POST", f"{address}/send"), work(world)
        )
        statuses = [each.status_code for each in answers[:3]]
        sent = [each["id"] for each in await world.thread(text["conversation_id"])].count(text["id"])
        assert sent == (0 if statuses[0] == 204 else 1), statuses
        assert statuses.count(201) <= sent
        assert await waiting(world, path) == []


async def test_LATER_a_thread_ends_with_its_scheduled_texts(world: World, path: str) -> None:
    later, sooner = await schedule(world, path, send_at=after(hours=3)), await schedule(world, path)
    address = path.replace("/messages", "/thread")
    page = (await world.daniel.get(address)).json()
    last = [each["scheduled_text"] for each in page["items"][-2:]]
    assert last == [sooner, later]
    assert [each["kind"] for each in page["items"]].count("scheduled_text") == 2
    place = page["items"][-2]["position"]
    for params, expected in (
        ({"after": place}, [later["id"]]),
        ({"before": place, "limit": "1"}, []),
        ({"around": sooner["id"], "limit": "2"}, [sooner["id"]]),
    ):
        items = (await world.daniel.get(address, params=params)).json()["items"]
        assert [each["scheduled_text"]["id"] for each in items if each["kind"] == "scheduled_text"] == expected, params


async def test_ERASE_a_scheduled_text_goes_with_its_number(world: World, path: str) -> None:
    await schedule(world, path)
    erased = await world.admin.post(f"{API}/phone-numbers/{PARENT}/erase", json={"reason": "Asked"})
    assert erased.is_success, erased.text
    assert await world.rows("SELECT id FROM scheduled_texts") == []


async def test_ERASE_a_held_text_goes_with_texts_of_its_age(world: World, path: str) -> None:
    settings = world.service.settings.model_copy(update={"retain_texts_days": 30})
    await schedule(world, path)
    await schedule(world, path)
    await make_due(world)
    await comes_in(world)
    await work(world)
    await world.rows(
        "UPDATE scheduled_texts SET held_at = held_at - interval '31 days'"
        " WHERE id = (SELECT id FROM scheduled_texts ORDER BY id LIMIT 1) RETURNING id"
    )
    await retain(world.service.database, world.organization_id, settings)
    assert len(await waiting(world, path)) == 1
    entries = await world.rows("SELECT details - 'salt' FROM audit_entries WHERE action = 'retention.applied'")
    assert [tuple(each) for each in entries] == [({"held_texts": 1},)]


async def test_PERM_TENANT_another_business_knows_nothing_of_it(world: World, path: str) -> None:
    text = await schedule(world, path)
    other = await World.create(world.service)
    for method, suffix in (("PATCH", ""), ("DELETE", ""), ("POST", "/send")):
        body: dict[str, Any] | None = None if method == "DELETE" else {}
        response = await other.maria.request(method, f"{API}/messages/{text['id']}{suffix}", json=body)
        assert response.status_code == 404, method
    assert (await other.maria.get(path.replace("/messages", "/scheduled"))).status_code == 404
    assert len(await waiting(world, path)) == 1


async def test_LATER_an_integration_schedules_under_its_name_until_its_key_is_revoked(world: World, path: str) -> None:
    client = await world.api_key(Permission.SMS_LOGS, Permission.MASS_TEXT)
    scheduled = await client.post(path, json={"body": "Automatic", "send_at": after(hours=1)})
    assert scheduled.json()["scheduled_by"]["kind"] == "api_key"
    await make_due(world)
    await work(world)
    assert (await bodies(world, path))[-1] == "Automatic"
