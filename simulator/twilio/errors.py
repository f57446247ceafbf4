"""Twilio's error codes, as far as this carrier has a reason to give them."""

from simulator.model import Failure, Message
from simulator.network import Reply
from simulator.rest import RefusedError, json_reply


class TwilioError(RefusedError):
    """A request that Twilio refuses. `status` is the HTTP status."""

    def __init__(self, code: int, message: str | None = None, *, status: int | None = None) -> None:
        self.code = code
        self.message = message or MESSAGES.get(code, "The simulator was told to refuse this")
        self.status = status or STATUSES.get(code, 400)
        super().__init__(self.message)

    def document(self) -> dict[str, object]:
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }

    def reply(self, *headers: tuple[bytes, bytes]) -> Reply:
        if self.status == 401:
            headers = (*headers, (b"www-authenticate", b'Basic realm="Twilio API"'))
        return json_reply(self.document(), *headers, status=self.status)


STATUSES = {20003: 401, 20404: 404, 20429: 429, 20500: 500, 20503: 503}
"""The others are 400."""

MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
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
}

FAILURES: dict[Failure, tuple[int, str]] = {
    Failure.OFF: (30003, "Unreachable destination handset"),
    Failure.UNREACHABLE: (30005, "Unknown destination handset"),
    Failure.LANDLINE: (30006, "Landline or unreachable carrier"),
    Failure.OPTED_OUT: (21610, MESSAGES[21610]),
}
"""Why a message was not delivered. These arrive later, in callbacks."""


def failure_of(message: Message) -> tuple[int, str] | None:
    """Twilio's code and words for why `message` was not delivered."""
    if message.failure_code is not None:
        return message.failure_code, MESSAGES.get(message.failure_code, "The simulator was told to fail this")
    return FAILURES[message.failure] if message.failure else None
