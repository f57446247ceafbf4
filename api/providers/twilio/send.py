"""Sending at Twilio: the POST, its answer, and what it proves."""

from typing import Any

import httpx

from api.kit.text import made_storable
from api.providers import json_fields as fields
from api.providers.http import CONNECTION_FAILURES, classify_failure, json_object, not_processed
from api.providers.port import (
    Accepted,
    LineAccess,
    MessageStatus,
    OutcomeUnknown,
    OutgoingMessage,
    Rejected,
    SendOutcome,
    refused_destination,
)
from api.providers.twilio.errors import ERROR_TITLES, NEVER_PROCESSED, OPTED_OUT, error_title
from api.providers.twilio.report import STATUSES, basic_auth, status_report


async def post_message(
    client: httpx.AsyncClient, messages_url: str, line: LineAccess, message: OutgoingMessage
) -> SendOutcome:
    if (refused := refused_destination(message)) is not None:
        return refused
    form: dict[str, Any] = {"To": message.to, "Body": message.body, "StatusCallback": message.status_callback_url}
    service = line.credentials.get("messaging_service_sid")
    if service:
        form["MessagingServiceSid"] = service
    else:
        form["From"] = line.phone_number
    if message.media_urls:
        form["MediaUrl"] = list(message.media_urls)
    try:
        response = await client.post(messages_url, data=form, auth=basic_auth(line))
    except CONNECTION_FAILURES as error:
        return classify_failure(error)
    return _outcome(response)


def _outcome(response: httpx.Response) -> SendOutcome:
    """An ambiguous answer is unknown: Twilio has no idempotency key."""
    payload = json_object(response)
    if response.status_code == 201 or response.status_code == 200:
        sid = payload.get("sid")
        if not isinstance(sid, str) or not sid:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        status = STATUSES.get(str(payload.get("status", "queued")).lower())
        report = status_report(
            sid=made_storable(sid),
            status="",
            code=fields.text(payload, "error_code", limit=100),
            message=fields.text(payload, "error_message"),
            at=None,
        )
        return Accepted.carrying(
            report.provider_message_id,
            status or MessageStatus.SENT,
            code=report.error_code,
            title=report.error_title,
            opted_out=report.opted_out,
        )
    code = made_storable(str(payload.get("code") or response.status_code))
    if response.status_code == 429 or code in NEVER_PROCESSED:
        return not_processed(response, code=code, title=ERROR_TITLES.get(code))
    if 400 <= response.status_code < 500 and response.status_code != 408:
        message = payload.get("message")
        return Rejected(
            code=code,
            title=error_title(code, made_storable(message) if isinstance(message, str) else None),
            opted_out=code == OPTED_OUT,
        )
    return OutcomeUnknown(f"The provider answered {response.status_code}.")
