"""Students, classes, tags, location and notes of records: stored, found, filtered, imported, audited, erased."""

from typing import Any

from tests.directory.test_import import send_csv, send_ndjson
from tests.directory.test_search import found
from tests.retention.test_erasing import erase, everything
from tests.support.world import World

API = "/api/v1"
ANA, BEN = "+13125550142", "+13125550143"
LEVEL_3 = {"name": "Level 3", "weekdays": ["tuesday"], "time": "17:30", "room": "B", "coach": "Jo Park"}
ONE = {"students": 1, "families": 1}
FAMILY = {
    "name": "Rivera family",
    "external_id": "F-1",
    "contacts": [{"name": "Ana Rivera", "phone_records": [{"phone_number": ANA}]}],
    "students": [{"name": "Mia Rivera", "classes": [LEVEL_3]}, {"name": "Leo Rivera"}],
    "tags": ["VIP", "team", "Team"],
    "location": "North studio",
    "notes": "Mia is allergic to nuts.",
}


async def created(world: World, body: dict[str, Any]) -> dict[str, Any]:
    response = await world.olga.post(f"{API}/families", json=body)
    assert response.status_code == 201, response.text
    family: dict[str, Any] = response.json()
    return family


async def classes(world: World, **params: str) -> list[dict[str, Any]]:
    response = await world.olga.get(f"{API}/classes", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_a_family_has_students_classes_tags_location_and_notes(world: World) -> None:
    family = await created(world, FAMILY)

    assert [(each["name"], [a["name"] for a in each["classes"]]) for each in family["students"]] == [
        ("Mia Rivera", ["Level 3"]),
        ("Leo Rivera", []),
    ]
    assert family["tags"] == ["team", "VIP"], "tags that differ in case alone are one"
    assert (family["location"], family["notes"]) == ("North studio", "Mia is allergic to nuts.")
    (level_3,) = await classes(world)
    assert level_3.pop("created_at") == level_3.pop("updated_at")
    assert level_3 | {"id": None} == {**LEVEL_3, "id": None, "location": None, "archived": False, **ONE}
    assert (await world.olga.get(f"{API}/families/{family['id']}")).json() == family
    assert (await world.olga.get(f"{API}/tags")).json()["items"] == [
        {"name": "team", "families": 1, "staff_members": 0},
        {"name": "VIP", "families": 1, "staff_members": 0},
    ]


async def test_what_a_request_leaves_out_stays_and_an_empty_value_clears(world: World) -> None:
    family = await created(world, FAMILY)
    path = f"{API}/families/{family['id']}"

    renamed = (await world.olga.patch(path, json={"name": "Rivera"})).json()
    put = await world.olga.put(f"{API}/families/by-external-id/F-1", json={"name": "Rivera", "contacts": []})
    cleared = (await world.olga.patch(path, json={"students": [], "tags": [], "location": "", "notes": ""})).json()

    assert renamed == {**family, "name": "Rivera", "updated_at": renamed["updated_at"]}
    assert put.json() == {**renamed, "contacts": []} | {"updated_at": put.json()["updated_at"]}
    assert [cleared[name] for name in ("students", "tags", "location", "notes")] == [[], [], None, None]
    assert (await classes(world))[0]["students"] == 0, "the class itself stays"


async def test_students_are_kept_by_id_or_name_and_leave_classes_without_their_name_in_the_audit_log(
    world: World,
) -> None:
    family = await created(world, FAMILY)
    mia, leo = family["students"]
    level_3 = mia["classes"][0]["id"]
    students = [
        {"name": "leo  rivera", "classes": [{"id": level_3}]},
        {"id": mia["id"], "name": "Mia R", "classes": []},
    ]

    changed = (await world.olga.patch(f"{API}/families/{family['id']}", json={"students": students})).json()

    assert [(each["id"], each["name"], len(each["classes"])) for each in changed["students"]] == [
        (leo["id"], "leo  rivera", 1),
        (mia["id"], "Mia R", 0),
    ]
    (changes,) = await world.rows("SELECT details->'changes' FROM audit_entries WHERE action = 'family.updated'")
    assert changes == ({"students_changed": sorted([leo["id"], mia["id"]])},)
    details = await world.rows("SELECT details::text FROM audit_entries")
    assert not any("Mia" in each[0] or "allergic" in each[0] for each in details)


async def test_classes_of_one_name_days_time_and_location_are_one_and_its_coach_changes_for_all(world: World) -> None:
    await created(world, FAMILY)
    again = {**LEVEL_3, "name": "level 3", "weekdays": ["Tue"], "time": "5:30 pm", "coach": "Sam Lee"}
    other = {**LEVEL_3, "weekdays": ["thursday"]}
    students = [{"name": "Ada", "classes": [again, other]}]
    await created(world, {"name": "Okafor", "contacts": [], "students": students})

    assert [(each["weekdays"], each["coach"], each["students"]) for each in await classes(world)] == [
        (["tuesday"], "Sam Lee", 2),
        (["thursday"], "Jo Park", 1),
    ]
    assert [each["weekdays"] for each in await classes(world, q="LEVEL thurs")] == [["thursday"]]
    assert await classes(world, q="swim") == []
    actions = [row[0] for row in await world.rows("SELECT action FROM audit_entries WHERE action LIKE 'class.%'")]
    assert sorted(actions) == ["class.created", "class.created", "class.updated"]


async def test_PERM_TENANT_a_class_or_student_of_nobodys_is_refused_and_nothing_is_stored(world: World) -> None:
    family = await created(world, FAMILY)
    unknown = "00000000-0000-4000-8000-000000000000"
    for students, pointer in (
        ([{"name": "Mia", "classes": [{"id": unknown}]}], "/students/0/classes/0"),
        ([{"id": unknown, "name": "Mia"}], "/students/0/id"),
        ([{"name": "Mia", "classes": [{"name": "Level 3", "time": "25:00"}]}], "/students/0/classes/0/time"),
        ([{"name": "Mia", "classes": [{}]}], "/students/0/classes/0"),
        ([{"name": "Mia"}] * 31, "/students"),
    ):
        refused = await world.olga.patch(f"{API}/families/{family['id']}", json={"students": students})
        assert refused.status_code == 422, refused.text
        assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]
    assert (await world.olga.get(f"{API}/families/{family['id']}")).json() == family


