"""EXPORT: a conversation, a number or a time range as a file, in parts, audited, whole."""

import csv
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from api.exports import jobs
from tests.support.exports import EXPORTS
from tests.support.exports import write_exports as run_all
from tests.support.world import World

API = "/api/v1"
PARENT, OTHER = "+13125550101", "+13125550102"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ROWS", 3)


async def start(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post(EXPORTS, json={"format": "ndjson", **body})
    assert response.status_code == 201, response.text
    job: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"{EXPORTS}/{job['id']}"
    return job


async def job_of(client: httpx.AsyncClient, job: dict[str, Any]) -> dict[str, Any]:
    response = await client.get(f"{EXPORTS}/{job['id']}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def file_of(client: httpx.AsyncClient, job: dict[str, Any]) -> httpx.Response:
    response = await client.get(f"{EXPORTS}/{job['id']}/file")
    assert response.status_code == 200, response.text
    return response


async def exported(world: World, client: httpx.AsyncClient, **body: Any) -> list[dict[str, Any]]:
    """The lines of an NDJSON export."""
    job = await start(client, **body)
    await run_all(world)
    return [json.loads(line) for line in (await file_of(client, job)).text.splitlines()]


def of_kind(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in lines if each["kind"] == kind]


async def thread_with(world: World, number: str, *, texts: int = 5, name: str = "Rivera") -> dict[str, Any]:
    """A conversation with texts, a reply and a note."""
    await world.family(name, number)
    for index in range(texts):
        await world.text(number, f"Text {index} of {name}")
    thread = await world.conversation(number)
    sent = await world.maria.post(f"{API}/conversations/{thread['id']}/messages", json={"body": "See you at six"})
    assert sent.status_code == 201, sent.text
    noted = await world.maria.post(f"{API}/conversations/{thread['id']}/notes", json={"body": "Call them first"})
    assert noted.status_code == 201, noted.text
    return thread


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def an_hour_ago() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


async def entries_of(world: World, action: str) -> list[dict[str, Any]]:
    response = await world.admin.get(f"{API}/audit-entries", params={"action": action})
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def test_EXPORT_a_conversation_has_every_row_once_and_in_order(world: World) -> None:
    thread = await thread_with(world, PARENT)
    await thread_with(world, OTHER, name="Okafor")
    later = await world.maria.post(
        f"{API}/conversations/{thread['id']}/messages", json={"body": "Tomorrow", "send_at": in_an_hour()}
    )
    assert later.is_success, later.text

    job = await start(world.daniel, kind="conversation", conversation_id=thread["id"])
    assert (job["state"], job["progress"]) == ("queued", {"done": 0, "total": None})
    await run_all(world)
    done = await job_of(world.daniel, job)
    response = await file_of(world.daniel, job)
    lines = [json.loads(line) for line in response.text.splitlines()]

    head, end = lines[0], lines[-1]
    assert (head["kind"], head["conversation_id"], head["name"]) == ("export", thread["id"], "Rivera family")
    messages = of_kind(lines, "message")
    assert [each["seq"] for each in messages] == [1, 2, 3, 4, 5, 6]
    assert [each["body"] for each in messages][::5] == ["Text 0 of Rivera", "See you at six"]
    assert messages[-1]["opt_in_check"]["allowed"] is True
    assert messages[-1]["sent_by"]["name"] == "Maria"
    assert [each["body"] for each in of_kind(lines, "note")] == ["Call them first"]
    assert [each["body"] for each in of_kind(lines, "scheduled_text")] == ["Tomorrow"]
    trail = await world.admin.get(f"{API}/audit-entries", params={"conversation_id": thread["id"]})
    entries = of_kind(lines, "audit_entry")
    assert {each["id"] for each in trail.json()["items"]} <= {each["id"] for each in entries}
    ids = [each["id"] for each in lines[1:-1]]
    assert len(set(ids)) == len(ids)
    assert end == {"kind": "end", "items": len(ids)}
    assert done["progress"] == {"done": len(ids), "total": len(ids)}
    assert done["state"] == "done"
    assert done["size"] == len(response.content)
    assert done["sha256"] == hashlib.sha256(response.content).hexdigest()
    assert OTHER not in response.text


async def test_EXPORT_a_conversation_of_an_organization_tells_nobody_elses_texts(world: World) -> None:
    other = await World.create(world.service)
    thread = await thread_with(other, OTHER, name="Okafor")
    refused = await world.admin.post(
        EXPORTS, json={"kind": "conversation", "format": "ndjson", "conversation_id": thread["id"]}
    )
    assert refused.status_code == 404
    lines = await exported(world, world.admin, kind="range", **{"from": an_hour_ago()})
    assert of_kind(lines, "message") == []


async def test_EXPORT_a_persons_data_has_texts_and_consent_and_nothing_internal(world: World) -> None:
    thread = await thread_with(world, PARENT)
    await world.text(PARENT, "STOP")
    lines = await exported(world, world.admin, kind="phone_number", phone_number=PARENT)

    (consent,) = of_kind(lines, "consent")
    assert consent["stopped_at"] is not None
    assert consent["opt_in_check"]["reason"] == "stopped"
    assert [each["owner_name"] for each in consent["opt_in_check"]["instances"]] == ["Rivera family"]
    assert [each["seq"] for each in of_kind(lines, "message")] == [1, 2, 3, 4, 5, 6, 7]
    assert of_kind(lines, "note") == []
    assert {each["action"] for each in of_kind(lines, "audit_entry")} == {"phone_number.stopped", "opt_in.changed"}
    assert {each["conversation_id"] for each in of_kind(lines, "message")} == {thread["id"]}


async def test_EXPORT_a_refusal_that_was_removed_is_part_of_a_persons_data(world: World) -> None:
    family = await world.family("Rivera", PARENT, state="opted_out")
    emptied = await world.admin.patch(f"{API}/families/{family['id']}", json={"contacts": []})
    assert emptied.is_success, emptied.text
    lines = await exported(world, world.admin, kind="phone_number", phone_number=PARENT)
    assert [each["refusal"]["owner_name"] for each in of_kind(lines, "refusal")] == ["Rivera family"]


async def test_EXPORT_a_range_has_what_happened_in_it(world: World) -> None:
    await thread_with(world, PARENT)
    await world.settled()
    middle = datetime.now(UTC)
    thread = await thread_with(world, OTHER, name="Okafor")
    before = await exported(world, world.admin, kind="range", **{"from": an_hour_ago(), "to": middle.isoformat()})
    after = await exported(world, world.admin, kind="range", **{"from": middle.isoformat()})
    both = await exported(world, world.admin, kind="range", **{"from": an_hour_ago()})

    assert {each["phone_number"] for each in of_kind(before, "message")} == {PARENT}
    assert {each["phone_number"] for each in of_kind(after, "message")} == {OTHER}
    ids = [each["id"] for each in (*before[1:-1], *after[1:-1])]
    assert [each["id"] for each in both[1:-1]] == ids
    assert len(set(ids)) == len(ids)
    assert thread["id"] in {each["conversation_id"] for each in of_kind(after, "note")}


async def test_EXPORT_a_range_can_be_of_one_line(world: World) -> None:
    await thread_with(world, PARENT)
    lines = await exported(world, world.admin, kind="range", **{"from": an_hour_ago(), "line_id": str(world.line_id)})
    assert len(of_kind(lines, "message")) == 6
    assert all(each["conversation_id"] for each in of_kind(lines, "audit_entry"))
    assert lines[0]["line"] == "Front desk"


async def test_EXPORT_csv_has_a_line_for_each_row_and_no_formula(world: World) -> None:
    thread = await thread_with(world, PARENT)
    await world.text(PARENT, '=HYPERLINK("https://evil.test")\nsecond line')
    newest = (await world.maria.get(f"/api/v1/conversations/{thread['id']}/messages")).json()["items"][-1]
    await world.maria.patch(f"/api/v1/messages/{newest['id']}", json={"metadata": {"crm_id": "42"}})
    job = await start(world.maria, kind="conversation", conversation_id=thread["id"], format="csv")
    await run_all(world)
    done, response = await job_of(world.maria, job), await file_of(world.maria, job)
    assert response.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(response.text.lstrip("\ufeff"), newline="")))
    assert len(rows) == done["progress"]["done"]
    messages = [row for row in rows if row["kind"] == "message"]
    assert messages[-1]["body"] == '\'=HYPERLINK("https://evil.test")\nsecond line'
    assert messages[0]["phone_number"] == f"'{PARENT}"
    assert [row["metadata"] for row in messages[-2:]] == ["", '{"crm_id": "42"}']
    assert messages[0]["local_time"].endswith(("-06:00", "-05:00"))
    assert response.headers["content-type"] == "text/csv; charset=utf-8"


