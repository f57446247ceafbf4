"""TO-NAME: the first text to a number is a text like any other: with files, saved replies and the line's limits."""

from uuid import uuid4

from tests.conversations.test_recipients import ROSA, STRANGER, family, recipients
from tests.support.media import CONTACT, upload
from tests.support.pictures import drawing
from tests.support.world import World

API = "/api/v1"


async def test_TO_NAME_the_first_text_takes_files_and_a_refused_one_keeps_them(world: World) -> None:
    await family(world, "Castillo family", {"Rosa Castillo": ROSA})
    ids = [(await upload(world.maria, each)).json()["id"] for each in (CONTACT, drawing())]
    body = {"body": "", "attachments": ids}
    refused = await world.maria.post(f"{API}/messages", json={"phone_number": STRANGER, **body})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-allowed-to-text")
    assert (await world.maria.get(f"{API}/media/{ids[0]}")).status_code == 200
    key = {"Idempotency-Key": str(uuid4())}
    first, again = [
        await world.maria.post(f"{API}/messages", json={"phone_number": ROSA, **body}, headers=key) for _ in range(2)
    ]
    assert first.status_code == 201, first.text
    assert first.json() == again.json()
    assert [each["id"] for each in first.json()["media"]] == ids
    assert (await world.conversation(ROSA))["last_message"]["preview"] == "2 pictures"
    assert (await world.daniel.get(first.json()["media"][0]["url"])).content == CONTACT


async def test_TO_NAME_a_recipient_carries_the_limits_and_the_notice_of_its_line(world: World) -> None:
    await family(world, "Castillo family", {"Rosa Castillo": ROSA})
    (rosa,) = await recipients(world, "Rosa")
    await world.maria.post(f"{API}/messages", json={"phone_number": ROSA, "body": "Hi"})
    conversation = await world.conversation(ROSA)
    detail = (await world.maria.get(f"{API}/conversations/{conversation['id']}")).json()
    for limit in ("max_segments", "max_attachments", "max_attachment_bytes", "notice"):
        assert rosa[limit] == detail[limit], limit


async def test_SAVED_a_reply_is_filled_in_for_a_number_without_a_conversation(world: World) -> None:
    await family(world, "Castillo family", {"Rosa Castillo": ROSA})
    reply = await world.admin.post(
        f"{API}/saved-replies",
        json={"title": "Welcome", "body": "Hi {first_name} of the {family}", "scope": "organization"},
    )
    fill = f"{API}/saved-replies/{reply.json()['id']}/fill"
    known = await world.maria.post(fill, json={"phone_number": ROSA})
    assert known.json() == {"body": "Hi Rosa of the Castillo family", "missing": []}
    unknown = await world.maria.post(fill, json={"phone_number": "(312) 555-0177"})
    assert unknown.json() == {"body": "Hi {first_name} of the {family}", "missing": ["first_name", "family"]}
    for wrong in ({}, {"phone_number": ROSA, "conversation_id": str(uuid4())}, {"phone_number": "Rosa"}):
        assert (await world.maria.post(fill, json=wrong)).status_code == 422, wrong
