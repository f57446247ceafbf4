"""The audit log: what leaves an entry, that nothing can change one, and that any change of one is found."""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.audit.models import AuditEntry
from api.audit.rules import Broken, EntryContent
from api.audit_log import service as audit_log
from api.kit.connection import plain_url
from tests.access.test_permissions import new_line, new_person
from tests.support.business import PASSWORD
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


async def verified(world: World) -> int | Broken:
    return await audit_log.prove(world.service.database, world.organization_id)


# R10: every mutating route leaves exactly its entries.


@pytest.fixture
async def conversation(world: World) -> dict[str, Any]:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hello?")
    return await world.conversation(PARENT)


Requests = Callable[[World, dict[str, Any]], Awaitable[None]]


async def request(world: World, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    response = await world.admin.request(method, f"{API}{path}", json=body)
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json() if response.content else {}
    return answer


async def _view_twice(world: World, c: dict[str, Any]) -> None:
    viewer = uuid4()
    await world.view(c["id"], 1, viewer_id=viewer)
    await world.view(c["id"], 1, viewer_id=viewer)


async def _view_closed(world: World, c: dict[str, Any]) -> None:
    await request(world, "POST", f"/conversations/{c['id']}/close", {"seen_seq": 1})
    await world.view(c["id"], 1)


async def _close_twice(world: World, c: dict[str, Any]) -> None:
    for _ in range(2):
        await request(world, "POST", f"/conversations/{c['id']}/close", {"seen_seq": 1})


async def _close_and_reopen(world: World, c: dict[str, Any]) -> None:
    await request(world, "POST", f"/conversations/{c['id']}/close", {"seen_seq": 1})
    for _ in range(2):
        await request(world, "POST", f"/conversations/{c['id']}/reopen")


async def _reply(world: World, c: dict[str, Any]) -> None:
    for _ in range(2):
        await request(world, "POST", f"/conversations/{c['id']}/messages", {"body": "Yes"})


async def _reply_and_close(world: World, c: dict[str, Any]) -> None:
    await request(world, "POST", f"/conversations/{c['id']}/messages", {"body": "Yes", "close": True})


async def _retry(world: World, c: dict[str, Any]) -> None:
    sent = await request(world, "POST", f"/conversations/{c['id']}/messages", {"body": "Yes"})
    await world.settle_as(sent["id"], "failed")
    await request(world, "POST", f"/messages/{sent['id']}/retry")


async def _texts(world: World, _c: dict[str, Any]) -> None:
    await world.text(PARENT, "Still there?")
    await world.text("+13125550102", "New here")
    await world.text("+13125550102", "And again")


async def _stop_and_start(world: World, _c: dict[str, Any]) -> None:
    for word in ("STOP", "STOP", "YES", "START", "START"):
        await world.text(PARENT, word)


async def _start_conversation(world: World, _c: dict[str, Any]) -> None:
    await world.family("Okafor", "+13125550103")
    for _ in range(2):
        await request(world, "POST", "/conversations", {"phone_number": "+13125550103"})


async def _opt_in(world: World, _c: dict[str, Any]) -> None:
    family = (await request(world, "GET", "/families"))["items"][0]
    record = family["contacts"][0]["phone_records"][0]["id"]
    await request(world, "PUT", f"/phone-records/{record}/opt-in", {"state": "opted_out", "source": "verbal"})


async def _family(world: World, _c: dict[str, Any]) -> None:
    records = [
        {"phone_number": "+13125550104", "opt_in": {"state": "opted_in", "source": "portal"}},
        {"phone_number": "+13125550105"},
    ]
    family = await request(
        world, "POST", "/families", {"name": "Chen", "contacts": [{"name": "Li", "phone_records": records}]}
    )
    await request(world, "PATCH", f"/families/{family['id']}", {"name": "Chen-Li"})
    await request(world, "PATCH", f"/families/{family['id']}", {"name": "Chen-Li"})
    for _ in range(2):
        await request(world, "POST", f"/families/{family['id']}/archive")


async def _staff_member(world: World, _c: dict[str, Any]) -> None:
    person = await request(world, "POST", "/staff-members", new_person())
    await request(world, "PATCH", f"/staff-members/{person['id']}", {"permissions": ["sms_logs"]})
    for _ in range(2):
        await request(world, "POST", f"/staff-members/{person['id']}/archive")


async def _line(world: World, _c: dict[str, Any]) -> None:
    line = await request(world, "POST", "/lines", new_line())
    for _ in range(2):
        await request(world, "PATCH", f"/lines/{line['id']}", {"label": "Back office"})


async def _api_key(world: World, _c: dict[str, Any]) -> None:
    key = await request(world, "POST", "/api-keys", {"name": "Key", "permissions": []})
    for _ in range(2):
        await request(world, "DELETE", f"/api-keys/{key['id']}")


async def _session(world: World, _c: dict[str, Any]) -> None:
    client = world.other_client()
    await world.sign_in(client, "ada@gym.test", PASSWORD)
    await client.delete(f"{API}/session")


LEAVES: dict[str, tuple[Requests, list[str]]] = {
    "a visit": (_view_twice, ["conversation.opened"]),
    "a visit that changes nothing": (_view_closed, ["conversation.closed", "conversation.viewed"]),
    "closing": (_close_twice, ["conversation.closed"]),
    "reopening": (_close_and_reopen, ["conversation.closed", "conversation.opened"]),
    "replying": (_reply, ["message.sent", "conversation.opened", "message.sent"]),
    "replying and closing": (_reply_and_close, ["message.sent", "conversation.closed"]),
    "sending again": (_retry, ["message.sent", "conversation.opened", "message.sent"]),
    "texts from outside": (_texts, ["conversation.unread"]),
    "STOP and START": (_stop_and_start, ["phone_number.stopped", "phone_number.started"]),
    "starting a conversation": (_start_conversation, ["family.created", "opt_in.changed", "conversation.opened"]),
    "changing an opt-in": (_opt_in, ["opt_in.changed"]),
    "a family": (_family, ["family.created", "opt_in.changed", "family.updated", "family.archived"]),
    "a staff member": (_staff_member, ["staff_member.created", "staff_member.updated", "staff_member.archived"]),
    "a line": (_line, ["line.created", "line.updated"]),
    "an API key": (_api_key, ["api_key.created", "api_key.revoked"]),
    "a session": (_session, ["session.created", "session.ended"]),
}


@pytest.mark.parametrize("what", LEAVES)
async def test_R10_each_change_leaves_exactly_its_entries(
    world: World, conversation: dict[str, Any], what: str
) -> None:
    requests, entries = LEAVES[what]
    before = await world.audited()

    await requests(world, conversation)

    assert (await world.audited())[len(before) :] == entries
    assert await verified(world) == len(before) + len(entries)


async def test_AUDIT_WHAT_an_entry_says_who_did_what_where_and_when(world: World, conversation: dict[str, Any]) -> None:
    sent = await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Yes"})

    trail = (await world.daniel.get(f"{API}/conversations/{conversation['id']}/audit-entries")).json()["items"]

    opened, sending, unread = trail
    assert sending["action"] == "message.sent"
    assert sending["actor"] == {"kind": "staff_member", "id": str(world.staff_ids["maria"]), "name": "Maria"}
    assert sending["conversation_id"] == conversation["id"]
    assert sending["message_id"] == sent.json()["id"]
    assert sending["phone_number"] == PARENT
    assert opened["actor"]["name"] == "Maria"
    assert unread["actor"]["kind"] == "phone_number"
    assert unread["actor"]["name"] == PARENT
    assert [entry["chain"]["number"] for entry in trail] == [3, 2, 1]
    assert {entry["chain"]["subject"] for entry in trail} == {conversation["id"]}
    assert unread["at"] <= sending["at"] <= opened["at"]


async def test_AUDIT_READ_a_trail_is_read_a_page_at_a_time(world: World, conversation: dict[str, Any]) -> None:
    for _ in range(4):
        await request(world, "POST", f"/conversations/{conversation['id']}/messages", {"body": "Yes"})
    path = f"{API}/conversations/{conversation['id']}/audit-entries"
    whole = (await world.daniel.get(path)).json()["items"]

    paged: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = (await world.daniel.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert len(whole) == 6
    assert paged == whole


async def test_OPTIN_EVIDENCE_a_change_says_from_what_to_what_how_and_with_which_words(world: World) -> None:
    family = await world.family("Rivera", PARENT)
    record = family["contacts"][0]["phone_records"][0]["id"]
    change = {"state": "opted_out", "source": "verbal", "wording": "Please stop.", "note": "On the phone."}

    await world.maria.put(f"{API}/phone-records/{record}/opt-in", json=change)

    ((details, actor, number),) = await world.rows(
        "SELECT details, actor_name, phone_number FROM audit_entries WHERE action = 'opt_in.changed' AND"
        " details->>'to' = 'opted_out'"
    )
    assert details == {
        "phone_record_id": record,
        "from": "opted_in",
        "to": "opted_out",
        "source": "verbal",
        "wording": "Please stop.",
        "note": "On the phone.",
    }
    assert (actor, number) == ("Maria", PARENT)


REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a stale close": ("POST", "/conversations/{id}/close", {"seen_seq": 0}),
    "a stale reply": ("POST", "/conversations/{id}/messages", {"body": "Yes", "seen_seq": 0}),
    "an empty reply": ("POST", "/conversations/{id}/messages", {"body": " "}),
    "a reply to who has not opted in": ("POST", "/conversations", {"phone_number": "+13125550109"}),
    "a second line of one number": ("POST", "/lines", {**new_line(), "phone_number": "+13125550199"}),
    "a second person of one address": ("POST", "/staff-members", {**new_person(), "email": "maria@gym.test"}),
    "a family with a number that is none": (
        "POST",
        "/families",
        {"name": "X", "contacts": [{"name": "Y", "phone_records": [{"phone_number": "12"}]}]},
    ),
}


async def test_AUDIT_SAME_TX_what_is_refused_leaves_no_entry(world: World, conversation: dict[str, Any]) -> None:
    before = await world.table_sizes()
    for what, (method, path, body) in REFUSED.items():
        response = await world.admin.request(method, f"{API}{path.format(id=conversation['id'])}", json=body)
        assert 400 <= response.status_code < 500, f"{what}: {response.text}"
    assert await world.table_sizes() == before


async def test_AUDIT_SAME_TX_where_the_entry_cannot_be_written_the_change_is_not_made(
    world: World, conversation: dict[str, Any], owner: asyncpg.Connection
) -> None:
    await owner.execute("ALTER TABLE audit_entries ADD CONSTRAINT none_closed CHECK (action <> 'conversation.closed')")

    refused = await world.maria.post(f"{API}/conversations/{conversation['id']}/close", json={"seen_seq": 1})

    assert refused.status_code == 500
    assert "none_closed" not in refused.text
    assert (await world.conversation(PARENT))["status"] == "unread"


# AUDIT-APPEND and AUDIT-CHAIN.


COLUMNS = [column.name for column in AuditEntry.__table__.columns]

CHANGES = [
    "UPDATE audit_entries SET actor_name = 'Nobody'",
    "UPDATE audit_entries SET actor_name = actor_name",
    "DELETE FROM audit_entries",
    "TRUNCATE audit_entries",
    "TRUNCATE organizations CASCADE",
]


async def test_AUDIT_APPEND_the_application_has_no_right_to_change_an_entry(world: World) -> None:
    application = await asyncpg.connect(plain_url(world.service.urls.url))
    for statement in CHANGES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute(statement)
    await application.close()


async def test_AUDIT_APPEND_a_trigger_refuses_even_the_owner(owner: asyncpg.Connection) -> None:
    for statement in CHANGES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await owner.execute(statement)


async def test_AUDIT_APPEND_the_application_cannot_switch_the_trigger_off(world: World) -> None:
    application = await asyncpg.connect(plain_url(world.service.urls.url))
    for statement in (
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION refuse_changes_of_audit_entries() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NEW; END'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute(statement)
    await application.close()


FORGERIES = {
    "organization_id": "$2",
    "id": "gen_random_uuid()",
    "at": "at + interval '1 microsecond'",
    "action": "overlay(action placing chr(ascii(action) # 1) from 1 for 1)",
    "actor_kind": "CASE actor_kind WHEN 'system' THEN 'api_key' ELSE 'system' END",
    "actor_id": "CASE WHEN actor_id IS NULL THEN gen_random_uuid() END",
    "actor_name": "actor_name || ' '",
    "conversation_id": "CASE WHEN conversation_id IS NULL THEN gen_random_uuid() END",
    "message_id": "CASE WHEN message_id IS NULL THEN gen_random_uuid() END",
    "phone_number": "overlay(coalesce(phone_number, '+1') placing '2' from 2 for 1)",
    "details": "details || '{\"x\": null}'",
    "chain_subject": "gen_random_uuid()",
    "chain_number": "chain_number + 1000",
    "previous_hash": "set_byte(previous_hash, 0, get_byte(previous_hash, 0) # 128)",
    "hash": "set_byte(hash, 31, get_byte(hash, 31) # 1)",
}
"""The smallest change of each column."""


def test_AUDIT_CHAIN_a_forgery_of_every_column_is_tried() -> None:
    assert set(FORGERIES) == {column.name for column in AuditEntry.__table__.columns}


@pytest.fixture
async def chain(world: World, conversation: dict[str, Any]) -> UUID:
    """A conversation's chain of four entries, in which the second is a message sent."""
    await _reply(world, conversation)
    assert await world.actions(conversation["id"]) == [
        "conversation.unread",
        "message.sent",
        "conversation.opened",
        "message.sent",
    ]
    return UUID(conversation["id"])


@dataclass(frozen=True)
class Stored:
    id: UUID
    chain_subject: UUID
    chain_number: int


@pytest.fixture
async def stored(chain: UUID, forger: asyncpg.Connection) -> list[Stored]:
    """Every entry, chain by chain."""
    found = await forger.fetch(
        "SELECT id, chain_subject, chain_number FROM audit_entries ORDER BY chain_subject, chain_number"
    )
    return [Stored(*row) for row in found]


@asynccontextmanager
async def put_back(forger: asyncpg.Connection) -> AsyncIterator[None]:
    """What is done inside is undone."""
    await forger.execute("CREATE TABLE kept AS SELECT * FROM audit_entries")
    yield
    await forger.execute("DELETE FROM audit_entries")
    await forger.execute("INSERT INTO audit_entries SELECT * FROM kept")
    await forger.execute("DROP TABLE kept")


async def test_AUDIT_CHAIN_a_change_of_any_column_of_any_entry_is_found_and_named(
    world: World, stored: list[Stored], forger: asyncpg.Connection
) -> None:
    neighbour = await World.create(world.service)
    rng = random.Random()
    for column, value in FORGERIES.items():
        entry = rng.choice(stored)
        assert await verified(world) == len(stored)
        async with put_back(forger):
            others = [neighbour.organization_id] if column == "organization_id" else []
            change = f"UPDATE audit_entries SET {column} = {value} WHERE id = $1 RETURNING id"
            changed = await forger.fetchval(change, entry.id, *others)

            found = await verified(world)

            assert isinstance(found, Broken), (column, entry)
            if column == "chain_subject":
                # Now it is the only entry of a chain of its own, which may come before the one it is missing from.
                assert found.entry_id == changed or (found.chain_subject, found.chain_number) == (
                    entry.chain_subject,
                    entry.chain_number,
                )
            else:
                assert (column, found.chain_subject, found.chain_number) == (
                    column,
                    entry.chain_subject,
                    entry.chain_number,
                )
                is_missing = column in {"organization_id", "chain_number"}
                assert (column, found.entry_id) == (column, None if is_missing else changed)


async def test_AUDIT_CHAIN_any_removed_entry_is_found_and_named(
    world: World, stored: list[Stored], forger: asyncpg.Connection
) -> None:
    chains = [[each for each in stored if each.chain_subject == of] for of in {each.chain_subject for each in stored}]
    assert min(map(len, chains)) >= 4
    for entries in chains:
        for entry in {entries[0], random.Random().choice(entries[1:-1]), entries[-1]}:
            async with put_back(forger):
                await forger.execute("DELETE FROM audit_entries WHERE id = $1", entry.id)

                found = await verified(world)

                assert isinstance(found, Broken)
                expected = (entry.chain_subject, entry.chain_number, None)
                assert (found.chain_subject, found.chain_number, found.entry_id) == expected


SWAPPED = "action, actor_kind, actor_id, actor_name, conversation_id, message_id, phone_number, details, at"


@pytest.mark.parametrize("columns", [SWAPPED, f"{SWAPPED}, id", f"{SWAPPED}, id, hash, previous_hash", "hash"])
async def test_AUDIT_CHAIN_two_entries_that_changed_places_are_found_and_named(
    world: World, stored: list[Stored], forger: asyncpg.Connection, columns: str
) -> None:
    first, second = random.Random().sample([each for each in stored if each.chain_subject == world.organization_id], 2)
    first, second = sorted((first, second), key=lambda each: each.chain_number)
    for entry, other in ((first, second), (second, first)):
        await forger.execute(
            f"CREATE TABLE of_{entry.chain_number} AS SELECT * FROM audit_entries WHERE id = $1", other.id
        )
    await forger.execute("DELETE FROM audit_entries WHERE id = ANY($1)", [first.id, second.id])
    kept = ", ".join(f"theirs.{column}" if column in columns.split(", ") else f"own.{column}" for column in COLUMNS)
    for entry, other in ((first, second), (second, first)):
        await forger.execute(
            f"INSERT INTO audit_entries ({', '.join(COLUMNS)}) SELECT {kept}"
            f" FROM of_{entry.chain_number} AS theirs, of_{other.chain_number} AS own"
        )

    found = await verified(world)

    assert isinstance(found, Broken)
    assert (found.chain_subject, found.chain_number) == (first.chain_subject, first.chain_number)
    assert found.entry_id == (second.id if "id" in columns.split(", ") else first.id)


async def test_AUDIT_CHAIN_removing_a_whole_chain_is_found(
    world: World, chain: UUID, forger: asyncpg.Connection
) -> None:
    await forger.execute("DELETE FROM audit_entries WHERE chain_subject = $1", chain)

    found = await verified(world)

    assert isinstance(found, Broken)
    assert (found.chain_subject, found.chain_number) == (chain, 1)


async def test_AUDIT_CHAIN_an_entry_slipped_in_is_found(world: World, chain: UUID, forger: asyncpg.Connection) -> None:
    await forger.execute(
        "INSERT INTO audit_entries SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),"
        " 'chain_number', 5, 'previous_hash', e.hash))).* FROM audit_entries AS e"
        " WHERE chain_subject = $1 AND chain_number = 4",
        chain,
    )

    found = await verified(world)

    assert isinstance(found, Broken)
    assert (found.chain_subject, found.chain_number) == (chain, 5)


async def test_AUDIT_CHAIN_an_entry_rewritten_with_a_hash_of_its_own_is_found_by_the_next(
    world: World, chain: UUID, forger: asyncpg.Connection
) -> None:
    entry = dict(
        await forger.fetchrow("SELECT * FROM audit_entries WHERE chain_subject = $1 AND chain_number = 2", chain)
    )
    del entry["hash"]
    forged = {**entry, "actor_name": "Nobody", "details": json.loads(entry["details"])}
    await forger.execute(
        "UPDATE audit_entries SET actor_name = 'Nobody', hash = $2 WHERE id = $1",
        forged["id"],
        EntryContent(**forged).hash(),
    )

    found = await verified(world)

    assert isinstance(found, Broken)
    assert (found.chain_subject, found.chain_number) == (chain, 3)
    assert found.problem == "it does not follow the entry before it"


async def test_AUDIT_CHAIN_a_moved_head_is_found(world: World, chain: UUID, forger: asyncpg.Connection) -> None:
    await forger.execute("UPDATE audit_chains SET last_number = 3 WHERE id = $1", chain)
    found = await verified(world)
    assert isinstance(found, Broken)
    assert found.chain_subject == chain


async def test_AUDIT_CHAIN_another_businesss_log_is_proved_apart(
    world: World, chain: UUID, forger: asyncpg.Connection
) -> None:
    neighbour = await World.create(world.service)
    await forger.execute("DELETE FROM audit_entries WHERE chain_subject = $1", chain)

    assert isinstance(await verified(world), Broken)
    assert isinstance(await verified(neighbour), int)


# `messenger verify-audit`.


async def verify_audit(world: World, *arguments: str) -> tuple[int, str]:
    """What the command answers: its exit status, and what it says."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("messenger"),
        "verify-audit",
        *arguments,
        env={**os.environ, "MESSENGER_DATABASE_URL": world.service.urls.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_AUDIT_CHAIN_the_command_proves_every_log_or_names_the_broken_entry(
    world: World, chain: UUID, forger: asyncpg.Connection
) -> None:
    neighbour = await World.create(world.service)
    count = await verified(neighbour)
    changed = await forger.fetchval(
        "UPDATE audit_entries SET hash = set_byte(hash, 0, get_byte(hash, 0) # 1) WHERE chain_subject = $1"
        " AND chain_number = 2 RETURNING id",
        chain,
    )

    broken = f"BROKEN {world.slug}: chain {chain}, entry 2 ({changed}): its content is not what was written.\n"
    assert await verify_audit(world) == (1, broken)
    whole = f"{count} audit entries, every chain whole.\n"
    assert await verify_audit(world, "--organization", neighbour.slug) == (0, whole)

    await forger.execute("DELETE FROM audit_entries WHERE id = $1", changed)
    assert await verify_audit(world, "--organization", world.slug) == (
        1,
        f"BROKEN {world.slug}: chain {chain}, entry 2 (missing): entry 2 is missing.\n",
    )
