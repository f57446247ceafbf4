"""Files of scheduled texts (LATER): they stay until the text leaves, and go with it."""

from typing import Any
from uuid import uuid4

from api.media import uploads
from api.retention import stages
from tests.conversations.test_scheduled import after, make_due, schedule, waiting, work
from tests.support.media import CONTACT, upload
from tests.support.pictures import drawing
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


async def attached(world: World, content: bytes = CONTACT) -> str:
    answer = await upload(world.maria, content)
    assert answer.status_code == 201, answer.text
    upload_id: str = answer.json()["id"]
    return upload_id


def ids_of(text: dict[str, Any]) -> list[str]:
    return [each["id"] for each in text["files"]]


async def age_uploads(world: World) -> None:
    """Two days go by. Then what has expired is deleted."""
    await world.rows("UPDATE uploads SET expires_at = expires_at - interval '2 days' RETURNING id")
    while await uploads.delete_expired(world.service.database):
        pass


async def test_LATER_files_outlive_their_day_are_seen_by_colleagues_and_leave_with_the_text(
    world: World, path: str
) -> None:
    files = [await attached(world, drawing()), await attached(world)]
    text = await schedule(world, path, body="", attachments=files)
    assert ids_of(text) == files
    # Nothing else takes or deletes them.
    assert (await world.maria.delete(f"{API}/media/{files[0]}")).status_code == 404
    taken = await world.maria.post(path, json={"body": "Hi", "attachments": files[:1]})
    assert taken.status_code == 422, taken.text
    await age_uploads(world)
    assert await waiting(world, path) == [text]
    url = text["files"][1]["url"]
    assert (await world.daniel.get(url)).content == CONTACT
    neighbour = await World.create(world.service)
    assert (await neighbour.admin.get(url)).status_code == 404

    await make_due(world)
    await work(world)

    message = (await world.thread(text["conversation_id"]))[-1]
    assert (message["id"], [each["url"] for each in message["media"]]) == (
        text["id"],
        [each["url"] for each in text["files"]],
    )
    assert (await world.daniel.get(url)).content == CONTACT
    assert await world.rows("SELECT 1 FROM uploads") == []


async def test_LATER_a_held_back_text_keeps_its_files_and_a_colleague_sends_them(world: World, path: str) -> None:
    text = await schedule(world, path, attachments=[await attached(world)])
    await world.text(PARENT, "Wait, which class?")
    await make_due(world)
    await work(world)
    (held,) = await waiting(world, path)
    assert (held["status"], ids_of(held)) == ("held", ids_of(text))
    await age_uploads(world)
    sent = await world.admin.post(f"{API}/messages/{text['id']}/send", json={})
    assert sent.status_code == 201, sent.text
    assert [each["id"] for each in sent.json()["media"]] == ids_of(text)


async def test_LATER_files_are_changed_with_the_text_and_freed_when_it_is_withdrawn(world: World, path: str) -> None:
    first, second = [await attached(world), await attached(world, drawing())]
    text = await schedule(world, path, attachments=[first])
    address = f"{API}/messages/{text['id']}"
    kept = await world.maria.patch(address, json={"body": "Class is off"})
    assert ids_of(kept.json()) == [first]
    both = await world.maria.patch(address, json={"attachments": [second, first]})
    assert (both.status_code, ids_of(both.json())) == (200, [second, first])
    wrong = await world.maria.patch(address, json={"attachments": [first, str(uuid4())]})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/attachments/1")
    assert ids_of((await waiting(world, path))[0]) == [second, first]
    left = await world.maria.patch(address, json={"attachments": [second]})
    assert ids_of(left.json()) == [second]
    assert (await world.maria.get(f"{API}/media/{first}")).status_code == 200
    empty = await world.maria.patch(address, json={"attachments": [], "body": ""})
    assert empty.status_code == 422

    assert (await world.admin.delete(address)).status_code == 204
    # Whoever withdrew it can schedule it again as it was.
    again = await world.admin.post(
        path, json={"body": text["body"], "send_at": after(hours=1), "attachments": [second]}
    )
    assert (again.status_code, ids_of(again.json())) == (201, [second])
    assert (await world.admin.delete(f"{API}/messages/{again.json()['id']}")).status_code == 204
    await age_uploads(world)
    assert await world.rows("SELECT 1 FROM uploads") == []


async def test_LATER_files_are_bounded_as_those_of_a_text_that_goes_at_once(world: World, path: str) -> None:
    text = {"body": "", "send_at": after(hours=1)}
    many = [await attached(world) for _ in range(11)]
    assert (await world.maria.post(path, json={**text, "attachments": many})).status_code == 422
    twice = await world.maria.post(path, json={**text, "attachments": many[:1] * 2})
    assert twice.status_code == 422
    others = await world.admin.post(path, json={**text, "attachments": many[:1]})
    assert (others.status_code, others.json()["errors"][0]["pointer"]) == (422, "/attachments/0")


async def test_ERASE_deletes_the_files_of_scheduled_texts(world: World, path: str) -> None:
    await schedule(world, path, attachments=[await attached(world)])
    erased = await world.admin.post(f"{API}/phone-numbers/{PARENT}/erase", json={"reason": "She asked for it"})
    assert erased.status_code == 200, erased.text
    while await stages.work_off(world.service.database):
        pass
    assert await world.rows("SELECT 1 FROM uploads UNION ALL SELECT 1 FROM scheduled_texts") == []
