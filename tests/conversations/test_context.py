"""CONTEXT: what the directory knows of the people at a conversation's number."""

from typing import Any

from tests.support.world import World

API = "/api/v1"
ANA, BEN = "+13125550142", "+13125550143"


async def context(world: World, conversation_id: str) -> dict[str, Any]:
    response = await world.daniel.get(f"{API}/conversations/{conversation_id}/context")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def add_family(world: World, **fields: Any) -> dict[str, Any]:
    response = await world.admin.post(f"{API}/families", json=fields)
    assert response.status_code == 201, response.text
    family: dict[str, Any] = response.json()
    return family


def contact(name: str, number: str, state: str = "opted_in") -> dict[str, Any]:
    record = {"phone_number": number, "opt_in": {"state": state, "source": "portal"}}
    return {"name": name, "phone_records": [record]}


async def test_CONTEXT_shows_people_numbers_conversations_students_tags_notes_and_links(world: World) -> None:
    family = await add_family(
        world,
        name="Rivera family",
        external_id="F/1 é",
        contacts=[contact("Ana", ANA), contact("Ben", BEN, "opted_out")],
        students=[{"name": "Mia", "classes": [{"name": "Level 3", "weekdays": ["tuesday"]}]}],
        tags=["VIP"],
        location="North",
        notes="Pays on Fridays.",
    )
    links = [
        {"label": "Studio", "url_template": "https://studio.example/f/{external_id}"},
        {"label": "Calls", "url_template": "https://calls.example/{phone_number}"},
        {"label": "Staff file", "url_template": "https://hr.example/{staff_member_id}"},
    ]
    assert (
        await world.admin.put(f"{API}/organization/links", json={"links": links}, headers={"If-Match": "*"})
    ).status_code == 200
    await world.text(ANA, "Hello?")
    await world.text(BEN, "STOP")
    ana, ben = await world.conversation(ANA), await world.conversation(BEN)

    shown = await context(world, ana["id"])

    assert shown["more_records"] == 0
    assert shown["links"] == [{"label": "Calls", "url": "https://calls.example/%2B13125550142"}]
    (record,) = shown["records"]
    assert record["links"] == [{"label": "Studio", "url": "https://studio.example/f/F%2F1%20%C3%A9"}]
    for name in ("id", "name", "external_id", "archived", "location", "notes", "tags", "students"):
        assert record[name] == family[name], name
    numbers = [(person["name"], *person["phone_records"]) for person in record["people"]]
    assert [
        (name, number["phone_number"], number["opt_in"]["state"], number["stopped_at"] is not None)
        for name, number in numbers
    ] == [("Ana", ANA, "opted_in", False), ("Ben", BEN, "opted_out", True)]
    assert [(number["conversation"]["id"], number["conversation"]["status"]) for _, number in numbers] == [
        (ana["id"], "unread"),
        (ben["id"], "unread"),
    ]


async def test_CONTEXT_has_every_holder_living_first_and_is_bounded(world: World) -> None:
    gone = await world.family("Gone", ANA, archived=True)
    staff = await world.admin.post(
        f"{API}/staff-members",
        json={
            "name": "Jo Park",
            "email": "jo@gym.test",
            "permissions": [],
            "phone_records": [{"phone_number": ANA}],
            "tags": ["coach"],
        },
    )
    for index in range(10):
        await world.family(f"F{index}", ANA)
    await world.text(ANA, "Hello?")

    shown = await context(world, (await world.conversation(ANA))["id"])

    assert len(shown["records"]) == 10
    assert shown["more_records"] == 2
    assert all(not each["archived"] for each in shown["records"])
    assert gone["id"] not in {each["id"] for each in shown["records"]}
    assert staff.status_code == 201


async def test_CONTEXT_of_a_number_on_no_record_is_empty_and_of_another_business_does_not_exist(world: World) -> None:
    await world.text(ANA, "Hello?")
    conversation = await world.conversation(ANA)
    other = await World.create(world.service)

    assert await context(world, conversation["id"]) == {"records": [], "more_records": 0, "links": []}
    foreign = await other.admin.get(f"{API}/conversations/{conversation['id']}/context")
    assert foreign.status_code == 404
