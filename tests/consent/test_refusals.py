"""A refusal outlives its record (OPTIN-REMOVED): every way to take the record away, and every way to lift it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.directory.test_import import send_csv
from tests.support.world import World

API = "/api/v1"
NUMBER = "+13125550101"
OTHER = "+13125550177"

Record = dict[str, Any]
Way = Callable[[World, Record], Awaitable[httpx.Response]]


def number_of(family: Record) -> str:
    number: str = family["contacts"][0]["phone_records"][0]["phone_number"]
    return number


def contact_of(family: Record, **changes: Any) -> Record:
    contact = family["contacts"][0]
    return {"id": contact["id"], "name": contact["name"], "phone_records": contact["phone_records"]} | changes


async def patch(world: World, family: Record, *contacts: Record) -> httpx.Response:
    return await world.olga.patch(f"{API}/families/{family['id']}", json={"contacts": list(contacts)})


async def put(world: World, family: Record, *contacts: Record) -> httpx.Response:
    external_id = family["external_id"]
    body = {"name": family["name"], "contacts": list(contacts)}
    return await world.olga.put(f"{API}/families/by-external-id/{external_id}", json=body)


def renumbered(family: Record) -> Record:
    record = family["contacts"][0]["phone_records"][0]
    return contact_of(family, phone_records=[{"id": record["id"], "phone_number": OTHER}])


async def old_process(world: World, family: Record, statement: str) -> httpx.Response:
    """Changes the rows as a process of the previous version does, which does not know refusals."""
    record = family["contacts"][0]["phone_records"][0]["id"]
    await world.rows(f"{statement} RETURNING id", id=record)
    return httpx.Response(200)


FAMILY_WAYS: dict[str, Way] = {
    "no contacts": patch,
    "a contact without numbers": lambda world, family: patch(world, family, contact_of(family, phone_records=[])),
    "another number on the record": lambda world, family: patch(world, family, renumbered(family)),
    "another number": lambda world, family: patch(
        world, family, contact_of(family, phone_records=[{"phone_number": OTHER}])
    ),
    "another contact with the number": lambda world, family: patch(
        world, family, {"name": "Somebody", "phone_records": [{"phone_number": number_of(family)}]}
    ),
    "a PUT without contacts": put,
    "a PUT with another number": lambda world, family: put(
        world, family, {"name": "Maya Castillo", "phone_records": [{"phone_number": OTHER}]}
    ),
    "an import with another number": lambda world, family: send_csv(
        world.olga, f"family,{family['external_id']},Castillo family,Maya Castillo,,{OTHER},,,,,,"
    ),
    "an import of another contact": lambda world, family: send_csv(
        world.olga, f"family,{family['external_id']},Castillo family,Ben Castillo,,{OTHER},,,,,,"
    ),
    "a partial import": lambda world, family: send_csv(
        world.olga, f"family,{family['external_id']},Castillo family,Ben Castillo,,{OTHER},,,,,,", partial=True
    ),
    "a row that an old process deletes": lambda world, family: old_process(
        world, family, "DELETE FROM phone_records WHERE id = :id"
    ),
    "a row that an old process resets": lambda world, family: old_process(
        world, family, "UPDATE phone_records SET opt_in_state = 'unknown', opt_in_source = NULL WHERE id = :id"
    ),
}


async def refusing_family(world: World, number: str = NUMBER) -> Record:
    """A family that is opted out, on a number that another family has opted in."""
    await world.family("Okafor", number)
    body = {
        "name": "Castillo family",
        "external_id": f"F-{uuid4()}",
        "contacts": [
            {
                "name": "Maya Castillo",
                "phone_records": [{"phone_number": number, "opt_in": {"state": "opted_out", "source": "verbal"}}],
            }
        ],
    }
    response = await world.admin.post(f"{API}/families", json=body)
    assert response.status_code == 201, response.text
    family: Record = response.json()
    return family


async def check(world: World, number: str = NUMBER) -> Record:
    response = await world.daniel.get(f"{API}/opt-in-checks", params={"phone_number": number})
    assert response.status_code == 200, response.text
    found: Record = response.json()
    return found


async def standing(world: World, number: str = NUMBER) -> list[Record]:
    response = await world.daniel.get(f"{API}/phone-numbers/{number}")
    assert response.status_code == 200, response.text
    return [each for each in response.json()["refusals"] if each["lifted_at"] is None]


async def lift(world: World, refusal: Record, by: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await by.post(f"{API}/phone-numbers/{NUMBER}/refusals/{refusal['id']}/lift", json=body)


async def removed(world: World) -> Record:
    """The refusal of a family whose number was removed from its record."""
    assert (await patch(world, await refusing_family(world))).status_code == 200
    (refusal,) = await standing(world)
    return refusal


async def test_OPTIN_REMOVED_the_refusal_stays_with_the_number_whichever_way_its_record_goes(world: World) -> None:
    for n, (way, take_away) in enumerate(FAMILY_WAYS.items()):
        number = f"+131255502{n:02d}"
        family = await refusing_family(world, number)

        done = await take_away(world, family)

        assert (way, done.status_code) == (way, 200), done.text
        found = await check(world, number)
        assert (way, found["reason"], found["allowed"]) == (way, "opted_out", False)
        (refusal,) = [each for each in found["instances"] if each["phone_record_id"] is None]
        assert (refusal["owner_name"], refusal["contact_name"]) == ("Castillo family", "Maya Castillo")
        assert (refusal["kind"], refusal["owner_id"]) == ("family", family["id"])
        assert (refusal["state"], refusal["source"], refusal["blocks"]) == ("opted_out", "verbal", True)
        assert refusal["changed_by"]["name"] == "Ada"
        assert refusal["removed_at"] is not None
        by = refusal["removed_by"]
        assert (way, by and by["name"]) == (way, None if "old process" in way else "Olga")


async def test_OPTIN_REMOVED_a_staff_members_refusal_stays_too(world: World) -> None:
    await world.family("Okafor", NUMBER)
    person = {"name": "Coach Kim", "email": "kim@gym.test", "permissions": [], "external_id": "S-1"}
    record = {"phone_number": NUMBER, "opt_in": {"state": "opted_out", "source": "staff"}}
    created = await world.admin.post(f"{API}/staff-members", json=person | {"phone_records": [record]})
    path = f"{API}/staff-members/{created.json()['id']}"

    ways: list[Callable[[], Awaitable[httpx.Response]]] = [
        lambda: world.admin.patch(path, json={"phone_records": []}),
        lambda: world.admin.put(f"{API}/staff-members/by-external-id/S-1", json=person | {"phone_records": []}),
        lambda: send_csv(world.admin, f"staff_member,S-1,Coach Kim,,,{OTHER},,,,kim@gym.test,,"),
    ]
    for take_away in ways:
        assert (await world.admin.patch(path, json={"phone_records": [record]})).status_code == 200
        assert (await take_away()).status_code == 200
        found = await check(world)
        assert found["reason"] == "opted_out"
        (refusal,) = [each for each in found["instances"] if each["blocks"]]
        assert (refusal["kind"], refusal["owner_name"], refusal["phone_record_id"]) == (
            "staff_member",
            "Coach Kim",
            None,
        )


async def test_OPTIN_REMOVED_the_refused_text_says_whose_record_it_was_and_who_removed_it(world: World) -> None:
    await removed(world)

    refused = await world.maria.post(f"{API}/conversations", json={"phone_number": NUMBER})

    assert refused.status_code == 409
    assert "was on the Castillo family, removed by Olga on " in refused.json()["detail"]


async def test_OPTIN_REMOVED_a_refusal_keeps_the_names_from_before_the_removing_change(world: World) -> None:
    family = await refusing_family(world)
    renamed = contact_of(family, name="Linh Nguyen", phone_records=[])
    path = f"{API}/families/{family['id']}"

    patched = await world.olga.patch(path, json={"name": "Nguyen family", "contacts": [renamed]})

    assert patched.status_code == 200, patched.text
    (refusal,) = await standing(world)
    assert (refusal["owner_name"], refusal["contact_name"]) == ("Castillo family", "Maya Castillo")
    assert refusal["removed_by"]["name"] == "Olga"


async def test_OPTIN_REMOVED_a_refusal_that_only_the_audit_log_knew_blocks_too(world: World) -> None:
    refusal = await removed(world)
    await world.rows(
        "UPDATE refusals SET kind = NULL, owner_id = NULL, owner_name = 'a record removed earlier',"
        " contact_name = NULL, changed_at = NULL, changed_by = NULL, source = NULL RETURNING id"
    )

    refused = await world.maria.post(f"{API}/conversations", json={"phone_number": NUMBER})

    assert "was on a record removed earlier, removed by Olga on " in refused.json()["detail"]
    (blocking,) = [each for each in refused.json()["check"]["instances"] if each["blocks"]]
    assert (blocking["refusal_id"], blocking["kind"], blocking["owner_id"]) == (refusal["id"], None, None)


async def test_OPTIN_REMOVED_removing_a_record_without_a_refusal_leaves_none(world: World) -> None:
    family = await world.family("Rivera", NUMBER)
    await patch(world, family)
    assert await standing(world) == []
    assert (await check(world))["reason"] == "no_record"


async def test_OPTIN_REMOVED_the_same_family_on_the_number_again_lifts_nothing(world: World) -> None:
    family = await refusing_family(world)
    for state in (None, "unknown", "opted_in", "opted_out", None):
        record: Record = {"phone_number": NUMBER}
        if state is not None:
            record["opt_in"] = {"state": state, "source": "verbal"}
        contact = {"name": "Maya Castillo", "phone_records": [record]}
        for contacts in ([], [contact]):
            path = f"{API}/families/{family['id']}"
            assert (await world.maria.patch(path, json={"contacts": contacts})).status_code == 200
            assert (state, (await check(world))["reason"]) == (state, "opted_out")
    # Removing the same owner's record again adds no refusal.
    assert len(await standing(world)) == 1


async def test_OPTIN_REMOVED_a_number_moved_to_another_record_and_back_stays_refused(world: World) -> None:
    family = await refusing_family(world)
    record = family["contacts"][0]["phone_records"][0]
    for number in (OTHER, NUMBER):
        back = contact_of(family, phone_records=[{"id": record["id"], "phone_number": number}])
        assert (await patch(world, family, back)).status_code == 200
    stored = (await world.maria.get(f"{API}/families/{family['id']}")).json()
    assert stored["contacts"][0]["phone_records"][0]["opt_in"]["state"] == "unknown"

    assert (await check(world))["reason"] == "opted_out"
    assert (await check(world, OTHER))["reason"] == "no_record"


async def test_OPTIN_REMOVED_consent_alone_lifts_nothing_and_consent_that_replaces_the_refusal_does(
    world: World,
) -> None:
    refusal = await removed(world)
    back = await world.family("Castillo", NUMBER, state=None)
    path = f"{API}/phone-records/{back['contacts'][0]['phone_records'][0]['id']}/opt-in"
    consent: Record = {"state": "opted_in", "source": "verbal", "wording": "May we text you again?"}

    alone = await world.maria.put(path, json=consent)

    assert alone.status_code == 200, alone.text
    assert alone.json()["opt_in"]["state"] == "opted_in"
    assert [each["id"] for each in alone.json()["refusals"]] == [refusal["id"]]
    assert (await check(world))["reason"] == "opted_out"

    replacing = await world.maria.put(path, json=consent | {"replaces_refusals": [refusal["id"]]})

    assert replacing.status_code == 200, replacing.text
    assert replacing.json()["refusals"] == []
    assert (await check(world))["reason"] == "allowed"
    (lifted,) = (await world.daniel.get(f"{API}/phone-numbers/{NUMBER}")).json()["refusals"]
    assert (lifted["id"], lifted["lifted_by"]["name"], lifted["lift_reason"]) == (refusal["id"], "Maria", None)
    assert lifted["replaced_by"] == back["contacts"][0]["phone_records"][0]["id"]
    assert (await world.audited())[-2:] == ["opt_in.changed", "refusal.lifted"]


@pytest.mark.parametrize(
    ("state", "archived", "named"),
    [("opted_out", False, True), ("unknown", False, True), ("opted_in", True, True), ("opted_in", False, False)],
)
async def test_OPTIN_REMOVED_only_consent_on_a_living_record_replaces_a_refusal_of_its_own_number(
    world: World, state: str, *, archived: bool, named: bool
) -> None:
    refusal = await removed(world)
    back = await world.family("Castillo", NUMBER, state=None, archived=archived)
    before = await world.table_sizes()

    refused = await world.maria.put(
        f"{API}/phone-records/{back['contacts'][0]['phone_records'][0]['id']}/opt-in",
        json={
            "state": state,
            "source": "verbal",
            "replaces_refusals": [refusal["id"] if named else str(uuid4())],
        },
    )

    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"].startswith("/replaces_refusals")
    assert await world.table_sizes() == before
    assert (await check(world))["reason"] == "opted_out"


async def test_OPTIN_REMOVED_an_administrator_lifts_it_with_a_reason_and_nobody_else(world: World) -> None:
    refusal = await removed(world)
    for body, pointer in (({}, ""), ({"reason": " "}, "/reason"), ({"reason": "x", "replaced_by": str(uuid4())}, "")):
        response = await lift(world, refusal, world.admin, **body)
        assert (body, response.status_code) == (body, 422)
        assert response.json()["errors"][0]["pointer"] == pointer
    for person, permission in ((world.maria, "administration"), (world.olga, "sms_logs"), (world.noah, "sms_logs")):
        response = await lift(world, refusal, person, reason="They asked.")
        assert (response.status_code, response.json()["permission"]) == (403, permission)
    assert (await check(world))["reason"] == "opted_out"

    lifted = await lift(world, refusal, world.admin, reason="It was another person's number.")

    assert lifted.status_code == 200, lifted.text
    assert lifted.json()["lift_reason"] == "It was another person's number."
    assert lifted.json()["lifted_by"]["name"] == "Ada"
    assert (await check(world))["reason"] == "allowed"
    ((action, details),) = await world.rows(
        "SELECT action, details FROM audit_entries WHERE phone_number = :number ORDER BY chain_number DESC LIMIT 1",
        number=NUMBER,
    )
    assert (action, details["reason"], details["refusal_id"]) == (
        "refusal.lifted",
        "It was another person's number.",
        refusal["id"],
    )
    assert (await lift(world, refusal, world.admin, reason="Again.")).status_code == 409


async def test_OPTIN_REMOVED_a_living_records_newer_consent_replaces_it(world: World) -> None:
    older = await world.family("Rivera", NUMBER)
    refusal = await removed(world)
    newer = await world.family("Chen", NUMBER)
    elsewhere = await world.family("Walker", OTHER)
    archived = await world.family("Patel", NUMBER, archived=True)
    unknown = await world.family("Garcia", NUMBER, state=None)

    def record_of(family: Record) -> str:
        record_id: str = family["contacts"][0]["phone_records"][0]["id"]
        return record_id

    for family in (older, elsewhere, archived, unknown):
        response = await lift(world, refusal, world.maria, replaced_by=record_of(family))
        assert (family["name"], response.status_code) == (family["name"], 422)
        assert response.json()["errors"][0]["pointer"] == "/replaced_by"
    for person, permission in ((world.daniel, "mass_text"), (world.olga, "sms_logs")):
        response = await lift(world, refusal, person, replaced_by=record_of(newer))
        assert (response.status_code, response.json()["permission"]) == (403, permission)
    assert [each["id"] for each in await standing(world)] == [refusal["id"]]

    lifted = await lift(world, refusal, world.maria, replaced_by=record_of(newer))

    assert lifted.status_code == 200, lifted.text
    assert lifted.json()["replaced_by"] == record_of(newer)
    assert await standing(world) == []


async def test_OPTIN_REMOVED_a_refusal_of_another_number_or_business_does_not_exist(world: World) -> None:
    refusal = await removed(world)
    neighbour = await World.create(world.service)
    await neighbour.family("Rivera", NUMBER)
    await world.family("Walker", OTHER)

    path = f"refusals/{refusal['id']}/lift"
    theirs = await neighbour.admin.post(f"{API}/phone-numbers/{NUMBER}/{path}", json={"reason": "Mine."})
    other = await world.admin.post(f"{API}/phone-numbers/{OTHER}/{path}", json={"reason": "Mine."})

    assert (theirs.status_code, other.status_code) == (404, 404)
    assert (await check(neighbour))["reason"] == "allowed"
    assert len(await standing(world)) == 1


async def test_a_number_shows_its_consent_records_refusals_and_conversations(world: World) -> None:
    refusal = await removed(world)
    await world.text(NUMBER, "Hello?")

    for spelling in (NUMBER, "(312) 555-0101"):
        response = await world.daniel.get(f"{API}/phone-numbers/{spelling}")
        assert response.status_code == 200, response.text
        shown = response.json()
        assert shown["phone_number"] == NUMBER
        assert shown["consent"] == await check(world)
        assert [each["owner_name"] for each in shown["records"]] == ["Okafor family"]
        assert [each["id"] for each in shown["refusals"]] == [refusal["id"]]
        assert [each["phone_number"] for each in shown["conversations"]] == [NUMBER]
    for nothing in ("+13125550199", "hello"):
        assert (await world.daniel.get(f"{API}/phone-numbers/{nothing}")).status_code == 404


async def test_decisions_stored_before_refusals_outlived_their_records_are_still_shown(world: World) -> None:
    await world.family("Rivera", NUMBER)
    conversation = (await world.maria.post(f"{API}/conversations", json={"phone_number": NUMBER})).json()
    sent = await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Hi"})
    await world.rows(
        "UPDATE messages SET opt_in_check = jsonb_set(opt_in_check, '{instances,0}', (opt_in_check->'instances'->0)"
        " - '{refusal_id,removed,removed_at,removed_by}'::text[]) WHERE id = :id RETURNING id",
        id=sent.json()["id"],
    )

    shown = (await world.maria.get(f"{API}/messages/{sent.json()['id']}")).json()

    assert shown["opt_in_check"] == await check(world)
