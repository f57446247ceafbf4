"""Bandwidth's errors, as far as this carrier has a reason to give them."""

from simulator.model import Failure, Message
from simulator.rest import RefusedError


class BandwidthError(RefusedError):
    """A request that Bandwidth refuses. `fields` are the wrong fields and what is wrong with each.

    `status` replaces the HTTP status that is `code`, as a full queue's does at times.
    """

    def __init__(
        self,
        code: int,
        description: str | None = None,
        *,
        fields: dict[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        error_type, words = ERRORS.get(code, ERRORS[500])
        document: dict[str, object] = {"type": error_type, "description": description or words}
        if fields:
            document["fieldErrors"] = [{"fieldName": name, "description": why} for name, why in fields.items()]
        super().__init__(status or code, document)


def wrong_field(name: str, why: str) -> BandwidthError:
    return BandwidthError(400, fields={name: why})


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
    return message.failure_in(FAILURES)
