"""Sending at Telnyx: the POST, its answer, and its repetition (decision 0011).

Wire facts: Telnyx's API reference for messaging and its guide to idempotency.
"""

import json
from typing import Any

import httpx

from api.providers import json_fields as fields
from api.providers.http import CONNECTION_FAILURES, classify_failure, json_object, not_processed
from api.providers.port import (
    Accepted,
    CannotTell,
    Found,
    LineAccess,
    MessageStatus,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    ReconcileOutcome,
    Rejected,
    SendOutcome,
    UnknownMessage,
    refused_destination,
)
from api.providers.telnyx.errors import ERROR_TITLES, NEVER_PROCESSED, OPTED_OUT, error_title
from api.providers.telnyx.report import STATUSES, decisive_error, errors_in, status_report

_TELLS_NOTHING_OF_THE_FIRST = frozenset({401, 403, 404, 409, 422})
"""Refusals of the repetition itself: credentials that changed, the first still under way, another body."""


async def post_message(
    client: httpx.AsyncClient, api_url: str, line: LineAccess, message: OutgoingMessage
) -> SendOutcome:
    if (refused := refused_destination(message)) is not None:
        return refused
    try:
        response = await _post(client, api_url, line, message)
    except CONNECTION_FAILURES as error:
        return classify_failure(error)
    return _outcome(response)


async def repeat_message(
    client: httpx.AsyncClient, api_url: str, line: LineAccess, message: UnknownMessage
) -> ReconcileOutcome:
    """POST the message again under its idempotency key. Telnyx replays a success, or sends what it never received.

    A refusal proves that there was no success, which would have been replayed.
    """
    if message.repeat is None or refused_destination(message.repeat) is not None:
        return CannotTell("It may not be handed over again, and the provider cannot be asked without its id.")
    try:
        response = await _post(client, api_url, line, message.repeat)
    except CONNECTION_FAILURES as error:
        return CannotTell(f"The provider could not be asked ({type(error).__name__}).")
    match _outcome(response):
        case Accepted(provider_message_id=message_id):
            report = status_report(json_object(response).get("data"), at=None)
            return Found(report) if report is not None else CannotTell(f"It has {message_id}, and no status.")
        case Rejected() if response.status_code in _TELLS_NOTHING_OF_THE_FIRST:
            return CannotTell(f"The provider answered {response.status_code} to the repetition.")
        case Rejected() as rejected:
            return rejected
        case NotProcessed(detail=detail) | OutcomeUnknown(detail=detail):
            return CannotTell(detail)


async def _post(client: httpx.AsyncClient, api_url: str, line: LineAccess, message: OutgoingMessage) -> httpx.Response:
    return await client.post(
        f"{api_url}/v2/messages",
        content=_request_body(line, message),
        headers={
            # Bytes, since a header given as text may only hold ASCII, and a mistyped key may hold anything.
            b"Authorization": f"Bearer {line.credentials['api_key']}".encode(),
            b"Content-Type": b"application/json",
            b"Idempotency-Key": str(message.message_id).encode(),
        },
    )


def _request_body(line: LineAccess, message: OutgoingMessage) -> bytes:
    """The same bytes for the same message, always: a repetition with others is refused."""
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


def _outcome(response: httpx.Response) -> SendOutcome:
    payload = json_object(response)
    if 200 <= response.status_code < 300:
        data = payload.get("data")
        message_id = fields.text(data, "id")
        if message_id is None:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        status = STATUSES.get((fields.text(data, "to", 0, "status") or "queued").lower())
        code, title = decisive_error([*errors_in(data), *errors_in(payload)])
        return Accepted.carrying(
            message_id, status or MessageStatus.SENT, code=code, title=title, opted_out=code == OPTED_OUT
        )
    codes = [code for code, _ in errors_in(payload)]
    full = next((each for each in codes if each in NEVER_PROCESSED), None)
    if response.status_code == 429 or full is not None:
        code = full or next(iter(codes), str(response.status_code))
        return not_processed(response, code=code, title=ERROR_TITLES.get(code))
    if 400 <= response.status_code < 500 and response.status_code not in {408, 409}:
        opted_out = OPTED_OUT in codes
        first = fields.text(payload, "errors", 0, "code", limit=100)
        code = OPTED_OUT if opted_out else first or str(response.status_code)
        words = fields.text(payload, "errors", 0, "detail") or fields.text(payload, "errors", 0, "title")
        return Rejected(code=code, title=error_title(code, words), opted_out=opted_out)
    return OutcomeUnknown(f"The provider answered {response.status_code}.")
