"""What is set at Telnyx for a line: its messaging profile's webhook.

Wire facts: Telnyx's API reference for messaging profiles and for phone numbers with messaging settings.
"""

from urllib.parse import quote

from api.providers import fields
from api.providers.check import CheckEndedError, Lookup, accepted, compared, missing, unreadable
from api.providers.port import LineAccess, WebhookFinding


async def inbound_finding(lookup: Lookup, api_url: str, line: LineAccess, address: str) -> WebhookFinding:
    """The line's profile is the one in its credentials, else its number's. Raises `CheckEndedError`."""
    profile = line.credentials.get("messaging_profile_id") or await _profile_of_number(lookup, api_url, line)
    payload = await lookup.get(
        f"{api_url}/v2/messaging_profiles/{quote(profile, safe='')}",
        missing_detail=f"This account has no messaging profile {profile}.",
    )
    found = payload.get("data")
    if fields.found(found, "enabled") is False:
        return missing("The messaging profile is switched off at Telnyx, so no text comes in.")
    if fields.text(found, "id") is None:
        return unreadable()
    old = fields.text(found, "webhook_api_version") == "1"
    return compared(
        fields.text(found, "webhook_url", limit=500),
        address,
        where="for the messaging profile",
        mistake="The address is right, but its API version is 1. Choose version 2." if old else None,
    )


async def _profile_of_number(lookup: Lookup, api_url: str, line: LineAccess) -> str:
    """Raises `CheckEndedError`."""
    number = line.phone_number
    payload = await lookup.get(f"{api_url}/v2/phone_numbers/messaging", params={"filter[phone_number]": number})
    if "data" not in payload:
        raise CheckEndedError(accepted(unreadable()))
    numbers = fields.items(payload, "data")
    found = next((each for each in numbers if fields.text(each, "phone_number") == number), None)
    if found is None:
        raise CheckEndedError(accepted(missing(f"This account has no number {number} for texts.")))
    profile = fields.text(found, "messaging_profile_id")
    if profile is None:
        detail = "At Telnyx the number has no messaging profile. Give it one, with this address."
        raise CheckEndedError(accepted(missing(detail)))
    return profile
