"""Importing families and staff members through the API: what is stored, what is refused, and what the report says."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.directory.importing.csv_rows import COLUMNS
from tests.support.stack import eventually
from tests.support.world import World

IMPORT = "/api/v1/directory/import"
ANA = "+13125550142"
BEN = "+13125550143"
HEADER = ",".join(COLUMNS[:12])
"""The columns of contacts and staff members."""


async def send(
    client: httpx.AsyncClient,
    body: bytes,
    *,
    content_type: str = "text/csv",
    partial: bool = False,
    encoding: str = "identity",
) -> httpx.Response:
    return await client.post(
        IMPORT,
        params={"partial": "true"} if partial else {},
        content=body,
        headers={"Content-Type": content_type, "Content-Encoding": encoding},
    )


async def send_csv(
    client: httpx.AsyncClient, *rows: str, header: str = HEADER, partial: bool = False
) -> httpx.Response:
    return await send(client, "\r\n".join([header, *rows, ""]).encode(), partial=partial)


async def send_ndjson(client: httpx.AsyncClient, *records: object, partial: bool = False) -> httpx.Response:
    body = "".join(json.dumps(record) + "\n" for record in records).encode()
    return await send(client, body, content_type="application/x-ndjson", partial=partial)


def family(external_id: str | None, name: str, *records: dict[str, Any], contact: str = "Ana") -> dict[str, Any]:
    return {
        "kind": "family",
        "external_id": external_id,
        "name": name,
        "contacts": [{"name": contact, "phone_records": list(records)}],
    }


def opted_in(number: str) -> dict[str, Any]:
    return {"phone_number": number, "opt_in": {"state": "opted_in"}}


def outcomes(response: httpx.Response) -> list[tuple[int, str]]:
    return [(item["row"], item["outcome"]) for item in response.json()["items"]]


def errors(response: httpx.Response) -> list[tuple[int, str, str]]:
    """(row, pointer, detail) of everything that the report finds wrong."""
    return [
        (item["row"], each["pointer"], each["detail"]) for item in response.json()["items"] for each in item["errors"]
    ]


async def stored_family(world: World, external_id: str) -> dict[str, Any]:
    ((family_id,),) = await world.rows("SELECT id FROM families WHERE external_id = :x", x=external_id)
    response = await world.maria.get(f"/api/v1/families/{family_id}")
    found: dict[str, Any] = response.json()
    return found


async def count(world: World, table: str) -> int:
    return (await world.table_sizes())[table]


# Formats.


async def test_a_csv_file_with_a_byte_order_mark_and_semicolons_is_read_as_spreadsheets_write_it(world: World) -> None:
    body = (
        "\ufeffKind;external_id;Name;contact_name;relation;phone_number;label;opt_in_state\r\n"
        'family;F-1;"Rivera; ""the loud ones""";Ana Rivera;mother;(312) 555-0142;mobile;opted_in\r\n'
        "family;F-1;;Ana Rivera;;312-555-0143;;\r\n"
        "\r\n"
        'family;F-1;"";Ben Rivera;father;;;\r\n'
    ).encode()

    response = await send(world.maria, body, content_type="text/csv; charset=utf-8")

    assert response.status_code == 200, response.text
    report = response.json()
    assert {key: report[key] for key in ("committed", "rows", "created", "updated", "unchanged", "failed")} == {
        **{"committed": True, "rows": 3, "created": 3},
        **{"updated": 0, "unchanged": 0, "failed": 0},
    }
    assert outcomes(response) == [(1, "created"), (2, "created"), (4, "created")]
    stored = await stored_family(world, "F-1")
    assert {item["id"] for item in report["items"]} == {stored["id"]}
    assert stored["name"] == 'Rivera; "the loud ones"'
    ana, ben = stored["contacts"]
    assert (ana["name"], ana["relation"], ben["name"], ben["relation"]) == (
        "Ana Rivera",
        "mother",
        "Ben Rivera",
        "father",
    )
    assert [each["phone_number"] for each in ana["phone_records"]] == [ANA, BEN]
    assert [each["opt_in"]["state"] for each in ana["phone_records"]] == ["opted_in", "unknown"]
    assert [each["label"] for each in ana["phone_records"]] == ["mobile", None]