async def test_EXPORT_is_answered_once_for_one_key(world: World) -> None:
    thread = await thread_with(world, PARENT)
    body = {"kind": "conversation", "format": "csv", "conversation_id": thread["id"]}
    first, again = [await world.maria.post(EXPORTS, json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert first.json()["id"] == again.json()["id"]
    assert len((await world.maria.get(EXPORTS)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "conversation"}, "/conversation_id"),
        ({"kind": "phone_number"}, "/phone_number"),
        ({"kind": "range"}, "/from"),
        ({"kind": "range", "from": "2024-01-01T00:00:00Z", "to": "2025-06-01T00:00:00Z"}, "/from"),
        ({"kind": "range", "from": "2025-06-01T00:00:00Z", "to": "2025-06-01T00:00:00Z"}, "/to"),
        ({"kind": "range", "from": "2199-06-01T00:00:00Z"}, "/from"),
        ({"kind": "phone_number", "phone_number": PARENT, "from": "2025-06-01T00:00:00Z"}, "/from"),
        ({"kind": "range", "from": "2025-06-01T00:00:00Z", "format": "pdf"}, "/format"),
    ],
)
async def test_EXPORT_says_what_a_request_lacks(world: World, body: dict[str, str], pointer: str) -> None:
    response = await world.admin.post(EXPORTS, json={"format": "ndjson", **body})
    assert response.status_code == 422, response.text
    assert pointer in [each["pointer"] for each in response.json()["errors"]]


