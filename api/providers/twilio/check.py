"""What is set at Twilio for a line: its number's webhook, or its Messaging Service's.

Wire facts: Twilio's API reference for IncomingPhoneNumbers, ShortCodes and Messaging Services.
"""

from urllib.parse import quote, urlsplit

from api.providers import fields
from api.providers.check import Lookup, cannot_tell, compared, missing, unreadable
from api.providers.port import LineAccess, WebhookFinding
from api.providers.twilio.api import account_url


async def inbound_finding(lookup: Lookup, api_url: str, line: LineAccess, address: str) -> WebhookFinding:
    """A text to a number in a Messaging Service goes where the service says. Raises `CheckEndedError`."""
    service = line.credentials.get("messaging_service_sid")
    if service is not None:
        found = await lookup.get(
            f"{messaging_url(api_url)}/v1/Services/{quote(service, safe='')}",
            missing_detail=f"This account has no Messaging Service {service}.",
        )
        if found.get("use_inbound_webhook_on_number") is not True:
            if "inbound_request_url" not in found:
                return unreadable()
            set_url, method = fields.text(found, "inbound_request_url", limit=500), fields.text(found, "inbound_method")
            return _compared(set_url, address, method=method, where="for the Messaging Service")
    return await _number_finding(lookup, api_url, line, address)


async def _number_finding(lookup: Lookup, api_url: str, line: LineAccess, address: str) -> WebhookFinding:
    number = line.phone_number
    resource, items, name, parameter = (
        ("IncomingPhoneNumbers", "incoming_phone_numbers", "phone_number", "PhoneNumber")
        if number.startswith("+")
        else ("SMS/ShortCodes", "short_codes", "short_code", "ShortCode")
    )
    payload = await lookup.get(f"{account_url(api_url, line)}/{resource}.json", params={parameter: number})
    if items not in payload:
        return unreadable()
    # The filter finds numbers that merely contain this one, too.
    found = next((each for each in fields.items(payload, items) if fields.text(each, name) == number), None)
    if found is None:
        return missing(f"This account has no number {number}.")
    if fields.text(found, "sms_application_sid") is not None:
        return cannot_tell(
            "The number's texts are handed to a TwiML App, which decides where they go. "
            "Choose “Webhook” for the number instead."
        )
    set_url, method = fields.text(found, "sms_url", limit=500), fields.text(found, "sms_method")
    return _compared(set_url, address, method=method, where="for the number")


def _compared(found: str | None, address: str, *, method: str | None, where: str) -> WebhookFinding:
    by_get = (method or "POST").upper() != "POST"
    mistake = "The address is right, but it is called with GET. Choose HTTP POST." if by_get else None
    return compared(found, address, where=where, mistake=mistake)


def messaging_url(api_url: str) -> str:
    """Messaging Services have a host of their own at Twilio, in each of its regions."""
    host = urlsplit(api_url).hostname or ""
    return api_url.replace("://api.", "://messaging.", 1) if host.endswith(".twilio.com") else api_url