async def test_an_ndjson_file_holds_records_in_the_shape_that_creates_them(world: World) -> None:
    staff = {
        "kind": "staff_member",
        "external_id": "S-1",
        "name": "Jo Park",
        "email": "jo@gym.test",
        "permissions": ["mass_text"],
        "is_admin": False,
        "phone_records": [{"phone_number": BEN, "label": "work", "opt_in": {"state": "opted_in", "source": "verbal"}}],
    }

    response = await send_ndjson(world.admin, family("F-1", "Rivera", opted_in(ANA)), staff)

    assert response.status_code == 200, response.text
    assert [item["kind"] for item in response.json()["items"]] == ["family", "staff_member"]
    (record,) = (await stored_family(world, "F-1"))["contacts"][0]["phone_records"]
    assert record["opt_in"]["source"] == "import"
    jo = (await world.admin.get(f"/api/v1/staff-members/{response.json()['items'][1]['id']}")).json()
    assert (jo["name"], jo["email"], jo["permissions"], jo["is_admin"]) == (
        "Jo Park",
        "jo@gym.test",
        ["mass_text"],
        False,
    )
    assert jo["phone_records"][0]["opt_in"]["source"] == "verbal"


async def test_line_breaks_within_quotes_stay_in_their_cell_and_are_refused_in_a_name(world: World) -> None:
    response = await send_csv(
        world.maria, 'family,F-1,"Rivera\r\nfamily",,,,,,,,,', "family,F-2,Okafor,,,,,,,,,", partial=True
    )

    assert outcomes(response) == [(1, "failed"), (2, "created")]
    assert errors(response) == [(1, "/name", "Use one line, without control characters.")]


async def test_formulas_are_stored_as_the_text_that_they_are(world: World) -> None:
    formula = '=HYPERLINK(""http://evil.test"")'

    assert (await send_csv(world.maria, f'family,F-1,"{formula}",,,,,,,,,')).status_code == 200

    assert (await stored_family(world, "F-1"))["name"] == '=HYPERLINK("http://evil.test")'


# The file as a whole.


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 422, "empty"),
        (b"\xef\xbb\xbf", 422, "column"),
        (b"kind,name\r\n", 422, "no rows"),
        (b"\n\n\n", 422, "column"),
        (b"kind,name\r\nfamily,Zo\xeb\r\n", 400, "byte 20 (counted from 0), in line 2"),
        ("kind,name\r\nfamily,Zoë\r\n".encode("utf-16"), 400, "byte 0"),
        (b"kind,name\r\nfamily,Zo\xc3", 400, "byte 20"),
        (b"kind,name,nickname\r\nfamily,X,Y\r\n", 422, "There is no column “nickname”. The columns are: kind,"),
        (b"external_id,email\r\nX,Y\r\n", 422, "must name the column kind and the column name"),
        (b"kind,name,name\r\nfamily,X,Y\r\n", 422, "twice"),
    ],
)
async def test_a_file_that_is_no_table_at_all_is_refused_with_a_clear_sentence(
    world: World, body: bytes, status: int, words: str
) -> None:
    response = await send(world.maria, body)

    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert words in response.json()["detail"]


@pytest.mark.parametrize("content_type", ["", "application/xml", "multipart/form-data", "text/csv; charset=latin-1"])
async def test_other_kinds_of_content_are_refused_with_those_that_are_taken(world: World, content_type: str) -> None:
    response = await send(world.maria, b"kind,name\r\nfamily,X\r\n", content_type=content_type)

    assert response.status_code == 415
    assert "text/csv" in response.json()["detail"]


async def test_a_compressed_file_is_refused(world: World) -> None:
    response = await send(world.maria, b"kind,name\r\nfamily,X\r\n", encoding="gzip")

    assert response.status_code == 415


async def test_a_file_may_be_larger_than_other_requests_but_not_past_its_own_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler = "x" * 190
    rows = [f"family,F-{index},{filler},,,,,,,,," for index in range(6_000)]
    assert len("\n".join(rows)) > 1024 * 1024

    accepted = await send_csv(world.maria, *rows, "person,F-x,one row is wrong,,,,,,,,,")
    refused = await send(world.maria, b"x" * (64 * 1024 * 1024 + 1))
    monkeypatch.setattr("api.directory.importing.rows.MAX_ROWS", 100)
    too_many = await send_csv(world.maria, *(f"family,G-{index},G,,,,,,,,," for index in range(101)))

    assert accepted.status_code == 202
    assert (accepted.json()["rows"], accepted.json()["state"]) == (6_001, "refused")
    assert refused.status_code == too_many.status_code == 413
    assert "100 rows" in too_many.json()["detail"]


async def test_an_import_needs_a_sign_in(world: World) -> None:
    response = await send_csv(world.other_client(), "family,F-1,Rivera,,,,,,,,,")

    assert response.status_code == 401
    assert await count(world, "families") == 0


