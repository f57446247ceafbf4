"""ERASE: a number's texts, names and files go; what law and audit need stays as marks, refusals as a keyed hash."""

import asyncio
from typing import Any

import asyncpg
import pytest

from api.audit.rules import BrokenEntry, EntryCount
from api.audit_log import service as audit_log
from api.directory.erased import refusals_of
from api.kit.connection import plain_url
from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.lines.secret_key import rotate_secret_key
from api.retention import stages
from tests.support.world import World

API = "/api/v1"
PARENT, OTHER = "+13125550101", "+13125550102"
SECRET = "Our gate code is KX-4711-QZ"
REASON = {"reason": "The person asked for it by letter."}


async def erase(world: World, number: str = PARENT, **more: Any) -> dict[str, Any]:
    response = await world.admin.post(f"{API}/phone-numbers/{number}/erase", json=REASON, **more)
    assert response.status_code in {200, 202}, response.text
    found: dict[str, Any] = response.json()
    return found


async def everything(world: World) -> str:
    """Every row of the database, as text."""
    owner = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    try:
        tables = await owner.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'text_folding'"
        )
        dumped = []
        for (table,) in tables:
            columns = await owner.fetch(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1", table
            )
            shown = ", ".join(
                f"encode({name}, 'escape')" if kind == "bytea" else f"{name}::text" for name, kind in columns
            )
            dumped += [str(tuple(row)) for row in await owner.fetch(f"SELECT {shown} FROM {table}")]
        return "\n".join(dumped)
    finally:
        await owner.close()


async def verified(world: World) -> EntryCount | BrokenEntry:
    return await audit_log.verify_log(world.service.database, world.organization_id)


async def check(world: World, number: str) -> str:
    response = await world.maria.get(f"{API}/opt-in-checks", params={"phone_number": number})
    reason: str = response.json()["reason"]
    return reason


async def test_ERASE_nothing_of_the_number_is_left_in_any_table(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.family("Okafor", OTHER)
    await world.text(PARENT, SECRET)
    await world.text(OTHER, "See you at six")
    (thread,) = [
        each
        for each in (await world.maria.get(f"{API}/conversations")).json()["items"]
        if each["phone_number"] == PARENT
    ]
    sent = await world.maria.post(
        f"{API}/conversations/{thread['id']}/messages", json={"body": "Welcome"}, headers={"Idempotency-Key": "once"}
    )
    assert sent.status_code in {201, 202}, sent.text
    noted = await world.maria.post(
        f"{API}/conversations/{thread['id']}/notes", json={"body": "Gate code KX-4711-QZ, again"}
    )
    await world.maria.patch(f"{API}/notes/{noted.json()['id']}", json={"body": "Rivera pays late"})
    removed = await world.maria.post(f"{API}/conversations/{thread['id']}/notes", json={"body": "Rivera never pays"})
    await world.maria.delete(f"{API}/notes/{removed.json()['id']}")
    before = await everything(world)
    assert "3125550101" in before
    assert "Rivera" in before
    assert "KX-4711-QZ" in before

    erased = await erase(world)

    assert erased["state"] == "done"
    after = await everything(world)
    for gone in ("3125550101", "Rivera", "KX-4711-QZ", "Welcome"):
        assert gone not in after, [line for line in after.splitlines() if gone in line][:3]
    for kept in (OTHER, "Okafor", "See you at six"):
        assert kept in after
    assert erased["counts"] | {"audit_entries": 0, "raw_events": 0} == {
        "conversations": 1,
        "cancelled": 1,
        "texts": 2,
        "notes": 2,
        "files": 0,
        "raw_events": 0,
        "audit_entries": 0,
        "answers": 1,
        "import_rows": 0,
        "phone_records": 1,
        "staff_records": 0,
        "contacts": 1,
        "families": 1,
        "refusals_kept": 0,
    }
    count = await verified(world)
    assert isinstance(count, EntryCount), count
    assert count.erased == erased["counts"]["audit_entries"] > 0
    marks = (await world.maria.get(f"{API}/conversations/{thread['id']}/messages")).json()["items"]
    assert [(each["body"], each["erased_at"] is not None) for each in marks] == [("", True), ("", True)]
    shown = (await world.maria.get(f"{API}/conversations/{thread['id']}")).json()
    assert (shown["display_name"], shown["status"], shown["last_message"]["erased"]) == (
        "Erased number",
        "closed",
        True,
    )
    indicator = (await world.maria.get(f"{API}/indicator")).json()
    assert indicator["unread_messages"] == 1, "the other family's"
    repeated = await world.maria.post(
        f"{API}/conversations/{thread['id']}/messages", json={"body": "Welcome"}, headers={"Idempotency-Key": "once"}
    )
    assert (repeated.status_code, repeated.json()["type"]) == (410, "/problems/erased")
    assert repeated.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("state", "word", "reason"), [("opted_out", None, "opted_out"), ("opted_in", "STOP", "stopped")]
)
async def test_ERASE_a_refusal_outlives_the_number(world: World, state: str, word: str | None, reason: str) -> None:
    await world.family("Rivera", PARENT, state=state)
    if word is not None:
        await world.text(PARENT, word)

    erased = await erase(world)

    assert erased["counts"]["refusals_kept"] == 1
    assert "3125550101" not in await everything(world)
    assert await check(world, PARENT) == reason
    await world.family("Rivera", PARENT, state="opted_in")
    assert await check(world, PARENT) == reason, "a consent that is imported by mistake does not lift it"
    await world.text(PARENT, "START")
    assert await check(world, PARENT) == ("allowed" if reason == "stopped" else reason)


