"""One row of each kind, for the requests of the tests of all routes, and rows that one request uses up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx

from api.access.models import StaffMember
from api.access.sign_in import start_session
from api.directory.models import Import
from api.kit.database import database_time
from api.kit.ids import new_id
from api.providers.port import FetchedMedia
from api.webhook_endpoints.models import WebhookDelivery
from tests.access.needs import API
from tests.access.payloads import a_reply, a_webhook_endpoint, new_browser, new_number, new_person
from tests.support.broadcasts import new_audience, new_broadcast
from tests.support.media import PNG, picture_fields, settle_media
from tests.support.sandbox import sandbox_line
from tests.support.world import World

PARENT = "+13125550101"
REFUSED = "+13125550109"
TO_ERASE = "+13125550197"
"""Of the requests about consent: a refusal would block what the others send."""
EXTERNAL_ID = "external-0"
"""Of a family and of a staff member. `external_id` of the rows is nobody's."""


@dataclass(frozen=True)
class Rows:
    """What the requests are about: one row of each kind."""

    ids: dict[str, str]
    phone_number: str

    @classmethod
    async def create(cls, world: World) -> "Rows":
        family = await world.family("Rivera", PARENT)
        await world.family("Chen", TO_ERASE)
        refuser = await world.family("Okafor", REFUSED)
        await world.text(PARENT, "Hello?", **picture_fields("https://api.twilio.com/picture"))
        await settle_media(world, FetchedMedia(PNG))
        conversation = await world.conversation(PARENT)
        (message,) = await world.thread(conversation["id"])
        external = {"external_id": EXTERNAL_ID}
        person = await world.admin.post(f"{API}/staff-members", json={**new_person(), **external})
        named = await world.admin.patch(f"{API}/families/{family['id']}", json=external)
        assert named.status_code == 200, named.text
        api_key = await world.admin.post(f"{API}/api-keys", json={"name": "Key", "permissions": []})
        # Without a sender it cannot be read: it is quarantined.
        await world.post_webhook("inbound", {"MessageSid": "SM0", "Body": "Hello?"})
        await world.settled()
        browser = await world.admin.post(f"{API}/me/push-subscriptions", json=new_browser())
        quarantined = await world.admin.get(f"{API}/inbound-events", params={"state": "quarantined"})
        ids = {
            "conversation_id": conversation["id"],
            "note_id": await new_note(world.admin, conversation["id"]),
            "message_id": message["id"],
            "media_id": message["media"][0]["id"],
            "viewer_id": str(uuid4()),
            "family_id": family["id"],
            "phone_record_id": refuser["contacts"][0]["phone_records"][0]["id"],
            "staff_member_id": person.json()["id"],
            "api_key_id": api_key.json()["id"],
            "event_id": quarantined.json()["items"][0]["id"],
            "line_id": str(world.line_id),
            "sandbox_line_id": (await sandbox_line(world.admin))["id"],
            "number": REFUSED,
            "refusal_id": await removed_refusal(world),
            "external_id": "external-1",
            "session_id": str(uuid4()),
            "subscription_id": browser.json()["id"],
            "import_id": await finished_import(world),
            "erasure_id": await finished_erasure(world),
            "view_id": await saved_view(world.maria),
            "undo_id": await undoable_act(world.maria, conversation["id"], str(world.staff_ids["maria"])),
            "class_id": await new_class(world),
            "broadcast_id": await new_broadcast(world.admin, PARENT),
            "audience_id": await new_audience(world.admin, PARENT),
            **await new_endpoint(world),
            "saved_reply_id": await new_reply(world.admin, "organization"),
        }
        return cls(ids, PARENT)


async def new_class(world: World) -> str:
    made = await world.admin.post(f"{API}/classes", json={"name": f"Level {uuid4().hex}"})
    assert made.status_code == 201, made.text
    class_id: str = made.json()["id"]
    return class_id


async def new_endpoint(world: World) -> dict[str, str]:
    """The ids of a webhook endpoint and of a delivery to it that has failed."""
    made = await world.admin.post(f"{API}/webhook-endpoints", json=a_webhook_endpoint())
    assert made.status_code == 201, made.text
    endpoint_id: str = made.json()["id"]
    return {"webhook_endpoint_id": endpoint_id, "delivery_id": await failed_delivery(world, UUID(endpoint_id))}


