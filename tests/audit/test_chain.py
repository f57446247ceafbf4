"""The audit log: nothing can change an entry (AUDIT-APPEND), and every change of one is found (AUDIT-CHAIN)."""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from api.audit.models import AuditEntry
from api.audit.rules import BrokenEntry, EntryContent
from api.kit.connection import plain_url
from tests.audit.verifying import API, verified
from tests.support.world import World

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
    "erased_by": "gen_random_uuid()",
}
"""The smallest change of each column."""

UNSEALED = "after_seq"
"""Where a thread shows the entry. The sealed order is that of `chain_number`."""


def test_AUDIT_CHAIN_a_forgery_of_every_column_is_tried() -> None:
    assert set(FORGERIES) | {UNSEALED} == {column.name for column in AuditEntry.__table__.columns}


@pytest.fixture
async def chain(world: World, conversation: dict[str, Any]) -> UUID:
    """A conversation's chain of four entries, in which the second is a message sent."""
    for _ in range(2):
        await world.admin.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Yes"})
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
async def restored_afterwards(forger: asyncpg.Connection) -> AsyncIterator[None]:
    """Restores the entries after the block."""
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
        async with restored_afterwards(forger):
            others = [neighbour.organization_id] if column == "organization_id" else []
            change = f"UPDATE audit_entries SET {column} = {value} WHERE id = $1 RETURNING id"
            changed = await forger.fetchval(change, entry.id, *others)

            found = await verified(world)

            assert isinstance(found, BrokenEntry), (column, entry)
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
            async with restored_afterwards(forger):
                await forger.execute("DELETE FROM audit_entries WHERE id = $1", entry.id)

                found = await verified(world)

                assert isinstance(found, BrokenEntry)
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

    assert isinstance(found, BrokenEntry)
    assert (found.chain_subject, found.chain_number) == (first.chain_subject, first.chain_number)
    assert found.entry_id == (second.id if "id" in columns.split(", ") else first.id)


async def test_AUDIT_CHAIN_removing_a_whole_chain_is_found(
    world: World, chain: UUID, forger: asyncpg.Connection
) -> None:
    await forger.execute("DELETE FROM audit_entries WHERE chain_subject = $1", chain)

    found = await verified(world)

    assert isinstance(found, BrokenEntry)
    assert (found.chain_subject, found.chain_number) == (chain, 1)


async def test_AUDIT_CHAIN_an_inserted_entry_is_found(world: World, chain: UUID, forger: asyncpg.Connection) -> None:
    await forger.execute(
        "INSERT INTO audit_entries SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),"
        " 'chain_number', 5, 'previous_hash', e.hash))).* FROM audit_entries AS e"
        " WHERE chain_subject = $1 AND chain_number = 4",
        chain,
    )

    found = await verified(world)

    assert isinstance(found, BrokenEntry)
    assert (found.chain_subject, found.chain_number) == (chain, 5)


async def test_AUDIT_CHAIN_an_entry_rewritten_with_a_new_hash_is_found_by_the_next_one(
    world: World, chain: UUID, forger: asyncpg.Connection
) -> None:
    entry = dict(
        await forger.fetchrow("SELECT * FROM audit_entries WHERE chain_subject = $1 AND chain_number = 2", chain)
    )
    del entry["hash"], entry["erased_by"], entry[UNSEALED]
    forged = {**entry, "actor_name": "Nobody", "details": json.loads(entry["details"])}
    await forger.execute(
        "UPDATE audit_entries SET actor_name = 'Nobody', hash = $2 WHERE id = $1",
        forged["id"],
        EntryContent(**forged).hash(),
    )

    found = await verified(world)

    assert isinstance(found, BrokenEntry)
    assert (found.chain_subject, found.chain_number) == (chain, 3)
    assert found.problem == "it does not follow the entry before it"


async def test_AUDIT_CHAIN_a_moved_head_is_found(world: World, chain: UUID, forger: asyncpg.Connection) -> None:
    await forger.execute("UPDATE audit_chains SET last_number = 3 WHERE id = $1", chain)
    found = await verified(world)
    assert isinstance(found, BrokenEntry)
    assert found.chain_subject == chain


async def test_AUDIT_CHAIN_the_log_of_another_organization_is_verified_apart(
    world: World, chain: UUID, forger: asyncpg.Connection
) -> None:
    neighbour = await World.create(world.service)
    await forger.execute("DELETE FROM audit_entries WHERE chain_subject = $1", chain)

    assert isinstance(await verified(world), BrokenEntry)
    assert isinstance(await verified(neighbour), int)


# `messenger verify-audit`.


async def verify_audit(world: World, *arguments: str) -> tuple[int, str]:
    """The exit status and the output of the command."""
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


async def test_AUDIT_CHAIN_the_command_verifies_every_log_or_names_the_broken_entry(
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