async def test_an_archived_class_is_shown_with_no_student_and_its_name_is_free(world: World) -> None:
    family = await created(world, FAMILY)
    class_id = family["students"][0]["classes"][0]["id"]
    taken = await world.olga.post(f"{API}/classes", json=LEVEL_3)
    assert taken.status_code == 409, taken.text

    archived = await world.olga.patch(f"{API}/classes/{class_id}", json={"archived": True})

    assert archived.json()["archived"] is True
    assert await classes(world) == []
    assert [each["id"] for each in await classes(world, archived="true")] == [class_id]
    assert (await world.olga.get(f"{API}/families/{family['id']}")).json()["students"][0]["classes"] == []
    assert (await world.olga.post(f"{API}/classes", json=LEVEL_3)).status_code == 201
    back = await world.olga.patch(f"{API}/classes/{class_id}", json={"archived": False})
    assert back.status_code == 409, "there is such a class again"


async def test_a_childs_name_finds_the_family_and_no_longer_when_the_child_has_left(world: World) -> None:
    family = await created(world, FAMILY)
    for q in ("mia", "MI\u0301A rivera", "leo", "ana mia"):
        assert await found(world, q) == ["Rivera family"], q

    await world.olga.patch(f"{API}/families/{family['id']}", json={"students": [{"name": "Leo"}]})

    assert await found(world, "mia") == []
    assert await found(world, "leo") == ["Rivera family"]


async def test_families_and_staff_are_filtered_by_tag_and_class_with_and_without_a_search(world: World) -> None:
    family = await created(world, FAMILY)
    await created(world, {"name": "Rivera of no tag", "contacts": []})
    class_id = family["students"][0]["classes"][0]["id"]
    jo = {"name": "Jo Park", "email": "jo@gym.test", "permissions": [], "tags": ["TEAM"], "notes": "Tuesdays only"}
    staff = await world.admin.post(f"{API}/staff-members", json=jo)
    assert staff.status_code == 201, staff.text

    async def names(path: str, **params: str) -> list[str]:
        response = await world.admin.get(f"{API}/{path}", params=params)
        assert response.status_code == 200, response.text
        return [each["name"] for each in response.json()["items"]]

    assert await names("families", tag="Team") == ["Rivera family"]
    assert await names("families", tag="team", q="rivera") == ["Rivera family"]
    assert await names("families", class_id=class_id) == ["Rivera family"]
    assert await names("families", class_id=class_id, tag="none") == []
    assert await names("families", q="rivera") == ["Rivera family", "Rivera of no tag"]
    assert await names("staff-members", tag="team") == ["Jo Park"]
    assert (staff.json()["tags"], staff.json()["notes"]) == (["TEAM"], "Tuesdays only")
    assert (await world.admin.get(f"{API}/tags")).json()["items"][0] == {
        "name": "TEAM",
        "families": 1,
        "staff_members": 1,
    }


