"""The request that sends a message at Bandwidth, and what its answer proves."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx

from api.providers import fields
from api.providers.bandwidth.errors import ERRORS, NO_RECEIPT
from api.providers.http import json_object
from api.providers.port import LineAccess, MessageStatus, OutgoingMessage, SendOutcome

FAILURES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "FAILED": MessageStatus.FAILED,
        "UNDELIVERED": MessageStatus.UNDELIVERED,
        "REJECTED": MessageStatus.FAILED,
    }
)
"""Our status for each `messageStatus` of Bandwidth's records that is a failure."""


def request_body(line: LineAccess, message: OutgoingMessage) -> dict[str, Any]:
    """`tag` is our message's id: Bandwidth repeats it in every callback."""
    request: dict[str, Any] = {
        "applicationId": line.credentials["application_id"],
        "from": line.phone_number,
        "to": [message.to],
        "tag": str(message.message_id),
    }
    if message.body:
        request["text"] = message.body
    if message.media_urls:
        request["media"] = list(message.media_urls)
    return request


def read_answer(response: httpx.Response) -> SendOutcome:
    """An ambiguous answer is unknown: Bandwidth has no idempotency key.

    Answers carry no `messageStatus` and no `errorCode` today. Bandwidth's records of messages do, and an answer that
    has them is read like those.
    """
    payload = json_object(response)
    if 200 <= response.status_code < 300:
        code = fields.text(payload, "errorCode", limit=100)
        if code in {*ERRORS.no_error, NO_RECEIPT}:
            code = None
        status = FAILURES.get((fields.text(payload, "messageStatus") or "").upper())
        return ERRORS.accepted(
            fields.text(payload, "id"),
            status=status or (MessageStatus.FAILED if code else MessageStatus.SENT),
            code=code,
            said=fields.text(payload, "description"),
        )
    said = fields.text(payload, "fieldErrors", 0, "description") or fields.text(payload, "description")
    return ERRORS.refused(response, code=fields.text(payload, "type", limit=100), said=said)
