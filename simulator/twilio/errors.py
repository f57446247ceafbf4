"""Twilio's error codes, as far as this carrier has a reason to give them."""

from simulator.model import Failure, Message
from simulator.rest import RefusedError


class TwilioError(RefusedError):
    """A request that Twilio refuses. `status` is the HTTP status if it is not the code's own."""

    def __init__(self, code: int, message: str | None = None, *, status: int | None = None) -> None:
        status = status or STATUSES.get(code, 400)
        document = {
            "code": code,
            "message": message or MESSAGES.get(code, "The simulator was told to refuse this"),
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }
        super().__init__(status, document, {"www-authenticate": 'Basic realm="Twilio API"'} if status == 401 else None)


STATUSES = {20003: 401, 20404: 404, 20413: 413, 20429: 429, 20500: 500, 20503: 503}
"""The others are 400."""

MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20413: "Request entity too large",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid 'From' Number",
    21266: "'To' and 'From' number cannot be the same",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number",
    21608: "The number is unverified. Trial accounts cannot send messages to unverified numbers",
    21609: "The 'StatusCallback' URL is not a valid URL",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "Message cannot be sent with the current combination of 'To' and/or 'From' parameters",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "Invalid media URL(s)",
    21623: "Number of media files exceeds allowed limit",
    21635: "'To' number cannot be a landline",
    21659: "'From' is not a Twilio phone number or Short Code country mismatch",
    21660: "Mismatch between the 'From' number and the account",
    21701: "The Messaging Service does not exist",
    21703: "The Messaging Service contains no phone numbers",
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
}

FAILURES: dict[Failure, int] = {
    Failure.OFF: 30003,
    Failure.UNREACHABLE: 30005,
    Failure.LANDLINE: 30006,
    Failure.OPTED_OUT: 21610,
}
"""Why a message was not delivered. These arrive later, in callbacks."""


def failure_of(message: Message) -> tuple[int, str] | None:
    """Twilio's code and words for why `message` was not delivered."""
    code = message.failure_in(FAILURES)
    return None if code is None else (code, MESSAGES.get(code, "The simulator was told to fail this"))
