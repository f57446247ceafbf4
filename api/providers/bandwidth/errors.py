"""Bandwidth's error codes, and the types of its refusals, in words that a front desk understands.

Source: Bandwidth's list of messaging errors (dev.bandwidth.com/docs/messaging/errors), which also says that no text
was sent where the answer is a 4xx or 5xx.
"""

from collections.abc import Mapping
from types import MappingProxyType

from api.providers import error_words as words

OPTED_OUT = "4775"
NO_RECEIPT = "9902"
"""Bandwidth calls it failed when the carrier's receipt did not come within hours. The text may well have arrived."""

NEVER_PROCESSED = frozenset({"max-message-queue-size-exceeded", "rate-limit-exceeded", "too-many-requests"})
"""Types of a refusal: too many at once, or a full queue. It was not taken, whatever the HTTP status."""

ERROR_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "unauthorized": words.CREDENTIALS,
        "forbidden": words.MAY_NOT_SEND,
        "max-message-queue-size-exceeded": words.QUEUE_FULL,
        "payload-too-large": words.TOO_LONG,
        "4001": words.MAY_NOT_SEND,
        "4301": words.CHARACTERS,
        "4302": words.SENDER_NOT_ALLOWED,
        "4303": words.INVALID_NUMBER,
        "4350": words.INVALID_NUMBER,
        "4360": words.EXPIRED,
        "4401": words.CANNOT_REACH,
        "4403": words.SENDER_NOT_ALLOWED,
        "4404": words.CANNOT_RECEIVE,
        "4405": words.SENDER_NOT_ALLOWED,
        "4406": words.NOT_IN_SERVICE,
        "4407": words.SENDER_NOT_ALLOWED,
        "4408": words.CANNOT_RECEIVE,
        "4409": words.MEDIA_NOT_SUPPORTED,
        "4410": words.MEDIA_NOT_FETCHED,
        "4411": words.MEDIA_TOO_LARGE,
        "4412": words.MEDIA_KIND,
        "4420": words.CANNOT_REACH,
        "4421": words.CANNOT_REACH,
        "4431": "The provider does not let this account text from short codes. An administrator has to ask for it.",
        "4432": words.COUNTRY,
        "4433": "The provider does not let this account text from toll-free numbers. An administrator can ask for it.",
        "4434": "The number is a toll-free one that receives no texts. Use another number, or call.",
        "4435": "The text has too many recipients.",
        "4451": "The provider does not know this line's account. An administrator should check its account ID.",
        "4452": "The provider does not know this line's application. An administrator should check its application ID.",
        "4470": "The provider filtered the text as spam. Write it in other words, without links, and send it again.",
        "4481": "The provider blocks this line for spam. An administrator has to ask the provider to lift that.",
        "4482": "The provider blocks texts to that number. Use another number, or call.",
        "4492": "Emergency numbers receive no texts from here. Call instead.",
        "4493": words.MAY_NOT_SEND,
        "4700": "The number cannot receive this kind of message. Send it as a text without pictures, or call.",
        "4701": words.PHONE_OFF,
        "4702": words.PHONE_OFF,
        "4711": words.MEDIA_TOO_LARGE,
        "4712": words.MEDIA_KIND,
        "4720": words.LANDLINE,
        "4721": words.NOT_IN_SERVICE,
        "4730": words.CANNOT_REACH,
        "4740": (
            "The carrier does not accept this line's number. "
            "An administrator should ask the provider what is wrong with it."
        ),
        "4750": "The phone's carrier refused the text and did not say why. Try again later, or call.",
        "4751": words.TOO_LONG,
        "4752": words.CHARACTERS,
        "4770": words.SPAM,
        "4771": "The carrier does not accept the shortened link in the text. Write the whole address.",
        "4772": "The carrier blocks this line or that number. An administrator has to ask the provider which.",
        "4773": words.NOT_REGISTERED,
        "4774": words.NOT_REGISTERED,
        OPTED_OUT: words.OPTED_OUT,
        "4780": words.DAILY_LIMIT,
        "4781": words.TOO_FAST,
        "4785": words.TOO_FAST,
        "4790": "The phone's owner or carrier blocks texts from short codes. Use another line, or call.",
        "4791": "The carrier does not accept this short code's texts. An administrator has to ask the provider why.",
        "4792": "The carrier does not know this short code. An administrator has to ask the provider to set it up.",
        "4793": "This short code has expired at the carrier. An administrator has to renew it.",
        "4795": words.TOLL_FREE_NOT_VERIFIED,
        "5100": words.TEMPORARY,
        "5101": words.TEMPORARY,
        "5106": words.CANNOT_REACH,
        "5111": words.TEMPORARY,
        "5201": words.TEMPORARY,
        "5211": words.TEMPORARY,
        "5220": words.TEMPORARY,
        "5231": words.TEMPORARY,
        "5500": words.NO_REASON,
        "5501": words.CANNOT_REACH,
        "5600": words.CARRIER_DOWN,
        "5610": words.CARRIER_DOWN,
        "5620": words.CARRIER_DOWN,
        "5630": words.CARRIER_DOWN,
        "5650": words.NO_REASON,
        "5999": words.TEMPORARY,
        NO_RECEIPT: "The carrier did not say whether it was delivered.",
        "9999": words.NO_REASON,
    }
)


def error_title(code: str, description: str | None = None) -> str:
    return words.words_for(ERROR_TITLES, code, description)
