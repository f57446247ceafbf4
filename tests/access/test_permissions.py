"""Who may do what: every route of the application, for everybody who can ask (R5)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.access.dependencies import Public, Require
from api.access.models import StaffMember
from api.access.rules import Permission
from api.access.sign_in import start_session
from api.directory.models import Import
from api.inbound.webhook_document import webhook_paths
from api.kit.database import database_time
from api.providers.port import FetchedMedia
from tests.access.routes import other_paths_of, routes_of
from tests.support.business import PASSWORD
from tests.support.media import PNG, picture_fields, settle_media, upload
from tests.support.service import Service
from tests.support.world import World

PARENT = "+13125550101"
REFUSED = "+13125550109"
TO_ERASE = "+13125550197"
"""Of the requests about consent: a refusal would block what the others send."""


@dataclass(frozen=True)
class Need:
    """What page 1 asks of the caller of a route."""

    permissions: frozenset[Permission] = frozenset()
    any_of: frozenset[Permission] = frozenset()
    of_keys: frozenset[Permission] = frozenset()
    admin: bool = False
    public: bool = False


PUBLIC = Need(public=True)
ANYBODY = Need()
VIEW = Need(permissions=frozenset({Permission.SMS_LOGS}))
SEND = Need(permissions=frozenset({Permission.SMS_LOGS, Permission.MASS_TEXT}))
ADMIN = Need(admin=True)
KEEP = Need(permissions=frozenset({Permission.DIRECTORY}))
READ = Need(of_keys=frozenset({Permission.DIRECTORY}))
REFUSE = Need(any_of=frozenset({Permission.SMS_LOGS, Permission.DIRECTORY}))

API = "/api/v1"
CONVERSATION = f"{API}/conversations/{{conversation_id}}"

NEEDS = {
    "GET /docs": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /{path:path}": PUBLIC,
    "GET /robots.txt": PUBLIC,
    "GET /.well-known/security.txt": PUBLIC,
    "GET /.well-known/change-password": PUBLIC,
    # Its address is signed: tests/media/test_carrier_media.py.
    "GET /carrier-media/{token}/{name}": PUBLIC,
    "POST /webhooks/{provider}/{line_id}/inbound": PUBLIC,
    "POST /webhooks/{provider}/{line_id}/status": PUBLIC,
    f"POST {API}/session": PUBLIC,
    f"DELETE {API}/session": ANYBODY,
    f"GET {API}/me": ANYBODY,
    # ACCOUNT-SESSIONS: of the person alone. They refuse API keys, which have neither.
    f"PUT {API}/me/password": ANYBODY,
    f"GET {API}/me/sessions": ANYBODY,
    f"DELETE {API}/me/sessions": ANYBODY,
    f"DELETE {API}/me/sessions/{{session_id}}": ANYBODY,
    # PERM-VIEW
    f"GET {API}/indicator": VIEW,
    f"GET {API}/events": VIEW,
    f"GET {API}/conversations": VIEW,
    f"GET {CONVERSATION}": VIEW,
    f"POST {CONVERSATION}/close": VIEW,
    f"POST {CONVERSATION}/reopen": VIEW,
    f"PUT {CONVERSATION}/viewers/{{viewer_id}}": VIEW,
    f"DELETE {CONVERSATION}/viewers/{{viewer_id}}": VIEW,
    f"PUT {CONVERSATION}/assignee": VIEW,
    f"PUT {CONVERSATION}/reminder": VIEW,
    f"DELETE {CONVERSATION}/reminder": VIEW,
    f"POST {CONVERSATION}/not-sent/dismiss": VIEW,
    f"POST {CONVERSATION}/typing": VIEW,
    f"POST {API}/conversations/bulk": VIEW,
    f"POST {API}/conversations/bulk/{{undo_id}}/undo": VIEW,
    f"GET {API}/views": VIEW,
    f"POST {API}/views": VIEW,
    f"PATCH {API}/views/{{view_id}}": VIEW,
    f"DELETE {API}/views/{{view_id}}": VIEW,
    f"GET {CONVERSATION}/messages": VIEW,
    f"GET {CONVERSATION}/scheduled": VIEW,
    f"GET {CONVERSATION}/audit-entries": VIEW,
    f"GET {API}/recipients": VIEW,
    f"GET {API}/recipients/{{number}}": VIEW,
    f"GET {API}/organization/away": VIEW,
    f"GET {CONVERSATION}/thread": VIEW,
    f"POST {CONVERSATION}/notes": VIEW,
    f"GET {API}/notes/search": VIEW,
    f"GET {API}/notes/{{note_id}}": VIEW,
    # NOTE: of its author; an administrator may remove it.
    f"PATCH {API}/notes/{{note_id}}": VIEW,
    f"DELETE {API}/notes/{{note_id}}": VIEW,
    f"POST {API}/notes/{{note_id}}/restore": VIEW,
    f"GET {API}/mentions": VIEW,
    f"GET {API}/mentions/count": VIEW,
    f"POST {API}/mentions/read": VIEW,
    f"GET {API}/messages/search": VIEW,
    f"GET {API}/messages/{{message_id}}": VIEW,
    f"GET {API}/messages/{{message_id}}/media/{{media_id}}": VIEW,
    f"GET {API}/opt-in-checks": VIEW,
    f"POST {API}/opt-in-checks": VIEW,
    f"GET {API}/phone-numbers/{{number}}": VIEW,
    f"POST {API}/phone-numbers/{{number}}/refusals/{{refusal_id}}/lift": VIEW,
    f"GET {API}/lines": VIEW,
    f"GET {API}/providers": VIEW,
    f"GET {API}/lines/{{line_id}}": VIEW,
    f"GET {API}/me/notifications": VIEW,
    f"PUT {API}/me/notifications": VIEW,
    f"GET {API}/me/push-subscriptions": VIEW,
    f"POST {API}/me/push-subscriptions": VIEW,
    f"DELETE {API}/me/push-subscriptions/{{subscription_id}}": VIEW,
    f"POST {API}/me/push-subscriptions/{{subscription_id}}/test": VIEW,
    # PERM-SEND
    f"POST {API}/conversations": SEND,
    f"POST {CONVERSATION}/messages": SEND,
    f"POST {API}/messages": SEND,
    f"POST {API}/messages/{{message_id}}/retry": SEND,
    f"POST {API}/messages/{{message_id}}/send": SEND,
    f"PATCH {API}/messages/{{message_id}}": SEND,
    f"DELETE {API}/messages/{{message_id}}": SEND,
    # Of the caller's own files.
    f"POST {API}/media": SEND,
    f"GET {API}/media/{{upload_id}}": SEND,
    f"GET {API}/media/{{upload_id}}/content": SEND,
    f"DELETE {API}/media/{{upload_id}}": SEND,
    f"GET {API}/sending-status": SEND,
    # PERM-ADMIN
    f"POST {API}/lines": ADMIN,
    f"PATCH {API}/lines/{{line_id}}": ADMIN,
    f"POST {API}/lines/{{line_id}}/check": ADMIN,
    f"PUT {API}/organization/away": ADMIN,
    f"GET {API}/api-keys": ADMIN,
    f"POST {API}/api-keys": ADMIN,
    f"DELETE {API}/api-keys/{{api_key_id}}": ADMIN,
    f"GET {API}/audit-entries": ADMIN,
    f"GET {API}/audit-entries/export.csv": ADMIN,
    f"GET {API}/audit-entries/verification": ADMIN,
    f"POST {API}/phone-numbers/{{number}}/erase": ADMIN,
    f"GET {API}/erasures/{{erasure_id}}": ADMIN,
    f"GET {API}/inbound-events": ADMIN,
    f"GET {API}/inbound-events/{{event_id}}": ADMIN,
    f"POST {API}/inbound-replays": ADMIN,
    f"POST {API}/inbound-events/{{event_id}}/replay": ADMIN,
    f"GET {API}/inbound-health": ADMIN,
    f"POST {API}/staff-members": ADMIN,
    f"PATCH {API}/staff-members/{{staff_member_id}}": ADMIN,
    f"PUT {API}/staff-members/by-external-id/{{external_id}}": ADMIN,
    f"POST {API}/staff-members/{{staff_member_id}}/archive": ADMIN,
    f"DELETE {API}/staff-members/{{staff_member_id}}/sessions": ADMIN,
    f"GET {API}/service-status": ADMIN,
    f"GET {API}/organization/settings": ADMIN,
    f"PATCH {API}/organization/settings": ADMIN,
    # PERM-DIRECTORY
    f"GET {API}/staff-members": READ,
    f"GET {API}/staff-members/{{staff_member_id}}": READ,
    f"GET {API}/families": READ,
    f"POST {API}/families": KEEP,
    f"GET {API}/families/{{family_id}}": READ,
    f"PATCH {API}/families/{{family_id}}": KEEP,
    f"PUT {API}/families/by-external-id/{{external_id}}": KEEP,
    f"POST {API}/families/{{family_id}}/archive": KEEP,
    f"POST {API}/directory/import": KEEP,
    f"GET {API}/imports/{{import_id}}": KEEP,
    f"GET {API}/classes": READ,
    f"POST {API}/classes": KEEP,
    f"PATCH {API}/classes/{{class_id}}": KEEP,
    f"GET {API}/classes/{{class_id}}": READ,
    f"GET {API}/locations": READ,
    f"GET {API}/tags": READ,
    # CONTEXT: an API key needs what it needs to read the records themselves.
    f"GET {CONVERSATION}/context": Need(
        permissions=frozenset({Permission.SMS_LOGS}), of_keys=frozenset({Permission.DIRECTORY})
    ),
    f"GET {API}/organization/links": VIEW,
    f"PUT {API}/organization/links": ADMIN,
    # SAVED: one's own; those of the business are an administrator's to change.
    f"GET {API}/saved-replies": VIEW,
    f"POST {API}/saved-replies": VIEW,
    f"PATCH {API}/saved-replies/{{saved_reply_id}}": VIEW,
    f"DELETE {API}/saved-replies/{{saved_reply_id}}": VIEW,
    f"POST {API}/saved-replies/{{saved_reply_id}}/fill": VIEW,
    # OPTIN-WHO: a refusal; consent needs more, and tests/consent/test_who.py tries it.
    f"PUT {API}/phone-records/{{phone_record_id}}/opt-in": REFUSE,
}
"""A new route fails the tests below until it stands here."""


@dataclass(frozen=True)
class Rows:
    """What the requests below are about: one row of each kind."""

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
        person = await world.admin.post(f"{API}/staff-members", json=new_person())
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
            "saved_reply_id": await new_reply(world.admin, "organization"),
        }
        return cls(ids, PARENT)


async def new_class(world: World) -> str:
    made = await world.admin.post(f"{API}/classes", json={"name": f"Level {uuid4().hex}"})
    assert made.status_code == 201, made.text
    class_id: str = made.json()["id"]
    return class_id


async def new_reply(client: httpx.AsyncClient, scope: str) -> str:
    made = await client.post(f"{API}/saved-replies", json={**a_reply(), "scope": scope})
    assert made.status_code == 201, made.text
    reply_id: str = made.json()["id"]
    return reply_id


def a_reply() -> dict[str, Any]:
    return {"title": f"Hours {uuid4().hex}", "body": "We open at 3.", "scope": "own"}


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
    created = await client.post(f"{API}/views", json={"name": "Mine", "filter": {"assignee": "me"}})
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


def new_person() -> dict[str, Any]:
    return {"name": "New", "email": f"{uuid4().hex}@gym.test", "permissions": []}


def new_number() -> str:
    return f"+1312555{uuid4().int % 10_000:04d}"


def new_line() -> dict[str, Any]:
    credentials = {"account_sid": "AC1", "auth_token": "t"}
    line = {"label": "Two", "phone_number": new_number(), "kind": "long_code", "country": "US"}
    return line | {"provider": "simulator", "credentials": credentials}


def body_of(name: str, rows: Rows) -> dict[str, Any] | None:
    """A body with which the request succeeds for who may make it, however often."""
    match name.replace(API, ""):
        case "POST /conversations/{conversation_id}/close" | "PUT /conversations/{conversation_id}/viewers/{viewer_id}":
            return {"seen_seq": 1}
        case "POST /conversations/{conversation_id}/notes" | "PATCH /notes/{note_id}":
            return {"body": f"Call {uuid4().hex} first"}
        case "POST /mentions/read":
            return {"conversation_id": rows.ids["conversation_id"]}
        case "POST /conversations/{conversation_id}/messages":
            return {"body": "Hi"}
        case "PUT /conversations/{conversation_id}/assignee":
            return {"staff_member_id": None}
        case "PUT /conversations/{conversation_id}/reminder":
            return {"at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(), "seen_seq": 1}
        case "POST /conversations/bulk":
            return {"action": "reopen", "items": [{"id": rows.ids["conversation_id"]}]}
        case "POST /views":
            return {"name": "All", "filter": {}}
        case "PATCH /views/{view_id}":
            return {"name": "Ours"}
        case "POST /conversations":
            return {"phone_number": rows.phone_number}
        case "POST /messages":
            return {"phone_number": rows.phone_number, "body": "Hi"}
        case "POST /messages/{message_id}/send":
            return {}
        case "PATCH /messages/{message_id}":
            return {"body": "Hi"}
        case "PUT /organization/away":
            return {"enabled": False, "body": "", "hours": {}}
        case "POST /opt-in-checks":
            return {"phone_numbers": [rows.phone_number]}
        case "PUT /phone-records/{phone_record_id}/opt-in":
            return {"state": "opted_out", "source": "verbal"}
        case "POST /phone-numbers/{number}/refusals/{refusal_id}/lift":
            return {"reason": "It was a mistake of ours."}
        case "POST /phone-numbers/{number}/erase":
            return {"reason": "Asked by letter."}
        case "POST /lines":
            return new_line()
        case "PATCH /organization/settings":
            return {"replying_assigns": True}
        case "PATCH /lines/{line_id}":
            return {"label": "Desk"}
        case "POST /api-keys":
            return {"name": "Key", "permissions": []}
        case "POST /staff-members" | "PUT /staff-members/by-external-id/{external_id}":
            return new_person()
        case "POST /families" | "PUT /families/by-external-id/{external_id}":
            return {"name": "New", "contacts": []}
        case "PUT /me/password":
            return {"current_password": PASSWORD, "new_password": f"another {uuid4().hex}"}
        case "POST /classes" | "PATCH /classes/{class_id}":
            return {"name": f"Level {uuid4().hex}"}
        case "PUT /organization/links":
            return {"links": []}
        case "POST /saved-replies":
            return a_reply()
        case "PATCH /saved-replies/{saved_reply_id}":
            return {"body": "We open at 4."}
        case "POST /saved-replies/{saved_reply_id}/fill":
            return {"conversation_id": rows.ids["conversation_id"]}
        case "PUT /me/notifications":
            return {"scope": "mine", "sound": False, "shows_text": True, "quiet_hours": None}
        case "POST /me/push-subscriptions":
            return new_browser()
        case "PATCH /families/{family_id}" | "PATCH /staff-members/{staff_member_id}":
            return {"name": "Another"}
    return None


def new_browser() -> dict[str, Any]:
    keys = {"p256dh": "B" + "A" * 86, "auth": "A" * 22}
    return {"endpoint": f"https://fcm.googleapis.com/{uuid4()}", "keys": keys}


async def ask(client: httpx.AsyncClient, name: str, rows: Rows) -> httpx.Response:
    method, _, path = name.partition(" ")
    params = None
    if method == "GET" and path.endswith("/opt-in-checks"):
        params = {"phone_number": rows.phone_number}
    elif path.endswith(("/search", "/recipients")):
        params = {"q": "hello"}
    if path.endswith("/erase"):
        path = path.replace("{number}", TO_ERASE)
    if path.endswith("/directory/import"):
        return await client.post(path, content="kind,name\nfamily,New\n", headers={"Content-Type": "text/csv"})
    if name == f"POST {API}/media":
        return await upload(client)
    if "{upload_id}" in path:
        uploaded = await upload(client)
        path = path.replace("{upload_id}", uploaded.json()["id"] if uploaded.is_success else str(uuid4()))
    return await client.request(method, path.format(**rows.ids), json=body_of(name, rows), params=params)


def test_R5_every_route_declares_who_may_use_it_and_means_what_page_1_says(service: Service) -> None:
    declared: dict[str, Need] = {}
    for route in routes_of(service.app.api):
        assert len(route.guards) == 1, f"{route.name} must have exactly one Require or Public, and has {route.guards}"
        (guard,) = route.guards
        declared[route.name] = (
            PUBLIC
            if isinstance(guard, Public)
            else Need(
                frozenset(guard.permissions), frozenset(guard.any_of), frozenset(guard.of_keys), admin=guard.admin
            )
        )

    webhooks = {f"POST {path}": PUBLIC for path in webhook_paths()}
    assert declared | webhooks == NEEDS
    assert other_paths_of(service.app.api) == {"/openapi.json", "/assets"}


def test_R5_a_route_without_a_declared_permission_is_noticed() -> None:
    from fastapi import APIRouter, Depends, FastAPI

    app, router = FastAPI(), APIRouter(prefix="/slice")

    @router.get("/open")
    async def forgotten() -> None: ...

    @router.get("/guarded", dependencies=[Depends(Require(admin=True))])
    async def guarded() -> None: ...

    app.include_router(router)
    guards = {route.path: route.guards for route in routes_of(app)}

    assert guards["/slice/open"] == ()
    assert [type(each) for each in guards["/slice/guarded"]] == [Require]


@dataclass(frozen=True)
class Caller:
    client: Callable[[World], Awaitable[httpx.AsyncClient]]
    permissions: frozenset[Permission] = frozenset()
    is_admin: bool = False
    signed_in: bool = True
    is_key: bool = False

    @property
    def kind(self) -> str:
        if not self.signed_in:
            return "nobody"
        return "an API key" if self.is_key else "an administrator" if self.is_admin else "a person"


def person(name: str, *permissions: Permission, is_admin: bool = False) -> Caller:
    async def client(world: World) -> httpx.AsyncClient:
        found: httpx.AsyncClient = getattr(world, name)
        return found

    return Caller(client, frozenset(permissions), is_admin=is_admin)


def key(*permissions: Permission) -> Caller:
    return Caller(lambda world: world.api_key(*permissions), frozenset(permissions), is_key=True)


async def _nobody(world: World) -> httpx.AsyncClient:
    return world.other_client()


async def _forged_session(world: World) -> httpx.AsyncClient:
    client = world.other_client()
    client.cookies.set("messenger_session", f"{world.organization_id.hex}.{'0' * 43}")
    return client


async def _forged_key(world: World) -> httpx.AsyncClient:
    return world.service.client(key=f"mc_00000000_{world.organization_id.hex}_{'0' * 64}")


async def _revoked_key(world: World) -> httpx.AsyncClient:
    client = await world.api_key(*Permission)
    newest = (await world.admin.get(f"{API}/api-keys")).json()["items"][0]
    assert (await world.admin.delete(f"{API}/api-keys/{newest['id']}")).status_code == 204
    return client


async def _expired_key(world: World) -> httpx.AsyncClient:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    new = {"name": "Old", "permissions": ["sms_logs", "mass_text"], "expires_at": past}
    created = await world.admin.post(f"{API}/api-keys", json=new)
    return world.service.client(key=created.json()["key"])


BOTH = (Permission.SMS_LOGS, Permission.MASS_TEXT)

CALLERS = {
    "nobody": Caller(_nobody, signed_in=False),
    "a forged session": Caller(_forged_session, signed_in=False),
    "a forged API key": Caller(_forged_key, signed_in=False),
    "a revoked API key": Caller(_revoked_key, signed_in=False),
    "an expired API key": Caller(_expired_key, signed_in=False),
    "a person without permissions": person("noah"),
    "a person with SMS Logs": person("daniel", Permission.SMS_LOGS),
    "a person with Mass Text": person("grace", Permission.MASS_TEXT),
    "a person with Families and Staff": person("olga", Permission.DIRECTORY),
    "a person with all": person("maria", *Permission),
    "an administrator": person("admin", *Permission, is_admin=True),
    "an API key without permissions": key(),
    "an API key with SMS Logs": key(Permission.SMS_LOGS),
    "an API key with Mass Text": key(Permission.MASS_TEXT),
    "an API key with both": key(*BOTH),
    "an API key with Families and Staff": key(Permission.DIRECTORY),
}


def expected(need: Need, caller: Caller) -> tuple[int, str | None]:
    """(status, the permission that a 403 names); 200 stands for any success."""
    if need.public:
        return 200, None
    if not caller.signed_in:
        return 401, None
    if need.admin and not caller.is_admin:
        return 403, "administrator"
    for permission in Permission:
        if permission in (need.permissions | (need.of_keys if caller.is_key else frozenset())) - caller.permissions:
            return 403, permission.value
    if need.any_of and not need.any_of & caller.permissions:
        return 403, Permission.SMS_LOGS.value
    return 200, None


STREAMS = {f"GET {API}/events"}
"""It answers for as long as it is asked; tests/live asks it for its permission through a real server."""

ENDS_THE_SESSION = f"DELETE {API}/session"

OWN_PASSWORD = f"PUT {API}/me/password"
OWN_SESSION = f"DELETE {API}/me/sessions/{{session_id}}"

OWN_BROWSER = f"{API}/me/push-subscriptions/{{subscription_id}}"
OWN_VIEW = {f"PATCH {API}/views/{{view_id}}", f"DELETE {API}/views/{{view_id}}"}
OWN_UNDO = f"POST {API}/conversations/bulk/{{undo_id}}/undo"

STAFF_ONLY = {
    f"GET {API}/me/notifications",
    f"PUT {API}/me/notifications",
    f"GET {API}/me/push-subscriptions",
    f"POST {API}/me/push-subscriptions",
    f"DELETE {OWN_BROWSER}",
    f"POST {OWN_BROWSER}/test",
    f"PUT {CONVERSATION}/viewers/{{viewer_id}}",
    OWN_PASSWORD,
    OWN_SESSION,
    f"GET {API}/me/sessions",
    f"DELETE {API}/me/sessions",
    f"POST {CONVERSATION}/typing",
    f"GET {API}/views",
    f"POST {API}/views",
    *OWN_VIEW,
    f"POST {API}/saved-replies",
}
"""An API key has no tab to look at a conversation in, types nothing, and has no password, session, browser, view or
reply of its own."""


LIFT = f"POST {API}/phone-numbers/{{number}}/refusals/{{refusal_id}}/lift"
"""With a reason it is an administrator's."""

