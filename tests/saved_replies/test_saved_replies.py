"""SAVED: replies of the business and of a person, with fields that are filled in for a conversation."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.saved_replies.rules import Person, ReplyField, fill, listed, unknown_fields, values_of
from tests.support.world import World

API = "/api/v1"
ANA, BEN = "+13125550142", "+13125550143"


async def save(
    client: httpx.AsyncClient, title: str, body: str = "We open at 3.", scope: str = "own"
) -> dict[str, Any]:
    response = await client.post(f"{API}/saved-replies", json={"title": title, "body": body, "scope": scope})
    assert response.status_code == 201, response.text
    reply: dict[str, Any] = response.json()
    return reply


async def titles(client: httpx.AsyncClient, **params: str) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(f"{API}/saved-replies", params={**params, **cursor})).json()
        found += [each["title"] for each in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def filled(world: World, reply: dict[str, Any], number: str) -> tuple[str, list[str]]:
    conversation = await world.conversation(number)
    response = await world.maria.post(
        f"{API}/saved-replies/{reply['id']}/fill", json={"conversation_id": conversation["id"]}
    )
    assert response.status_code == 200, response.text
    return response.json()["body"], response.json()["missing"]


async def test_SAVED_everybody_sees_the_businesss_and_their_own_and_no_colleagues(world: World) -> None:
    await save(world.admin, "Hours", scope="organization")
    own = await save(world.maria, "Late")
    shared = await save(world.admin, "Snow", "Closed for snow, {first_name}.", scope="organization")

    assert await titles(world.maria) == ["Hours", "Late", "Snow"]
    assert await titles(world.daniel) == ["Hours", "Snow"]
    assert await titles(world.maria, q="SNÓW closed") == ["Snow"]
    assert await titles(world.maria, limit="1") == ["Hours", "Late", "Snow"]
    for client, reply, status in ((world.daniel, own, 404), (world.maria, shared, 403), (world.maria, own, 200)):
        changed = await client.patch(f"{API}/saved-replies/{reply['id']}", json={"body": "Another"})
        assert changed.status_code == status, changed.text
    assert (await world.daniel.delete(f"{API}/saved-replies/{own['id']}")).status_code == 404
    assert (await world.maria.delete(f"{API}/saved-replies/{own['id']}")).status_code == 204
    refused = await world.maria.post(f"{API}/saved-replies", json={"title": "X", "body": "Y", "scope": "organization"})
    assert (refused.status_code, refused.json()["permission"]) == (403, "administration")


async def test_SAVED_a_title_is_there_once_and_an_unknown_field_is_refused(world: World) -> None:
    await save(world.maria, "Hours")
    await save(world.daniel, "hours")
    await save(world.admin, "Hours", scope="organization")
    again = await world.maria.post(f"{API}/saved-replies", json={"title": "HOURS", "body": "x", "scope": "own"})
    unknown = await world.maria.post(
        f"{API}/saved-replies", json={"title": "New", "body": "Dear {firstname}", "scope": "own"}
    )

    other = await save(world.maria, "Late")
    renamed = await world.maria.patch(f"{API}/saved-replies/{other['id']}", json={"title": "hours"})

    assert again.status_code == 409
    assert (renamed.status_code, renamed.json()["existing_id"]) == (409, again.json()["existing_id"])
    assert unknown.status_code == 422
    assert "{firstname}" in unknown.json()["errors"][0]["detail"]


async def test_SAVED_fields_are_filled_in_from_the_record_and_the_most_used_comes_first(world: World) -> None:
    contacts = [{"name": "Ana Rivera", "phone_records": [{"phone_number": ANA}]}]
    students = [{"name": "Mia Rivera", "classes": [{"name": "Level 3"}]}, {"name": "Leo Rivera"}]
    family = {"name": "Rivera family", "contacts": contacts, "students": students}
    assert (await world.admin.post(f"{API}/families", json=family)).status_code == 201
    await world.text(ANA, "Hello?")
    await save(world.maria, "A first by name")
    body = "Hi {first_name} of the {family}: {student_first_names} in {class}. {my_name}, {business} :-}"
    reply = await save(world.maria, "Welcome", body)
    me = (await world.maria.get(f"{API}/me")).json()

    text, missing = await filled(world, reply, ANA)

    my_name = me["staff_member"]["name"].split()[0]
    business = me["organization"]["name"]
    assert missing == []
    assert text == f"Hi Ana of the Rivera family: Mia and Leo in Level 3. {my_name}, {business} :-}}"
    assert await titles(world.maria) == ["Welcome", "A first by name"]


async def test_SAVED_a_field_without_a_value_is_named_and_stays_in_the_text(world: World) -> None:
    await world.text(ANA, "Hello?")
    reply = await save(world.maria, "Welcome", "Hi {first_name}, see you in {class}, {first_name}.")

    assert await filled(world, reply, ANA) == (
        "Hi {first_name}, see you in {class}, {first_name}.",
        ["first_name", "class"],
    )


async def test_SAVED_PERM_TENANT_another_businesss_conversation_or_reply_does_not_exist(world: World) -> None:
    await world.text(ANA, "Hello?")
    conversation = await world.conversation(ANA)
    other = await World.create(world.service)
    theirs, ours = await save(other.maria, "Welcome"), await save(world.maria, "Welcome")

    for reply, client in ((theirs, world.maria), (ours, other.maria), (theirs, other.maria)):
        answer = await client.post(
            f"{API}/saved-replies/{reply['id']}/fill", json={"conversation_id": conversation["id"]}
        )
        assert answer.status_code == 404


# Rules.

PEOPLE = [
    ([], {}),
    (
        [Person("Ana Rivera", "Rivera", ["Mia R"], ["Level 3"])],
        {"first_name": "Ana", "family": "Rivera", "student_first_names": "Mia", "class": "Level 3"},
    ),
    ([Person("Jo Park", None)], {"first_name": "Jo"}),
    (
        [Person("Ana Rivera", "Rivera", ["Mia"], ["A"]), Person("Ana Chen", "Chen", ["Leo"], ["A"])],
        {"first_name": "Ana"},
    ),
    ([Person("Ana", "Rivera"), Person("Ben", "Rivera")], {"family": "Rivera"}),
    (
        [Person("Ana", "Rivera", ["Mia"], ["A", "B"])],
        {"first_name": "Ana", "family": "Rivera", "student_first_names": "Mia"},
    ),
]


@pytest.mark.parametrize(("people", "values"), PEOPLE)
def test_SAVED_a_value_on_which_the_records_disagree_is_missing(people: list[Person], values: dict[str, str]) -> None:
    found = values_of(people, business="Gym", my_name=None)
    assert {name: value for name, value in found.items() if value is not None} == {"business": "Gym", **values}


def test_names_are_listed_as_people_say_them() -> None:
    assert [listed(names) for names in (["Mia"], ["Mia", "Leo"], ["Mia", "Leo", "Ada"])] == [
        "Mia",
        "Mia and Leo",
        "Mia, Leo and Ada",
    ]


@given(st.text(), st.dictionaries(st.sampled_from(ReplyField), st.text(min_size=1) | st.none()))
def test_SAVED_filling_never_fails_and_names_exactly_what_is_missing(
    body: str, values: dict[ReplyField, str | None]
) -> None:
    text = body + "".join(f"{{{each}}}" for each in ReplyField)
    result = fill(text, values)
    assert set(result.missing) == {each for each in ReplyField if not values.get(each)}
    assert all(f"{{{each}}}" in result.body for each in result.missing)


def test_SAVED_a_value_with_braces_is_no_field() -> None:
    assert fill("Hi {first_name}", {ReplyField.FIRST_NAME: "{class}"}).body == "Hi {class}"
    assert unknown_fields("{first_name} {x} {} {1} { a } :-}") == ["x"]
