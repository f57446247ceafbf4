"""RECV-NOTHING-LOST: a quarantined event is reported, can be read, and is replayed once its cause is mended."""

import asyncio
import base64
import json
import os
import subprocess
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import structlog
from typer.testing import CliRunner

from api.cli import cli
from api.inbound.queries import try_lock_application
from api.inbound.replay import replay_from_shell
from api.inbound.rules import MAX_ATTEMPTS
from api.kit.errors import Conflict, NotFound
from tests.inbound.journal import PARENT, accept_again, bodies, event, make_due, receive, refuse
from tests.support.postgres import PROJECT
from tests.support.world import World

EVENTS = "/api/v1/inbound-events"
HEALTH = "/api/v1/inbound-health"


async def quarantined(world: World, **params: str) -> list[dict[str, Any]]:
    response = await world.admin.get(EVENTS, params={"state": "quarantined", **params})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def replay(world: World, event_id: str) -> int:
    response = await world.admin.post(f"{EVENTS}/{event_id}/replay")
    await world.settled()
    return response.status_code


async def quarantine(world: World, body: str, *, sender: str = PARENT) -> str:
    """A text that fails until nobody tries it any more. Returns the carrier's id of it."""
    sid = await receive(world, body, sender=sender)
    for _ in range(MAX_ATTEMPTS):
        await make_due(world)
    assert (await event(world, sid))[0] == "quarantined"
    return sid


async def test_one_bad_event_in_a_batch_of_200_blocks_none_of_the_others(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "text 57")
    texts = [f"text {number}" for number in range(200)]
    async with world.service.database.transaction() as session:
        # Nobody applies anything while they come: they make one batch.
        assert await try_lock_application(session, world.organization_id)
        for index, body in enumerate(texts):
            await receive(world, body, sender=f"+131255502{index % 50:02d}")
    await world.settled()

    assert sorted(await bodies(world)) == sorted(set(texts) - {"text 57"})
    assert await world.rows("SELECT state, count(*) FROM inbound_events GROUP BY state ORDER BY state") == [
        ("applied", 199),
        ("pending", 1),
    ]


async def test_a_quarantined_event_is_listed_with_the_reason_in_words(world: World, owner: asyncpg.Connection) -> None:
    await refuse(owner, "a secret of ours")
    sid = await quarantine(world, "a secret of ours")

    (held,) = await quarantined(world)

    assert (held["event_id"], held["phone_number"], held["line_id"]) == (sid, PARENT, str(world.line_id))
    assert (held["kind"], held["provider"], held["source"]) == ("message", "simulator", "webhook")
    assert (held["attempts"], held["due_at"], held["applied_at"]) == (MAX_ATTEMPTS, None, None)
    assert held["error"] == "The database refused it (CheckViolationError, unforeseen)."
    assert "raw" not in held


async def test_one_event_shows_its_raw_content_as_text_or_as_base64(world: World) -> None:
    await world.post_webhook("inbound", {"MessageSid": "SM1", "Body": "Zoë"})
    await world.settled()
    (held,) = await quarantined(world)

    raw = (await world.admin.get(f"{EVENTS}/{held['id']}")).json()["raw"]
    sent = "MessageSid=SM1&Body=Zo%C3%AB"
    assert raw == {
        "content_type": "application/x-www-form-urlencoded",
        "bytes": len(sent),
        "text": sent,
        "base64": None,
    }

    await world.rows("UPDATE inbound_events SET body = :raw RETURNING id", raw=b"\xff\xfe")
    raw = (await world.admin.get(f"{EVENTS}/{held['id']}")).json()["raw"]
    assert (raw["text"], base64.b64decode(raw["base64"]), raw["bytes"]) == (None, b"\xff\xfe", 2)


