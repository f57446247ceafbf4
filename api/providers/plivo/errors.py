"""Plivo's error codes in words that a front desk understands.

Source: Plivo's SMS error codes (plivo.com/docs/messaging/troubleshooting/error-codes). They come in reports. Answers to
requests carry an HTTP status and a sentence of Plivo's own.
"""

from api.providers import error_words as words
from api.providers.outcomes import ErrorTable

ERRORS = ErrorTable(
    opted_out="200",
    # Too many requests: Plivo has no code of its own for it.
    never_processed=frozenset({"429"}),
    no_error=frozenset({"0", "000"}),
    titles={
        "10": "The carrier does not accept something in the text. Write it in other words, or shorter.",
        "20": words.CARRIER_DOWN,
        "30": words.SPAM,
        "40": words.SENDER_NOT_ALLOWED,
        "50": words.LANDLINE,
        "60": "The carrier took the text for an endless exchange of automatic replies. Call instead.",
        "70": words.NOT_IN_SERVICE,
        "80": words.PHONE_OFF,
        "90": words.CANNOT_REACH,
        "100": words.CANNOT_RECEIVE,
        "110": words.TOO_LONG,
        "200": words.OPTED_OUT,
        "201": "A toll-free line of the United States cannot text Canada. Use another line, or call.",
        "401": words.CREDENTIALS,
        "429": words.SLOWER,
        "1000": words.NO_REASON,
    },
)