async def test_EXPORT_of_a_number_or_a_range_is_an_administrators(world: World) -> None:
    thread = await thread_with(world, PARENT)
    for body in ({"kind": "phone_number", "phone_number": PARENT}, {"kind": "range", "from": an_hour_ago()}):
        response = await world.maria.post(EXPORTS, json={"format": "csv", **body})
        assert response.status_code == 403
        assert response.json()["type"] == "/problems/permission-required"
    of_admin = await start(world.admin, kind="phone_number", phone_number=PARENT)
    of_maria = await start(world.maria, kind="conversation", conversation_id=thread["id"])
    await run_all(world)
    assert of_maria["phone_number"] == PARENT, "People tell the exports of conversations apart."

    for client in (world.maria, world.daniel):
        assert (await client.get(f"{EXPORTS}/{of_admin['id']}")).status_code == 404
        assert (await client.get(f"{EXPORTS}/{of_admin['id']}/file")).status_code == 404
        assert (await client.delete(f"{EXPORTS}/{of_admin['id']}")).status_code == 404
    assert (await world.daniel.get(f"{EXPORTS}/{of_maria['id']}/file")).status_code == 404
    assert [each["id"] for each in (await world.maria.get(EXPORTS)).json()["items"]] == [of_maria["id"]]
    assert [each["id"] for each in (await world.admin.get(EXPORTS)).json()["items"]] == [of_maria["id"], of_admin["id"]]
    assert (await world.admin.get(f"{EXPORTS}/{of_maria['id']}/file")).status_code == 200