async def test_no_transaction_is_open_while_the_client_sends(world: World) -> None:
    waiting = 0
    may_go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal waiting
        yield b"kind,name\r\n"
        waiting += 1
        await asyncio.wait_for(may_go_on.wait(), 60)
        yield b"family,X\r\n"

    async def all_wait_without_a_transaction() -> bool:
        idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        return waiting == 12 and await world.rows(idle) == [(0,)]

    # More than the pool has connections.
    uploads = [
        asyncio.create_task(
            world.maria.post(IMPORT, content=slowly(), headers={"Content-Type": "text/csv"}, params={"partial": "true"})
        )
        for _ in range(12)
    ]
    await eventually(all_wait_without_a_transaction, "twelve uploads wait, and hold nothing")
    may_go_on.set()

    assert {each.status_code for each in await asyncio.gather(*uploads)} == {200}


# All or nothing, or partial.

MIXED = (
    "family,F-1,Rivera,Ana,,312-555-0142,,opted_in,,,,",
    "family,F-2,Okafor,Chidi,,not a number,,,,,,",
    "family,F-3,Brown,Bo,,312-555-0143,,,,,,",
)


async def test_a_file_with_one_wrong_row_is_refused_whole(world: World) -> None:
    before = await world.table_sizes()

    response = await send_csv(world.maria, *MIXED)

    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == "/problems/import-refused"
    assert body["detail"] == "1 of 3 rows cannot be stored, so none was."
    assert (body["committed"], body["rows"], body["created"], body["failed"]) == (False, 3, 0, 1)
    assert outcomes(response) == [(1, "not_stored"), (2, "failed"), (3, "not_stored")]
    assert errors(response) == [(2, "/phone_number", "“not a number” is not a phone number.")]
    assert await world.table_sizes() == before


async def test_a_partial_import_stores_what_is_good(world: World) -> None:
    response = await send_csv(world.maria, *MIXED, partial=True)

    assert response.status_code == 200
    assert (response.json()["committed"], response.json()["created"], response.json()["failed"]) == (True, 2, 1)
    assert outcomes(response) == [(1, "created"), (2, "failed"), (3, "created")]
    assert [row[0] for row in await world.rows("SELECT external_id FROM families ORDER BY 1")] == ["F-1", "F-3"]


async def test_a_conflict_that_only_the_database_knows_refuses_the_whole_file(world: World) -> None:
    before = await world.table_sizes()

    response = await send_csv(
        world.admin,
        "family,F-1,Rivera,,,,,,,,,",
        "staff_member,S-1,Max,,,,,,,MARIA@gym.test,,",
        "family,F-2,Brown,,,,,,,,,",
    )

    assert response.status_code == 422
    assert outcomes(response) == [(1, "not_stored"), (2, "failed"), (3, "not_stored")]
    assert errors(response) == [(2, "/email", "Somebody signs in with MARIA@gym.test already.")]
    assert [item["id"] for item in response.json()["items"]] == [None, None, None]
    assert await world.table_sizes() == before


async def test_one_wrong_row_of_a_record_fails_all_its_rows_and_no_other_record(world: World) -> None:
    response = await send_csv(
        world.maria,
        "family,F-1,Rivera,Ana,,312-555-0142,,,,,,",
        "family,F-1,Riviera,Ben,,12,,opted_on,,,,",
        "family,F-2,Okafor,,,,,,,,,",
        partial=True,
    )

    assert outcomes(response) == [(1, "failed"), (2, "failed"), (3, "created")]
    assert errors(response)[:2] == [
        (1, "", "Row 2, of the same record, failed."),
        (2, "/name", "Rows of one record must agree, and row 1 says otherwise."),
    ]


async def test_a_thousand_rows_are_answered_at_once_and_more_become_a_job(world: World) -> None:
    rows = [f"family,F-{index},Rivera,Ana,,+1312{2_000_000 + index},,opted_in,,,," for index in range(1_001)]

    at_once = await send_csv(world.maria, *rows[:1_000])
    job = await send_csv(world.maria, *rows)

    assert (at_once.status_code, at_once.json()["created"]) == (200, 1_000)
    assert (job.status_code, job.json()["state"]) == (202, "checking")
    assert await count(world, "families") == 1_000


# Upsert by external id.


async def test_the_same_file_again_changes_nothing(world: World) -> None:
    rows = (
        "family,F-1,Rivera,Ana,mother,312-555-0142,mobile,opted_in,,,,",
        "family,F-1,Rivera,Ben,,312-555-0143,,opted_out,verbal,,,",
        "staff_member,S-1,Jo,,,312-555-0144,,opted_in,,jo@gym.test,sms_logs,yes",
    )
    assert (await send_csv(world.admin, *rows)).json()["created"] == 3
    before = await world.table_sizes()

    whole = await send_csv(world.admin, *rows)
    partial = await send_csv(world.admin, *rows, partial=True)

    assert outcomes(whole) == outcomes(partial) == [(1, "unchanged"), (2, "unchanged"), (3, "unchanged")]
    assert await world.table_sizes() == before


