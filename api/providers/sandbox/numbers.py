"""The test numbers of sandbox lines: what happens to a text to each. docs/sandbox.md is made from this table.

555-0100 to 555-0199 are reserved in each area code of the United States (ATIS-0300115): nobody has these numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from api.providers.port.description import SandboxNumber
from api.providers.port.status import MessageStatus

COUNTRY = "US"
"""Of every number here."""

REPORTED_AFTER = timedelta(seconds=2)
"""From the acceptance of a text to its report."""

REPLIED_AFTER = timedelta(seconds=4)
"""From the acceptance of a text to the answer of the phone."""

REPORTED_LATE_AFTER = timedelta(seconds=60)

RATE_LIMITED_ATTEMPTS = 2
RATE_LIMITED_SECONDS = 1.0


class Code(StrEnum):
    """The error of a refusal or a report. `errors.py` has the words for each."""

    INVALID_NUMBER = "invalid_number"
    OPTED_OUT = "opted_out"
    LANDLINE = "landline"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    CARRIER_VIOLATION = "carrier_violation"
    NOT_IN_SERVICE = "not_in_service"
    NO_REASON = "no_reason"
    QUEUE_FULL = "queue_full"
    RATE_LIMITED = "rate_limited"
    NOT_A_TEST_NUMBER = "not_a_test_number"


class Answer(StrEnum):
    """How the sandbox answers when a text is handed over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    QUEUE_FULL = "queue_full"
    """Each time."""
    RATE_LIMITED = "rate_limited"
    """`RATE_LIMITED_ATTEMPTS` times, then it is accepted."""
    UNKNOWN = "unknown"
    """There is no answer, and no record of the text is found."""
    FOUND = "found"
    """There is no answer, and the record of the text is found later."""


ECHO = "{body}"
"""The reply that is the text itself."""


@dataclass(frozen=True)
class Behavior:
    """What happens to a text to one number."""

    phone_number: str
    name: str
    description: str
    answer: Answer = Answer.ACCEPTED
    report: MessageStatus | None = MessageStatus.DELIVERED
    """What the sandbox reports later. None: nothing."""
    code: Code | None = None
    report_after: timedelta = REPORTED_AFTER
    reply: str | None = None
    """What the phone texts back."""


def _undelivered(phone_number: str, name: str, description: str, code: Code) -> Behavior:
    return Behavior(phone_number, name, description, report=MessageStatus.UNDELIVERED, code=code)


BEHAVIORS: Sequence[Behavior] = (
    Behavior("+17855550100", "delivered", "Sent, and delivered two seconds later."),
    Behavior("+17855550101", "sent", "Sent. No report ever comes.", report=None),
    Behavior(
        "+17855550102",
        "delivered_late",
        "Sent, and delivered a minute later.",
        report_after=REPORTED_LATE_AFTER,
    ),
    Behavior(
        "+17855550103",
        "invalid_number",
        "Fails at once: not a valid phone number.",
        answer=Answer.REFUSED,
        code=Code.INVALID_NUMBER,
    ),
    Behavior(
        "+17855550104",
        "opted_out",
        "Fails at once: the carrier knows that the person has opted out. The number is stopped.",
        answer=Answer.REFUSED,
        code=Code.OPTED_OUT,
    ),
    _undelivered("+17855550105", "landline", "Sent, then undelivered: a landline.", Code.LANDLINE),
    _undelivered("+17855550106", "unreachable", "Sent, then undelivered: the phone is off.", Code.UNREACHABLE),
    _undelivered("+17855550107", "blocked", "Sent, then undelivered: the phone blocks the line.", Code.BLOCKED),
    _undelivered(
        "+17855550108",
        "carrier_violation",
        "Sent, then undelivered: the carrier took it for spam.",
        Code.CARRIER_VIOLATION,
    ),
    Behavior(
        "+17855550109",
        "not_in_service",
        "Sent, then failed: the number is not in service.",
        report=MessageStatus.FAILED,
        code=Code.NOT_IN_SERVICE,
    ),
    Behavior(
        "+17855550110",
        "no_reason",
        "Sent, then failed: the carrier gives no reason.",
        report=MessageStatus.FAILED,
        code=Code.NO_REASON,
    ),
    _undelivered(
        "+17855550111",
        "opted_out_later",
        "Sent, then undelivered: the person has opted out. The number is stopped.",
        Code.OPTED_OUT,
    ),
    Behavior(
        "+17855550112",
        "queue_full",
        "Refused for now each time: it is tried again for about two minutes, then it fails.",
        answer=Answer.QUEUE_FULL,
        code=Code.QUEUE_FULL,
    ),
    Behavior(
        "+17855550113",
        "rate_limited",
        "Refused for now twice, then sent and delivered.",
        answer=Answer.RATE_LIMITED,
    ),
    Behavior(
        "+17855550114",
        "unknown_then_delivered",
        "Outcome unknown; a few seconds later the carrier is asked, and it was delivered.",
        answer=Answer.FOUND,
    ),
    Behavior(
        "+17855550115",
        "unknown",
        "Outcome unknown, and it stays unknown.",
        answer=Answer.UNKNOWN,
    ),
    Behavior("+17855550116", "replies_stop", "Delivered; then the phone texts STOP.", reply="STOP"),
    Behavior("+17855550117", "replies_start", "Delivered; then the phone texts START.", reply="START"),
    Behavior("+17855550118", "echo", "Delivered; then the phone texts the same words back.", reply=ECHO),
)

BY_NUMBER: Mapping[str, Behavior] = MappingProxyType({each.phone_number: each for each in BEHAVIORS})

OWN_NUMBERS: Sequence[str] = tuple(f"+1785555019{digit}" for digit in range(10))
"""What a sandbox line's own number may be: each is nobody's, so a sandbox line never has the name of a real one."""

SANDBOX_NUMBERS: Sequence[SandboxNumber] = tuple(
    SandboxNumber(each.phone_number, each.name, each.description) for each in BEHAVIORS
)


def is_test_number(phone_number: str) -> bool:
    """Whether it is a number that only a sandbox line texts."""
    return phone_number in BY_NUMBER
