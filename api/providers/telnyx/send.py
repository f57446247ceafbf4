"""The request that sends a message at Telnyx, and what its answer proves, or that of its repetition (decision 0011).

Wire facts: Telnyx's API reference for messaging and its guide to idempotency.
"""

import json
from typing import Any

import httpx

from api.providers import fields
from api.providers.http import json_object
from api.providers.port import (
    Accepted,
    CannotTell,
    Found,
    LineAccess,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    ReconcileOutcome,
    Rejected,
    SendOutcome,
)
from api.providers.telnyx.errors import ERRORS
from api.providers.telnyx.report import STATUSES, decisive_error, errors_in, status_report

REFUSED_REPETITION = frozenset({401, 403, 404, 409, 422})
"""Statuses that refuse the repetition and say nothing of the first request: the credentials changed, the first is still
being processed, or its body was another."""


def request_body(line: LineAccess, message: OutgoingMessage) -> bytes:
    """Always the same bytes for the same message: Telnyx refuses a repetition with other bytes."""
    request: dict[str, Any] = {
        "from": line.phone_number,
        "to": message.to,
        "webhook_url": message.status_callback_url,
    }
    if message.body:
        request["text"] = message.body
    if message.media_urls:
        request["media_urls"] = list(message.media_urls)
    profile = line.credentials.get("messaging_profile_id")
    if profile:
        request["messaging_profile_id"] = profile
    return json.dumps(request, sort_keys=True, separators=(",", ":")).encode()


def read_answer(response: httpx.Response) -> SendOutcome:
    payload = json_object(response)
    errors = errors_in(payload)
    if 200 <= response.status_code < 300:
        data = payload.get("data")
        code, said = decisive_error([*errors_in(data), *errors])
        status = STATUSES.get((fields.text(data, "to", 0, "status") or "queued").lower())
        return ERRORS.accepted(fields.text(data, "id"), status=status, code=code, said=said)
    full = next((code for code, _ in errors if code in ERRORS.never_processed), None)
    code, _ = decisive_error(errors)
    said = fields.text(payload, "errors", 0, "detail") or fields.text(payload, "errors", 0, "title")
    return ERRORS.refused(response, code=full or code, said=said)


def read_repetition(response: httpx.Response) -> ReconcileOutcome:
    """Telnyx replays a success, or sends what it never received. So a refusal proves that there was no success."""
    match read_answer(response):
        case Accepted(provider_message_id=message_id):
            report = status_report(json_object(response).get("data"), at=None)
            return Found(report) if report is not None else CannotTell(f"It has {message_id}, and no status.")
        case Rejected() if response.status_code in REFUSED_REPETITION:
            return CannotTell(f"The provider answered {response.status_code} to the repetition.")
        case Rejected() as rejected:
            return rejected
        case NotProcessed(detail=detail) | OutcomeUnknown(detail=detail):
            return CannotTell(detail)
