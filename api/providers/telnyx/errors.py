"""Telnyx's error codes in words that a front desk understands.

Source: Telnyx's messaging error code reference (developers.telnyx.com/docs/messaging/messages/error-codes) and its
list of API error codes.
"""

from api.providers import error_words as words
from api.providers.outcomes import ErrorTable

ERRORS = ErrorTable(
    opted_out="40300",
    never_processed=frozenset({"10011", "40011", "40318"}),
    # 409: a request with the same idempotency key is still being processed.
    ambiguous=frozenset({408, 409}),
    titles={
        "10001": "The number is not in service.",
        "10002": words.INVALID_NUMBER,
        "10003": words.MEDIA_NOT_FETCHED,
        "10007": words.TEMPORARY,
        "10009": words.CREDENTIALS,
        "10010": words.MAY_NOT_SEND,
        "10011": words.SLOWER,
        "10016": words.INVALID_NUMBER,
        "20002": words.CREDENTIALS,
        "20006": words.CREDENTIALS,
        "20012": words.SUSPENDED,
        "20013": words.SUSPENDED,
        "20014": words.SUSPENDED,
        "20100": words.NO_MONEY,
        "40001": words.LANDLINE,
        "40002": words.SPAM,
        "40003": "The carrier blocks this line for spam. An administrator has to ask the provider to lift that.",
        "40004": "The phone's carrier refused the text and did not say why. Try again later, or call.",
        "40005": words.EXPIRED,
        "40006": words.CARRIER_DOWN,
        "40008": words.NO_REASON,
        "40009": "The carrier does not accept something in the text. Write it in other words.",
        "40010": words.NOT_REGISTERED,
        "40011": words.TOO_FAST,
        "40012": words.INVALID_NUMBER,
        "40013": (
            "The carrier does not accept this line's number. "
            "An administrator should ask the provider what is wrong with it."
        ),
        "40014": words.EXPIRED,
        "40015": "The provider filtered the text as spam. Write it in other words, without links, and send it again.",
        "40016": words.DAILY_LIMIT,
        "40017": words.SPAM,
        "40018": words.DAILY_LIMIT,
        "40300": words.OPTED_OUT,
        "40301": "The number cannot receive this kind of message. Send it as a text without pictures, or call.",
        "40302": "The text or its pictures are too large. Send it in several parts, or with fewer pictures.",
        "40305": words.SENDER_NOT_ALLOWED,
        "40306": words.SENDER_NOT_ALLOWED,
        "40307": words.SENDER_NOT_ALLOWED,
        "40308": "This line cannot send pictures. Send the text without them.",
        "40309": words.COUNTRY,
        "40310": words.INVALID_NUMBER,
        "40311": "The provider does not know this line's messaging profile. An administrator should check its ID.",
        "40312": "This line's messaging profile is switched off at the provider. An administrator can switch it on.",
        "40313": "The provider does not know this line's messaging profile. An administrator should check its ID.",
        "40314": words.SUSPENDED,
        "40316": "The text is empty.",
        "40317": "The pictures cannot be sent. Check their addresses, kind and number.",
        "40318": words.QUEUE_FULL,
        "40319": "This line cannot text that kind of number. Use another line or number, or call.",
        "40321": "This line's messaging profile has no number that can send. An administrator has to add one.",
        "40322": "The provider does not allow something in the text. Write it in other words.",
        "40329": words.TOLL_FREE_NOT_VERIFIED,
        "40333": "The messaging profile has reached its spending limit for today. An administrator can raise it.",
    },
)