async def test_the_list_pages_and_narrows_by_state_line_and_time(world: World) -> None:
    sids = [await receive(world, f"text {number}") for number in range(3)]
    await world.post_webhook("inbound", {"MessageSid": "SM1", "Body": "no sender"})
    await world.settled()

    async def listed(**params: str) -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while True:
            query = {"limit": "2", **params, **({"cursor": cursor} if cursor else {})}
            page = (await world.admin.get(EVENTS, params=query)).json()
            assert len(page["items"]) <= 2
            found += [item["event_id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    newest_first = ["SM1", *reversed(sids)]
    assert await listed() == newest_first
    assert await listed(state="applied", line_id=str(world.line_id)) == newest_first[1:]
    assert await listed(state="pending") == []
    ((first, last),) = await world.rows("SELECT min(received_at), max(received_at) FROM inbound_events")
    assert await listed(**{"from": first.isoformat(), "to": last.isoformat()}) == newest_first[1:]
    assert await listed(**{"from": (last + timedelta(seconds=1)).isoformat()}) == []
    assert (await world.admin.get(EVENTS, params={"line_id": str(uuid4())})).status_code == 404
    assert (await world.admin.get(EVENTS, params={"cursor": "x"})).status_code == 422


async def test_a_replay_after_the_cause_is_mended_applies_it_and_a_second_one_is_refused(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "poison")
    await quarantine(world, "poison")
    (held,) = await quarantined(world)
    assert await replay(world, held["id"]) == 200
    assert await bodies(world) == [], "Nothing is mended yet."
    for _ in range(MAX_ATTEMPTS):
        await make_due(world)
    assert len(await quarantined(world)) == 1

    await accept_again(owner)
    assert await replay(world, held["id"]) == 200
    assert await bodies(world) == ["poison"]
    assert await quarantined(world) == []

    again = await world.admin.post(f"{EVENTS}/{held['id']}/replay")
    assert again.status_code == 409
    assert "applied already" in again.json()["detail"]
    assert await bodies(world) == ["poison"]


async def test_RECV_ONCE_replayed_at_the_same_instant_by_several_it_is_applied_once(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "poison")
    await quarantine(world, "poison")
    await accept_again(owner)
    (held,) = await quarantined(world)
    path = f"{EVENTS}/{held['id']}/replay"

    answers = await asyncio.gather(
        *(world.admin.post(path) for _ in range(8)), world.admin.post("/api/v1/inbound-replays")
    )
    await world.settled()

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert await bodies(world) == ["poison"]
    assert (await world.audited()).count("inbound_event.replayed") == 1


async def test_RECV_ONCE_one_that_arrived_in_another_way_meanwhile_is_not_doubled_by_its_replay(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "poison")
    sid = await quarantine(world, "poison")
    (held,) = await quarantined(world)
    await accept_again(owner)
    await world.rows("UPDATE inbound_events SET event_id = 'kept' RETURNING id")
    await world.text(PARENT, "poison", sid=sid)

    assert await replay(world, held["id"]) == 200

    assert await bodies(world) == ["poison"]
    assert (await event(world, "kept"))[0] == "applied"


async def test_STATUS_ORDER_what_is_replayed_comes_last_in_its_thread(world: World, owner: asyncpg.Connection) -> None:
    await refuse(owner, "the first")
    await quarantine(world, "the first")
    await world.text(PARENT, "the second")
    await accept_again(owner)
    (held,) = await quarantined(world)

    await replay(world, held["id"])

    messages = await world.thread((await world.conversation(PARENT))["id"])
    assert [(message["seq"], message["body"]) for message in messages] == [(1, "the second"), (2, "the first")]
    assert await world.indicator() == (2, 0)


async def test_replaying_all_takes_all_quarantined_events_in_the_order_of_arrival(
    world: World, owner: asyncpg.Connection
) -> None:
    texts = ["one", "two", "three"]
    await refuse(owner, *texts)
    for body in texts:
        await quarantine(world, body)
    await accept_again(owner)

    answer = await world.admin.post("/api/v1/inbound-replays")
    await world.settled()

    assert answer.json() == {"replayed": 3, "remaining": 0}
    assert await bodies(world) == texts
    assert (await world.admin.post("/api/v1/inbound-replays")).json() == {"replayed": 0, "remaining": 0}


async def test_R10_a_replay_leaves_exactly_one_entry_that_names_the_event_and_who(
    world: World, owner: asyncpg.Connection
) -> None:
    await refuse(owner, "poison")
    await quarantine(world, "poison")
    (held,) = await quarantined(world)
    before = await world.audited()

    await replay(world, held["id"])
    assert await replay(world, held["id"]) == 200, "It waits already."

    assert (await world.audited())[len(before) :] == ["inbound_event.replayed"]
    ((name, number, details),) = await world.rows(
        "SELECT actor_name, phone_number, details FROM audit_entries WHERE action = 'inbound_event.replayed'"
    )
    assert (name, number) == ("Ada", PARENT)
    assert (details["event_id"], details["error"]) == (held["id"], held["error"])


async def test_a_quarantine_is_reported_in_the_log_the_metrics_and_the_administration(world: World) -> None:
    assert (await world.admin.get(HEALTH)).json()["quarantined"] == 0
    with structlog.testing.capture_logs() as logged:
        await world.post_webhook("inbound", {"MessageSid": "SM1", "From": PARENT, "Body": "x", "NumMedia": "many"})
        await world.settled()
    (event,) = (await world.admin.get(EVENTS)).json()["items"]

    (line,) = [each for each in logged if each["event"] == "inbound.quarantined"]
    assert (line["log_level"], line["error"]) == ("error", "NumMedia is not a number.")
    assert line["organization_id"] == str(world.organization_id)
    assert PARENT not in json.dumps(logged)
    metrics = (await world.other_client().get("/metrics")).text
    assert "messenger_inbound_quarantined 1.0" in metrics
    assert (await world.admin.get(HEALTH)).json() == {
        "quarantined": 1,
        "pending": 0,
        "oldest_pending_at": None,
        "missed_last_week": 0,
        "silent_lines": [],
        "last_texts": [{"line_id": str(world.line_id), "at": event["received_at"]}],
    }


async def test_an_event_that_waits_for_its_next_try_says_when(world: World, owner: asyncpg.Connection) -> None:
    await refuse(owner, "poison")
    await receive(world, "poison")
    await world.settled()

    (waiting,) = (await world.admin.get(EVENTS, params={"state": "pending"})).json()["items"]
    health = (await world.admin.get(HEALTH)).json()

    assert datetime.fromisoformat(waiting["due_at"]) > datetime.fromisoformat(waiting["received_at"])
    assert (health["pending"], health["oldest_pending_at"]) == (1, waiting["received_at"])


async def test_the_log_and_the_stored_reason_quote_nothing_of_a_text(world: World, owner: asyncpg.Connection) -> None:
    await refuse(owner, "the code is 4711")
    with structlog.testing.capture_logs() as logged:
        await quarantine(world, "the code is 4711")

    assert [each["event"] for each in logged if each["event"] == "inbound.quarantined"] == ["inbound.quarantined"]
    said = repr(logged) + repr(await world.rows("SELECT error FROM inbound_events"))
    assert "4711" not in said
    assert PARENT not in said


async def test_an_operator_replays_from_the_shell(world: World, owner: asyncpg.Connection) -> None:
    await refuse(owner, "poison")
    await quarantine(world, "poison")
    await accept_again(owner)

    command = [str(PROJECT / ".venv" / "bin" / "messenger"), "replay", "--organization", world.slug, "--all"]
    settings = world.service.settings
    environment = {
        **os.environ,
        "MESSENGER_DATABASE_URL": world.service.urls.url,
        "MESSENGER_DATA_DIR": str(settings.data_dir),
    }
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    await world.settled()

    assert (done.returncode, done.stderr, done.stdout) == (0, "", '{"replayed": 1}\n')
    assert await bodies(world) == ["poison"]
    assert (await world.audited())[-2:] == ["inbound_event.replayed", "conversation.unread"]


async def test_an_operator_replays_one_event_by_its_id_or_hears_why_not(
    world: World, owner: asyncpg.Connection
) -> None:
    neighbour = await World.create(world.service)
    everybody = [neighbour.organization_id, world.organization_id]
    await refuse(owner, "poison")
    await quarantine(world, "poison")
    await accept_again(owner)
    (held,) = await quarantined(world)
    event_id = UUID(held["id"])
    database = world.service.database

    assert await replay_from_shell(database, everybody, event_id=event_id) == 1
    await world.settled()
    assert await bodies(world) == ["poison"]
    with pytest.raises(Conflict, match="applied already"):
        await replay_from_shell(database, everybody, event_id=event_id)
    with pytest.raises(NotFound):
        await replay_from_shell(database, [neighbour.organization_id], event_id=event_id)


@pytest.mark.parametrize("arguments", [[], ["--all", "--event", str(uuid4())]])
def test_the_command_wants_to_know_which_events(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, ["replay", *arguments])
    assert (done.exit_code, done.stderr) == (1, "messenger: Give either --event ID or --all.\n")
