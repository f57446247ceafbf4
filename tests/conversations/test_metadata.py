"""Metadata of conversations and messages (decision 0058)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.conversations.leaving import send_due
from api.delivery.holds import held_organizations
from tests.support.metadata import uses_the_index
from tests.support.world import World
from tests.test_changes import passed

API = "/api/v1"
PARENT, OTHER = "+13125550101", "+13125550102"
DATA = {"crm_id": "42", "source": "web"}


async def started(world: World, number: str = PARENT, **more: Any) -> httpx.Response:
    return await world.maria.post(f"{API}/conversations", json={"phone_number": number, **more})


async def sent(world: World, conversation_id: str, **more: Any) -> dict[str, Any]:
    response = await world.maria.post(f"{API}/conversations/{conversation_id}/messages", json={"body": "Hi", **more})
    assert response.status_code == 201, response.text
    message: dict[str, Any] = response.json()
    return message


async def test_a_conversation_has_metadata_from_its_start(world: World) -> None:
    await world.family("Rivera", PARENT)
    new = await started(world, metadata={**DATA, "none": None})
    again = await started(world, metadata={"crm_id": "43", "source": ""})
    plain = await started(world)

    assert [each.status_code for each in (new, again, plain)] == [201, 200, 200]
    assert new.json()["metadata"] == DATA
    assert again.json()["metadata"] == plain.json()["metadata"] == {"crm_id": "43"}
    assert again.json()["version"] > new.json()["version"]
    assert plain.json()["updated_at"] == again.json()["updated_at"] > new.json()["updated_at"]


async def test_a_conversations_metadata_changes_key_by_key(world: World) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    assert conversation["metadata"] == {}
    path = f"{API}/conversations/{conversation['id']}"

    given = await world.daniel.patch(path, json={"metadata": DATA})
    changed = await world.daniel.patch(path, json={"metadata": {"crm_id": None, "level": "3"}})
    same = await world.daniel.patch(path, json={"metadata": {"level": "3"}})

    assert given.json()["metadata"] == DATA
    assert changed.json()["metadata"] == {"source": "web", "level": "3"}
    assert same.json() == changed.json() == (await world.daniel.get(path)).json()
    assert given.json()["version"] < changed.json()["version"]
    assert given.json()["status"] == "unread", "Nobody has read it."
    (listed,) = (await world.daniel.get(f"{API}/conversations")).json()["items"]
    assert (listed["metadata"], listed["version"]) == (changed.json()["metadata"], changed.json()["version"])
    trail = (await world.daniel.get(f"{path}/audit-entries")).json()["items"]
    said = [each["details"] for each in trail if each["action"] == "conversation.metadata_changed"]
    assert sorted(said, key=str) == [{"keys": ["crm_id", "level"]}, {"keys": ["crm_id", "source"]}]
    thread = (await world.daniel.get(f"{path}/thread")).json()["items"]
    assert [each["kind"] for each in thread].count("message") == 1
    assert "metadata_changed" not in str(thread), "It is nothing to read."

    await world.text(PARENT, "Still there?")
    assert (await world.daniel.get(path)).json()["metadata"] == changed.json()["metadata"]
    assert (await world.daniel.patch(path, json={"metadata": None})).json()["metadata"] == {}


async def test_a_change_of_a_conversation_compares_with_if_match(world: World) -> None:
    await world.text(PARENT, "Hello?")
    path = f"{API}/conversations/{(await world.conversation(PARENT))['id']}"
    tag = (await world.maria.get(path)).headers["etag"]
    changed = await world.maria.patch(path, json={"metadata": DATA}, headers={"If-Match": tag})
    stale = await world.maria.patch(path, json={"metadata": {"a": "1"}}, headers={"If-Match": tag})
    assert (changed.status_code, stale.status_code) == (200, 412)
    assert stale.json()["current"]["metadata"] == DATA


async def test_a_message_has_metadata_wherever_it_is_shown(world: World) -> None:
    await world.family("Rivera", PARENT)
    first = await world.maria.post(
        f"{API}/messages", json={"phone_number": PARENT, "body": "Welcome to gymnastics", "metadata": DATA}
    )
    assert first.json()["metadata"] == DATA
    conversation_id, message_id = first.json()["conversation_id"], first.json()["id"]
    assert (await sent(world, conversation_id, metadata={"level": "3"}))["metadata"] == {"level": "3"}
    await world.text(PARENT, "Thanks")
    path = f"{API}/conversations/{conversation_id}"

    listed = (await world.daniel.get(f"{path}/messages")).json()["items"]
    assert [each["metadata"] for each in listed] == [DATA, {"level": "3"}, {}]
    thread = (await world.daniel.get(f"{path}/thread")).json()["items"]
    assert [each["message"]["metadata"] for each in thread if each["kind"] == "message"] == [DATA, {"level": "3"}, {}]
    assert (await world.daniel.get(f"{API}/messages/{message_id}")).json()["metadata"] == DATA
    (hit,) = (await world.daniel.get(f"{API}/messages/search", params={"q": "gymnastics"})).json()["items"]
    assert "'crm_id': '42'" in str(hit)


async def test_a_messages_metadata_changes_and_nothing_else_of_it(world: World) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)
    (before,) = (await world.maria.get(f"{API}/conversations/{conversation['id']}/messages")).json()["items"]
    path = f"{API}/messages/{before['id']}"

    given = await world.maria.patch(path, json={"metadata": DATA})
    changed = await world.maria.patch(path, json={"metadata": {"crm_id": "", "level": "3"}})
    refused = await world.maria.patch(path, json={"body": "Bye", "metadata": {"level": "4"}})

    assert given.status_code == 200, given.text
    assert given.json()["metadata"] == DATA
    assert changed.json()["metadata"] == {"source": "web", "level": "3"}
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    after = (await world.maria.get(path)).json()
    now = {"metadata": changed.json()["metadata"], "updated_at": changed.json()["updated_at"]}
    assert {name: after[name] for name in before} == {**before, **now}
    assert before["updated_at"] < given.json()["updated_at"] < changed.json()["updated_at"]
    trail = (await world.maria.get(f"{API}/conversations/{conversation['id']}/audit-entries")).json()["items"]
    said = [each for each in trail if each["action"] == "message.metadata_changed"]
    assert [each["message_id"] for each in said] == [before["id"]] * 2
    assert (await world.conversation(PARENT))["version"] > conversation["version"]


async def test_too_many_keys_of_a_conversation_or_a_message_are_refused(world: World) -> None:
    await world.family("Rivera", PARENT)
    full = {f"key{number}": "1" for number in range(50)}
    conversation_id = (await started(world, metadata=full)).json()["id"]
    message = await sent(world, conversation_id, metadata=full)
    for path in (f"conversations/{conversation_id}", f"messages/{message['id']}"):
        refused = await world.maria.patch(f"{API}/{path}", json={"metadata": {"more": "1"}})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/metadata")
    again = await started(world, metadata={"more": "1"})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/metadata")
    bad = await world.maria.post(
        f"{API}/conversations/{conversation_id}/messages", json={"body": "A", "metadata": {"[": "1"}}
    )
    assert bad.status_code == 422


async def test_a_scheduled_text_keeps_its_metadata_until_it_is_the_message(world: World) -> None:
    await world.family("Rivera", PARENT)
    conversation_id = (await started(world)).json()["id"]
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    scheduled = await sent(world, conversation_id, send_at=soon, metadata=DATA)
    path = f"{API}/messages/{scheduled['id']}"
    assert scheduled["metadata"] == DATA

    described = await world.admin.patch(path, json={"metadata": {"level": "3"}})
    assert described.json()["metadata"] == {**DATA, "level": "3"}
    assert described.json()["scheduled_by"]["name"] == scheduled["scheduled_by"]["name"], "It is still Maria's."
    changed = await world.maria.patch(path, json={"body": "Later", "metadata": {"source": None}})
    assert changed.json()["metadata"] == {"crm_id": "42", "level": "3"}

    await world.rows(
        "UPDATE scheduled_texts SET send_at = now() - interval '1 second', due_at = now() - interval '1 second'"
        " RETURNING id"
    )
    await send_due(world.service.database, held_organizations)
    message = (await world.maria.get(path)).json()
    assert (message["body"], message["status"]) == ("Later", "queued")
    assert message["metadata"] == changed.json()["metadata"]


async def test_conversations_and_messages_are_found_by_their_metadata(world: World) -> None:
    for name, number in (("Rivera", PARENT), ("Okafor", OTHER)):
        await world.family(name, number)
    one = (await started(world, PARENT, metadata=DATA)).json()["id"]
    two = (await started(world, OTHER, metadata={"source": "web"})).json()["id"]
    first = (await sent(world, one, metadata=DATA))["id"]
    second = (await sent(world, two, metadata=DATA))["id"]
    await sent(world, one)
    other = await World.create(world.service)
    await other.family("Rivera", PARENT)
    await sent(other, (await started(other, metadata=DATA)).json()["id"], metadata=DATA)

    async def found(query: str) -> list[str]:
        response = await world.daniel.get(f"{API}/{query}")
        assert response.status_code == 200, response.text
        return [each["id"] for each in response.json()["items"]]

    assert await found("conversations?metadata=crm_id:42") == [one]
    assert set(await found("conversations?metadata[source]=web")) == {one, two}
    assert await found("conversations?metadata[source]=web&status=open&phone_number=%2B13125550102") == [two]
    assert await found("conversations?metadata=source:web&metadata=crm_id:43") == []
    assert {each["id"] for each in await passed(world.daniel, "conversations", metadata="source:web")} == {one, two}
    assert [each["id"] for each in await passed(world.daniel, "messages", metadata="crm_id:42")] == [first, second]
    assert await found(f"messages?metadata[crm_id]=42&conversation_id={two}") == [second]
    assert await found("messages?metadata[crm_id]=43") == []


@pytest.mark.parametrize("table", ["conversations", "messages"])
async def test_the_filter_is_answered_by_an_index(world: World, table: str) -> None:
    numbers = (
        "INSERT INTO phone_numbers (organization_id, id, number) SELECT :id, gen_random_uuid(), '+1415' || n"
        " FROM generate_series(5550000, 5553999) n RETURNING id"
    )
    conversations = (
        "INSERT INTO conversations (organization_id, id, line_id, phone_number_id, status, metadata)"
        " SELECT :id, gen_random_uuid(), :line, id, 'closed',"
        " jsonb_build_object('crm_id', (row_number() OVER ())::text)"
        " FROM phone_numbers RETURNING id"
    )
    messages = (
        "INSERT INTO messages (organization_id, id, conversation_id, line_id, seq, direction, body, status, segments,"
        " encoding, search, metadata) SELECT :id, gen_random_uuid(), id, :line, 1, 'inbound', '', 'received', 1,"
        " 'GSM-7', '', metadata FROM conversations RETURNING id"
    )
    await world.rows(numbers, id=world.organization_id)
    for statement in (conversations, messages):
        await world.rows(statement, id=world.organization_id, line=world.line_id)
    async with uses_the_index(world.service, table):
        response = await world.maria.get(f"{API}/{table}?metadata=crm_id:77")
    assert len(response.json()["items"]) == 1
