"""What is set at Telnyx for a line: its messaging profile's webhook.

Wire facts: Telnyx's API reference for messaging profiles and for phone numbers with messaging settings.
"""

from urllib.parse import quote

import httpx

from api.providers import json_fields as fields
from api.providers.check import accepted, ask, cannot_tell, compared, missing, refused
from api.providers.http import json_object
from api.providers.port import LineAccess, ProviderUnreachable, WebhookAddresses, WebhookCheck


class TelnyxCheck:
    """One check of one line. Its profile is the one that it was given, else the one that its number is in."""

    def __init__(
        self, client: httpx.AsyncClient, *, api_url: str, line: LineAccess, expected: WebhookAddresses
    ) -> None:
        self._client = client
        self._api_url = api_url
        self._line = line
        self._expected = expected

    async def check(self) -> WebhookCheck | ProviderUnreachable:
        profile = self._line.credentials.get("messaging_profile_id")
        return await self._number() if profile is None else await self._profile(profile)

    async def _number(self) -> WebhookCheck | ProviderUnreachable:
        number = self._line.phone_number
        answer = await self._ask("/v2/phone_numbers/messaging", params={"filter[phone_number]": number})
        if isinstance(answer, ProviderUnreachable):
            return answer
        if answer.status_code != 200:
            return refused(answer)
        payload = json_object(answer)
        if "data" not in payload:
            return accepted(cannot_tell("The provider's answer could not be read."))
        found = next(
            (each for each in fields.items(payload, "data") if fields.text(each, "phone_number") == number), None
        )
        if found is None:
            return accepted(missing(f"This account has no number {number} for texts."))
        profile = fields.text(found, "messaging_profile_id")
        if profile is None:
            return accepted(missing("At Telnyx the number has no messaging profile. Give it one, with this address."))
        return await self._profile(profile)

    async def _profile(self, profile: str) -> WebhookCheck | ProviderUnreachable:
        answer = await self._ask(f"/v2/messaging_profiles/{quote(profile, safe='')}")
        if isinstance(answer, ProviderUnreachable):
            return answer
        if answer.status_code == 404:
            return accepted(missing(f"This account has no messaging profile {profile}."))
        if answer.status_code != 200:
            return refused(answer)
        found = fields.found(json_object(answer), "data")
        if fields.found(found, "enabled") is False:
            return accepted(missing("The messaging profile is switched off at Telnyx, so no text comes in."))
        if fields.text(found, "id") is None:
            return accepted(cannot_tell("The provider's answer could not be read."))
        old = fields.text(found, "webhook_api_version") == "1"
        return accepted(
            compared(
                fields.text(found, "webhook_url", limit=500),
                self._expected.inbound,
                where="for the messaging profile",
                mistake="The address is right, but its API version is 1. Choose version 2." if old else None,
            )
        )

    async def _ask(self, path: str, *, params: dict[str, str] | None = None) -> httpx.Response | ProviderUnreachable:
        # As bytes: a header takes more characters than httpx would encode by itself.
        bearer = f"Bearer {self._line.credentials['api_key']}".encode()
        return await ask(self._client, f"{self._api_url}{path}", params=params, headers={"Authorization": bearer})
