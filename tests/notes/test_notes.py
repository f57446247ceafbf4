"""NOTE: internal notes, their mentions, their earlier wordings, and what removing leaves."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.access.rules import Permission
from api.audit.rules import EntryCount
from api.audit_log import service as audit_log
from api.notes.rules import MAX_CHARACTERS, PER_AUTHOR
from api.retention.aging import retain
from tests.support.world import World

API = "/api/v1"
PARENT, OTHER = "+13125550101", "+13125550102"


@pytest.fixture
async def conversation_id(world: World) -> str:
    await world.family("Rivera", PARENT)
    await world.text(PARENT, "Is there class?")
    found: str = (await world.conversation(PARENT))["id"]
    return found


async def add(author: httpx.AsyncClient, conversation_id: str, body: str, **more: Any) -> dict[str, Any]:
    added = await author.post(f"{API}/conversations/{conversation_id}/notes", json={"body": body, **more})
    assert added.status_code == 201, added.text
    note: dict[str, Any] = added.json()
    return note


async def unread(person: httpx.AsyncClient) -> int:
    count: int = (await person.get(f"{API}/mentions/count")).json()["unread"]
    return count


async def thread_note(world: World, conversation_id: str) -> dict[str, Any]:
    items = (await world.daniel.get(f"{API}/conversations/{conversation_id}/thread")).json()["items"]
    (note,) = [each["note"] for each in items if each["kind"] == "note"]
    found: dict[str, Any] = note
    return found


async def test_NOTE_changes_neither_the_status_nor_the_place_in_the_inbox_and_is_never_sent(
    world: World, conversation_id: str
) -> None:
    before = await world.conversation(PARENT)
    # A person without Mass Text writes it, to a number that may not be texted.
    await world.text(PARENT, "STOP")
    stopped = await world.conversation(PARENT)
    note = await add(world.daniel, conversation_id, "She asked\nbefore")

    assert (note["author"]["name"], note["body"], note["edits"]) == ("Daniel", "She asked\nbefore", 0)
    assert await world.conversation(PARENT) == stopped
    assert before["id"] == stopped["id"]
    assert await thread_note(world, conversation_id) == note
    assert await world.claims() == []
    assert [each["body"] for each in await world.thread(conversation_id)] == ["Is there class?", "STOP"]


async def test_NOTE_editing_keeps_the_earlier_wording_and_only_the_author_edits(
    world: World, conversation_id: str
) -> None:
    note = await add(world.daniel, conversation_id, "First")
    path = f"{API}/notes/{note['id']}"
    for colleague in (world.maria, world.admin):
        refused = await colleague.patch(path, json={"body": "Mine"})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")

    assert (await world.daniel.patch(path, json={"body": "Second"})).json()["edits"] == 1
    assert (await world.daniel.patch(path, json={"body": "Second"})).json()["edits"] == 1
    assert (await world.daniel.patch(path, json={"body": "Third"})).json()["edits"] == 2

    shown = (await world.maria.get(path)).json()
    assert (shown["body"], [each["body"] for each in shown["versions"]]) == ("Third", ["First", "Second"])
    assert shown["versions"][0]["replaced_at"] == shown["versions"][1]["written_at"]
    assert (await world.actions(conversation_id)).count("note.edited") == 2


async def test_NOTE_removing_leaves_a_mark_and_the_text_only_in_the_administrators_log(
    world: World, conversation_id: str
) -> None:
    note = await add(world.daniel, conversation_id, "A secret")
    path = f"{API}/notes/{note['id']}"
    await world.daniel.patch(path, json={"body": "Another secret"})
    assert (await world.maria.delete(path)).status_code == 403

    removed = await world.admin.delete(path)

    assert removed.status_code == 200
    mark = await thread_note(world, conversation_id)
    assert (mark["body"], mark["removed"]["by"]["name"]) == ("", "Ada")
    assert (await world.admin.delete(path)).json() == removed.json()
    assert (await world.daniel.patch(path, json={"body": "Back"})).status_code == 409
    shown = (await world.admin.get(path)).text
    trail = (await world.daniel.get(f"{API}/conversations/{conversation_id}/audit-entries")).text
    found = (await world.daniel.get(f"{API}/notes/search", params={"q": "secret"})).json()
    assert "secret" not in shown + trail
    assert found["items"] == []
    log = (await world.admin.get(f"{API}/audit-entries", params={"conversation_id": conversation_id})).json()["items"]
    kept = {each["action"]: each["details"].get("wording_before") for each in log}
    assert (kept["note.edited"], kept["note.removed"]) == ("A secret", "Another secret")


async def test_NOTE_mentions_reach_the_colleague_until_they_are_read(world: World, conversation_id: str) -> None:
    daniel, maria = str(world.staff_ids["daniel"]), str(world.staff_ids["maria"])
    note = await add(world.maria, conversation_id, "@Daniel?", mentions=[daniel, maria, daniel])
    assert [each["staff_member_id"] for each in note["mentions"]] == [daniel, maria]
    assert (await unread(world.daniel), await unread(world.maria), await unread(world.admin)) == (1, 1, 0)
    (mention,) = (await world.daniel.get(f"{API}/mentions", params={"state": "unread"})).json()["items"]
    assert mention["note"] == note

    read = await world.daniel.post(f"{API}/mentions/read", json={"mention_ids": [mention["id"]]})
    others = await world.maria.post(f"{API}/mentions/read", json={"mention_ids": [mention["id"]]})
    assert (read.json(), others.json()) == ({"unread": 0}, {"unread": 1})
    assert (await world.maria.post(f"{API}/mentions/read", json={"conversation_id": conversation_id})).json() == {
        "unread": 0
    }

    path = f"{API}/notes/{note['id']}"
    ada = str(world.staff_ids["admin"])
    edited = (await world.maria.patch(path, json={"mentions": [ada, daniel]})).json()
    assert [each["name"] for each in edited["mentions"]] == ["Ada", "Daniel"]
    assert (await unread(world.admin), await unread(world.daniel), await unread(world.maria)) == (1, 0, 0)
    await world.maria.delete(path)
    assert (await unread(world.admin), (await world.daniel.get(f"{API}/mentions")).json()["items"]) == (0, [])


async def test_NOTE_only_living_staff_with_SMS_Logs_of_this_business_are_mentioned(
    world: World, conversation_id: str
) -> None:
    neighbour = await World.create(world.service)
    path = f"{API}/conversations/{conversation_id}/notes"
    for nobody in (world.staff_ids["noah"], world.staff_ids["olga"], neighbour.staff_ids["daniel"], uuid4()):
        refused = await world.maria.post(path, json={"body": "Hi", "mentions": [str(nobody)]})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/mentions/0")
    assert (await neighbour.admin.post(path, json={"body": "Hi"})).status_code == 404
    await world.admin.post(f"{API}/staff-members/{world.staff_ids['daniel']}/archive")
    archived = await world.maria.post(path, json={"body": "Hi", "mentions": [str(world.staff_ids["daniel"])]})
    assert archived.status_code == 422


async def test_NOTE_is_bounded_and_written_once(world: World, conversation_id: str) -> None:
    path = f"{API}/conversations/{conversation_id}/notes"
    for body in ("", " \n", "x" * (MAX_CHARACTERS + 1), "\x00"):
        assert (await world.daniel.post(path, json={"body": body})).status_code == 422
    crowd = [str(uuid4()) for _ in range(21)]
    assert (await world.daniel.post(path, json={"body": "Hi", "mentions": crowd})).status_code == 422
    key = {"Idempotency-Key": "once"}
    first, second = [await world.daniel.post(path, json={"body": "Once"}, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert (await world.daniel.post(path, json={"body": "Twice"}, headers=key)).status_code == 422
    for number in range(PER_AUTHOR - 1):
        await add(world.daniel, conversation_id, str(number))
    limited = await world.daniel.post(path, json={"body": "Too many"})
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "60")
    await add(world.maria, conversation_id, "Another author")


async def test_NOTE_is_searched_only_when_asked_for(world: World, conversation_id: str) -> None:
    await add(world.daniel, conversation_id, "Pays by cheque")
    await world.text(OTHER, "A cheque is in the post")
    other = (await world.conversation(OTHER))["id"]
    for number in range(3):
        await add(world.daniel, other, f"cheque {number}")

    messages = (await world.daniel.get(f"{API}/messages/search", params={"q": "cheque"})).json()["items"]
    assert [each["message"]["body"] for each in messages] == ["A cheque is in the post"]
    found: list[str] = []
    query: dict[str, Any] = {"q": "CHEQUE", "limit": 3}
    while True:
        answer = (await world.daniel.get(f"{API}/notes/search", params=query)).json()
        found += [each["snippet"]["text"] for each in answer["items"]]
        if answer["next_cursor"] is None:
            break
        query["cursor"] = answer["next_cursor"]
    assert found == ["cheque 2", "cheque 1", "cheque 0", "Pays by cheque"]
    here = await world.daniel.get(f"{API}/notes/search", params={"q": "cheq", "conversation_id": conversation_id})
    (hit,) = here.json()["items"]
    assert (hit["conversation"]["display_name"], hit["highlights"]) == ("Rivera family", [{"start": 8, "end": 14}])
    neighbour = await World.create(world.service)
    assert (await neighbour.admin.get(f"{API}/notes/search", params={"q": "cheque"})).json()["items"] == []


async def test_NOTE_an_integration_writes_one_and_has_no_mentions(world: World, conversation_id: str) -> None:
    key = await world.api_key(Permission.SMS_LOGS)
    note = await add(key, conversation_id, "From the portal")
    assert (note["author"]["kind"], note["author"]["name"]) == ("api_key", "Help desk")
    assert await unread(key) == 0


async def test_old_notes_become_marks_with_their_wordings(world: World, conversation_id: str) -> None:
    note = await add(world.daniel, conversation_id, "Old wording")
    await world.daniel.patch(f"{API}/notes/{note['id']}", json={"body": "Old text"})
    removed = await add(world.daniel, conversation_id, "Old and removed")
    await world.daniel.delete(f"{API}/notes/{removed['id']}")
    await world.rows("UPDATE notes SET created_at = created_at - make_interval(days => 31) RETURNING id")
    new = await add(world.daniel, conversation_id, "New")
    settings = world.service.settings.model_copy(update={"retain_texts_days": 30})

    await retain(world.service.database, world.organization_id, settings)

    shown = (await world.daniel.get(f"{API}/notes/{note['id']}")).json()
    assert (shown["body"], shown["versions"], shown["erased_at"] is None) == ("", [], False)
    assert (await world.daniel.get(f"{API}/notes/{new['id']}")).json()["body"] == "New"
    log = (await world.admin.get(f"{API}/audit-entries", params={"conversation_id": conversation_id})).text
    assert "Old" not in log
    whole = await audit_log.verify_log(world.service.database, world.organization_id)
    assert isinstance(whole, EntryCount), whole
    assert whole.erased == 2