CHANGES_REPLY = {
    f"PATCH {API}/saved-replies/{{saved_reply_id}}",
    f"DELETE {API}/saved-replies/{{saved_reply_id}}",
}
"""Of one's own; one of the business is an administrator's."""

OF_THE_AUTHOR = {f"PATCH {API}/notes/{{note_id}}", f"DELETE {API}/notes/{{note_id}}"}

RETRY = f"POST {API}/messages/{{message_id}}/retry"


OF_SCHEDULED = {
    f"PATCH {API}/messages/{{message_id}}",
    f"DELETE {API}/messages/{{message_id}}",
    f"POST {API}/messages/{{message_id}}/send",
}


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


async def cells_that_are_wrong(world: World, rows: Rows, who: str, caller: Caller) -> list[str]:
    client = await caller.client(world)
    wrong: list[str] = []
    # Signing out comes last: whoever has done it is nobody.
    for name, need in sorted(NEEDS.items(), key=lambda item: item[0] == ENDS_THE_SESSION):
        status, permission = expected(need, caller)
        if need.public or (name in STREAMS and status == 200):
            continue
        cell = f"{name} for {who}"
        about = rows
        if name == LIFT and status == 200:
            if not caller.is_admin:
                status, permission = 403, "administrator"
            about = Rows({**rows.ids, "refusal_id": await removed_refusal(world)}, rows.phone_number)
        if name in CHANGES_REPLY and status == 200:
            reply_id = await new_reply(*((world.admin, "organization") if caller.is_key else (client, "own")))
            if caller.is_key:
                status, permission = 403, "administrator"
            about = Rows({**rows.ids, "saved_reply_id": reply_id}, rows.phone_number)
        if name == RETRY and status == 200:
            about = Rows({**rows.ids, "message_id": await failed_message(world, rows)}, rows.phone_number)
        if name in OF_SCHEDULED and status == 200:
            about = Rows({**rows.ids, "message_id": await scheduled_text(world, rows)}, rows.phone_number)
        if name in OF_THE_AUTHOR and status == 200:
            about = Rows(
                {**rows.ids, "note_id": await new_note(client, rows.ids["conversation_id"])}, rows.phone_number
            )
        if name in {OWN_PASSWORD, OWN_SESSION} and status == 200 and not caller.is_key:
            about = Rows({**rows.ids, "session_id": await ready_account(world, client)}, rows.phone_number)
        if OWN_BROWSER in name and status == 200 and not caller.is_key:
            browser = await client.post(f"{API}/me/push-subscriptions", json=new_browser())
            about = Rows({**rows.ids, "subscription_id": browser.json()["id"]}, rows.phone_number)
        if name in OWN_VIEW and status == 200 and not caller.is_key:
            about = Rows({**rows.ids, "view_id": await saved_view(client)}, rows.phone_number)
        if name == OWN_UNDO and status == 200:
            act = await undoable_act(client, rows.ids["conversation_id"], str(world.staff_ids["maria"]))
            about = Rows({**rows.ids, "undo_id": act}, rows.phone_number)
        response = await ask(client, name, about)
        if caller.is_key and name in STAFF_ONLY and status == 200:
            if response.status_code != 403 or response.json()["type"] != "/problems/forbidden":
                wrong.append(f"{cell}: {response.status_code}, not 403 for an API key")
        elif status == 200:
            if not response.is_success:
                wrong.append(f"{cell}: {response.status_code} {response.text}, not a success")
        elif response.status_code != status:
            wrong.append(f"{cell}: {response.status_code} {response.text}, not {status}")
        elif status == 403 and (
            response.json()["type"] != "/problems/permission-required" or response.json()["permission"] != permission
        ):
            wrong.append(f"{cell}: {response.text} does not name {permission}")
    return wrong


