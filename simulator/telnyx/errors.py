"""Telnyx's error codes, as far as this carrier has a reason to give them."""

from simulator.model import Failure, Message
from simulator.rest import RefusedError


class TelnyxError(RefusedError):
    """A request that Telnyx refuses. `status` is the HTTP status if it is not the code's own."""

    def __init__(self, code: int, detail: str | None = None, *, pointer: str | None = None, status: int | None = None):
        """`pointer` names the field of the body that is wrong, as `/to`."""
        error = error_document(code, detail)
        if pointer is not None:
            error["source"] = {"pointer": pointer}
        super().__init__(status or STATUSES.get(code, 400), {"errors": [error]})


def error_document(code: int, detail: str | None = None) -> dict[str, object]:
    """One error of an answer or of a failed message's webhook."""
    title, words = ERRORS.get(code, _UNKNOWN)
    return {
        "code": str(code),
        "title": title,
        "detail": detail or words,
        "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{code}"},
    }


STATUSES = {10005: 404, 10007: 500, 10009: 401, 10011: 429, 40318: 429}
"""The others are 400."""

_UNKNOWN = ("Simulated error", "The simulator was told to refuse this.")

ERRORS = {
    10004: ("Missing required parameter", "A required parameter was missing."),
    10005: ("Resource not found", "The requested resource or URL could not be found."),
    10007: ("Unexpected error", "An unexpected error occurred."),
    10009: (
        "Authentication failed",
        "The required authentication headers were either invalid or not included in the request.",
    ),
    10011: ("Too many requests", "You have exceeded the maximum number of allowed requests."),
    10012: ("Duplicate resource", "Resource is a duplicate."),
    10015: ("Bad Request", "The request failed because it was not well-formed."),
    40001: ("Not routable", "The destination number is either a landline or a non-routable wireless number."),
    40002: ("Blocked as spam - temporary", "The message was flagged by a spam filter and was not delivered."),
    40003: ("Blocked as spam - permanent", "The sending number was blocked by a spam filter."),
    40006: ("Recipient server unavailable", "The recipient server is unavailable or not responding."),
    40008: ("Undeliverable", "The recipient carrier did not accept the message."),
    40300: ("Blocked due to STOP message", "Messages cannot be sent from this number to that one: it texted STOP."),
    40302: ("Message too large", "The message is too large to be sent."),
    40305: ("Invalid 'from' address", "The 'from' address is not a number of this account that can send messages."),
    40310: ("Invalid 'to' address", "The 'to' address should be in E.164 format."),
    40313: ("Messaging profile not found", "There is no such messaging profile on this account."),
    40316: ("No content provided", "The message has neither text nor media."),
    40317: ("Invalid MMS content", "The media cannot be sent."),
    40318: ("Message queue full", "The number's queue of messages is full. Send more slowly."),
    40321: ("No usable numbers on messaging profile", "The messaging profile has no number that can send."),
}
"""Title and detail by code."""

FAILURES: dict[Failure, int] = {
    Failure.OFF: 40006,
    Failure.UNREACHABLE: 40008,
    Failure.LANDLINE: 40001,
    Failure.OPTED_OUT: 40300,
}
"""Why a message was not delivered. These arrive later, in webhooks."""


def failure_of(message: Message) -> int | None:
    """Telnyx's code for why `message` was not delivered."""
    return message.failure_in(FAILURES)
