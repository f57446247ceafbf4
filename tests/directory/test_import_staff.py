"""Importing staff members: who may, what the former permissions mean, and the evidence of it."""

from sqlalchemy import update

from api.access.models import StaffMember
from api.access.rules import PERMISSIONS_OF_PEOPLE
from tests.directory.test_import import count, errors, outcomes, send_csv, send_ndjson
from tests.support.world import World

STAFF = "staff_member,S-1,Jo,,,312-555-0142,,opted_in,,jo@gym.test,sms_logs,"
FAMILY = "family,F-1,Rivera,Ana,,312-555-0143,,opted_in,,,,"


async def test_PERM_LEGACY_the_former_spellings_are_read_as_sms_logs_and_never_written(world: World) -> None:
    csv = await send_csv(
        world.admin,
        "staff_member,S-1,Jo,,,,,,,jo@gym.test,family_sms_logs,",
        "staff_member,S-2,Bo,,,,,,,bo@gym.test,staff_sms_logs|family_sms_logs,",
        '"staff_member",S-3,Mo,,,,,,,mo@gym.test,"Family_SMS_Logs; mass_text staff_sms_logs",',
    )
    ndjson = await send_ndjson(
        world.admin,
        {
            **{"kind": "staff_member", "external_id": "S-4", "name": "Cy", "email": "cy@gym.test"},
            "permissions": ["family_sms_logs", "staff_sms_logs", "mass_text"],
        },
    )

    assert (csv.status_code, ndjson.status_code) == (200, 200), csv.text + ndjson.text
    stored = await world.rows("SELECT permissions FROM staff_members WHERE external_id LIKE 'S-%' ORDER BY external_id")
    assert [row[0] for row in stored] == [
        ["sms_logs"],
        ["sms_logs"],
        ["mass_text", "sms_logs"],
        ["mass_text", "sms_logs"],
    ]
    written = await world.rows("SELECT count(*) FROM audit_entries WHERE details::text ~ '(family|staff)_sms_logs'")
    assert written == [(0,)]
    assert "family_sms_logs" not in csv.text + (await world.admin.get("/api/v1/staff-members")).text


async def test_an_unknown_permission_is_refused(world: World) -> None:
    response = await send_csv(world.admin, "staff_member,S-1,Jo,,,,,,,jo@gym.test,root,")

    assert response.status_code == 422
    assert errors(response)[0][:2] == (1, "/permissions")


async def test_PERM_ADMIN_only_an_administrator_imports_staff_members(world: World) -> None:
    before = await world.table_sizes()
    key = await world.api_key(*PERMISSIONS_OF_PEOPLE)

    for client in (world.maria, world.olga, key):
        refused = await send_csv(client, FAMILY, STAFF)
        assert refused.status_code == 403
        assert refused.json()["permission"] == "administration"
    assert (await world.table_sizes()) == {**before, **{"api_keys": 1, "audit_entries": before["audit_entries"] + 1}}

    partial = await send_csv(world.maria, FAMILY, STAFF, partial=True)
    assert outcomes(partial) == [(1, "created"), (2, "failed")]
    assert "administrator" in errors(partial)[0][2]
    assert await count(world, "staff_members") == before["staff_members"]


async def test_PERM_NOW_a_former_administrator_imports_no_staff_member(world: World) -> None:
    async with world.service.database.transaction() as session:
        await session.execute(
            update(StaffMember).where(StaffMember.id == world.staff_ids["admin"]).values(is_admin=False)
        )

    assert (await send_csv(world.admin, STAFF)).status_code == 403


async def test_an_administrator_cannot_take_the_role_from_themselves(world: World) -> None:
    async with world.service.database.transaction() as session:
        await session.execute(
            update(StaffMember).where(StaffMember.id == world.staff_ids["admin"]).values(external_id="S-0")
        )

    response = await send_csv(world.admin, "staff_member,S-0,Ada,,,,,,,ada@gym.test,,false", STAFF, partial=True)

    assert outcomes(response) == [(1, "failed"), (2, "created")]
    assert errors(response)[0][1] == "/is_admin"
    assert await world.rows("SELECT name FROM staff_members WHERE is_admin") == [("Ada",)]


async def test_AUDIT_WHAT_permissions_are_audited_by_record_and_the_import_by_its_counts(world: World) -> None:
    before = len(await world.audited())
    await send_csv(world.admin, FAMILY, STAFF)
    await send_csv(world.admin, STAFF.replace("sms_logs,", "mass_text,true"), FAMILY)

    assert sorted((await world.audited())[before:]) == sorted(
        [
            *("family.created", "opt_in.changed", "staff_member.created", "opt_in.changed", "directory.imported"),
            *("staff_member.updated", "directory.imported"),
        ]
    )
    ((changes, import_id),) = await world.rows(
        "SELECT details->'changes', details->>'import_id' FROM audit_entries WHERE action = 'staff_member.updated'"
    )
    assert changes == {
        "permissions": {"from": ["sms_logs"], "to": ["mass_text"]},
        "is_admin": {"from": False, "to": True},
    }
    imports = await world.rows(
        "SELECT details - 'salt' FROM audit_entries WHERE action = 'directory.imported' ORDER BY id"
    )
    assert imports[1][0] == {
        **{"import_id": import_id, "partial": False, "rows": 2},
        **{"created": 0, "updated": 1, "unchanged": 1, "failed": 0},
    }


async def test_a_refused_import_leaves_no_entry(world: World) -> None:
    before = await world.audited()

    assert (await send_csv(world.admin, FAMILY, STAFF.replace("jo@gym.test", "maria@gym.test"))).status_code == 422

    assert await world.audited() == before


async def test_two_rows_with_one_email_address_are_refused_in_a_sentence(world: World) -> None:
    response = await send_csv(world.admin, STAFF, STAFF.replace("S-1", "S-2").replace("jo@", "JO@"), partial=True)

    assert outcomes(response) == [(1, "created"), (2, "failed")]
    assert errors(response) == [(2, "/email", "Row 1 has this email address too.")]


async def test_passwords_are_not_imported(world: World) -> None:
    row = {"kind": "staff_member", "name": "Jo", "email": "jo@gym.test", "password": "correct horse battery"}

    response = await send_ndjson(world.admin, row)

    assert response.status_code == 422
    assert errors(response)[0][1] == "/password"


async def test_the_columns_of_the_one_kind_are_refused_for_the_other(world: World) -> None:
    response = await send_csv(
        world.admin,
        "family,F-1,Rivera,,,,,,,ana@home.test,,",
        "staff_member,S-1,Jo,Ana,,,,,,jo@gym.test,,",
        "staff_member,S-2,Bo,,,,,,,,,",
        partial=True,
    )

    assert [(row, pointer) for row, pointer, _ in errors(response)] == [
        (1, "/email"),
        (2, "/contact_name"),
        (3, "/email"),
    ]
