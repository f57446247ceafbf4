"""What is set at Plivo for a line: the message URL of its number's application.

Wire facts: Plivo's API reference for account phone numbers and applications.
"""

from urllib.parse import quote

from api.providers import fields
from api.providers.check import Lookup, compared, missing, unreadable
from api.providers.port import LineAccess, WebhookFinding


async def inbound_finding(lookup: Lookup, account_url: str, line: LineAccess, address: str) -> WebhookFinding:
    """Raises `CheckEndedError`."""
    number = line.phone_number
    found = await lookup.get(
        f"{account_url}/Number/{quote(number.removeprefix('+'), safe='')}/",
        missing_detail=f"This account has no number {number}.",
    )
    if "application" not in found:
        return unreadable()
    if found.get("sms_enabled") is False:
        return missing("At Plivo the number cannot receive texts.")
    application = fields.text(found, "application", limit=500)
    if application is None:
        return missing("At Plivo the number has no application. Give it one, with this address.")
    # The resource's address, of which only the last part is used.
    found = await lookup.get(
        f"{account_url}/Application/{quote(application.rstrip('/').rpartition('/')[2], safe='')}/",
        missing_detail="At Plivo the number's application is gone. Give it another, with this address.",
    )
    if "message_url" not in found:
        return unreadable()
    by_get = (fields.text(found, "message_method") or "POST").upper() != "POST"
    return compared(
        fields.text(found, "message_url", limit=500),
        address,
        where="as the message URL of the number's application",
        mistake="The address is right, but it is called with GET. Choose the method POST." if by_get else None,
    )
