"""The form that sends a message at Twilio, and what the answer proves."""

from typing import Any

import httpx

from api.providers import fields
from api.providers.http import json_object
from api.providers.port import LineAccess, OutgoingMessage, SendOutcome
from api.providers.twilio.errors import ERRORS
from api.providers.twilio.report import STATUSES


def form(line: LineAccess, message: OutgoingMessage) -> dict[str, Any]:
    form: dict[str, Any] = {"To": message.to, "Body": message.body, "StatusCallback": message.status_callback_url}
    service = line.credentials.get("messaging_service_sid")
    if service:
        form["MessagingServiceSid"] = service
    else:
        form["From"] = line.phone_number
    if message.media_urls:
        form["MediaUrl"] = list(message.media_urls)
    return form


def read_answer(response: httpx.Response) -> SendOutcome:
    """An ambiguous answer is unknown: Twilio has no idempotency key."""
    payload = json_object(response)
    if response.status_code in (200, 201):
        return ERRORS.accepted(
            fields.text(payload, "sid"),
            status=STATUSES.get((fields.text(payload, "status") or "queued").lower()),
            code=fields.text(payload, "error_code", limit=100),
            said=fields.text(payload, "error_message"),
        )
    return ERRORS.refused(response, code=fields.text(payload, "code"), said=fields.text(payload, "message"))