async def test_ERASE_is_for_administrators_and_happens_once(world: World) -> None:
    await world.family("Rivera", PARENT)
    refused = await world.maria.post(f"{API}/phone-numbers/{PARENT}/erase", json=REASON)
    assert refused.status_code == 403
    unknown = await world.admin.post(f"{API}/phone-numbers/{OTHER}/erase", json=REASON)
    assert unknown.status_code == 404

    both = await asyncio.gather(erase(world), erase(world))
    again = await erase(world)

    assert {each["id"] for each in both} == {again["id"]}
    found = await world.admin.get(f"{API}/erasures/{again['id']}")
    assert (found.status_code, found.json()["state"]) == (200, "done")
    await world.text(PARENT, "Hello again")
    (thread,) = (await world.maria.get(f"{API}/conversations")).json()["items"]
    assert (thread["phone_number"], thread["status"]) == (PARENT, "unread")
    assert (await erase(world))["id"] != again["id"], "what came since is erased too"


async def test_ERASE_waits_for_a_text_that_is_being_sent(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hi")
    (thread,) = (await world.maria.get(f"{API}/conversations")).json()["items"]
    await world.maria.post(f"{API}/conversations/{thread['id']}/messages", json={"body": "Yes"})
    assert len(await world.claims()) == 1

    refused = await world.admin.post(f"{API}/phone-numbers/{PARENT}/erase", json=REASON)

    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "A text to this number is being sent at this moment. Try again in a minute.",
    )


async def test_ERASE_a_worker_goes_on_where_a_request_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.family("Rivera", PARENT)
    for number in range(5):
        await world.text(PARENT, f"{SECRET} {number}")
    monkeypatch.setattr(stages, "BATCH", 2)
    monkeypatch.setattr("api.retention.endpoints.STEPS_AT_ONCE", 1)

    begun = await erase(world)

    assert (begun["state"], begun["stage"], begun["counts"]["texts"]) == ("running", "texts", 2)
    while await stages.work_off(world.service.database):
        pass
    done = (await world.admin.get(f"{API}/erasures/{begun['id']}")).json()
    assert (done["state"], done["counts"]["texts"]) == ("done", 5)
    assert "3125550101" not in await everything(world)
    assert isinstance(await verified(world), EntryCount)


async def test_AUDIT_CHAIN_an_erasure_hides_no_change(world: World) -> None:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Hi")
    await erase(world)
    owner = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    whole = await owner.fetchrow("SELECT * FROM audit_entries WHERE erased_by IS NULL AND action = 'line.created'")
    erased = await owner.fetchrow("SELECT * FROM audit_entries WHERE erased_by IS NOT NULL LIMIT 1")
    assert whole is not None
    assert erased is not None
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(
            "UPDATE audit_entries SET erased_by = $1, details = '{}' WHERE id = $2", erased["erased_by"], whole["id"]
        )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute("UPDATE audit_entries SET actor_name = 'Eve' WHERE id = $1", erased["id"])
    await owner.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
    for change, row in (
        ("actor_name = 'Eve', erased_by = $2", whole),
        ("actor_name = 'Eve', erased_by = $2", erased),
        ("details = '{\"seq\": 7}', erased_by = $2", erased),
        ("action = 'family.created', erased_by = $2", erased),
        ("erased_by = CASE WHEN $2::uuid IS NULL THEN erased_by END", erased),
    ):
        await owner.execute(f"UPDATE audit_entries SET {change} WHERE id = $1", row["id"], erased["erased_by"])
        found = await verified(world)
        assert isinstance(found, BrokenEntry), change
        assert found.entry_id == row["id"], change
        await owner.execute("DELETE FROM audit_entries WHERE id = $1", row["id"])
        await owner.execute(
            f"INSERT INTO audit_entries ({', '.join(row.keys())}) VALUES"
            f" ({', '.join(f'${n}' for n in range(1, len(row) + 1))})",
            *row.values(),
        )
    await owner.close()
    assert isinstance(await verified(world), EntryCount)


async def test_ERASE_a_kept_refusal_survives_a_new_secret_key(world: World) -> None:
    await world.family("Rivera", PARENT, state="opted_out")
    await erase(world)
    url = world.service.urls.url
    both, new = SecretBox("another key", "a key for tests"), SecretBox("another key")
    async with Database(url, pool_size=2, secrets=both) as database:
        await rotate_secret_key(database, both)
    async with Database(url, pool_size=2, secrets=new) as database, database.transaction() as session:
        assert list(await refusals_of(session, world.organization_id, [PARENT, OTHER])) == [PARENT]
    async with Database(url, pool_size=2) as database, database.transaction() as session:
        with pytest.raises(RuntimeError, match="secret key"):
            await refusals_of(session, world.organization_id, [PARENT])
