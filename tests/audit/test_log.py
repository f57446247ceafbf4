"""The audit log for administrators: lists, CSV export, verification."""

import asyncio
import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from api.access.rules import Permission
from api.audit import service as audit
from api.audit.rules import Action, Actor, ActorKind, BrokenEntry, NewEntry
from api.audit_log import service as audit_log
from api.audit_log.rules import EntryFilter
from api.kit.connection import plain_url
from tests.support.server import serving
from tests.support.world import World

LOG = "/api/v1/audit-entries"
EXPORT = f"{LOG}/export.csv"
PARENT, OTHER = "+13125550101", "+13125550102"


async def listed(world: World, **asked: Any) -> list[dict[str, Any]]:
    response = await world.admin.get(LOG, params={"limit": 200, **asked})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def exported(world: World, **asked: Any) -> list[dict[str, str]]:
    response = await world.admin.get(EXPORT, params=asked)
    assert response.status_code == 200, response.text
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


@pytest.fixture
async def history(world: World) -> World:
    """Two families, of which one wrote, was answered and closed; the other wrote STOP."""
    await world.family("Rivera", PARENT)
    await world.family("Okafor", OTHER)
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    await world.maria.post(f"/api/v1/conversations/{conversation['id']}/messages", json={"body": "Yes"})
    await world.daniel.post(f"/api/v1/conversations/{conversation['id']}/close", json={"seen_seq": 2})
    await world.text(OTHER, "STOP")
    return world


async def test_AUDIT_READ_filters_by_person_number_conversation_action_and_time_combine(history: World) -> None:
    whole = await listed(history)
    conversation = await history.conversation(PARENT)
    maria = history.staff_ids["maria"]
    moment = whole[len(whole) // 2]["at"]
    filters: dict[str, tuple[Any, Any]] = {
        "actor_id": (str(maria), lambda each: each["actor"]["id"] == str(maria)),
        "phone_number": ("(312) 555-0101", lambda each: each["phone_number"] == PARENT),
        "conversation_id": (conversation["id"], lambda each: each["conversation_id"] == conversation["id"]),
        "action": ("message.sent", lambda each: each["action"] == "message.sent"),
        "from": (moment, lambda each: each["at"] >= moment),
        "to": (moment, lambda each: each["at"] < moment),
    }
    assert [(e["at"], e["id"]) for e in whole] == sorted(((e["at"], e["id"]) for e in whole), reverse=True)

    for name, (value, fits) in filters.items():
        expected = [each for each in whole if fits(each)]
        assert 0 < len(expected) < len(whole), name
        assert await listed(history, **{name: value}) == expected, name
    together = {name: value for name, (value, _) in filters.items() if name not in {"from", "to"}}
    fitting = [each for each in whole if all(filters[name][1](each) for name in together)]
    assert len(fitting) == 1
    assert await listed(history, **together) == fitting


async def test_AUDIT_READ_pages_hold_every_entry_once_while_more_are_written(history: World) -> None:
    before = await listed(history)
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = (await history.admin.get(LOG, params={"limit": 3, **({"cursor": cursor} if cursor else {})})).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await history.sign_in(history.other_client(), "ada@gym.test", "wrong")
    assert found == before


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"action": "message.forgotten"}, 422, "conversation.closed"),
        ({"phone_number": "12"}, 422, "not a possible phone number"),
        ({"from": "2026-03-04T12:00:00"}, 422, "timezone"),
        ({"from": "2026-03-04T12:00:00Z", "to": "2026-03-04T12:00:00Z"}, 422, "after"),
        ({"actor_id": str(uuid4())}, 404, "no such person"),
        ({"conversation_id": str(uuid4())}, 404, "no such conversation"),
        ({"cursor": "x"}, 422, "next_cursor"),
    ],
)
async def test_AUDIT_READ_a_contradicting_filter_is_refused(
    world: World, asked: dict[str, str], status: int, words: str
) -> None:
    response = await world.admin.get(LOG, params=asked)
    assert response.status_code == status, response.text
    assert words in response.text
    if "cursor" not in asked:
        assert (await world.admin.get(EXPORT, params=asked)).status_code == status
    assert await listed(world, action=Action.AUDIT_LOG_EXPORTED.value) == []


