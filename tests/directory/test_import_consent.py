"""Importing phone records: what opt-in they get, the evidence of it, and the numbers' locks."""

import asyncio

import pytest

from tests.directory.test_import import ANA, BEN, count, errors, send_csv, stored_family
from tests.support.backends import until_it_waits
from tests.support.world import World


async def test_OPTIN_MOVE_a_number_that_changed_starts_unknown(world: World) -> None:
    await send_csv(world.maria, "family,F-1,Rivera,Ana,,312-555-0142,,opted_in,,,,")

    await send_csv(world.maria, "family,F-1,Rivera,Ana,,312-555-0143,,,,,,")

    (record,) = (await stored_family(world, "F-1"))["contacts"][0]["phone_records"]
    assert (record["phone_number"], record["opt_in"]["state"], record["opt_in"]["source"]) == (BEN, "unknown", None)
    assert (await world.audited())[-3:] == ["phone_record.removed", "family.updated", "directory.imported"]


async def test_OPTIN_EVIDENCE_every_opt_in_of_a_file_has_its_entry_with_its_source_and_author(world: World) -> None:
    await send_csv(
        world.maria,
        "family,F-1,Rivera,Ana,,312-555-0142,,opted_in,,,,",
        "family,F-1,Rivera,Ben,,312-555-0143,,opted_out,verbal,,,",
    )
    await send_csv(world.maria, "family,F-1,,Ana,,312-555-0142,,opted_out,,,,".replace("F-1,,", "F-1,Rivera,"))

    entries = await world.rows(
        "SELECT phone_number, actor_name, details->>'from', details->>'to', details->>'source'"
        " FROM audit_entries WHERE action = 'opt_in.changed' ORDER BY chain_number"
    )
    assert entries == [
        (ANA, "Maria", "unknown", "opted_in", "import"),
        (BEN, "Maria", "unknown", "opted_out", "verbal"),
        (ANA, "Maria", "opted_in", "opted_out", "import"),
    ]
    removed = await world.rows("SELECT phone_number FROM audit_entries WHERE action = 'phone_record.removed'")
    assert removed == [(BEN,)]
    (record,) = (await stored_family(world, "F-1"))["contacts"][0]["phone_records"]
    assert record["opt_in"]["changed_by"]["name"] == "Maria"
    assert record["opt_in"]["changed_at"] is not None


@pytest.mark.parametrize("source", ["keyword", "provider"])
async def test_OPTIN_EVIDENCE_nobody_imports_what_only_a_handset_or_a_provider_can_say(
    world: World, source: str
) -> None:
    response = await send_csv(world.maria, f"family,F-1,Rivera,Ana,,312-555-0142,,opted_in,{source},,,")

    assert response.status_code == 422
    assert errors(response)[0][1] == "/opt_in_source"


async def test_OPTIN_ALL_an_imported_record_that_is_not_opted_in_blocks_its_number_for_everybody(world: World) -> None:
    await world.family("Okafor", ANA)
    check = "/api/v1/opt-in-checks"
    assert (await world.maria.get(check, params={"phone_number": ANA})).json()["allowed"] is True

    await send_csv(world.maria, "family,F-1,Rivera,Ana,,312-555-0142,,opted_out,,,,")

    answer = (await world.maria.get(check, params={"phone_number": ANA})).json()
    assert answer["reason"] == "opted_out"
    assert [each["owner_name"] for each in answer["instances"] if each["blocks"]] == ["Rivera"]
    assert await count(world, "phone_numbers") == 1


async def test_OPTIN_START_an_import_lifts_no_stop(world: World) -> None:
    await world.text(ANA, "STOP")

    await send_csv(world.maria, "family,F-1,Rivera,Ana,,312-555-0142,,opted_in,,,,")

    answer = await world.maria.get("/api/v1/opt-in-checks", params={"phone_number": ANA})
    assert answer.json()["reason"] == "stopped"


@pytest.mark.parametrize("partial", [False, True])
async def test_OPTIN_DISPATCH_an_import_waits_for_a_lock_on_the_number(world: World, *, partial: bool) -> None:
    await world.family("Okafor", ANA)
    async with world.service.database.engine.connect() as holder:
        await holder.exec_driver_sql(f"SELECT id FROM phone_numbers WHERE number = '{ANA}' FOR NO KEY UPDATE")
        sending = asyncio.create_task(
            send_csv(world.maria, "family,F-1,Rivera,Ana,,312-555-0142,,opted_out,,,,", partial=partial)
        )
        await asyncio.sleep(0.3)
        waited = not sending.done()
        committed_at = (await holder.exec_driver_sql("SELECT clock_timestamp()")).scalar_one()
        await holder.rollback()

    assert (await sending).json()["created"] == 1
    assert waited
    # The change took effect under the lock: after whatever the holder decided.
    (changed,) = await world.rows("SELECT opt_in_changed_at FROM phone_records WHERE opt_in_state = 'opted_out'")
    assert changed[0] > committed_at


@pytest.mark.parametrize("partial", [False, True])
async def test_NUMBER_ONE_an_import_waits_for_a_lock_on_another_spelling(world: World, *, partial: bool) -> None:
    old, new = "+5215512345678", "+525512345678"
    await world.rows(
        "INSERT INTO phone_numbers (organization_id, id, number) VALUES (:o, gen_random_uuid(), :n) RETURNING id",
        o=world.organization_id,
        n=old,
    )
    async with world.service.database.engine.connect() as holder:
        await holder.exec_driver_sql(f"SELECT id FROM phone_numbers WHERE number = '{old}' FOR NO KEY UPDATE")
        sending = asyncio.create_task(
            send_csv(world.maria, f"family,F-1,Rivera,Ana,,{new},,opted_out,,,,", partial=partial)
        )
        await until_it_waits(world)
        assert await count(world, "families") == 0
        await holder.rollback()

    assert (await sending).json()["created"] == 1
