"""For every route a request that succeeds for who may make it, however often."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.access.needs import API
from tests.access.payloads import a_reply, a_webhook_endpoint, new_browser, new_line, new_person
from tests.access.rows import TO_ERASE, Rows
from tests.support.broadcasts import a_broadcast
from tests.support.business import PASSWORD
from tests.support.media import upload

REPLACING = {
    f"PUT {API}/organization/away",
    f"PUT {API}/organization/links",
    f"PATCH {API}/organization/mass-text",
    f"PUT {API}/lines/{{line_id}}/prices",
}
"""Routes that need an `If-Match` (decision 0055)."""
WHATEVER_THERE_IS = {"If-Match": "*"}


def headers_of(name: str) -> Mapping[str, str]:
    """The headers that the route cannot do without."""
    return WHATEVER_THERE_IS if name in REPLACING else {}


def body_of(name: str, rows: Rows) -> dict[str, Any] | None:
    """A body with which the request succeeds for who may make it, however often."""
    match name.replace(API, ""):
        case "POST /conversations/{conversation_id}/close" | "PUT /conversations/{conversation_id}/viewers/{viewer_id}":
            return {"seen_seq": 1}
        case "POST /conversations/{conversation_id}/notes" | "PATCH /notes/{note_id}":
            return {"body": f"Call {uuid4().hex} first"}
        case "POST /exports":
            return {"kind": "conversation", "format": "csv", "conversation_id": rows.ids["conversation_id"]}
        case "POST /mentions/read":
            return {"conversation_id": rows.ids["conversation_id"]}
        case "PATCH /conversations/{conversation_id}":
            return {"metadata": {"crm_id": uuid4().hex}}
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
        case "PATCH /organization/mass-text":
            return {"confirm_above": 400}
        case "PUT /lines/{line_id}/prices":
            return {"currency": None, "prices": []}
        case "PUT /credits":
            return {"is_on": False, "currency": "USD", "low_below": "5"}
        case "POST /credits/additions":
            return {"amount": "5"}
        case "POST /cost-estimates":
            return {"line_id": rows.ids["line_id"], "phone_number": rows.phone_number, "body": "Hi"}
        case "POST /broadcasts":
            return a_broadcast(rows.phone_number)
        case "PATCH /broadcasts/{broadcast_id}":
            return {"name": f"Snow {uuid4().hex}"}
        case "POST /broadcasts/{broadcast_id}/send":
            return {"confirmed_recipients": 1}
        case "POST /audiences":
            return {"name": f"Level {uuid4().hex}", "audience": {"numbers": [rows.phone_number]}}
        case "PATCH /audiences/{audience_id}":
            return {"name": f"Level {uuid4().hex}"}
        case "PATCH /organization/settings":
            return {"replying_assigns": True}
        case "POST /lines/{line_id}/sandbox-texts":
            return {"phone_number": "+17855550100", "body": "Hello?"}
        case "PATCH /lines/{line_id}":
            return {"label": "Desk"}
        case "PATCH /api-keys/{api_key_id}":
            return {"name": f"Key {uuid4().hex}"}
        case "POST /api-keys/{api_key_id}/rotate":
            return {"old_key_valid_until": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
        case "POST /api-keys":
            return {"name": "Key", "permissions": []}
        case "POST /webhook-endpoints":
            return a_webhook_endpoint()
        case "PATCH /webhook-endpoints/{webhook_endpoint_id}":
            return {"description": f"Desk {uuid4().hex}"}
        case "POST /webhook-endpoints/{webhook_endpoint_id}/rotate":
            return {"overlap_hours": 1}
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


async def ask(
    client: httpx.AsyncClient, name: str, rows: Rows, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    method, _, path = name.partition(" ")
    params = None
    if method == "GET" and path.endswith("/opt-in-checks"):
        params = {"phone_number": rows.phone_number}
    elif path.endswith("/search") or path == f"{API}/recipients":
        params = {"q": "hello"}
    if path.endswith("/sandbox-texts"):
        path = path.replace("{line_id}", rows.ids["sandbox_line_id"])
    if path.endswith("/erase"):
        path = path.replace("{number}", TO_ERASE)
    if path.endswith("/directory/import"):
        return await client.post(path, content="kind,name\nfamily,New\n", headers={"Content-Type": "text/csv"})
    if name == f"POST {API}/media":
        return await upload(client)
    if "{upload_id}" in path:
        uploaded = await upload(client)
        path = path.replace("{upload_id}", uploaded.json()["id"] if uploaded.is_success else str(uuid4()))
    path, headers = path.format(**rows.ids), {**headers_of(name), **(headers or {})}
    return await client.request(method, path, json=body_of(name, rows), params=params, headers=headers)