async def test_AUDIT_READ_entries_can_be_filtered_by_a_parent_or_an_api_key(history: World) -> None:
    key = await history.api_key(Permission.DIRECTORY)
    await key.post("/api/v1/families", json={"name": "By key", "contacts": []})
    unread = (await listed(history, action="conversation.unread"))[0]
    by_key = (await listed(history, action="family.created"))[0]
    assert (unread["actor"]["kind"], by_key["actor"]["kind"]) == ("phone_number", "api_key")
    for entry in (unread, by_key):
        assert entry in await listed(history, actor_id=entry["actor"]["id"])


# The CSV.


async def test_AUDIT_READ_the_csv_has_the_entries_of_the_list_in_its_order(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "BATCH", 4)
    filters: tuple[dict[str, str], ...] = (
        {},
        {"action": "session.created"},
        {"phone_number": PARENT},
        {"actor_id": str(history.staff_ids["maria"])},
    )
    for asked in filters:
        shown = await listed(history, **asked)
        rows = await exported(history, **asked)
        assert [row["id"] for row in rows] == [entry["id"] for entry in shown]
        for row, entry in zip(rows, shown, strict=True):
            assert datetime.fromisoformat(row["at"]) == datetime.fromisoformat(entry["at"])
            assert row["action"] == entry["action"]
            assert row["actor_name"].removeprefix("'") == entry["actor"]["name"]
            assert row["phone_number"] == (f"'{entry['phone_number']}" if entry["phone_number"] else "")
            assert json.loads(row["details"]) == entry["details"]
            assert (row["chain_number"], row["hash"]) == (str(entry["chain"]["number"]), entry["chain"]["hash"])


async def test_AUDIT_READ_the_csv_has_local_times_and_the_slug_in_its_name(history: World) -> None:
    response = await history.admin.get(EXPORT)
    zone = ZoneInfo("America/Chicago")

    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    disposition = response.headers["content-disposition"]
    (entry,) = await listed(history, action="audit_log.exported")
    day = datetime.fromisoformat(entry["at"]).astimezone(zone).date()
    assert disposition == f'attachment; filename="audit-log-{history.slug}-{day}.csv"'
    for row in await exported(history):
        at, local = datetime.fromisoformat(row["at"]), datetime.fromisoformat(row["local_time"])
        assert at.utcoffset() == timedelta(0)
        assert local.utcoffset() == local.astimezone(zone).utcoffset()
        assert local == at.replace(microsecond=0)
    assert response.content.count(b"\r\n") == response.content.count(b"\n")


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", ' "=1', "'=1", "plain", 'a,"b"', "Zoë 🤸", "<b>"]


@pytest.mark.reliability
async def test_R9_formulas_are_exported_as_text(history: World) -> None:
    for name in HOSTILE:
        await history.admin.post("/api/v1/families", json={"name": f"x{name}", "contacts": []})
    async with history.service.database.transaction() as session:
        actors = [Actor(ActorKind.STAFF_MEMBER, uuid4(), name) for name in HOSTILE]
        entries = [NewEntry(Action.SIGNED_IN, actor, details={"=1": actor.name}) for actor in actors]
        await audit.record(session, history.organization_id, *entries)

    rows = await exported(history)

    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.lstrip(" \"'")[:1] in {"=", "+", "-", "@"} and not cell.startswith("'")]
    assert not [cell for cell in cells if cell[:1] in {"\t", "\r"}]
    # One apostrophe less is the value itself.
    names = [row["actor_name"] for row in reversed(rows)][-len(HOSTILE) :]
    assert [name if name in HOSTILE and name != "'=1" else name[1:] for name in names] == HOSTILE


async def test_AUDIT_WHAT_an_export_writes_an_entry_which_it_does_not_contain(history: World) -> None:
    rows = await exported(history, action="message.sent", phone_number="(312) 555-0101", to="2999-01-01T00:00:00Z")
    refused = await history.maria.get(EXPORT)

    assert refused.status_code == 403
    (entry,) = await listed(history, action="audit_log.exported")
    assert entry["actor"]["id"] == str(history.staff_ids["admin"])
    assert entry["details"] == {
        "filters": {"action": "message.sent", "phone_number": PARENT, "to": "2999-01-01T00:00:00+00:00"}
    }
    assert len(rows) == 1
    assert entry["id"] not in {row["id"] for row in rows}
    assert [row["action"] for row in await exported(history)].count("audit_log.exported") == 1


