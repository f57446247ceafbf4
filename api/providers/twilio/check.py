"""What is set at Twilio for a line: its number's webhook, or its Messaging Service's.

Wire facts: Twilio's API reference for IncomingPhoneNumbers, ShortCodes and Messaging Services.
"""

from urllib.parse import quote, urlsplit

import httpx

from api.providers import json_fields as fields
from api.providers.check import accepted, ask, cannot_tell, compared, missing, refused
from api.providers.http import json_object
from api.providers.port import LineAccess, ProviderUnreachable, WebhookAddresses, WebhookCheck, WebhookFinding


class TwilioCheck:
    """One check of one line. A text to a number in a Messaging Service is reported as the service says."""

    def __init__(
        self, client: httpx.AsyncClient, *, api_url: str, line: LineAccess, expected: WebhookAddresses
    ) -> None:
        self._client = client
        self._api_url = api_url
        self._line = line
        self._expected = expected

    async def check(self) -> WebhookCheck | ProviderUnreachable:
        service = self._line.credentials.get("messaging_service_sid")
        if service is None:
            return await self._number()
        answer = await self._ask(f"{_messaging_url(self._api_url)}/v1/Services/{quote(service, safe='')}")
        if isinstance(answer, ProviderUnreachable):
            return answer
        if answer.status_code == 404:
            return accepted(missing(f"This account has no Messaging Service {service}."))
        if answer.status_code != 200:
            return refused(answer)
        found = json_object(answer)
        if found.get("use_inbound_webhook_on_number") is True:
            return await self._number()
        if "inbound_request_url" not in found:
            return accepted(cannot_tell("The provider's answer could not be read."))
        return accepted(self._judged(found, url="inbound_request_url", method="inbound_method", of="Messaging Service"))

    async def _number(self) -> WebhookCheck | ProviderUnreachable:
        number = self._line.phone_number
        resource, items, name = (
            ("IncomingPhoneNumbers", "incoming_phone_numbers", "phone_number")
            if number.startswith("+")
            else ("SMS/ShortCodes", "short_codes", "short_code")
        )
        account = quote(self._line.credentials["account_sid"], safe="")
        filtered = {"".join(part.capitalize() for part in name.split("_")): number}
        answer = await self._ask(f"{self._api_url}/2010-04-01/Accounts/{account}/{resource}.json", params=filtered)
        if isinstance(answer, ProviderUnreachable):
            return answer
        if answer.status_code != 200:
            return refused(answer)
        payload = json_object(answer)
        if items not in payload:
            return accepted(cannot_tell("The provider's answer could not be read."))
        # The filter finds numbers that merely contain this one, too.
        found = next((each for each in fields.items(payload, items) if fields.text(each, name) == number), None)
        if found is None:
            return accepted(missing(f"This account has no number {number}."))
        if fields.text(found, "sms_application_sid") is not None:
            return accepted(
                cannot_tell(
                    "The number's texts are handed to a TwiML App, which decides where they go. "
                    "Choose “Webhook” for the number instead."
                )
            )
        return accepted(self._judged(found, url="sms_url", method="sms_method", of="number"))

    def _judged(self, found: object, *, url: str, method: str, of: str) -> WebhookFinding:
        by_get = (fields.text(found, method) or "POST").upper() != "POST"
        return compared(
            fields.text(found, url, limit=500),
            self._expected.inbound,
            where=f"for the {of}",
            mistake="The address is right, but it is called with GET. Choose HTTP POST." if by_get else None,
        )

    async def _ask(self, url: str, *, params: dict[str, str] | None = None) -> httpx.Response | ProviderUnreachable:
        credentials = self._line.credentials
        auth = httpx.BasicAuth(credentials["account_sid"], credentials["auth_token"])
        return await ask(self._client, url, params=params, auth=auth)


def _messaging_url(api_url: str) -> str:
    """Messaging Services have a host of their own at Twilio, in each of its regions."""
    host = urlsplit(api_url).hostname or ""
    return api_url.replace("://api.", "://messaging.", 1) if host.endswith(".twilio.com") else api_url