async def test_EXPORT_ends_if_its_author_may_not_any_more(world: World) -> None:
    thread = await thread_with(world, PARENT)
    job = await start(world.daniel, kind="conversation", conversation_id=thread["id"])
    changed = await world.admin.patch(f"{API}/staff-members/{world.staff_ids['daniel']}", json={"permissions": []})
    assert changed.is_success, changed.text
    await run_all(world)
    ended = await job_of(world.admin, job)
    assert (ended["state"], ended["size"]) == ("failed", None)
    assert (await world.admin.get(f"{EXPORTS}/{job['id']}/file")).status_code == 409


async def test_EXPORT_and_each_download_are_in_the_audit_log(world: World) -> None:
    thread = await thread_with(world, PARENT)
    job = await start(world.maria, kind="conversation", conversation_id=thread["id"])
    await run_all(world)
    size = len((await file_of(world.maria, job)).content)
    head = await world.maria.head(f"{EXPORTS}/{job['id']}/file")
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(size))
    await world.admin.get(f"{EXPORTS}/{job['id']}/file", headers={"Range": "bytes=10-19"})

    (created,) = await entries_of(world, "export.created")
    assert created["details"]["exported_conversation_id"] == thread["id"]
    assert created["actor"]["name"] == "Maria"
    downloads = await entries_of(world, "export.downloaded")
    assert [(each["actor"]["id"], each["details"]["first_byte"]) for each in downloads] == [
        (str(world.staff_ids["admin"]), 10),
        (str(world.staff_ids["maria"]), 0),
    ]


