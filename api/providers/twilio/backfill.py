"""Twilio's list of received messages, and the webhooks that they should have been.

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
from api.providers.http import CONNECTION_FAILURES
from api.providers.port import CannotTell, EventKind, LineAccess, ListedMessage, WebhookEvent

VERSION_PATH = "/2010-04-01/"
PAGE_SIZE = 1000
"""The most that Twilio gives at a time."""

MAX_PAGES = 20


class TwilioReceived:
    """The received messages of one account, asked for with its credentials."""

    def __init__(self, client: httpx.AsyncClient, *, api_url: str, line: LineAccess) -> None:
        self._client = client
        self._api_url = api_url
        self._line = line

    async def listed(self, messages_url: str, *, since: datetime) -> list[ListedMessage] | CannotTell:
        """Every message to the line that Twilio received at `since` or later.

        A Messaging Service's messages have any of its numbers as `To`, so for its line the account's whole list is
        looked through.
        """
        query = {"DateSent>": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "PageSize": str(PAGE_SIZE)}
        if not self._line.credentials.get("messaging_service_sid"):
            query["To"] = self._line.phone_number
        found: list[ListedMessage] = []
        url = f"{messages_url}?{urlencode(query)}"
        for _ in range(MAX_PAGES):
            page = await self._get(url)
            if isinstance(page, CannotTell):
                return page
            try:
                found += [_listed(each) for each in page["messages"] if self._is_ours(each)]
            except (ValueError, KeyError, TypeError):
                return CannotTell("The provider's list could not be read.")
            next_page = page.get("next_page_uri")
            if not next_page:
                return [each for each in found if each.at >= since]
            if not str(next_page).startswith(VERSION_PATH):
                return CannotTell("The provider's list leads elsewhere.")
            url = f"{self._api_url}{next_page}"
        return CannotTell(f"The provider lists more than {MAX_PAGES * PAGE_SIZE:,} messages since {since:%d %B %H:%M}.")

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        if message["direction"] != "inbound":
            return False
        service = self._line.credentials.get("messaging_service_sid")
        to = str(message["to"])
        return self._line.phone_number in {to, one_spelling(to)} or (
            bool(service) and message.get("messaging_service_sid") == service
        )

    async def event(self, messages_url: str, listed: ListedMessage) -> WebhookEvent | CannotTell:
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
            media = await self._media(f"{messages_url.removesuffix('.json')}/{listed.provider_message_id}/Media.json")
            if isinstance(media, CannotTell):
                return media
            fields |= media
        form = urlencode({name: value for name, value in fields.items() if value is not None}, errors="replace")
        return WebhookEvent(
            kind=EventKind.MESSAGE,
            event_id=listed.event_id,
            phone_number=made_storable(str(record["from"]))[:40],
            body=form.encode(),
            content_type="application/x-www-form-urlencoded",
        )

    async def _media(self, url: str) -> dict[str, str] | CannotTell:
        page = await self._get(url)
        if isinstance(page, CannotTell):
            return page
        fields: dict[str, str] = {}
        try:
            for index, each in enumerate(page["media_list"]):
                fields[f"MediaUrl{index}"] = f"{self._api_url}{each['uri'].removesuffix('.json')}"
                fields[f"MediaContentType{index}"] = each["content_type"]
        except (KeyError, TypeError, AttributeError):
            return CannotTell("The provider's list of pictures could not be read.")
        return {**fields, "NumMedia": str(len(page["media_list"]))}

    async def _get(self, url: str) -> Mapping[str, Any] | CannotTell:
        auth = httpx.BasicAuth(self._line.credentials["account_sid"], self._line.credentials["auth_token"])
        try:
            response = await self._client.get(url, auth=auth)
        except CONNECTION_FAILURES as error:
            return CannotTell(f"The provider could not be asked ({type(error).__name__}).")
        if response.status_code != 200:
            return CannotTell(f"The provider answered {response.status_code} to the question.")
        try:
            page = response.json()
        except (ValueError, RecursionError):
            page = None
        return page if isinstance(page, dict) else CannotTell("The provider's answer could not be read.")


def _listed(message: Mapping[str, Any]) -> ListedMessage:
    """Raises KeyError, TypeError and ValueError for a record without sid, sender or date."""
    sid = made_storable(str(message["sid"]))[:200]
    if not sid or not message["from"]:
        raise KeyError("sid or from")
    at = parsedate_to_datetime(str(message.get("date_sent") or message["date_created"]))
    if at.tzinfo is None:
        raise ValueError("a date without an offset")
    return ListedMessage(event_id=sid, provider_message_id=sid, at=at, record=message)
