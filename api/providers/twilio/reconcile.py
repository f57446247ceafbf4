"""Finding a message of unknown outcome in Twilio's list."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from api.providers import fields
from api.providers.port import (
    CannotTell,
    Found,
    LineAccess,
    NotFoundAtProvider,
    ReconcileOutcome,
    StatusReport,
    UnknownMessage,
)
from api.providers.twilio.api import account_url, get
from api.providers.twilio.prices import price_of
from api.providers.twilio.report import status_report


async def find_message(
    client: httpx.AsyncClient, api_url: str, line: LineAccess, message: UnknownMessage
) -> ReconcileOutcome:
    """Search the newest 200 messages to the number for this line's, from a minute before the claim.

    `DateSent` does not filter the list: a message that Twilio has not sent yet has none. Duplicate texts whose
    outcomes are all unknown are matched by their order, once Twilio lists as many as there are (decision 0014).
    """
    since = min([message.claimed_at, *message.duplicates_claimed_at]) - timedelta(minutes=1)
    params = {"To": message.to, "PageSize": "200"}
    page = await get(client, f"{account_url(api_url, line)}/Messages.json", line, params=params)
    if isinstance(page, CannotTell):
        return page
    try:
        # Twilio lists newest first. Reversed, messages of the same second keep their order.
        candidates = sorted(
            [
                each
                for each in reversed(page["messages"])
                if each["body"] == message.body
                and str(each.get("direction", "")).startswith("outbound")
                and each["sid"] not in message.known_provider_ids
                and _is_from(line, each)
                and _created(each) >= since
            ],
            key=_created,
        )
        reports = [_listed_report(each) for each in candidates]
    except (ValueError, KeyError, TypeError):
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
    sid, status = fields.text(listed, "sid"), fields.text(listed, "status")
    if sid is None or status is None:
        raise KeyError("sid or status")
    code, said = fields.text(listed, "error_code"), fields.text(listed, "error_message")
    return replace(status_report(sid, status, code=code, said=said, at=None), price=price_of(listed))


def _created(message: Mapping[str, Any]) -> datetime:
    """Raises KeyError without a date, and ValueError for one that is not RFC 2822."""
    return parsedate_to_datetime(str(message["date_created"]))