async def test_EXPORT_a_broken_download_is_resumed(world: World) -> None:
    thread = await thread_with(world, PARENT, texts=8)
    job = await start(world.maria, kind="conversation", conversation_id=thread["id"])
    address = f"{EXPORTS}/{job['id']}/file"
    assert (await world.maria.get(address)).status_code == 409
    await run_all(world)
    whole = await file_of(world.maria, job)
    etag, content = whole.headers["ETag"], whole.content
    assert whole.headers["Cache-Control"] == "no-store"
    assert whole.headers["Content-Disposition"].startswith('attachment; filename="conversation-')

    for first in (0, 1, len(content) // 2, len(content) - 1):
        rest = await world.maria.get(address, headers={"Range": f"bytes={first}-", "If-Range": etag})
        assert (rest.status_code, rest.content) == (206, content[first:])
        assert rest.headers["Content-Range"] == f"bytes {first}-{len(content) - 1}/{len(content)}"
    middle = await world.maria.get(address, headers={"Range": "bytes=100-2000"})
    assert middle.content == content[100:2001]
    other = await world.maria.get(address, headers={"Range": "bytes=5-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, content)
    beyond = await world.maria.get(address, headers={"Range": f"bytes={len(content)}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    assert (await world.maria.get(address, headers={"If-None-Match": etag})).status_code == 304


async def test_EXPORT_a_file_is_deleted_after_its_time_or_by_a_person(world: World) -> None:
    thread = await thread_with(world, PARENT)
    old, unwanted = [await start(world.maria, kind="conversation", conversation_id=thread["id"]) for _ in range(2)]
    await run_all(world)
    async with world.service.database.transaction() as session:
        await session.execute(
            text("UPDATE exports SET expires_at = now() - interval '1 second' WHERE id = :id"), {"id": old["id"]}
        )
    deleted = await world.maria.delete(f"{EXPORTS}/{unwanted['id']}")
    assert (deleted.status_code, deleted.json()["state"]) == (200, "expired")
    await run_all(world)

    for job in (old, unwanted):
        assert (await job_of(world.maria, job))["state"] == "expired"
        assert (await world.maria.get(f"{EXPORTS}/{job['id']}/file")).status_code == 404
    async with world.service.database.transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM export_chunks"))).scalar_one() == 0
    assert len(await entries_of(world, "export.deleted")) == 1

    async with world.service.database.transaction() as session:
        await session.execute(text("UPDATE exports SET finished_at = now() - interval '91 days'"))
    await run_all(world)
    assert (await world.maria.get(EXPORTS)).json()["items"] == []


async def test_ERASE_deletes_the_exports_that_may_hold_the_number(world: World) -> None:
    thread = await thread_with(world, PARENT)
    others = await thread_with(world, OTHER, name="Okafor")
    of_thread = await start(world.maria, kind="conversation", conversation_id=thread["id"])
    of_number = await start(world.admin, kind="phone_number", phone_number=PARENT)
    of_range = await start(world.admin, kind="range", **{"from": an_hour_ago()})
    of_others = await start(world.maria, kind="conversation", conversation_id=others["id"])
    await run_all(world)
    waiting = await start(world.maria, kind="conversation", conversation_id=thread["id"])

    erased = await world.admin.post(f"{API}/phone-numbers/{PARENT}/erase", json={"reason": "Asked by letter."})
    assert erased.is_success, erased.text
    await run_all(world)

    for job in (of_thread, of_number, of_range, waiting):
        gone = await job_of(world.admin, job)
        assert (gone["state"], gone["phone_number"]) == ("expired", None)
        assert "erased" in gone["error"]
    assert (await job_of(world.admin, of_others))["state"] == "done"
    async with world.service.database.transaction() as session:
        kept = await session.execute(text("SELECT DISTINCT export_id::text FROM export_chunks"))
        assert [row[0] for row in kept] == [of_others["id"]]


async def test_EXPORT_of_an_organization_are_bounded(world: World) -> None:
    thread = await thread_with(world, PARENT)
    body = {"kind": "conversation", "format": "csv", "conversation_id": thread["id"]}
    for _ in range(5):
        await start(world.maria, **body)
    refused = await world.maria.post(EXPORTS, json=body)
    assert refused.status_code == 409
    await run_all(world)
    assert (await world.maria.post(EXPORTS, json=body)).status_code == 201


async def test_EXPORT_that_is_too_large_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_FILE_BYTES", 3_000)
    thread = await thread_with(world, PARENT)
    job = await start(world.maria, kind="conversation", conversation_id=thread["id"])
    await run_all(world)
    failed = await job_of(world.maria, job)
    assert (failed["state"], failed["size"]) == ("failed", None)
    assert "1 GB" in failed["error"]


async def test_EXPORT_that_cannot_be_written_is_given_up_and_holds_up_no_other(world: World) -> None:
    thread = await thread_with(world, PARENT)
    broken = await start(world.maria, kind="conversation", conversation_id=thread["id"])
    good = await start(world.maria, kind="conversation", conversation_id=thread["id"])
    async with world.service.database.transaction() as session:
        await session.execute(
            text("UPDATE exports SET state = 'running', until = now(), place = '{}' WHERE id = :id"),
            {"id": broken["id"]},
        )
    await run_all(world)
    failed = await job_of(world.maria, broken)
    assert (failed["state"], "log" in failed["error"]) == ("failed", True)
    assert (await job_of(world.maria, good))["state"] == "done"


async def test_EXPORT_by_an_api_key(world: World) -> None:
    thread = await thread_with(world, PARENT)
    made = await world.admin.post(f"{API}/api-keys", json={"name": "Archive", "permissions": ["sms_logs"]})
    client = world.other_client()
    client.headers["Authorization"] = f"Bearer {made.json()['key']}"
    lines = await exported(world, client, kind="conversation", conversation_id=thread["id"])
    assert lines[0]["created_by"] == "Archive"
    unknown = await client.get(f"{EXPORTS}/{uuid4()}")
    assert unknown.status_code == 404
