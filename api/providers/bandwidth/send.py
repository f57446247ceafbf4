"""Bandwidth's answer to a send, and what it proves."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx

from api.providers import json_fields as fields
from api.providers.bandwidth.errors import ERROR_TITLES, NEVER_PROCESSED, NO_RECEIPT, OPTED_OUT, error_title
from api.providers.http import json_object, not_processed
from api.providers.port import (
    Accepted,
    LineAccess,
    MessageStatus,
    OutcomeUnknown,
    OutgoingMessage,
    Rejected,
    SendOutcome,
    StatusReport,
)

RECORD_STATUSES: Mapping[str, MessageStatus] = MappingProxyType(
    {
        "FAILED": MessageStatus.FAILED,
        "UNDELIVERED": MessageStatus.UNDELIVERED,
        "REJECTED": MessageStatus.FAILED,
    }
)
"""`messageStatus` of Bandwidth's records, where it is a failure."""


def message_body(line: LineAccess, message: OutgoingMessage) -> bytes:
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
    return json.dumps(request).encode()


def outcome_of(response: httpx.Response) -> SendOutcome:
    """An ambiguous answer is unknown: Bandwidth has no idempotency key."""
    payload = json_object(response)
    if 200 <= response.status_code < 300:
        message_id = fields.text(payload, "id")
        if message_id is None:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        report = _failure_in(payload)
        return Accepted.carrying(
            message_id,
            report.status or MessageStatus.SENT,
            code=report.error_code,
            title=report.error_title,
            opted_out=report.opted_out,
        )
    code = fields.text(payload, "type", limit=100) or str(response.status_code)
    if response.status_code == 429 or code.lower() in NEVER_PROCESSED:
        return not_processed(response, code=code, title=ERROR_TITLES.get(code.lower()))
    if 400 <= response.status_code < 500 and response.status_code != 408:
        words = fields.text(payload, "fieldErrors", 0, "description") or fields.text(payload, "description")
        return Rejected(code=code, title=error_title(code, words), opted_out=code == OPTED_OUT)
    return OutcomeUnknown(f"The provider answered {response.status_code}.")


def _failure_in(record: object) -> StatusReport:
    """The failure that an accepted message's record holds. Answers to sends do not have these fields today; Bandwidth's
    records of sent messages do."""
    code = fields.text(record, "errorCode", limit=100)
    if code in {"0", NO_RECEIPT}:
        code = None
    status = RECORD_STATUSES.get((fields.text(record, "messageStatus") or "").upper())
    return StatusReport(
        provider_message_id="",
        status=MessageStatus.FAILED if code and status is None else status,
        provider_status="",
        error_code=code,
        error_title=error_title(code, fields.text(record, "description")) if code else None,
        opted_out=code == OPTED_OUT,
        provider_time=None,
    )
