"""Finding a message of unknown outcome in Twilio's list."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from api.kit.text import made_storable
from api.providers.http import CONNECTION_FAILURES
from api.providers.port import (
    CannotTell,
    Found,
    LineAccess,
    NotFoundAtProvider,
    ReconcileOutcome,
    StatusReport,
    UnknownMessage,
)
from api.providers.twilio.report import basic_auth, status_report


async def find_message(
    client: httpx.AsyncClient, messages_url: str, line: LineAccess, message: UnknownMessage
) -> ReconcileOutcome:
    """Search the newest 200 messages to the number for this line's, from a minute before the claim.

    `DateSent` does not filter the list: a message that Twilio has not sent yet has none. Duplicate texts whose
    outcomes are all unknown are matched by their order, once Twilio lists as many as there are (decision 0014).
    """
    since = min([message.claimed_at, *message.duplicates_claimed_at]) - timedelta(minutes=1)
    parameters = {"To": message.to, "PageSize": "200"}
    try:
        response = await client.get(messages_url, params=parameters, auth=basic_auth(line))
    except CONNECTION_FAILURES as error:
        return CannotTell(f"The provider could not be asked ({type(error).__name__}).")
    if response.status_code != 200:
        return CannotTell(f"The provider answered {response.status_code} to the question.")
    try:
        # Twilio lists newest first. Reversed, messages of the same second keep their order.
        candidates = sorted(
            [
                each
                for each in reversed(response.json()["messages"])
                if each["body"] == message.body
                and str(each.get("direction", "")).startswith("outbound")
                and each["sid"] not in message.known_provider_ids
                and _is_from(line, each)
                and _created(each) >= since
            ],
            key=_created,
        )
        reports = [_listed_report(each) for each in candidates]
    except (ValueError, KeyError, TypeError, RecursionError):
        return CannotTell("The provider's answer could not be read.")
    if not reports:
        return NotFoundAtProvider()
    if len(reports) != 1 + len(message.duplicates_claimed_at) or message.claimed_at in message.duplicates_claimed_at:
        return CannotTell("The provider's list does not say which of the messages with this text it is.")
    return Found(reports[sum(each < message.claimed_at for each in message.duplicates_claimed_at)])


def _is_from(line: LineAccess, listed: Mapping[str, Any]) -> bool:
    """Whether this line sent the listed message. Other lines of the account may have texted the same number."""
    service = line.credentials.get("messaging_service_sid")
    if service:
        return bool(listed.get("messaging_service_sid") == service)
    return bool(listed.get("from") == line.phone_number)


def _listed_report(listed: Mapping[str, Any]) -> StatusReport:
    """Raises KeyError for a message without id or status."""
    code, message = listed.get("error_code"), listed.get("error_message")
    return status_report(
        sid=made_storable(str(listed["sid"])),
        status=made_storable(str(listed["status"])).lower(),
        code=made_storable(str(code)) if code else None,
        message=made_storable(str(message)) if message else None,
        at=None,
    )


def _created(message: Mapping[str, Any]) -> datetime:
    """Raises KeyError without a date, and ValueError for one that is not RFC 2822."""
    return parsedate_to_datetime(str(message["date_created"]))