COLUMNS = (
    "kind,external_id,name,contact_name,phone_number,tags,location,student_name,class_name,class_days,class_time,"
    "class_coach"
)


async def test_an_import_brings_students_a_row_each_and_leaves_them_where_it_is_silent(world: World) -> None:
    rows = (
        f"family,F-1,Rivera,Ana,{ANA},team|VIP,North,Mia,Level 3,Tue/Thu,5:30 pm,Jo",
        f"family,F-1,Rivera,Ana,{ANA},,,Mia,Ballet,Sat,10am,",
        f"family,F-1,Rivera,Ana,{ANA},,,Leo,,,,",
    )
    first = await send_csv(world.admin, *rows, header=COLUMNS)
    again = await send_csv(world.admin, *rows, header=COLUMNS)
    silent = await send_csv(world.admin, "family,F-1,Rivera", header="kind,external_id,name")

    assert [each["outcome"] for each in first.json()["items"]] == ["created"] * 3
    assert {each["outcome"] for each in again.json()["items"]} == {"unchanged"}
    assert {each["outcome"] for each in silent.json()["items"]} == {"unchanged"}
    (family,) = (await world.olga.get(f"{API}/families")).json()["items"]
    assert [(each["name"], [a["name"] for a in each["classes"]]) for each in family["students"]] == [
        ("Mia", ["Ballet", "Level 3"]),
        ("Leo", []),
    ]
    assert (family["tags"], family["location"], len(family["contacts"][0]["phone_records"])) == (
        ["team", "VIP"],
        "North",
        1,
    )
    level_3 = next(each for each in await classes(world) if each["name"] == "Level 3")
    assert (level_3["weekdays"], level_3["time"], level_3["coach"]) == (["tuesday", "thursday"], "17:30", "Jo")


async def test_an_import_refuses_a_row_in_words_and_stores_no_class_of_it(world: World) -> None:
    bad = await send_csv(
        world.admin,
        "family,F-1,Rivera,,,,,Mia,Level 3,someday,,",
        "family,F-2,Okafor,,,,,,Level 3,,,",
        "staff_member,S-1,Jo,,,,,Mia,,,,",
        header=COLUMNS,
    )
    errors = [(each["row"], error["pointer"]) for each in bad.json()["items"] for error in each["errors"]]
    line = {"kind": "family", "name": "Ito", "students": [{"name": "Ken", "classes": [{"name": "Level 3"}]}]}
    lacking = {
        **line,
        "contacts": [{"name": "Yu", "phone_records": [{"phone_number": BEN, "opt_in": {"state": "opted_in"}}]}],
    }
    partly = await send_ndjson(world.olga, lacking, partial=True)

    assert bad.status_code == 422
    assert errors[:3] == [(1, "/class_days"), (2, "/student_name"), (3, "/student_name")]
    assert partly.json()["items"][0]["outcome"] == "failed", "olga may not record consent"
    assert await classes(world) == []


async def test_ERASE_the_children_go_with_the_last_contact_and_notes_that_name_a_person_who_is_gone(
    world: World,
) -> None:
    shared = {
        **FAMILY,
        "contacts": [*FAMILY["contacts"], {"name": "Ben Rivera", "phone_records": [{"phone_number": BEN}]}],
    }
    family = await created(world, {**shared, "notes": "Call Ana, not Ben: 312 555 0142"})

    await erase(world, ANA)
    left = (await world.olga.get(f"{API}/families/{family['id']}")).json()
    await erase(world, BEN)
    gone = (await world.olga.get(f"{API}/families/{family['id']}")).json()

    assert [each["name"] for each in left["students"]] == ["Mia Rivera", "Leo Rivera"], "Ben's children too"
    assert left["notes"] is None
    assert (gone["name"], gone["students"], gone["tags"], gone["location"]) == ("Erased family", [], [], None)
    assert await found(world, "mia") == []
    after = await everything(world)
    assert "Mia" not in after, [line for line in after.splitlines() if "Mia" in line][:3]