@pytest.mark.parametrize("kind", ["nobody", "a person", "an administrator", "an API key"])
async def test_R5_every_route_lets_in_whom_page_1_lets_in_and_refuses_the_others(world: World, kind: str) -> None:
    rows = await Rows.create(world)
    callers = {who: caller for who, caller in CALLERS.items() if caller.kind == kind}
    assert callers

    wrong = [cell for who, caller in callers.items() for cell in await cells_that_are_wrong(world, rows, who, caller)]

    assert wrong == []


async def test_PERM_SEND_the_refusal_says_in_words_which_permission_is_missing(world: World) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)

    refused = await world.daniel.post(f"{API}/conversations/{conversation['id']}/messages", json={"body": "Hi"})

    assert refused.status_code == 403
    assert "Mass Text" in refused.json()["detail"]
    assert [message["body"] for message in await world.thread(conversation["id"])] == ["Hello?"]


async def test_PERM_SEND_with_sms_logs_alone_a_person_reads_opens_and_closes(world: World) -> None:
    await world.text(PARENT, "Hello?")
    conversation = await world.conversation(PARENT)

    viewing = await world.view(conversation["id"], 1, by=world.daniel)
    closed = await world.daniel.post(f"{API}/conversations/{conversation['id']}/close", json={"seen_seq": 1})

    assert viewing["status"] == "open"
    assert closed.json()["status"] == "closed"


