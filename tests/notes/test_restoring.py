"""NOTE: undoing the removal of a note brings back the same note."""

from api.audit.rules import EntryCount
from api.audit_log import service as audit_log
from api.retention import stages
from tests.notes.test_notes import API, OTHER, PARENT, add, conversation_id, thread_note, unread
from tests.support.world import World

__all__ = ["conversation_id"]


async def test_NOTE_undo_restores_the_same_note_with_its_place_wordings_and_mentions(
    world: World, conversation_id: str
) -> None:
    daniel = str(world.staff_ids["daniel"])
    note = await add(world.maria, conversation_id, "First @Daniel", mentions=[daniel])
    path = f"{API}/notes/{note['id']}"
    for body in ("Second @Daniel", "Third @Daniel"):
        assert (await world.maria.patch(path, json={"body": body})).status_code == 200
    before = (await world.daniel.get(path)).json()
    thread = (await world.daniel.get(f"{API}/conversations/{conversation_id}/thread")).json()["items"]
    await world.text(PARENT, "And tomorrow?")
    for _ in range(2):
        assert (await world.maria.delete(path)).json()["body"] == ""
        assert await unread(world.daniel) == 0
        restored = await world.maria.post(f"{path}/restore")
        assert restored.status_code == 200, restored.text
    assert (await world.maria.post(f"{path}/restore")).json() == restored.json()
    after_all = (await world.daniel.get(path)).json()
    assert after_all == {**before, "updated_at": after_all["updated_at"]}
    assert await thread_note(world, conversation_id) == restored.json()
    after = (await world.daniel.get(f"{API}/conversations/{conversation_id}/thread")).json()["items"]
    assert [each["position"] for each in after][: len(thread)] == [each["position"] for each in thread]
    assert await unread(world.daniel) == 1
    found = await world.daniel.get(f"{API}/notes/search", params={"q": "third"})
    assert [each["note"]["id"] for each in found.json()["items"]] == [note["id"]]
    assert isinstance(await audit_log.verify_log(world.service.database, world.organization_id), EntryCount)


async def test_NOTE_a_mention_that_was_read_stays_read_and_nobody_is_told_again(
    world: World, conversation_id: str
) -> None:
    note = await add(world.maria, conversation_id, "@Daniel", mentions=[str(world.staff_ids["daniel"])])
    await world.daniel.post(f"{API}/mentions/read", json={"conversation_id": conversation_id})
    notices = await world.rows("SELECT id FROM notices")
    await world.maria.delete(f"{API}/notes/{note['id']}")
    restored = await world.maria.post(f"{API}/notes/{note['id']}/restore")
    assert [each["name"] for each in restored.json()["mentions"]] == ["Daniel"]
    assert await unread(world.daniel) == 0
    assert await world.rows("SELECT id FROM notices") == notices


async def test_NOTE_only_who_removed_it_restores_it_for_an_hour_and_not_once_it_is_erased(
    world: World, conversation_id: str
) -> None:
    await world.text(OTHER, "Hello?")
    note, other = [
        await add(world.maria, each, "Call first")
        for each in (conversation_id, (await world.conversation(OTHER))["id"])
    ]
    path = f"{API}/notes/{note['id']}/restore"
    assert (await world.admin.delete(f"{API}/notes/{note['id']}")).status_code == 200
    assert (await world.maria.post(path)).status_code == 403
    await world.rows("UPDATE notes SET removed_at = removed_at - interval '61 minutes' RETURNING id")
    assert (await world.admin.post(path)).status_code == 409
    assert (await world.maria.delete(f"{API}/notes/{other['id']}")).status_code == 200
    erased = await world.admin.post(f"{API}/phone-numbers/{OTHER}/erase", json={"reason": "Asked."})
    assert erased.status_code == 200, erased.text
    while await stages.work_off(world.service.database):
        pass
    gone = await world.maria.post(f"{API}/notes/{other['id']}/restore")
    assert gone.status_code in {404, 409}, gone.text
