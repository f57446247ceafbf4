"""Twilio's error codes in words that a front desk understands.

Source: Twilio's error and warning dictionary (twilio.com/docs/api/errors), the codes of Programmable Messaging.
"""

from collections.abc import Mapping
from types import MappingProxyType

from api.providers import error_words as words

OPTED_OUT = "21610"

NEVER_PROCESSED = frozenset({"14107", "20429", "21611", "30001"})
"""Too many at once, or a full queue. As the answer to a send: it was not taken, whatever the HTTP status."""

ERROR_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "14107": words.TOO_FAST,
        "20003": words.CREDENTIALS,
        "20005": words.SUSPENDED,
        "20008": "The line uses the provider's test credentials, which send nothing. An administrator can change them.",
        "20404": "The provider does not know this line's account. An administrator should check its account SID.",
        "20429": words.SLOWER,
        "21211": words.INVALID_NUMBER,
        "21212": words.SENDER_NOT_ALLOWED,
        "21265": words.CANNOT_RECEIVE,
        "21266": "The number is this line's own. A line cannot text itself.",
        "21267": "A name as the sender needs the provider's full account, not its trial.",
        "21408": words.COUNTRY,
        "21601": words.SENDER_NOT_ALLOWED,
        "21602": "The text is empty.",
        "21603": words.SENDER_NOT_ALLOWED,
        "21604": words.INVALID_NUMBER,
        "21606": words.SENDER_NOT_ALLOWED,
        "21608": "The provider's trial account may only text verified numbers. An administrator has to upgrade it.",
        "21609": "The provider does not accept this service's address for reports. An administrator should check it.",
        OPTED_OUT: words.OPTED_OUT,
        "21611": words.QUEUE_FULL,
        "21612": words.CANNOT_REACH,
        "21614": words.LANDLINE,
        "21616": "More than one line has this number at the provider. An administrator has to choose one there.",
        "21617": words.TOO_LONG,
        "21618": words.CHARACTERS,
        "21619": "The text is empty.",
        "21620": words.MEDIA_NOT_FETCHED,
        "21621": "This line cannot send pictures. Send the text without them.",
        "21623": "There are too many pictures. Send fewer.",
        "21635": words.LANDLINE,
        "21658": words.TOO_LONG,
        "21659": words.SENDER_NOT_ALLOWED,
        "21660": words.SENDER_NOT_ALLOWED,
        "21661": words.SENDER_NOT_ALLOWED,
        "21701": "The provider does not know this line's Messaging Service. An administrator should check its SID.",
        "21703": "This line's Messaging Service has no number. An administrator has to add one at the provider.",
        "21704": "This line's Messaging Service has no number. An administrator has to add one at the provider.",
        "21705": "The provider does not know this line's Messaging Service. An administrator should check its SID.",
        "30001": words.QUEUE_FULL,
        "30002": words.SUSPENDED,
        "30003": words.PHONE_OFF,
        "30004": words.BLOCKED_BY_PHONE,
        "30005": words.NOT_IN_SERVICE,
        "30006": words.LANDLINE,
        "30007": words.SPAM,
        "30008": words.NO_REASON,
        "30010": "The text would cost more than the highest price set at the provider. An administrator can raise it.",
        "30011": words.MEDIA_NOT_SUPPORTED,
        "30012": words.EXPIRED,
        "30017": "The carrier's network was too busy. Send it again in a few minutes.",
        "30018": "The carrier takes texts from registered senders only. An administrator has to register this line.",
        "30019": "The text or its pictures are too large for the carrier. Send it in parts, or with smaller pictures.",
        "30022": words.TOO_FAST,
        "30023": words.DAILY_LIMIT,
        "30024": words.SENDER_NOT_ALLOWED,
        "30027": words.DAILY_LIMIT,
        "30032": words.TOLL_FREE_NOT_VERIFIED,
        "30033": (
            "The registration of this line for business texts (10DLC) is suspended. "
            "An administrator has to ask the provider why."
        ),
        "30034": words.NOT_REGISTERED,
        "30035": (
            "The registration of this line for business texts (10DLC) is still under way. "
            "Try again once the provider says that it is complete."
        ),
        "30036": words.EXPIRED,
        "30037": "The provider does not let this account send texts. An administrator has to ask the provider why.",
        "30038": "The provider blocks passwords and codes in texts on this line. Leave them out.",
        "30039": "The carrier's network sent the text in a circle. Use another number, or call.",
        "30044": "The provider's trial account takes shorter texts only. Send it in parts.",
        "30410": words.CARRIER_DOWN,
        "30450": "The provider suspects misuse and blocked the text. An administrator has to ask the provider why.",
        "30500": words.NO_REASON,
        "63038": "The provider's account has reached its limit for today. Send it again tomorrow.",
    }
)


def error_title(code: str, message: str | None = None) -> str:
    return words.words_for(ERROR_TITLES, code, message)