async def test_a_known_external_id_is_made_as_the_file_says_and_what_it_leaves_out_stays(world: World) -> None:
    await send_csv(
        world.admin,
        "family,F-1,Rivera,Ana,mother,312-555-0142,mobile,opted_in,portal,,,",
        "family,F-1,,Old contact,,312-555-0149,,opted_out,,,,",
        "staff_member,S-1,Jo,,,312-555-0144,desk,opted_in,,jo@gym.test,sms_logs mass_text,yes",
    )
    before = await stored_family(world, "F-1")

    response = await send_csv(
        world.admin,
        "family,F-1,Rivera-Cruz,ana,,312-555-0142,,,,,,",
        "staff_member,S-1,Jo,,,,,,,jo@gym.test,,",
        "family,F-9,New,,,,,,,,,",
    )

    assert outcomes(response) == [(1, "updated"), (2, "unchanged"), (3, "created")]
    after = await stored_family(world, "F-1")
    assert (after["id"], after["name"]) == (before["id"], "Rivera-Cruz")
    (ana,) = after["contacts"]
    assert (ana["id"], ana["name"], ana["relation"]) == (before["contacts"][0]["id"], "ana", "mother")
    assert ana["phone_records"] == before["contacts"][0]["phone_records"]
    staff = await world.rows("SELECT permissions, is_admin FROM staff_members WHERE external_id = 'S-1'")
    assert staff == [(["mass_text", "sms_logs"], True)]


async def test_a_staff_members_permissions_are_taken_away_by_the_word_none(world: World) -> None:
    await send_csv(world.admin, "staff_member,S-1,Jo,,,,,,,jo@gym.test,sms_logs|mass_text,true")

    response = await send_csv(world.admin, "staff_member,S-1,Jo,,,,,,,jo@gym.test,none,false")

    assert outcomes(response) == [(1, "updated")]
    staff = await world.rows("SELECT permissions, is_admin FROM staff_members WHERE external_id = 'S-1'")
    assert staff == [([], False)]


async def test_without_an_external_id_every_row_is_a_new_record(world: World) -> None:
    for _ in range(2):
        assert (await send_csv(world.maria, "family,,Rivera,,,,,,,,,", "family,,Rivera,,,,,,,,,")).json()[
            "created"
        ] == 2

    assert await count(world, "families") == 4


async def test_an_external_id_that_comes_back_later_in_the_file_is_refused(world: World) -> None:
    response = await send_csv(
        world.maria,
        "family,F-1,Rivera,,,,,,,,,",
        "family,F-2,Brown,,,,,,,,,",
        "family,F-1,Rivera,,,,,,,,,",
        partial=True,
    )

    assert outcomes(response) == [(1, "created"), (2, "created"), (3, "failed")]
    assert errors(response)[0][1] == "/external_id"
    assert "Row 1" in errors(response)[0][2]


async def test_a_row_that_stands_twice_in_a_record_is_refused(world: World) -> None:
    row = "family,F-1,Rivera,Ana,,312-555-0142,,,,,,"

    response = await send_csv(world.maria, row, row)

    assert response.status_code == 422
    assert (2, "/phone_number", "This number stands here twice.") in errors(response)


async def test_PERM_TENANT_external_ids_of_another_business_do_not_match(world: World) -> None:
    other = await World.create(world.service)
    row = "family,F-1,Rivera,Ana,,312-555-0142,,opted_in,,,,"
    await send_csv(other.maria, row)

    response = await send_csv(world.maria, row.replace("Rivera", "Mine"))

    assert outcomes(response) == [(1, "created")]
    names = await world.rows("SELECT organization_id, name FROM families ORDER BY name")
    assert names == [(world.organization_id, "Mine"), (other.organization_id, "Rivera")]
    assert await count(world, "phone_numbers") == 2


async def test_the_example_in_the_documentation_is_imported_as_it_stands(world: World) -> None:
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text()
    contacts, students = [block for block in page.split("```")[1::2] if block.strip().startswith("kind,")]

    response = await send(world.admin, contacts.strip().encode())
    again = await send(world.admin, students.strip().encode())

    assert (response.status_code, again.status_code) == (200, 200), (response.text, again.text)
    assert (response.json()["created"], again.json()["updated"]) == (3, 3)
    family = await stored_family(world, "F-1")
    assert [each["name"] for each in family["contacts"]] == ["Ana Rivera"]
    assert [(each["name"], len(each["classes"])) for each in family["students"]] == [
        ("Mia Rivera", 2),
        ("Leo Rivera", 0),
    ]
