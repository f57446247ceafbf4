"""R10: every route leaves exactly its entries, and none when it is refused.

A new route that is no GET fails the first test until it has a row in `CHANGES`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.audit.rules import Action
from api.conversations.corrections import count_failures
from api.events.rules import OF_CONSENT, OF_CONVERSATIONS, OF_MASS_TEXTS, EventType
from api.inbound.webhook_document import webhook_paths
from tests.access.needs import API, BROADCAST, ENDPOINT, NEEDS, STREAMS
from tests.access.payloads import a_webhook_endpoint, new_browser, new_line, new_person
from tests.access.route_requests import ask, headers_of
from tests.access.routes import routes_of
from tests.access.rows import EXTERNAL_ID, Rows, failed_message, ready_account, saved_view, undoable_act
from tests.support.broadcasts import a_broadcast, broadcast_for, new_broadcast
from tests.support.business import LINE_NUMBER, PASSWORD
from tests.support.media import upload
from tests.support.service import Service
from tests.support.world import World

CONVERSATION = f"{API}/conversations/{{conversation_id}}"
PARENT = "+13125550101"

Given = Callable[[World, Rows], Awaitable[dict[str, str]]]


@dataclass(frozen=True)
class Change:
    """A request that succeeds, what it leaves, and one to the same route that is refused and leaves nothing."""

    body: Callable[[], Any] | None
    leaves: tuple[tuple[str, str], ...]
    """(action, kind of actor), in the order of writing."""
    refused: Any = None
    """A body that is refused; without one, an id of nobody's is."""
    given: Given | None = None
    """What must be there first. Returns ids to use in the path."""
    form: bool = False
    """A carrier's webhook, signed; the refused one is not."""
    csv: bool = False
    upload: bool = False


def by_staff(*actions: str) -> tuple[tuple[str, str], ...]:
    return tuple((action, "staff_member") for action in actions)


async def _failed(world: World, rows: Rows) -> dict[str, str]:
    return {"message_id": await failed_message(world, rows)}


async def _second_session(world: World, _rows: Rows) -> dict[str, str]:
    return {"session_id": await ready_account(world, world.admin)}


async def _session_of_a_colleague(world: World, _rows: Rows) -> dict[str, str]:
    return {"staff_member_id": str(world.staff_ids["maria"])}


async def _uploaded(world: World, _rows: Rows) -> dict[str, str]:
    return {"upload_id": (await upload(world.admin)).json()["id"]}


async def _sandbox_line(_world: World, rows: Rows) -> dict[str, str]:
    return {"line_id": rows.ids["sandbox_line_id"]}


async def _own_browser(world: World, _rows: Rows) -> dict[str, str]:
    made = await world.admin.post(f"{API}/me/push-subscriptions", json=new_browser())
    return {"subscription_id": made.json()["id"]}


async def _deferred(world: World, rows: Rows) -> dict[str, str]:
    done = await world.maria.put(CONVERSATION.format(**rows.ids) + "/reminder", json=in_an_hour(seen_seq=1))
    assert done.is_success, done.text
    return {}


async def _not_sent(world: World, rows: Rows) -> dict[str, str]:
    message_id = await failed_message(world, rows)
    async with world.service.database.transaction() as session:
        await count_failures(session, world.organization_id)
    return {"message_id": message_id}


async def _view_of_the_admin(world: World, _rows: Rows) -> dict[str, str]:
    return {"view_id": await saved_view(world.admin)}


async def _act_of_the_admin(world: World, rows: Rows) -> dict[str, str]:
    maria = str(world.staff_ids["maria"])
    return {"undo_id": await undoable_act(world.admin, rows.ids["conversation_id"], maria)}


async def _marias(world: World, rows: Rows) -> dict[str, str]:
    await undoable_act(world.maria, rows.ids["conversation_id"], str(world.staff_ids["maria"]))
    return {}


