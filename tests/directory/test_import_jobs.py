"""Imports of more than 1,000 rows: a worker runs them, resumes them after a crash, and each row is stored once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from api.access.dependencies import SESSION_COOKIE
from api.access.rules import Permission
from api.directory.importing import jobs, service
from api.directory.importing.loop import run_due_imports
from tests.directory.test_import import HEADER, IMPORT, count, send
from tests.support import postgres
from tests.support.stack import Stack, eventually
from tests.support.world import World

API = "/api/v1"
MANY = 24
"""Rows of an import that is a job, with the limits of these tests. Its batches are of 10, 10 and 4."""


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "ROWS_AT_ONCE", 20)
    monkeypatch.setattr(jobs, "BATCH_RECORDS", 10)


def families(number: int = MANY, *, first: int = 0) -> list[str]:
    return [
        f"family,F-{index},Family {index},Parent {index},,+1312{2_000_000 + index},,opted_in,,,,"
        for index in range(first, first + number)
    ]


async def start(client: httpx.AsyncClient, rows: Sequence[str], **params: str) -> dict[str, Any]:
    response = await client.post(
        IMPORT, params=params, content="\n".join([HEADER, *rows]), headers={"Content-Type": "text/csv"}
    )
    assert response.status_code == 202, response.text
    job: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"{API}/imports/{job['id']}"
    return job


async def status(client: httpx.AsyncClient, job: dict[str, Any], **params: str) -> dict[str, Any]:
    response = await client.get(f"{API}/imports/{job['id']}", params=params)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def run_to_the_end(world: World) -> None:
    while await run_due_imports(world.service.database):
        pass


async def whole_report(client: httpx.AsyncClient, job: dict[str, Any], **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    page = await status(client, job, limit="7", **params)
    items += page["items"]
    while page["next_cursor"] is not None:
        page = await status(client, job, limit="7", cursor=page["next_cursor"], **params)
        items += page["items"]
    return items


async def test_a_longer_import_is_a_job_whose_progress_and_report_can_be_read(world: World) -> None:
    job = await start(world.maria, [*families(), families()[0].replace("F-0", "F-none")])
    assert (job["state"], job["partial"], job["rows"], job["done"]) == ("checking", False, MANY + 1, 0)
    assert await count(world, "families") == 0

    seen: list[tuple[str, int]] = []
    while await run_due_imports(world.service.database):
        now = await status(world.maria, job)
        seen.append((now["state"], now["done"]))

    assert seen == [
        *(("checking", 10), ("checking", 20), ("storing", 0)),
        *(("storing", 10), ("storing", 20), ("done", MANY + 1)),
    ]
    done = await status(world.maria, job)
    assert (done["created"], done["updated"], done["unchanged"], done["failed"]) == (MANY + 1, 0, 0, 0)
    assert done["finished_at"] is not None
    report = await whole_report(world.maria, job)
    assert [item["row"] for item in report] == list(range(1, MANY + 2))
    stored = await world.rows("SELECT id FROM families")
    assert {item["id"] for item in report} == {str(row[0]) for row in stored}
    assert (await world.audited()).count("directory.imported") == 1


async def test_a_refused_import_leaves_nothing(world: World) -> None:
    before = await world.table_sizes()
    rows = [*families(), "staff_member,S-1,Max,,,,,,,MARIA@gym.test,,"]

    job = await start(world.admin, rows)
    await run_to_the_end(world)

    refused = await status(world.admin, job, outcome="failed")
    assert (refused["state"], refused["created"], refused["failed"]) == ("refused", 0, 1)
    (item,) = refused["items"]
    assert (item["row"], item["errors"][0]["pointer"]) == (MANY + 1, "/email")
    others = await whole_report(world.admin, job, outcome="not_stored")
    assert len(others) == MANY
    after = await world.table_sizes()
    assert after.pop("imports") == 1
    assert after.pop("import_records") == MANY + 1
    assert after == {table: size for table, size in before.items() if table not in {"imports", "import_records"}}


async def test_a_partial_import_stores_what_is_good_and_names_what_is_not(world: World) -> None:
    rows = families()
    rows[3] = "family,F-3,,,,,,,,,,"
    rows[17] = rows[17].replace("opted_in", "opted_out")

    job = await start(world.olga, rows, partial="true")
    await run_to_the_end(world)

    done = await status(world.olga, job)
    # Olga may record refusals, and no consent (OPTIN-WHO).
    assert (done["state"], done["created"], done["failed"]) == ("done", 1, MANY - 1)
    assert await world.rows("SELECT external_id FROM families") == [("F-17",)]
    failed = await whole_report(world.olga, job, outcome="failed")
    assert len(failed) == MANY - 1
    assert failed[3]["errors"] == [{"pointer": "/name", "detail": "Field required."}]
    assert "SMS Logs" in failed[0]["errors"][0]["detail"]


@pytest.mark.parametrize("partial", ["true", "false"])
async def test_PERM_NOW_an_import_stops_when_its_author_may_no_longer_import(world: World, partial: str) -> None:
    job = await start(world.maria, families(), partial=partial)
    await run_due_imports(world.service.database)
    before = await count(world, "families")

    maria = f"{API}/staff-members/{world.staff_ids['maria']}"
    assert (await world.admin.patch(maria, json={"permissions": ["sms_logs"]})).status_code == 200
    await run_to_the_end(world)

    stopped = await status(world.admin, job)
    assert stopped["state"] == "stopped"
    assert await count(world, "families") == before == (10 if partial == "true" else 0)


async def test_an_import_goes_on_after_its_author_has_signed_out(world: World) -> None:
    job = await start(world.maria, families())
    assert (await world.maria.delete(f"{API}/session")).is_success

    await run_to_the_end(world)

    assert (await status(world.admin, job))["state"] == "done"


async def test_PERM_DIRECTORY_only_who_may_import_sees_an_import_and_only_of_their_business(world: World) -> None:
    job = await start(world.maria, families())
    other = await World.create(world.service)
    path = f"{API}/imports/{job['id']}"

    assert (await world.olga.get(path)).status_code == 200
    for client in (world.daniel, world.grace, world.noah):
        assert (await client.get(path)).status_code == 403
    assert (await other.admin.get(path)).status_code == 404
    assert (await (await world.api_key(Permission.SMS_LOGS)).get(path)).status_code == 403
    assert (await world.other_client().get(path)).status_code == 401


async def test_another_business_is_not_delayed_by_a_long_import(world: World) -> None:
    other = await World.create(world.service)
    long = await start(world.maria, families(100), partial="true")
    short = await start(other.maria, families(), partial="true")

    for _ in range(3):
        await run_due_imports(world.service.database)

    assert (await status(other.maria, short))["state"] == "done"
    assert (await status(world.maria, long))["done"] == 30


async def test_imports_of_one_business_run_one_after_another(world: World) -> None:
    first = await start(world.maria, families(), partial="true")
    second = await start(world.maria, [row.replace("Family", "Renamed") for row in families()], partial="true")

    await run_to_the_end(world)

    assert (await status(world.maria, first))["created"] == MANY
    assert (await status(world.maria, second))["updated"] == MANY


async def test_two_workers_store_each_row_once(world: World) -> None:
    job = await start(world.maria, families(60), partial="true")

    await asyncio.gather(*(run_to_the_end(world) for _ in range(4)))
    await run_to_the_end(world)

    done = await status(world.maria, job)
    assert (done["state"], done["created"], done["updated"]) == ("done", 60, 0)
    assert await count(world, "families") == 60


async def test_a_record_that_the_database_refuses_fails_alone(world: World) -> None:
    job = await start(world.maria, families(), partial="true")
    async with world.service.database.transaction() as session:
        await session.execute(text(r"UPDATE import_records SET wanted = replace(wanted, 'Family 7', '\u0000')"))
    await run_to_the_end(world)

    done = await status(world.maria, job, outcome="failed")
    assert (done["state"], done["created"], done["failed"]) == ("done", MANY - 1, 1)
    assert [item["row"] for item in done["items"]] == [8]


async def test_waiting_imports_are_bounded_and_an_id_is_used_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_UNFINISHED", 2)
    import_id = str(uuid4())
    body = "\n".join([HEADER, *families()]).encode()
    job = await start(world.maria, families(), import_id=import_id)
    assert job["id"] == import_id

    again = await world.maria.post(
        IMPORT, params={"import_id": import_id}, content=body, headers={"Content-Type": "text/csv"}
    )
    await start(world.maria, families())
    third = await send(world.maria, body)

    assert (again.status_code, third.status_code) == (409, 409)
    assert await world.rows("SELECT count(*) FROM imports") == [(2,)]


async def test_an_ended_import_is_deleted_after_a_week_with_its_report(world: World) -> None:
    old = await start(world.maria, families())
    await run_to_the_end(world)
    young = await start(world.maria, families())
    await run_to_the_end(world)
    async with world.service.database.transaction() as session:
        await session.execute(
            text("UPDATE imports SET finished_at = now() - interval '8 days' WHERE id = :id"), {"id": old["id"]}
        )

    await run_to_the_end(world)

    assert (await world.maria.get(f"{API}/imports/{old['id']}")).status_code == 404
    assert (await status(world.maria, young))["state"] == "done"
    assert await count(world, "import_records") == MANY


async def test_json_holds_the_rows_in_one_document(world: World) -> None:
    row = {"kind": "family", "external_id": "F-1", "name": "Rivera", "contacts": [{"name": "Ana"}]}

    stored = await world.maria.post(IMPORT, json={"rows": [row]})
    refused = await world.maria.post(IMPORT, json={"rows": [{**row, "kind": "person"}]})
    for body in ([row], {"rows": row}, {"rows": [row], "partial": True}, "rows"):
        assert (await world.maria.post(IMPORT, json=body)).status_code == 422

    assert (stored.status_code, stored.json()["created"]) == (200, 1)
    assert refused.json()["items"][0]["errors"][0]["pointer"] == "/kind"


@pytest.fixture
async def stack(clone: postgres.Database, tmp_path: Path) -> AsyncIterator[Stack]:
    async with Stack.running(clone, tmp_path) as stack:
        yield stack


async def test_a_worker_that_is_killed_in_an_import_leaves_it_to_the_next_and_each_row_is_stored_once(
    stack: Stack,
) -> None:
    rows = 3_000
    async with httpx.AsyncClient(
        base_url=stack.api_url,
        headers={"Origin": stack.api_url},
        cookies={SESSION_COOKIE: stack.business.tokens["maria"]},
        timeout=60,
    ) as maria:
        job = await start(maria, families(rows))
        kills = 0
        for state in ("checking", "storing"):

            async def is_under_way(state: str = state) -> bool:
                now = await status(maria, job)
                return now["state"] not in {state, "checking"} or (now["state"] == state and now["done"] > 0)

            await eventually(is_under_way, f"the import is {state}")
            kills += (await status(maria, job))["finished_at"] is None
            stack.kill("worker")
            stack.start("worker")

        async def has_ended() -> bool:
            return (await status(maria, job))["finished_at"] is not None

        await eventually(has_ended, "the import has ended")
        done = await status(maria, job)
    assert kills == 2
    assert (done["state"], done["created"], done["updated"], done["unchanged"]) == ("done", rows, 0, 0)
    async with stack.database.transaction() as session:
        counted = await session.execute(
            text(
                "SELECT (SELECT count(*) FROM families), (SELECT count(*) FROM phone_records),"
                " (SELECT count(*) FROM audit_entries WHERE action = 'family.created'),"
                " (SELECT count(*) FROM audit_entries WHERE action = 'opt_in.changed'),"
                " (SELECT count(*) FROM audit_entries WHERE action = 'directory.imported')"
            )
        )
        assert tuple(counted.one()) == (rows, rows, rows, rows, 1)