async def failed_delivery(world: World, endpoint_id: UUID) -> str:
    now = datetime.now(UTC)
    delivery = WebhookDelivery(organization_id=world.organization_id, id=new_id(), endpoint_id=endpoint_id)
    delivery.event_id, delivery.event_type, delivery.order_key = uuid4(), "message.received", uuid4()
    delivery.state, delivery.retry_until, delivery.finished_at = "failed", now, now
    async with world.service.database.transaction() as session:
        session.add(delivery)
    return str(delivery.id)


async def new_reply(client: httpx.AsyncClient, scope: str) -> str:
    made = await client.post(f"{API}/saved-replies", json={**a_reply(), "scope": scope})
    assert made.status_code == 201, made.text
    reply_id: str = made.json()["id"]
    return reply_id


async def new_note(author: httpx.AsyncClient, conversation_id: str) -> str:
    added = await author.post(f"{API}/conversations/{conversation_id}/notes", json={"body": "Call first"})
    assert added.status_code == 201, added.text
    note_id: str = added.json()["id"]
    return note_id


async def finished_import(world: World) -> str:
    job = Import(organization_id=world.organization_id, id=uuid4(), state="done", is_partial=True, author={})
    job.rows = job.done = job.next_position = job.created = job.updated = job.unchanged = job.failed = 0
    job.finished_at = datetime.now(UTC)
    async with world.service.database.transaction() as session:
        session.add(job)
    return str(job.id)


async def finished_erasure(world: World) -> str:
    number = new_number()
    await world.family("Ito", number)
    erased = await world.admin.post(f"{API}/phone-numbers/{number}/erase", json={"reason": "Asked by letter."})
    assert erased.status_code == 200, erased.text
    erasure_id: str = erased.json()["id"]
    return erasure_id


async def saved_view(client: httpx.AsyncClient) -> str:
    created = await client.post(f"{API}/views", json={"name": "Mine", "filter": {"assignee": "me"}, "shared": True})
    assert created.status_code == 201, created.text
    view_id: str = created.json()["id"]
    return view_id


async def undoable_act(client: httpx.AsyncClient, conversation_id: str, staff_member_id: str) -> str:
    """The id of an undo. The conversation was nobody's before the act."""
    items = [{"id": conversation_id}]
    await client.post(f"{API}/conversations/bulk", json={"action": "release", "items": items})
    act = {"action": "assign", "items": items, "staff_member_id": staff_member_id}
    done = await client.post(f"{API}/conversations/bulk", json=act)
    assert done.status_code == 200, done.text
    undo_id: str = done.json()["undo_id"]
    return undo_id


async def removed_refusal(world: World) -> str:
    """The id of a refusal that outlived its record."""
    family = await world.family("Castillo", REFUSED, state="opted_out")
    patched = await world.admin.patch(f"{API}/families/{family['id']}", json={"contacts": []})
    assert patched.status_code == 200, patched.text
    number = (await world.admin.get(f"{API}/phone-numbers/{REFUSED}")).json()
    refusal_id: str = next(each["id"] for each in number["refusals"] if each["lifted_at"] is None)
    return refusal_id


async def ready_account(world: World, client: httpx.AsyncClient) -> str:
    """Gives the person the password that the request names, and a second session. Returns the session's id."""
    person_id = UUID((await client.get(f"{API}/me")).json()["staff_member"]["id"])
    async with world.service.database.transaction() as session:
        person = await session.get_one(StaffMember, (world.organization_id, person_id))
        administrator = await session.get_one(StaffMember, (world.organization_id, world.staff_ids["admin"]))
        if person is not administrator:
            person.password_hash = administrator.password_hash
        at = await database_time(session)
        await start_session(session, person, address="test", lifetime=timedelta(days=1), at=at)
    newest = (await client.get(f"{API}/me/sessions", params={"limit": 1})).json()["items"][0]
    session_id: str = newest["id"]
    return session_id


async def failed_message(world: World, rows: Rows) -> str:
    """A message that may be retried: once, so each who may needs one of their own."""
    path = f"{API}/conversations/{rows.ids['conversation_id']}/messages"
    sent = await world.maria.post(path, json={"body": "Hi"})
    await world.settle_as(sent.json()["id"], "failed")
    message_id: str = sent.json()["id"]
    return message_id


async def scheduled_text(world: World, rows: Rows) -> str:
    path = f"{API}/conversations/{rows.ids['conversation_id']}/messages"
    body = {"body": "Hi", "send_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    text_id: str = (await world.maria.post(path, json=body)).json()["id"]
    return text_id
