"""What Twilio says a message cost. Its callbacks do not; the record of a message does, some time after it was sent.

Wire facts: Twilio's API reference for the Messages resource (`price`, which is negative, and `price_unit`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from api.kit.money import Money, read_money
from api.kit.text import made_storable
from api.providers.port import CannotTell, LineAccess, ListedPrice
from api.providers.twilio.api import VERSION_PATH, account_url, get

PAGE_SIZE = 1000
"""The most that Twilio gives at a time."""

MAX_PAGES = 50


def price_of(record: Mapping[str, Any]) -> Money | None:
    """None while Twilio does not know it yet."""
    return read_money(record.get("price"), record.get("price_unit"))


async def list_prices(
    client: httpx.AsyncClient, api_url: str, line: LineAccess, *, since: datetime, until: datetime
) -> Sequence[ListedPrice] | CannotTell:
    """Of the messages that Twilio sent between these times. A list that is too long ends early: the rest has its turn
    when these have their prices."""
    query = {"DateSent>": _time(since), "DateSent<": _time(until), "PageSize": str(PAGE_SIZE)}
    if not line.credentials.get("messaging_service_sid"):
        query["From"] = line.phone_number
    found: list[ListedPrice] = []
    url = f"{account_url(api_url, line)}/Messages.json?{urlencode(query)}"
    for _ in range(MAX_PAGES):
        page = await get(client, url, line)
        if isinstance(page, CannotTell):
            return page
        messages = page.get("messages")
        if not isinstance(messages, list):
            return CannotTell("The provider's list could not be read.")
        found += [priced for each in messages if (priced := _listed(each)) is not None]
        next_page = page.get("next_page_uri")
        if not next_page:
            break
        if not str(next_page).startswith(VERSION_PATH):
            return CannotTell("The provider's list leads elsewhere.")
        url = f"{api_url}{next_page}"
    return found


def _listed(record: object) -> ListedPrice | None:
    if not isinstance(record, Mapping) or not str(record.get("direction", "")).startswith("outbound"):
        return None
    sid, price = record.get("sid"), price_of(record)
    if not isinstance(sid, str) or price is None:
        return None
    return ListedPrice(made_storable(sid)[:200], price)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
