"""The audit log: which entries each change leaves."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.access.payloads import new_line, new_person
from tests.audit.verifying import API, PARENT, verified
from tests.support.business import PASSWORD
from tests.support.world import World

# R10: every mutating route leaves exactly its entries.


Requests = Callable[[World, dict[str, Any]], Awaitable[None]]


async def request(world: World, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    response = await world.admin.request(method, f"{API}{path}", json=body)
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json() if response.content else {}
    return answer


async def _view_twice(world: World, c: dict[str, Any]) -> None:
    viewer = uuid4()
    await world.view(c["id"], 1, viewer_id=viewer)
    await world.view(c["id"], 1, viewer_id=viewer)


async def _view_closed(world: World, c: dict[str, Any]) -> None:
    await request(world, "POST", f"/conversations/{c['id']}/close", {"seen_seq": 1})
    await world.view(c["id"], 1)


async def _close_twice(world: World, c: dict[str, Any]) -> None:
    for _ in range(2):
        await request(world, "POST", f"/conversations/{c['id']}/close", {"seen_seq": 1})


async def _close_and_reopen(world: World, c: dict[str, Any]) -> None:
    await request(world, "POST", f"/conversations/{c['id']}/close", {"seen_seq": 1})
    for _ in range(2):
        await request(world, "POST", f"/conversations/{c['id']}/reopen")


async def _reply(world: World, c: dict[str, Any]) -> None:
    for _ in range(2):
        await request(world, "POST", f"/conversations/{c['id']}/messages", {"body": "Yes"})


async def _reply_and_close(world: World, c: dict[str, Any]) -> None:
    await request(world, "POST", f"/conversations/{c['id']}/messages", {"body": "Yes", "close": True})


async def _retry(world: World, c: dict[str, Any]) -> None:
    sent = await request(world, "POST", f"/conversations/{c['id']}/messages", {"body": "Yes"})
    await world.settle_as(sent["id"], "failed")
    await request(world, "POST", f"/messages/{sent['id']}/retry")


async def _texts(world: World, _c: dict[str, Any]) -> None:
    await world.text(PARENT, "Still there?")
    await world.text("+13125550102", "New here")
    await world.text("+13125550102", "And again")


async def _stop_and_start(world: World, _c: dict[str, Any]) -> None:
    for word in ("STOP", "STOP", "YES", "START", "START"):
        await world.text(PARENT, word)


async def _start_conversation(world: World, _c: dict[str, Any]) -> None:
    await world.family("Okafor", "+13125550103")
    for _ in range(2):
        await request(world, "POST", "/conversations", {"phone_number": "+13125550103"})


async def _opt_in(world: World, _c: dict[str, Any]) -> None:
    family = (await request(world, "GET", "/families"))["items"][0]
    record = family["contacts"][0]["phone_records"][0]["id"]
    await request(world, "PUT", f"/phone-records/{record}/opt-in", {"state": "opted_out", "source": "verbal"})


async def _family(world: World, _c: dict[str, Any]) -> None:
    records = [
        {"phone_number": "+13125550104", "opt_in": {"state": "opted_in", "source": "portal"}},
        {"phone_number": "+13125550105"},
    ]
    family = await request(
        world, "POST", "/families", {"name": "Chen", "contacts": [{"name": "Li", "phone_records": records}]}
    )
    await request(world, "PATCH", f"/families/{family['id']}", {"name": "Chen-Li"})
    await request(world, "PATCH", f"/families/{family['id']}", {"name": "Chen-Li"})
    for _ in range(2):
        await request(world, "POST", f"/families/{family['id']}/archive")


async def _staff_member(world: World, _c: dict[str, Any]) -> None:
    person = await request(world, "POST", "/staff-members", new_person())
    await request(world, "PATCH", f"/staff-members/{person['id']}", {"permissions": ["sms_logs"]})
    for _ in range(2):
        await request(world, "POST", f"/staff-members/{person['id']}/archive")


async def _line(world: World, _c: dict[str, Any]) -> None:
    line = await request(world, "POST", "/lines", new_line())
    for _ in range(2):
        await request(world, "PATCH", f"/lines/{line['id']}", {"label": "Back office"})


async def _api_key(world: World, _c: dict[str, Any]) -> None:
    key = await request(world, "POST", "/api-keys", {"name": "Key", "permissions": []})
    for _ in range(2):
        await request(world, "DELETE", f"/api-keys/{key['id']}")


async def _session(world: World, _c: dict[str, Any]) -> None:
    client = world.other_client()
    await world.sign_in(client, "ada@gym.test", PASSWORD)
    await client.delete(f"{API}/session")


LEAVES: dict[str, tuple[Requests, list[str]]] = {
    "a visit": (_view_twice, ["conversation.opened"]),
    "a visit that changes nothing": (_view_closed, ["conversation.closed", "conversation.viewed"]),
    "closing": (_close_twice, ["conversation.closed"]),
    "reopening": (_close_and_reopen, ["conversation.closed", "conversation.opened"]),
    "replying": (_reply, ["message.sent", "conversation.opened", "message.sent"]),
    "replying and closing": (_reply_and_close, ["message.sent", "conversation.closed"]),
    "sending again": (_retry, ["message.sent", "conversation.opened", "message.sent"]),
    "texts from outside": (_texts, ["conversation.unread"]),
    "STOP and START": (_stop_and_start, ["phone_number.stopped", "phone_number.started"]),
    "starting a conversation": (_start_conversation, ["family.created", "opt_in.changed", "conversation.opened"]),
    "changing an opt-in": (_opt_in, ["opt_in.changed"]),
    "a family": (_family, ["family.created", "opt_in.changed", "family.updated", "family.archived"]),
    "a staff member": (_staff_member, ["staff_member.created", "staff_member.updated", "staff_member.archived"]),
    "a line": (_line, ["line.created", "line.updated"]),
    "an API key": (_api_key, ["api_key.created", "api_key.revoked"]),
    "a session": (_session, ["session.created", "session.ended"]),
}


@pytest.mark.parametrize("what", LEAVES)
async def test_R10_each_change_leaves_exactly_its_entries(
    world: World, conversation: dict[str, Any], what: str
) -> None:
    requests, entries = LEAVES[what]
    before = await world.audited()

    await requests(world, conversation)

    assert (await world.audited())[len(before) :] == entries
    assert await verified(world) == len(before) + len(entries)


async def test_AUDIT_WHAT_an_entry_says_who_did_what_where_and_when(world: World, conversation: dict[str, Any]) -> None:
    sent = await world.maria.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Yes"})

    entries = (await world.daniel.get(f"{API}/conversations/{conversation['id']}/audit-entries")).json()["items"]
    trail = [entry for entry in entries if entry["conversation_id"]]

    opened, sending, unread = trail
    assert sending["action"] == "message.sent"
    assert sending["actor"] == {"kind": "staff_member", "id": str(world.staff_ids["maria"]), "name": "Maria"}
    assert sending["conversation_id"] == conversation["id"]
    assert sending["message_id"] == sent.json()["id"]
    assert sending["phone_number"] == PARENT
    assert opened["actor"]["name"] == "Maria"
    assert unread["actor"]["kind"] == "phone_number"
    assert unread["actor"]["name"] == PARENT
    assert [entry["chain"]["number"] for entry in trail] == [3, 2, 1]
    assert {entry["chain"]["subject"] for entry in trail} == {conversation["id"]}
    assert unread["at"] <= sending["at"] <= opened["at"]


async def test_AUDIT_READ_a_conversations_entries_are_read_in_pages(world: World, conversation: dict[str, Any]) -> None:
    for _ in range(4):
        await request(world, "POST", f"/conversations/{conversation['id']}/messages", {"body": "Yes"})
    path = f"{API}/conversations/{conversation['id']}/audit-entries"
    whole = (await world.daniel.get(path)).json()["items"]

    paged: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = (await world.daniel.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert len([entry for entry in whole if entry["conversation_id"]]) == 6
    assert paged == whole


async def test_AUDIT_READ_a_conversations_entries_have_those_of_its_numbers_consent(
    world: World, conversation: dict[str, Any]
) -> None:
    await world.family("Other", "+13125550177")
    await world.text(PARENT, "STOP")
    await world.text(PARENT, "START")
    path = f"{API}/conversations/{conversation['id']}/audit-entries"

    whole = (await world.daniel.get(path)).json()["items"]
    first = (await world.daniel.get(path, params={"limit": 2})).json()
    rest = (await world.daniel.get(path, params={"cursor": first["next_cursor"]})).json()["items"]

    told = [entry["action"] for entry in reversed(whole)]
    assert [action for action in told if action.startswith("phone_number.")] == [
        "phone_number.stopped",
        "phone_number.started",
    ]
    assert {entry["phone_number"] for entry in whole} == {PARENT}
    assert first["items"] + rest == whole


async def test_OPTIN_EVIDENCE_an_opt_in_change_has_both_states_the_source_and_the_wording(world: World) -> None:
    family = await world.family("Rivera", PARENT)
    record = family["contacts"][0]["phone_records"][0]["id"]
    change = {"state": "opted_out", "source": "verbal", "wording": "Please stop.", "note": "On the phone."}

    await world.maria.put(f"{API}/phone-records/{record}/opt-in", json=change)

    ((details, actor, number),) = await world.rows(
        "SELECT details - 'salt', actor_name, phone_number FROM audit_entries WHERE action = 'opt_in.changed' AND"
        " details->>'to' = 'opted_out'"
    )
    assert details == {
        "phone_record_id": record,
        "from": "opted_in",
        "to": "opted_out",
        "source": "verbal",
        "wording": "Please stop.",
        "note": "On the phone.",
    }
    assert (actor, number) == ("Maria", PARENT)


REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a stale close": ("POST", "/conversations/{id}/close", {"seen_seq": 0}),
    "a stale reply": ("POST", "/conversations/{id}/messages", {"body": "Yes", "seen_seq": 0}),
    "an empty reply": ("POST", "/conversations/{id}/messages", {"body": " "}),
    "a reply to a number without opt-in": ("POST", "/conversations", {"phone_number": "+13125550109"}),
    "a second line of one number": ("POST", "/lines", {**new_line(), "phone_number": "+13125550199"}),
    "a second person of one address": ("POST", "/staff-members", {**new_person(), "email": "maria@gym.test"}),
    "a family with an invalid number": (
        "POST",
        "/families",
        {"name": "X", "contacts": [{"name": "Y", "phone_records": [{"phone_number": "12"}]}]},
    ),
}


async def test_AUDIT_SAME_TX_a_refused_request_leaves_no_entry(world: World, conversation: dict[str, Any]) -> None:
    before = await world.table_sizes()
    for what, (method, path, body) in REFUSED.items():
        response = await world.admin.request(method, f"{API}{path.format(id=conversation['id'])}", json=body)
        assert 400 <= response.status_code < 500, f"{what}: {response.text}"
    assert await world.table_sizes() == before


async def test_AUDIT_SAME_TX_without_its_entry_a_change_is_not_made(
    world: World, conversation: dict[str, Any], owner: asyncpg.Connection
) -> None:
    await owner.execute("ALTER TABLE audit_entries ADD CONSTRAINT none_closed CHECK (action <> 'conversation.closed')")

    refused = await world.maria.post(f"{API}/conversations/{conversation['id']}/close", json={"seen_seq": 1})

    assert refused.status_code == 500
    assert "none_closed" not in refused.text
    assert (await world.conversation(PARENT))["status"] == "unread"