async def test_AUDIT_READ_an_export_holds_no_transaction_while_its_reader_is_slow(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "BATCH", 2)
    stream = audit_log.export(history.service.database, history.organization_id, EntryFilter(), ZoneInfo("UTC"))
    watcher = await asyncpg.connect(plain_url(history.service.urls.admin_url))
    chunks = 0
    async for _ in stream:
        # The client has this chunk, and may take its time with it.
        chunks += 1
        held = await watcher.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'messenger'"
            " AND state LIKE 'idle in transaction%' AND query LIKE '%audit_entries%'"
        )
        assert held == 0
    await watcher.close()
    assert chunks > 5


async def test_AUDIT_READ_an_export_that_fails_midway_aborts_the_download(
    history: World, monkeypatch: pytest.MonkeyPatch, forger: asyncpg.Connection
) -> None:
    monkeypatch.setattr(audit_log, "BATCH", 2)
    # The oldest entry, which is read last, has a time that is none.
    await forger.execute("UPDATE audit_entries SET at = '-infinity' WHERE action = 'organization.created'")

    async with serving(history) as url, httpx.AsyncClient(base_url=url, cookies=history.admin.cookies) as client:
        received, cut_off = b"", None
        async with client.stream("GET", EXPORT) as response:
            assert response.status_code == 200
            try:
                async for chunk in response.aiter_bytes():
                    received += chunk
            except httpx.RemoteProtocolError as error:
                cut_off = error

    assert cut_off is not None
    assert b"conversation.closed" in received
    assert [each["action"] for each in await listed(history, action="audit_log.exported")] == ["audit_log.exported"]


# Verification.


async def verification(world: World) -> dict[str, Any]:
    response = await world.admin.get(f"{LOG}/verification")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_AUDIT_CHAIN_an_administrator_verifies_the_log(history: World, forger: asyncpg.Connection) -> None:
    count = len(await listed(history))
    assert await verification(history) == {"whole": True, "entries": count, "erased": 0, "broken": None}

    entry = (await listed(history, action="message.sent"))[0]
    await forger.execute("UPDATE audit_entries SET actor_name = 'Nobody' WHERE id = $1", entry["id"])

    assert await verification(history) == {
        "whole": False,
        "entries": None,
        "erased": None,
        "broken": {
            "chain_subject": entry["conversation_id"],
            "chain_number": entry["chain"]["number"],
            "entry_id": entry["id"],
            "problem": "its content is not what was written",
        },
    }


async def test_AUDIT_CHAIN_a_chain_deleted_with_its_head_is_found(history: World, forger: asyncpg.Connection) -> None:
    subject = (await history.conversation(PARENT))["id"]
    await forger.execute("DELETE FROM audit_entries WHERE chain_subject = $1", subject)
    await forger.execute("DELETE FROM audit_chains WHERE id = $1", subject)

    broken = (await verification(history))["broken"]
    assert (broken["chain_subject"], broken["problem"]) == (subject, "this whole chain is missing")


async def test_AUDIT_CHAIN_the_businesss_own_chain_deleted_with_its_head_is_found(
    history: World, forger: asyncpg.Connection
) -> None:
    subject = str(history.organization_id)
    await forger.execute("DELETE FROM audit_entries WHERE chain_subject = $1", subject)
    await forger.execute("DELETE FROM audit_chains WHERE id = $1", subject)

    assert (await verification(history))["broken"]["chain_subject"] == subject


async def test_AUDIT_CHAIN_a_truncated_chain_with_its_head_set_back_is_found_by_its_message(
    history: World, forger: asyncpg.Connection
) -> None:
    entry = (await listed(history, action="message.sent"))[0]
    subject, number = entry["conversation_id"], entry["chain"]["number"]
    await forger.execute("DELETE FROM audit_entries WHERE chain_subject = $1 AND chain_number >= $2", subject, number)
    await forger.execute(
        "UPDATE audit_chains AS c SET last_number = e.chain_number, last_hash = e.hash FROM audit_entries AS e"
        " WHERE c.id = $1 AND e.chain_subject = $1 AND e.chain_number = $2",
        subject,
        number - 1,
    )

    broken = (await verification(history))["broken"]
    assert (broken["chain_subject"], broken["chain_number"], broken["entry_id"]) == (subject, number, None)
    assert entry["message_id"] in broken["problem"]


