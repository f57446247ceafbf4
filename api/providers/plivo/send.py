"""Sending at Plivo: the POST, its answer, and what it proves.

Wire facts: Plivo's API reference of the Message resource.
"""

import json
from typing import Any

import httpx

from api.providers import json_fields as fields
from api.providers.http import CONNECTION_FAILURES, basic_credentials, classify_failure, json_object, not_processed
from api.providers.plivo.errors import DELIVERED, NEVER_PROCESSED, OPTED_OUT, error_title
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


async def post_message(
    client: httpx.AsyncClient, account_url: str, line: LineAccess, message: OutgoingMessage
) -> SendOutcome:
    if (refused := refused_destination(message)) is not None:
        return refused
    try:
        response = await client.post(
            f"{account_url}/Message/",
            content=_body(line, message),
            headers=[
                *basic_credentials(line.credentials["auth_id"], line.credentials["auth_token"]).items(),
                (b"Content-Type", b"application/json"),
            ],
        )
    except CONNECTION_FAILURES as error:
        return classify_failure(error)
    return _outcome(response)


def _body(line: LineAccess, message: OutgoingMessage) -> bytes:
    request: dict[str, Any] = {
        "src": line.phone_number,
        "dst": message.to,
        "type": "mms" if message.media_urls else "sms",
        "url": message.status_callback_url,
        "method": "POST",
    }
    if message.body:
        request["text"] = message.body
    if message.media_urls:
        request["media_urls"] = list(message.media_urls)
    return json.dumps(request).encode()


def _outcome(response: httpx.Response) -> SendOutcome:
    """An ambiguous answer is unknown: Plivo has no idempotency key.

    Answers carry no `error_code` today. Plivo's records of messages do, and an answer that has one is read like them.
    """
    payload = json_object(response)
    code = fields.text(payload, "error_code", limit=100)
    if code in DELIVERED:
        code = None
    if 200 <= response.status_code < 300:
        message_id = fields.text(payload, "message_uuid", 0) or fields.text(payload, "message_uuid")
        if message_id is None:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        return Accepted.carrying(
            message_id,
            MessageStatus.FAILED if code else MessageStatus.SENT,
            code=code,
            title=error_title(code) if code else None,
            opted_out=code == OPTED_OUT,
        )
    code = code or str(response.status_code)
    if response.status_code == 429 or code in NEVER_PROCESSED:
        return not_processed(response, code=code, title=error_title(code))
    if 400 <= response.status_code < 500 and response.status_code != 408:
        said = fields.text(payload, "error") or fields.text(payload, "message")
        return Rejected(code=code, title=error_title(code, said), opted_out=code == OPTED_OUT)
    return OutcomeUnknown(f"The provider answered {response.status_code}.")
