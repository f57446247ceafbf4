"""Twilio's list of received messages, and the webhook that each should have been.

Wire facts: Twilio's API reference for the Messages and Media resources.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from api.kit.phone import one_spelling
from api.kit.text import made_storable
from api.providers.port import CannotTell, EventKind, LineAccess, ListedMessage, WebhookEvent
from api.providers.twilio.api import VERSION_PATH, account_url, get

PAGE_SIZE = 1000
"""The most that Twilio gives at a time."""

MAX_PAGES = 20


async def list_received(
    client: httpx.AsyncClient, api_url: str, line: LineAccess, *, since: datetime
) -> list[ListedMessage] | CannotTell:
    """Every message to the line that Twilio received at `since` or later.

    Messages to a Messaging Service have any of its numbers as `To`, so its line reads the account's whole list.
    """
    query = {"DateSent>": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "PageSize": str(PAGE_SIZE)}
    if not line.credentials.get("messaging_service_sid"):
        query["To"] = line.phone_number
    found: list[ListedMessage] = []
    url = f"{account_url(api_url, line)}/Messages.json?{urlencode(query)}"
    for _ in range(MAX_PAGES):
        page = await get(client, url, line)
        if isinstance(page, CannotTell):
            return page
        try:
            found += [_listed(each) for each in page["messages"] if _is_to(line, each)]
        except (ValueError, KeyError, TypeError):
            return CannotTell("The provider's list could not be read.")
        next_page = page.get("next_page_uri")
        if not next_page:
            return [each for each in found if each.at >= since]
        if not str(next_page).startswith(VERSION_PATH):
            return CannotTell("The provider's list leads elsewhere.")
        url = f"{api_url}{next_page}"
    return CannotTell(f"The provider lists more than {MAX_PAGES * PAGE_SIZE:,} messages since {since:%d %B %H:%M}.")


def _is_to(line: LineAccess, message: Mapping[str, Any]) -> bool:
    if message["direction"] != "inbound":
        return False
    service = line.credentials.get("messaging_service_sid")
    to = str(message["to"])
    return line.phone_number in {to, one_spelling(to)} or (
        bool(service) and message.get("messaging_service_sid") == service
    )


def _listed(message: Mapping[str, Any]) -> ListedMessage:
    """Raises KeyError, TypeError and ValueError for a record without sid, sender or date."""
    sid = made_storable(str(message["sid"]))[:200]
    if not sid or not message["from"]:
        raise KeyError("sid or from")
    at = parsedate_to_datetime(str(message.get("date_sent") or message["date_created"]))
    if at.tzinfo is None:
        raise ValueError("a date without an offset")
    return ListedMessage(event_id=sid, provider_message_id=sid, at=at, record=message)


async def received_event(
    client: httpx.AsyncClient, api_url: str, line: LineAccess, listed: ListedMessage
) -> WebhookEvent | CannotTell:
    """The form that the webhook would have carried, with `DateSent` besides."""
    record = listed.record
    fields = {
        "MessageSid": listed.provider_message_id,
        "AccountSid": record.get("account_sid"),
        "MessagingServiceSid": record.get("messaging_service_sid"),
        "From": record["from"],
        "To": record["to"],
        "Body": record.get("body") or "",
        "NumMedia": record.get("num_media") or "0",
        "DateSent": record.get("date_sent") or record.get("date_created"),
    }
    if fields["NumMedia"] != "0":
        url = f"{account_url(api_url, line)}/Messages/{listed.provider_message_id}/Media.json"
        page = await get(client, url, line)
        if isinstance(page, CannotTell):
            return page
        try:
            fields |= _media_fields(page["media_list"], api_url)
        except (KeyError, TypeError, AttributeError):
            return CannotTell("The provider's list of pictures could not be read.")
    form = urlencode({name: value for name, value in fields.items() if value is not None}, errors="replace")
    return WebhookEvent(
        kind=EventKind.MESSAGE,
        event_id=listed.event_id,
        phone_number=made_storable(str(record["from"]))[:40],
        body=form.encode(),
        content_type="application/x-www-form-urlencoded",
    )


def _media_fields(media: Any, api_url: str) -> dict[str, str]:
    """Raises KeyError, TypeError and AttributeError for a malformed list."""
    found = {"NumMedia": str(len(media))}
    for index, each in enumerate(media):
        found[f"MediaUrl{index}"] = f"{api_url}{each['uri'].removesuffix('.json')}"
        found[f"MediaContentType{index}"] = each["content_type"]
    return found