async def test_AUDIT_CHAIN_entries_written_meanwhile_raise_no_alarm(history: World) -> None:
    conversation = (await history.conversation(PARENT))["id"]
    done = asyncio.Event()

    async def write(worker: int) -> int:
        written = 0
        while not done.is_set():
            await history.maria.post(f"/api/v1/conversations/{conversation}/messages", json={"body": "Yes"})
            await history.text(f"+1312555{worker}{written:03d}", "New here")
            written += 1
        return written

    writers = [asyncio.create_task(write(worker)) for worker in (1, 2)]
    counts: list[int] = []
    try:
        while len(set(counts)) < 8:
            result = await audit_log.verify_log(history.service.database, history.organization_id)
            assert not isinstance(result, BrokenEntry), result
            counts.append(result)
    finally:
        done.set()
        await asyncio.gather(*writers)
    assert counts == sorted(counts)


async def test_AUDIT_CHAIN_one_verification_runs_at_a_time_and_a_long_one_says_what_to_do(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = await asyncio.gather(*(history.admin.get(f"{LOG}/verification") for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 429}
    assert 200 in {answer.status_code for answer in answers}

    monkeypatch.setattr(audit_log, "VERIFY_SECONDS", 0)
    refused = await history.admin.get(f"{LOG}/verification")
    assert refused.status_code == 503
    assert "messenger verify-audit" in refused.json()["detail"]
    assert refused.headers["retry-after"]


async def test_AUDIT_READ_the_log_names_families_contacts_staff_and_lines(history: World) -> None:
    (closed,) = await listed(history, action="conversation.closed")
    assert closed["line"] == {"id": str(history.line_id), "label": "Front desk"}
    (holder,) = closed["holders"]
    assert (holder["kind"], holder["name"], holder["contact_name"], holder["until"]) == (
        *("family", "Rivera family", "Maya Rivera"),
        None,
    )
    opted_in = (await listed(history, action="opt_in.changed", phone_number=PARENT))[0]
    assert opted_in["subject"] == {**{name: holder[name] for name in ("kind", "id", "name", "contact_name")}}
    created = (await listed(history, action="staff_member.created"))[0]
    assert (created["subject"]["kind"], created["subject"]["name"]) == ("staff_member", created["details"]["name"])
    trail = await history.daniel.get(f"/api/v1/conversations/{closed['conversation_id']}/audit-entries")
    assert {"line": closed["line"], "holders": closed["holders"]}.items() <= trail.json()["items"][0].items()

    (row,) = await exported(history, action="conversation.closed")
    assert (row["holders"], row["holder_ids"]) == ("Rivera family (Maya Rivera)", holder["id"])
    assert (row["line_label"], row["line_id"]) == ("Front desk", str(history.line_id))
    (added,) = [each for each in await exported(history, action="family.created") if "Rivera" in each["details"]]
    assert (added["subject_kind"], added["subject_name"], added["subject_id"]) == (
        "family",
        "Rivera family",
        holder["id"],
    )


async def test_AUDIT_READ_the_log_names_who_held_a_number_until_its_refusal_was_left_behind(world: World) -> None:
    family = await world.family("Castillo", PARENT, state="opted_out")
    await world.admin.patch(f"/api/v1/families/{family['id']}", json={"contacts": []})
    (removed,) = await listed(world, action="phone_record.removed")
    (holder,) = removed["holders"]
    assert (holder["id"], holder["contact_name"], holder["until"] is None) == (family["id"], "Maya Castillo", False)


async def test_AUDIT_READ_what_a_number_did_is_named_in_the_trail_and_in_the_csv(world: World) -> None:
    family = await world.family("Castillo", PARENT)
    await world.text(PARENT, "Is there class?")
    conversation_id = (await world.conversation(PARENT))["id"]
    await world.view(conversation_id, 1)
    await world.text(PARENT, "STOP")
    await world.text(PARENT, "START")
    actions = ("conversation.unread", "conversation.opened", "phone_number.stopped", "phone_number.started")
    trail = (await world.daniel.get(f"/api/v1/conversations/{conversation_id}/audit-entries")).json()["items"]
    for action in actions:
        entries = [each for each in trail if each["action"] == action]
        assert entries, action
        holders = [(each["id"], each["name"], each["contact_name"]) for each in entries[0]["holders"]]
        assert holders == [(family["id"], "Castillo family", "Maya Castillo")], action
        for row in await exported(world, action=action):
            assert (row["holders"], row["holder_ids"]) == ("Castillo family (Maya Castillo)", family["id"]), action
