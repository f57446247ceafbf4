"""Twilio's REST API: addresses, credentials, and reading a resource."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from api.providers.http import CONNECTION_FAILURES, basic_credentials, cannot_ask, json_object
from api.providers.port import CannotTell, LineAccess

VERSION_PATH = "/2010-04-01/"


def account_url(api_url: str, line: LineAccess) -> str:
    return f"{api_url}{VERSION_PATH}Accounts/{quote(line.credentials['account_sid'], safe='')}"


def authorization(line: LineAccess) -> Mapping[bytes, bytes]:
    return basic_credentials(line.credentials["account_sid"], line.credentials["auth_token"])


async def get(
    client: httpx.AsyncClient, url: str, line: LineAccess, *, params: Mapping[str, str] | None = None
) -> Mapping[str, Any] | CannotTell:
    """The JSON object at `url`; empty if it cannot be read."""
    try:
        response = await client.get(url, params=params, headers=authorization(line))
    except CONNECTION_FAILURES as error:
        return cannot_ask(error)
    if response.status_code != 200:
        return CannotTell(f"The provider answered {response.status_code} to the question.")
    return json_object(response)