def in_an_hour(**more: object) -> dict[str, object]:
    return {"at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(), **more}


async def _closed(world: World, rows: Rows) -> dict[str, str]:
    closed = await world.maria.post(CONVERSATION.format(**rows.ids) + "/close", json={"seen_seq": 1})
    assert closed.is_success, closed.text
    return {}


async def _scheduled(world: World, rows: Rows) -> dict[str, str]:
    body = {"body": "Later", "send_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    scheduled = await world.maria.post(CONVERSATION.format(**rows.ids) + "/messages", json=body)
    assert scheduled.is_success, scheduled.text
    return {"message_id": scheduled.json()["id"]}


async def _removed_note(world: World, rows: Rows) -> dict[str, str]:
    added = await world.admin.post(CONVERSATION.format(**rows.ids) + "/notes", json={"body": "Call first"})
    removed = await world.admin.delete(f"{API}/notes/{added.json()['id']}")
    assert removed.is_success, removed.text
    return {"note_id": added.json()["id"]}


async def _another_family(world: World, _rows: Rows) -> dict[str, str]:
    await world.family("Okafor", "+13125550103")
    return {}


async def _one_to_erase(world: World, _rows: Rows) -> dict[str, str]:
    await world.family("Okafor", "+13125550103")
    return {"number": "+13125550103"}


async def _draft(world: World, _rows: Rows) -> dict[str, str]:
    return {"broadcast_id": await new_broadcast(world.admin, PARENT)}


def _for(deed: str) -> Given:
    async def given(world: World, _rows: Rows) -> dict[str, str]:
        return {"broadcast_id": await broadcast_for(world, deed)}

    return given


async def _has_credits(world: World, _rows: Rows) -> dict[str, str]:
    made = await world.admin.put(f"{API}/credits", json={"is_on": False, "currency": "USD"})
    assert made.is_success, made.text
    return {}


TO_ESTIMATE: dict[str, str] = {}


async def _line_to_estimate_for(world: World, rows: Rows) -> dict[str, str]:
    TO_ESTIMATE.update(line_id=str(world.line_id), phone_number=rows.phone_number, body="Hi")
    return {}


TO_FILL: dict[str, str] = {}


async def _conversation_to_fill_for(_world: World, rows: Rows) -> dict[str, str]:
    TO_FILL["conversation_id"] = rows.ids["conversation_id"]
    return {}


def text_from(sender: str, body: str) -> dict[str, str]:
    return {"MessageSid": f"SM{uuid4().hex}", "From": sender, "To": LINE_NUMBER, "Body": body, "NumMedia": "0"}


TAKEN = {"email": "maria@gym.test"}
OPT_IN = {"state": "opted_out", "source": "verbal"}
RECORD = {"phone_number": "+13125550104", "opt_in": {"state": "opted_in", "source": "portal"}}
FAMILY = {"name": "Chen", "contacts": [{"name": "Li", "phone_records": [RECORD]}]}
NO_FAMILY = {"name": "Chen", "contacts": [{"name": "Li", "phone_records": [{"phone_number": "12"}]}]}

CHANGES: dict[str, Change] = {
    f"POST {API}/session": Change(
        lambda: {"organization": "", "email": "ada@gym.test", "password": PASSWORD},
        by_staff("session.created"),
        refused={"organization": "", "email": "ada@gym.test"},
    ),
    f"DELETE {API}/session": Change(None, by_staff("session.ended")),
    # A wrong current password leaves an entry: tests/access/test_own_password.py.
    f"PUT {API}/me/password": Change(
        lambda: {"current_password": PASSWORD, "new_password": "another one of mine"},
        by_staff("password.changed"),
        refused={"current_password": PASSWORD, "new_password": "short"},
    ),
    f"DELETE {API}/me/sessions": Change(None, by_staff("session.revoked"), given=_second_session),
    f"DELETE {API}/me/sessions/{{session_id}}": Change(None, by_staff("session.revoked"), given=_second_session),
    f"POST {API}/conversations": Change(
        lambda: {"phone_number": "+13125550103"},
        by_staff("conversation.opened"),
        refused={"phone_number": "+13125550109"},
        given=_another_family,
    ),
    f"POST {CONVERSATION}/close": Change(
        lambda: {"seen_seq": 1}, by_staff("conversation.closed"), refused={"seen_seq": 0}
    ),
    f"POST {CONVERSATION}/reopen": Change(None, by_staff("conversation.opened"), given=_closed),
    f"PUT {CONVERSATION}/assignee": Change(
        lambda: {"staff_member_id": None},
        by_staff("conversation.released"),
        refused={"staff_member_id": str(uuid4())},
        given=_marias,
    ),
    f"PUT {CONVERSATION}/reminder": Change(
        lambda: in_an_hour(seen_seq=1),
        by_staff("conversation.opened", "conversation.reminder_set"),
        refused=in_an_hour(seen_seq=0),
    ),
    f"DELETE {CONVERSATION}/reminder": Change(None, by_staff("conversation.reminder_removed"), given=_deferred),
    f"POST {CONVERSATION}/not-sent/dismiss": Change(None, by_staff("conversation.not_sent_dismissed"), given=_not_sent),
    f"POST {CONVERSATION}/typing": Change(None, ()),
    f"POST {API}/conversations/bulk": Change(
        lambda: {"action": "release", "items": [{"id": ""}]},
        by_staff("conversation.released"),
        refused={"action": "release", "items": []},
        given=_marias,
    ),
    f"POST {API}/conversations/bulk/{{undo_id}}/undo": Change(
        None, by_staff("conversation.released", "conversation.undone"), given=_act_of_the_admin
    ),
    # A person's own. Nothing of the business changes by them.
    f"POST {API}/views": Change(lambda: {"name": "All", "filter": {}}, (), refused={"name": ""}),
    f"PATCH {API}/views/{{view_id}}": Change(
        lambda: {"name": "Ours"}, (), refused={"name": ""}, given=_view_of_the_admin
    ),
    f"DELETE {API}/views/{{view_id}}": Change(None, (), given=_view_of_the_admin),
    f"PUT {CONVERSATION}/viewers/{{viewer_id}}": Change(
        lambda: {"seen_seq": 1}, by_staff("conversation.opened"), refused={"seen_seq": -1}
    ),
    f"DELETE {CONVERSATION}/viewers/{{viewer_id}}": Change(None, ()),
    # What a person is told of, and where, changes nothing for anybody else.
    f"PUT {API}/me/notifications": Change(
        lambda: {"scope": "mine", "sound": True, "shows_text": True, "quiet_hours": None}, (), refused={"scope": "few"}
    ),
    f"POST {API}/me/push-subscriptions": Change(new_browser, (), refused={"endpoint": "http://127.0.0.1/"}),
    f"DELETE {API}/me/push-subscriptions/{{subscription_id}}": Change(None, (), given=_own_browser),
    f"POST {API}/me/push-subscriptions/{{subscription_id}}/test": Change(None, (), given=_own_browser),
    f"PATCH {CONVERSATION}": Change(
        lambda: {"metadata": {"crm_id": "42"}},
        by_staff("conversation.metadata_changed"),
        refused={"metadata": {"[": "1"}},
    ),
    f"POST {CONVERSATION}/messages": Change(
        lambda: {"body": "Yes"}, by_staff("message.sent", "conversation.opened"), refused={"body": "Yes", "seen_seq": 0}
    ),
    f"POST {API}/messages": Change(
        lambda: {"phone_number": "+13125550103", "body": "Hi"},
        by_staff("message.sent", "conversation.opened"),
        refused={"phone_number": "+13125550109", "body": "Hi"},
        given=_another_family,
    ),
    f"PATCH {API}/messages/{{message_id}}": Change(
        lambda: {"body": "Later"}, by_staff("message.rescheduled"), refused={"body": " "}, given=_scheduled
    ),
    f"DELETE {API}/messages/{{message_id}}": Change(None, by_staff("message.withdrawn"), given=_scheduled),
    f"POST {API}/messages/{{message_id}}/send": Change(
        lambda: {}, by_staff("message.sent", "conversation.opened"), refused={"seen_seq": 0}, given=_scheduled
    ),
    f"PUT {API}/organization/away": Change(
        lambda: {"enabled": True, "body": "Closed", "hours": {}},
        by_staff("away_message.changed"),
        refused={"enabled": True, "body": "", "hours": {}},
    ),
    f"POST {CONVERSATION}/notes": Change(
        lambda: {"body": "Call first"},
        by_staff("note.added"),
        refused={"body": "Call first", "mentions": [str(uuid4())]},
    ),
    f"PATCH {API}/notes/{{note_id}}": Change(
        lambda: {"body": "Write first"}, by_staff("note.edited"), refused={"body": " "}
    ),
    f"DELETE {API}/notes/{{note_id}}": Change(None, by_staff("note.removed")),
    f"POST {API}/notes/{{note_id}}/restore": Change(None, by_staff("note.restored"), given=_removed_note),
    # A mention is read by the person alone; the note is what is written down.
    f"POST {API}/mentions/read": Change(lambda: {"mention_ids": [str(uuid4())]}, (), refused={}),
    f"POST {API}/messages/{{message_id}}/retry": Change(None, by_staff("message.sent"), given=_failed),
    # A file that is not sent is nobody's business but its uploader's.
    f"POST {API}/media": Change(None, (), refused=b"<svg/>", upload=True),
    f"DELETE {API}/media/{{upload_id}}": Change(None, (), given=_uploaded),
    # It only asks, with a body.
    f"POST {API}/opt-in-checks": Change(lambda: {"phone_numbers": [PARENT]}, (), refused={"phone_numbers": [12]}),
    f"PUT {API}/phone-records/{{phone_record_id}}/opt-in": Change(
        lambda: OPT_IN, by_staff("opt_in.changed"), refused={**OPT_IN, "state": "perhaps"}
    ),
    f"POST {API}/phone-numbers/{{number}}/refusals/{{refusal_id}}/lift": Change(
        lambda: {"reason": "The number is somebody else's now."}, by_staff("refusal.lifted"), refused={"reason": ""}
    ),
    f"POST {API}/phone-numbers/{{number}}/erase": Change(
        lambda: {"reason": "Asked by letter."},
        by_staff("phone_number.erased", "audit_entries.erased", "audit_entries.erased"),
        refused={"reason": ""},
        given=_one_to_erase,
    ),
    f"POST {API}/exports": Change(
        lambda: {"kind": "range", "format": "csv", "from": "2026-01-01T00:00:00Z"},
        by_staff("export.created"),
        refused={"kind": "range", "format": "csv"},
    ),
    f"GET {API}/exports/{{export_id}}/file": Change(None, by_staff("export.downloaded")),
    f"DELETE {API}/exports/{{export_id}}": Change(None, by_staff("export.deleted")),
    f"PATCH {API}/organization/settings": Change(
        lambda: {"replying_assigns": True}, by_staff("organization.updated"), refused={"replying_assigns": "perhaps"}
    ),
    f"POST {API}/lines": Change(
        new_line, by_staff("line.created"), refused={**new_line(), "phone_number": LINE_NUMBER}
    ),
    f"PATCH {API}/lines/{{line_id}}": Change(
        lambda: {"label": "Back"}, by_staff("line.updated"), refused={"label": ""}
    ),
    # It only asks the provider. What was answered is no change of the line.
    f"POST {API}/lines/{{line_id}}/check": Change(None, ()),
    f"POST {API}/lines/{{line_id}}/sandbox-texts": Change(
        lambda: {"phone_number": "+17855550100", "body": "Hello?"},
        by_staff("sandbox_text.received"),
        refused={"phone_number": PARENT, "body": "Hello?"},
        given=_sandbox_line,
    ),
    f"POST {API}/api-keys": Change(
        lambda: {"name": "New", "permissions": ["sms_logs"]}, by_staff("api_key.created"), refused={"name": "New"}
    ),
    f"PATCH {API}/api-keys/{{api_key_id}}": Change(
        lambda: {"name": "Other"}, by_staff("api_key.updated"), refused={"name": ""}
    ),
    f"POST {API}/api-keys/{{api_key_id}}/rotate": Change(
        dict, by_staff("api_key.rotated"), refused={"old_key_valid_until": "2020-01-01T00:00:00Z"}
    ),
    f"DELETE {API}/api-keys/{{api_key_id}}": Change(None, by_staff("api_key.revoked")),
    f"POST {API}/webhook-endpoints": Change(
        a_webhook_endpoint,
        by_staff("webhook_endpoint.created"),
        refused={**a_webhook_endpoint(), "url": "https://10.0.0.1/"},
    ),
    f"PATCH {ENDPOINT}": Change(
        lambda: {"enabled": False}, by_staff("webhook_endpoint.updated"), refused={"url": "ftp://example.com"}
    ),
    f"POST {ENDPOINT}/rotate": Change(dict, by_staff("webhook_endpoint.secret_rotated"), refused={"overlap_hours": 25}),
    # A test changes nothing. Its delivery is in the endpoint's log.
    f"POST {ENDPOINT}/test": Change(None, ()),
    f"POST {ENDPOINT}/deliveries/{{delivery_id}}/replay": Change(None, by_staff("webhook_delivery.replayed")),
    f"DELETE {ENDPOINT}": Change(None, by_staff("webhook_endpoint.deleted")),
    f"POST {API}/staff-members": Change(
        new_person, by_staff("staff_member.created"), refused={**new_person(), **TAKEN}
    ),
    f"PATCH {API}/staff-members/{{staff_member_id}}": Change(
        lambda: {"permissions": ["sms_logs"]}, by_staff("staff_member.updated"), refused=TAKEN
    ),
    f"PUT {API}/staff-members/by-external-id/{{external_id}}": Change(
        new_person, by_staff("staff_member.created"), refused={**new_person(), **TAKEN}
    ),
    f"POST {API}/staff-members/{{staff_member_id}}/archive": Change(None, by_staff("staff_member.archived")),
    f"DELETE {API}/staff-members/{{staff_member_id}}/sessions": Change(
        None, by_staff("session.revoked"), given=_session_of_a_colleague
    ),
    f"POST {API}/families": Change(lambda: FAMILY, by_staff("family.created", "opt_in.changed"), refused=NO_FAMILY),
    f"PATCH {API}/families/{{family_id}}": Change(
        lambda: {"name": "Chen"}, by_staff("family.updated"), refused=NO_FAMILY
    ),
    f"PUT {API}/families/by-external-id/{{external_id}}": Change(
        lambda: FAMILY, by_staff("family.created", "opt_in.changed"), refused=NO_FAMILY
    ),
    f"POST {API}/families/{{family_id}}/archive": Change(None, by_staff("family.archived")),
    f"POST {API}/directory/import": Change(
        lambda: "kind,external_id,name\nfamily,1,New\n",
        by_staff("family.created", "directory.imported"),
        refused="kind,external_id,name\nfamily,1,\n",
        csv=True,
    ),
    f"POST {API}/classes": Change(lambda: {"name": "Level 3"}, by_staff("class.created"), refused={"name": ""}),
    f"PATCH {API}/classes/{{class_id}}": Change(
        lambda: {"coach": "Jo"}, by_staff("class.updated"), refused={"time": "late"}
    ),
    f"PUT {API}/organization/links": Change(
        lambda: {"links": [{"label": "Studio", "url_template": "https://studio.test/{external_id}"}]},
        by_staff("organization.links_changed"),
        refused={"links": [{"label": "Studio", "url_template": "http://studio.test"}]},
    ),
    f"PUT {API}/lines/{{line_id}}/prices": Change(
        lambda: {"currency": "USD", "prices": [{"country": None, "text": "0.01", "picture": "0.02"}]},
        by_staff("line.prices_changed"),
        refused={"currency": "USD", "prices": []},
    ),
    # No line has a price list, so the organization cannot run on credits.
    f"PUT {API}/credits": Change(
        lambda: {"is_on": False, "currency": "USD", "low_below": "5"},
        by_staff("credits.changed"),
        refused={"is_on": True, "currency": "USD"},
    ),
    f"POST {API}/credits/additions": Change(
        lambda: {"amount": "5"}, by_staff("credits.added"), refused={"amount": "0"}, given=_has_credits
    ),
    # It reads, and is written down all the same.
    f"GET {API}/usage/export.csv": Change(None, by_staff("usage.exported")),
    # It only asks.
    f"POST {API}/cost-estimates": Change(lambda: TO_ESTIMATE, (), refused={}, given=_line_to_estimate_for),
    f"PATCH {API}/organization/mass-text": Change(
        lambda: {"confirm_above": 400, "hours": {"monday": [{"opens": "09:00", "closes": "17:00"}]}},
        by_staff("organization.updated"),
        refused={"hours": {"monday": [{"opens": "17:00", "closes": "09:00"}]}},
    ),
    f"POST {API}/broadcasts": Change(
        lambda: a_broadcast(PARENT), by_staff("broadcast.created"), refused={**a_broadcast(PARENT), "body": "{nothing}"}
    ),
    f"PATCH {BROADCAST}": Change(
        lambda: {"body": "Closed"}, by_staff("broadcast.updated"), refused={"body": "{nothing}"}, given=_draft
    ),
    # It only asks.
    f"POST {BROADCAST}/preview": Change(None, (), given=_draft),
    f"POST {BROADCAST}/approve": Change(None, by_staff("broadcast.approved"), given=_draft),
    f"POST {BROADCAST}/send": Change(
        lambda: {"any_hour_reason": "The pool is closed."},
        by_staff("broadcast.confirmed", "broadcast.hours_overridden"),
        refused={"confirmed_recipients": 2},
        given=_draft,
    ),
    f"POST {BROADCAST}/pause": Change(None, by_staff("broadcast.paused"), given=_for("pause")),
    f"POST {BROADCAST}/resume": Change(None, by_staff("broadcast.resumed"), given=_for("resume")),
    f"POST {BROADCAST}/cancel": Change(None, by_staff("broadcast.cancelled"), given=_for("cancel")),
    f"POST {BROADCAST}/retry": Change(None, by_staff("broadcast.created"), given=_for("retry")),
    f"GET {BROADCAST}/export.csv": Change(None, by_staff("broadcast.exported"), given=_draft),
    f"POST {API}/audiences": Change(
        lambda: {"name": "Level 3", "audience": {"families": {}}},
        by_staff("audience.created"),
        refused={"name": "Level 3", "audience": {}},
    ),
    f"PATCH {API}/audiences/{{audience_id}}": Change(
        lambda: {"name": "Level 4"}, by_staff("audience.updated"), refused={"audience": {}}
    ),
    f"DELETE {API}/audiences/{{audience_id}}": Change(None, by_staff("audience.deleted")),
    f"POST {API}/saved-replies": Change(
        lambda: {"title": "Hours", "body": "We open at 3.", "scope": "own"},
        by_staff("saved_reply.created"),
        refused={"title": "Hours", "body": "{nothing}", "scope": "own"},
    ),
    f"PATCH {API}/saved-replies/{{saved_reply_id}}": Change(
        lambda: {"body": "We open at 4."}, by_staff("saved_reply.updated"), refused={"body": ""}
    ),
    f"DELETE {API}/saved-replies/{{saved_reply_id}}": Change(None, by_staff("saved_reply.deleted")),
    # It reads, and counts a use.
    f"POST {API}/saved-replies/{{saved_reply_id}}/fill": Change(
        lambda: TO_FILL, (), refused={}, given=_conversation_to_fill_for
    ),
    # Each business here has one event that is quarantined.
    f"POST {API}/inbound-events/{{event_id}}/replay": Change(None, by_staff("inbound_event.replayed")),
    f"POST {API}/inbound-replays": Change(None, by_staff("inbound_event.replayed")),
    "POST /webhooks/{provider}/{line_id}/inbound": Change(
        lambda: text_from("+13125550106", "Hello?"), (("conversation.unread", "phone_number"),), form=True
    ),
    "POST /webhooks/{provider}/{line_id}/status": Change(
        lambda: {"MessageSid": "SM1", "MessageStatus": "delivered"}, (), form=True
    ),
    # It reads, and is written down all the same.
    f"GET {API}/audit-entries/export.csv": Change(None, by_staff("audit_log.exported")),
}


def test_R10_every_route_that_can_change_anything_has_a_row(world: World) -> None:
    unsafe = {
        route.name for route in routes_of(world.service.app.api) if route.method not in {"GET", "HEAD", "OPTIONS"}
    }
    unsafe |= {f"POST {path}" for path in webhook_paths()}
    assert unsafe == {name for name in CHANGES if not name.startswith("GET ")}


async def entries(world: World) -> list[tuple[str, str]]:
    found = await world.rows(
        "SELECT action, actor_kind FROM audit_entries WHERE organization_id = :id ORDER BY at, id",
        id=world.organization_id,
    )
    return [(action, kind) for action, kind in found]


EVENTS_OF_ENTRIES = {
    Action.MESSAGE_SENT: EventType.MESSAGE_SENT,
    **OF_CONVERSATIONS,
    **dict.fromkeys(OF_CONSENT, EventType.OPT_IN_CHANGED),
    **dict.fromkeys(OF_MASS_TEXTS, EventType.MASS_TEXT_FINISHED),
}


async def events(world: World) -> list[str]:
    """The log's events that are audit entries too."""
    found = await world.rows(
        "SELECT type FROM events WHERE organization_id = :id ORDER BY position", id=world.organization_id
    )
    return [type_ for (type_,) in found if type_ in set(EVENTS_OF_ENTRIES.values())]


async def make(world: World, name: str, ids: dict[str, str], change: Change, body: Any) -> httpx.Response:
    method, _, path = name.partition(" ")
    if change.form:
        answer = await world.post_webhook(path.rpartition("/")[2], body)
        await world.settled()
        return answer
    if change.upload:
        return await upload(world.admin, *([body] if body else []))
    client = world.other_client() if name == f"POST {API}/session" else world.admin
    if isinstance(body, dict) and "organization" in body:
        body = {**body, "organization": world.slug}
    if isinstance(body, dict) and body.get("items"):
        body = {**body, "items": [{"id": ids["conversation_id"]}]}
    sent: dict[str, Any] = {"json": body, "headers": headers_of(name)}
    if change.csv:
        sent = {"content": body, "headers": {"Content-Type": "text/csv"}}
    return await client.request(method, path.format(**ids), **sent)


async def make_refused(world: World, name: str, ids: dict[str, str], change: Change) -> httpx.Response | None:
    """The answer to a request of this route that must be refused; None where nothing can be wrong with one."""
    if change.form:
        return await world.post_webhook(name.rpartition("/")[2], text_from(PARENT, "Forged"), token="another token")
    if change.refused is not None:
        return await make(world, name, ids, change, change.refused)
    if "{" not in name:
        return None
    return await make(world, name, {key: str(uuid4()) for key in ids}, change, change.body and change.body())


async def what_is_wrong(world: World, name: str, change: Change) -> str | None:
    rows = await Rows.create(world)
    ids = rows.ids | (await change.given(world, rows) if change.given else {})
    before, events_before = await entries(world), await events(world)

    refused = await make_refused(world, name, ids, change)
    if refused is not None and not 400 <= refused.status_code < 500:
        return f"not refused: {refused.status_code} {refused.text}"
    if await entries(world) != before or await events(world) != events_before:
        return f"refused with {refused.status_code if refused else None}, and left {await entries(world)}"

    made = await make(world, name, ids, change, change.body() if change.body else None)
    left = tuple((await entries(world))[len(before) :])
    happened = (await events(world))[len(events_before) :]
    wanted = [EVENTS_OF_ENTRIES[Action(action)] for action, _ in left if action in EVENTS_OF_ENTRIES]
    if sorted(happened) != sorted(wanted):
        return f"left the events {happened} (HOOK)"
    return None if made.is_success and left == change.leaves else f"{made.status_code}, left {left}: {made.text}"


@pytest.mark.timeout(300)
async def test_R10_a_route_leaves_exactly_its_entries_and_none_when_refused(service: Service) -> None:
    wrong: dict[str, str] = {}
    for name, change in CHANGES.items():
        world = await World.create(service)
        problem = await what_is_wrong(world, name, change)
        if problem is not None:
            wrong[name] = problem
    assert wrong == {}


async def test_R10_reading_leaves_nothing(world: World) -> None:
    rows = await Rows.create(world)
    rows.ids["external_id"] = EXTERNAL_ID
    before = await entries(world)
    for name in NEEDS:
        if name.startswith(f"GET {API}") and name not in CHANGES and name not in STREAMS:
            assert (await ask(world.admin, name, rows)).is_success, name
    assert await entries(world) == before


async def test_AUDIT_WHAT_a_refused_sign_in_leaves_an_entry_although_it_is_an_error(world: World) -> None:
    before = await entries(world)
    for email, kind in (("ada@gym.test", "staff_member"), ("nobody@gym.test", "system")):
        assert (await world.sign_in(world.other_client(), email, "wrong")).status_code == 401
        assert (await entries(world))[len(before) :] == [("session.refused", kind)]
        before = await entries(world)
