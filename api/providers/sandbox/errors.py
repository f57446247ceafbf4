"""The sandbox's error codes. Each stands for a failure that the real providers report under codes of their own."""

from api.providers import error_words as words
from api.providers.outcomes import ErrorTable
from api.providers.sandbox.numbers import Code

ERRORS = ErrorTable(
    opted_out=Code.OPTED_OUT,
    never_processed=frozenset({Code.QUEUE_FULL, Code.RATE_LIMITED}),
    titles={
        Code.INVALID_NUMBER: words.INVALID_NUMBER,
        Code.OPTED_OUT: words.OPTED_OUT,
        Code.LANDLINE: words.LANDLINE,
        Code.UNREACHABLE: words.PHONE_OFF,
        Code.BLOCKED: words.BLOCKED_BY_PHONE,
        Code.CARRIER_VIOLATION: words.SPAM,
        Code.NOT_IN_SERVICE: words.NOT_IN_SERVICE,
        Code.NO_REASON: words.NO_REASON,
        Code.QUEUE_FULL: words.QUEUE_FULL,
        Code.RATE_LIMITED: words.SLOWER,
        Code.NOT_A_TEST_NUMBER: "A sandbox line texts only its test numbers.",
    },
)
