"""What is set at Plivo for a line: the message URL of its number's application.

Wire facts: Plivo's API reference for account phone numbers and applications.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from api.providers import json_fields as fields
from api.providers.check import accepted, ask, cannot_tell, compared, missing, refused
from api.providers.http import basic_credentials, json_object
from api.providers.port import LineAccess, ProviderUnreachable, WebhookAddresses, WebhookCheck


class PlivoCheck:
    """One check of one line."""

    def __init__(self, client: httpx.AsyncClient, *, account_url: str, line: LineAccess) -> None:
        self._client = client
        self._account_url = account_url
        self._line = line

    async def check(self, expected: WebhookAddresses) -> WebhookCheck | ProviderUnreachable:
        number = self._line.phone_number
        found = await self._get(f"Number/{quote(number.removeprefix('+'), safe='')}/")
        if isinstance(found, WebhookCheck | ProviderUnreachable):
            return found
        if found is None:
            return accepted(missing(f"This account has no number {number}."))
        if "application" not in found:
            return accepted(cannot_tell("The provider's answer could not be read."))
        if found.get("sms_enabled") is False:
            return accepted(missing("At Plivo the number cannot receive texts."))
        application = fields.text(found, "application", limit=500)
        if application is None:
            return accepted(missing("At Plivo the number has no application. Give it one, with this address."))
        # The resource's address, of which only the last part is used.
        found = await self._get(f"Application/{quote(application.rstrip('/').rpartition('/')[2], safe='')}/")
        if isinstance(found, WebhookCheck | ProviderUnreachable):
            return found
        if found is None:
            return accepted(missing("At Plivo the number's application is gone. Give it another, with this address."))
        if "message_url" not in found:
            return accepted(cannot_tell("The provider's answer could not be read."))
        by_get = (fields.text(found, "message_method") or "POST").upper() != "POST"
        return accepted(
            compared(
                fields.text(found, "message_url", limit=500),
                expected.inbound,
                where="as the message URL of the number's application",
                mistake="The address is right, but it is called with GET. Choose the method POST." if by_get else None,
            )
        )

    async def _get(self, path: str) -> Mapping[str, Any] | WebhookCheck | ProviderUnreachable | None:
        """The resource; None if there is none; else why it could not be read."""
        credentials = self._line.credentials
        authorization = basic_credentials(credentials["auth_id"], credentials["auth_token"])
        answer = await ask(self._client, f"{self._account_url}/{path}", headers=authorization)
        if isinstance(answer, ProviderUnreachable):
            return answer
        if answer.status_code == 404:
            return None
        return json_object(answer) if answer.status_code == 200 else refused(answer)
