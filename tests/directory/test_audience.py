"""MASS-WHO: one filter for the lists of families and staff and for audiences, and what classes and locations count."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from api.directory.audience import ids_in_audience
from api.directory.rules import OwnerKind
from api.directory.types import AudienceFilter
from tests.support.world import World

API = "/api/v1"
LEVEL_3 = {"name": "Level 3", "weekdays": ["tuesday"], "time": "17:30", "location": "North studio"}
BALLET = {"name": "Ballet", "weekdays": ["saturday"], "location": "South"}


async def family(world: World, name: str, *classes: dict[str, Any], **fields: Any) -> str:
    students = [{"name": f"Child of {name}", "classes": list(classes)}]
    body = {"name": name, "contacts": [], "students": students, **fields}
    response = await world.olga.post(f"{API}/families", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def items(world: World, path: str, **params: Any) -> list[dict[str, Any]]:
    response = await world.olga.get(f"{API}/{path}", params=params)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def audience(world: World, kind: OwnerKind, given: AudienceFilter) -> set[str]:
    async with world.service.database.transaction() as session:
        ids = await ids_in_audience(session, world.organization_id, kind, given)
        return {str(each) for each in await session.scalars(select(ids.subquery().c.id))}


@pytest.fixture
async def filled(world: World) -> World:
    """Rivera is of the north and in its class. Okafor lives in the south and comes to that class. Ito is neither's."""
    await family(world, "Rivera", LEVEL_3, location="north Studio", tags=["Team"])
    await family(world, "Okafor", LEVEL_3, BALLET, location="South", tags=["team", "VIP"])
    await family(world, "Ito")
    left = await family(world, "Left", LEVEL_3, location="North studio", tags=["VIP"])
    assert (await world.olga.post(f"{API}/families/{left}/archive")).status_code == 200
    jo = {"name": "Jo", "email": "jo@gym.test", "permissions": [], "location": "North studio", "tags": ["team"]}
    assert (await world.admin.post(f"{API}/staff-members", json=jo)).status_code == 201
    return world


async def test_MASS_WHO_a_list_and_an_audience_of_one_filter_are_the_same_records(filled: World) -> None:
    level_3 = next(each["id"] for each in await items(filled, "classes", q="level"))
    expected: list[tuple[AudienceFilter, list[str], list[str]]] = [
        (AudienceFilter(location="NORTH studio"), ["Okafor", "Rivera"], ["Jo"]),
        (AudienceFilter(location="south"), ["Okafor"], []),
        (AudienceFilter(location="West"), [], []),
        (AudienceFilter(location="north studio", tag="vip"), ["Okafor"], []),
        (AudienceFilter(tag="TEAM"), ["Okafor", "Rivera"], ["Jo"]),
        (AudienceFilter(q="child rivera"), ["Rivera"], []),
        (AudienceFilter(q="child", location="South"), ["Okafor"], []),
        (AudienceFilter(q="%"), [], []),
        (AudienceFilter(archived=True, location="North studio"), ["Left"], []),
        (AudienceFilter(class_id=UUID(level_3)), ["Okafor", "Rivera"], []),
        (AudienceFilter(class_id=UUID(level_3), archived=True), ["Left"], []),
    ]
    for given, families, staff in expected:
        params = given.model_dump(mode="json", exclude_defaults=True)
        listed = await items(filled, "families", **params)
        assert [each["name"] for each in listed] == families, given
        assert await audience(filled, OwnerKind.FAMILY, given) == {each["id"] for each in listed}, given
        listed = [] if given.class_id else await items(filled, "staff-members", **params)
        assert [each["name"] for each in listed] == staff, given
        assert await audience(filled, OwnerKind.STAFF_MEMBER, given) == {each["id"] for each in listed}, given
    everybody = await audience(filled, OwnerKind.FAMILY, AudienceFilter())
    assert everybody == {each["id"] for each in await items(filled, "families")}


def test_a_filter_is_refused_if_it_says_what_no_list_knows() -> None:
    for wrong in ({"tags": "x"}, {"location": ""}, {"q": "x" * 101}, {"tag": "a\nb"}):
        with pytest.raises(ValidationError):
            AudienceFilter.model_validate(wrong)


async def test_PERM_TENANT_an_audience_has_nobody_of_another_business(filled: World) -> None:
    other_world = await World.create(filled.service)
    class_id = UUID((await items(filled, "classes", q="level"))[0]["id"])
    for given in (AudienceFilter(location="South"), AudienceFilter(tag="team"), AudienceFilter(class_id=class_id)):
        assert await audience(other_world, OwnerKind.FAMILY, given) == set(), given
    assert (await other_world.admin.get(f"{API}/classes/{class_id}")).status_code == 404


async def test_classes_tags_and_locations_count_the_living(filled: World) -> None:
    ballet, level_3 = await items(filled, "classes")
    assert [(each["name"], each["students"], each["families"]) for each in (ballet, level_3)] == [
        ("Ballet", 1, 1),
        ("Level 3", 2, 2),
    ]
    assert (await filled.olga.get(f"{API}/classes/{level_3['id']}")).json() == level_3
    assert await items(filled, "classes", weekday="tuesday") == [level_3]
    assert await items(filled, "classes", location="SOUTH") == [ballet]
    assert await items(filled, "classes", location="South", weekday="tuesday") == []
    assert await items(filled, "locations") == [
        {"name": "North studio", "families": 2, "staff_members": 1, "classes": 1},
        {"name": "South", "families": 1, "staff_members": 0, "classes": 1},
    ]
    assert await items(filled, "tags") == [
        {"name": "Team", "families": 2, "staff_members": 1},
        {"name": "VIP", "families": 1, "staff_members": 0},
    ]


async def test_pages_of_locations_lead_on(filled: World) -> None:
    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        response = (await filled.olga.get(f"{API}/locations", params={"limit": "1", **cursor})).json()
        names += [each["name"] for each in response["items"]]
        if response["next_cursor"] is None:
            break
        cursor = {"cursor": response["next_cursor"]}
    assert names == ["North studio", "South"]