async def test_PERM_NOW_a_permission_revoked_or_given_counts_at_the_next_request(world: World) -> None:
    assert (await world.maria.get(f"{API}/conversations")).status_code == 200
    maria = f"{API}/staff-members/{world.staff_ids['maria']}"

    await world.admin.patch(maria, json={"permissions": ["mass_text"]})
    refused = await world.maria.get(f"{API}/conversations")
    await world.admin.patch(maria, json={"permissions": ["sms_logs"]})
    let_in = await world.maria.get(f"{API}/conversations")

    assert refused.status_code == 403
    assert refused.json()["permission"] == "sms_logs"
    assert let_in.status_code == 200
    assert (await world.maria.get(f"{API}/me")).json()["permissions"] == ["sms_logs"]


async def test_PERM_ADMIN_an_administrator_has_both_permissions_without_being_given_them(world: World) -> None:
    me = (await world.admin.get(f"{API}/me")).json()

    assert me["is_admin"] is True
    assert me["permissions"] == ["sms_logs", "mass_text", "directory"]
    assert await world.rows("SELECT permissions FROM staff_members WHERE is_admin") == [([],)]


async def test_PERM_LEGACY_a_former_permission_is_no_permission_of_the_api(world: World) -> None:
    for spelling in ("family_sms_logs", "staff_sms_logs", "admin"):
        new = {"name": "X", "email": "x@gym.test", "permissions": [spelling]}
        assert (await world.admin.post(f"{API}/staff-members", json=new)).status_code == 422
        assert (
            await world.admin.post(f"{API}/api-keys", json={"name": "X", "permissions": [spelling]})
        ).status_code == 422
