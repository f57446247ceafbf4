"""Who may do what: every route of the application, for everybody who can ask (R5)."""

import re

import pytest

from api.access.dependencies import Public, Require
from api.access.rules import Permission
from api.created import MADE_AT
from api.inbound.webhook_document import webhook_paths
from api.literal_paths import literal_paths
from tests.access.callers import CALLERS, Caller
from tests.access.needs import API, BROADCAST, CONVERSATION, ENDPOINT, NEEDS, PUBLIC, RETRY, STREAMS, Need
from tests.access.payloads import new_browser
from tests.access.route_requests import ask
from tests.access.routes import other_paths_of, routes_of
from tests.access.rows import (
    EXTERNAL_ID,
    PARENT,
    Rows,
    failed_message,
    new_endpoint,
    new_note,
    new_reply,
    ready_account,
    removed_refusal,
    saved_view,
    scheduled_text,
    undoable_act,
)
from tests.support.broadcasts import broadcast_for, new_audience
from tests.support.exports import finished_export
from tests.support.service import Service
from tests.support.world import World


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
    # Those answer 405.
    others = other_paths_of(service.app.api) - literal_paths(service.app.api).keys()
    assert others == {"/openapi.json", "/assets"}


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


def expected(need: Need, caller: Caller) -> tuple[int, str | None]:
    """(status, the permission that a 403 names); 200 stands for any success."""
    if need.public:
        return 200, None
    if not caller.signed_in:
        return 401, None
    if need.admin and not caller.is_admin:
        return 403, "administration"
    for permission in Permission:
        if permission in (need.permissions | (need.of_keys if caller.is_key else frozenset())) - caller.permissions:
            return 403, permission.value
    if need.any_of and not need.any_of & caller.permissions:
        return 403, Permission.SMS_LOGS.value
    return 200, None


def test_whoever_may_make_a_thing_may_read_it_at_its_location() -> None:
    reading = {re.sub(r"{\w+}", "$id", name): name for name in NEEDS if name.startswith("GET ")}
    for making, place in MADE_AT.items():
        name = reading[f"GET {API}/{place}"]
        for caller_name, caller in CALLERS.items():
            if expected(NEEDS[making], caller)[0] == 200:
                assert expected(NEEDS[name], caller) == (200, None), f"{making} by {caller_name}"
        assert (name in STAFF_ONLY) <= (making in STAFF_ONLY), making


ENDS_THE_SESSION = f"DELETE {API}/session"

OWN_PASSWORD = f"PUT {API}/me/password"
OWN_SESSION = f"DELETE {API}/me/sessions/{{session_id}}"

OWN_BROWSER = f"{API}/me/push-subscriptions/{{subscription_id}}"
OWN_VIEW = {f"PATCH {API}/views/{{view_id}}", f"DELETE {API}/views/{{view_id}}"}
OWN_EXPORT = f"{API}/exports/{{export_id}}"
OWN_UNDO = f"POST {API}/conversations/bulk/{{undo_id}}/undo"

STAFF_ONLY = {
    f"GET {API}/me/notifications",
    f"PUT {API}/me/notifications",
    f"GET {API}/me/push-subscriptions",
    f"POST {API}/me/push-subscriptions",
    f"GET {OWN_BROWSER}",
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
    f"GET {API}/views/{{view_id}}",
    *OWN_VIEW,
    f"POST {API}/saved-replies",
    f"POST {BROADCAST}/approve",
}
"""An API key has no tab to look at a conversation in, types nothing, agrees to nothing, and has no password, session,
browser, view or reply of its own."""


LIFT = f"POST {API}/phone-numbers/{{number}}/refusals/{{refusal_id}}/lift"
"""With a reason it is an administrator's."""

CHANGES_REPLY = {
    f"PATCH {API}/saved-replies/{{saved_reply_id}}",
    f"DELETE {API}/saved-replies/{{saved_reply_id}}",
}
"""Of one's own; one of the business is an administrator's."""

OF_THE_AUTHOR = {f"PATCH {API}/notes/{{note_id}}", f"DELETE {API}/notes/{{note_id}}"}


BY_EXTERNAL_ID = {f"GET {API}/{each}/by-external-id/{{external_id}}" for each in ("families", "staff-members")}
OF_SCHEDULED = {
    f"PATCH {API}/messages/{{message_id}}",
    f"DELETE {API}/messages/{{message_id}}",
    f"POST {API}/messages/{{message_id}}/send",
}


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
                status, permission = 403, "administration"
            about = Rows({**rows.ids, "refusal_id": await removed_refusal(world)}, rows.phone_number)
        if name in CHANGES_REPLY and status == 200:
            reply_id = await new_reply(*((world.admin, "organization") if caller.is_key else (client, "own")))
            if caller.is_key and not caller.is_admin:
                status, permission = 403, "administration"
            about = Rows({**rows.ids, "saved_reply_id": reply_id}, rows.phone_number)
        if name == RETRY and status == 200:
            about = Rows({**rows.ids, "message_id": await failed_message(world, rows)}, rows.phone_number)
        if BROADCAST in name and status == 200:
            about = Rows({**rows.ids, "broadcast_id": await broadcast_for(world, name)}, rows.phone_number)
        if name == f"DELETE {API}/audiences/{{audience_id}}" and status == 200:
            audience_id = await new_audience(world.admin, rows.phone_number)
            about = Rows({**rows.ids, "audience_id": audience_id}, rows.phone_number)
        if name in BY_EXTERNAL_ID:
            about = Rows({**rows.ids, "external_id": EXTERNAL_ID}, rows.phone_number)
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
        if OWN_EXPORT in name and status == 200:
            export_id = await finished_export(world, client, rows.ids["conversation_id"])
            about = Rows({**rows.ids, "export_id": export_id}, rows.phone_number)
        if name == OWN_UNDO and status == 200:
            act = await undoable_act(client, rows.ids["conversation_id"], str(world.staff_ids["maria"]))
            about = Rows({**rows.ids, "undo_id": act}, rows.phone_number)
        if ENDPOINT in name and status == 200:
            about = Rows({**rows.ids, **await new_endpoint(world)}, rows.phone_number)
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
    assert me["permissions"] == ["sms_logs", "mass_text", "mass_text_any_hour", "directory"]
    assert await world.rows("SELECT permissions FROM staff_members WHERE is_admin") == [([],)]


async def test_PERM_LEGACY_a_former_permission_is_no_permission_of_the_api(world: World) -> None:
    for spelling in ("family_sms_logs", "staff_sms_logs", "admin"):
        new = {"name": "X", "email": "x@gym.test", "permissions": [spelling]}
        assert (await world.admin.post(f"{API}/staff-members", json=new)).status_code == 422
        assert (
            await world.admin.post(f"{API}/api-keys", json={"name": "X", "permissions": [spelling]})
        ).status_code == 422
