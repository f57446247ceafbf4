"""The request that sends a message at Plivo, and what its answer proves.

Wire facts: Plivo's API reference of the Message resource.
"""

from typing import Any

import httpx

from api.providers import fields
from api.providers.http import json_object
from api.providers.plivo.errors import ERRORS
from api.providers.port import LineAccess, MessageStatus, OutgoingMessage, SendOutcome


def request_body(line: LineAccess, message: OutgoingMessage) -> dict[str, Any]:
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
    return request


def read_answer(response: httpx.Response) -> SendOutcome:
    """An ambiguous answer is unknown: Plivo has no idempotency key.

    Answers carry no `error_code` today. Plivo's records of messages do, and an answer that has one is read like them.
    """
    payload = json_object(response)
    code = fields.text(payload, "error_code", limit=100)
    if code in ERRORS.no_error:
        code = None
    if 200 <= response.status_code < 300:
        message_id = fields.text(payload, "message_uuid", 0) or fields.text(payload, "message_uuid")
        return ERRORS.accepted(message_id, status=MessageStatus.FAILED if code else MessageStatus.SENT, code=code)
    said = fields.text(payload, "error") or fields.text(payload, "message")
    return ERRORS.refused(response, code=code, said=said)
