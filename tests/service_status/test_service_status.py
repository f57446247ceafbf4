"""The Service page's figures: workers, queues, lines and versions."""

from datetime import timedelta
from typing import Any

import pytest

from api.delivery import holds
from api.delivery.holds import HoldReason
from api.migrate import expected_revision
from api.service_status import service
from api.version import VERSION
from tests.support.business import LINE_NUMBER
from tests.support.world import World

PARENT = "+13125550101"
STATUS = "/api/v1/service-status"


async def status(world: World) -> dict[str, Any]:
    answer = await world.admin.get(STATUS)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def beat_was(world: World, age: timedelta) -> None:
    await world.rows(
        "INSERT INTO worker_heartbeats (id, beat_at)"
        " VALUES (gen_random_uuid(), now() - CAST(:age AS interval)) RETURNING id",
        age=age,
    )


async def test_a_quiet_service_says_so(world: World) -> None:
    found = await status(world)

    assert found["outbox"] == {"waiting": 0, "oldest_waiting_at": None, "sending": 0, "unknown": 0}
    assert found["journal"] == {"pending": 0, "oldest_pending_at": None, "quarantined": 0}
    ((postgresql,),) = await world.rows("SELECT current_setting('server_version')")
    assert found["versions"] == {
        "product": VERSION,
        "database_schema": expected_revision(),
        "expected_database_schema": expected_revision(),
        "postgresql": postgresql,
    }
    (line,) = found["lines"]
    assert (line["id"], line["phone_number"], line["state"]) == (str(world.line_id), LINE_NUMBER, None)
    assert found["has_more_lines"] is False


async def test_workers_are_listed_for_a_day_and_work_while_their_heartbeat_is_fresh(world: World) -> None:
    assert (await status(world))["workers"] == []
    assert (await status(world))["texts_are_leaving"] is False
    for age in (timedelta(days=2), timedelta(minutes=3), timedelta(seconds=2)):
        await beat_was(world, age)

    found = await status(world)

    assert [each["is_working"] for each in found["workers"]] == [True, False]
    assert found["texts_are_leaving"] is True


async def test_what_waits_is_counted_by_business_with_the_age_of_the_oldest(world: World) -> None:
    neighbour = await World.create(world.service)
    for each in (world, neighbour):
        await each.family("Rivera", PARENT)
        await each.text(PARENT, "Hello?")
        conversation = await each.conversation(PARENT)
        path = f"/api/v1/conversations/{conversation['id']}/messages"
        sent = [(await each.maria.post(path, json={"body": f"{n}"})).json() for n in range(3)]
        if each is world:
            first, second = sent[0], sent[1]
    await world.rows(
        "UPDATE outbox SET state = 'sending', lease_token = gen_random_uuid() WHERE id = :id RETURNING id",
        id=first["id"],
    )

    found = (await status(world))["outbox"]

    assert (found["waiting"], found["sending"], found["unknown"]) == (2, 1, 0)
    assert found["oldest_waiting_at"] == second["created_at"]


async def test_quarantined_events_and_the_health_of_lines_are_shown(world: World) -> None:
    await world.post_webhook("inbound", {"MessageSid": "SM0", "Body": "No sender"})
    await world.settled()
    checked = await world.admin.post(f"/api/v1/lines/{world.line_id}/check")
    assert checked.status_code == 200, checked.text

    found = await status(world)

    assert found["journal"]["quarantined"] == 1
    (line,) = found["lines"]
    assert (line["state"], line["detail"]) == (checked.json()["state"], checked.json()["detail"])
    assert line["checked_at"] == checked.json()["at"]


async def test_lines_beyond_the_limit_are_said_to_be_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_LINES", 0)
    found = await status(world)
    assert (found["lines"], found["has_more_lines"]) == ([], True)


async def test_a_held_outbox_is_not_leaving_although_a_worker_works(world: World) -> None:
    await beat_was(world, timedelta(seconds=2))
    found = await status(world)
    assert (found["texts_are_leaving"], found["held"], found["not_leaving_since"]) == (True, False, None)

    async with world.service.database.transaction() as session:
        assert await holds.hold(session, HoldReason.OPERATOR) == 1

    found = await status(world)
    assert (found["texts_are_leaving"], found["held"]) == (False, True)
    assert found["not_leaving_since"] is not None
