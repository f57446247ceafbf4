"""Bandwidth's errors, as far as this carrier has a reason to give them."""

from simulator.model import Failure, Message
from simulator.network import Reply
from simulator.rest import RefusedError, json_reply


class BandwidthError(RefusedError):
    """A request that Bandwidth refuses. `fields` are the wrong fields and what is wrong with each."""

    def __init__(self, status: int, description: str | None = None, *, fields: dict[str, str] | None = None) -> None:
        self.status = status
        self.type, said = ERRORS.get(status, ERRORS[500])
        self.description = description or said
        self.fields = fields or {}
        super().__init__(self.description)

    def reply(self, *headers: tuple[bytes, bytes]) -> Reply:
        document: dict[str, object] = {"type": self.type, "description": self.description}
        if self.fields:
            document["fieldErrors"] = [{"fieldName": name, "description": why} for name, why in self.fields.items()]
        return json_reply(document, *headers, status=self.status)


def wrong_field(name: str, why: str) -> BandwidthError:
    return BandwidthError(400, fields={name: why})


def rejected(code: int, status: int | None = None) -> BandwidthError:
    """Of a code that is an HTTP status, that; any other is a delivery code, which a request is never answered with.

    With `status`, the words of the code come under another status, as a full queue's do at times.
    """
    if code not in ERRORS:
        return BandwidthError(400, f"Your request could not be accepted ({code})")
    error = BandwidthError(code)
    error.status = status or error.status
    return error


ERRORS = {
    400: ("request-validation", "Your request could not be accepted"),
    401: ("unauthorized", "Authentication Failed"),
    403: ("forbidden", "Access Denied"),
    404: ("resource-not-found", "The resource specified cannot be found"),
    413: ("payload-too-large", "The request is too large"),
    415: ("unsupported-media-type", "Content-Type must be application/json"),
    429: ("max-message-queue-size-exceeded", "The message queue of your account is full"),
    500: ("internal-server-error", "Internal server error. No further information available"),
    503: ("service-unavailable", "The service is not available"),
}
"""Type and description by HTTP status."""

FAILURES: dict[Failure, int] = {
    Failure.OFF: 9902,
    Failure.UNREACHABLE: 4750,
    Failure.LANDLINE: 4720,
    Failure.OPTED_OUT: 4775,
}
"""Why a message was not delivered. These arrive later, in callbacks."""

DESCRIPTIONS = {
    4470: "rejected-spam-detected",
    4720: "invalid-destination-address",
    4750: "destination-rejected-message",
    4770: "destination-spam-detected",
    4775: "destination-rejected-due-to-user-opt-out",
    9902: "delivery-receipt-expired",
}


def failure_of(message: Message) -> int | None:
    """Bandwidth's code for why `message` was not delivered."""
    if message.failure_code is not None:
        return message.failure_code
    return FAILURES[message.failure] if message.failure else None
