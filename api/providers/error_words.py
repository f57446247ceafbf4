"""Sentences that the error tables of several providers share."""

OPTED_OUT = "This person has opted out by texting STOP."
LANDLINE = "The number cannot receive texts (probably a landline)."
INVALID_NUMBER = "The number is not a valid phone number. Check it on the record."
NOT_IN_SERVICE = "The number does not exist or is no longer in service. Ask the family for another one."
CANNOT_RECEIVE = "The number cannot receive texts. Use another number, or call."
PHONE_OFF = "The phone is switched off or out of reach. Try again later, or call."
BLOCKED_BY_PHONE = "The phone's owner or carrier blocks texts from this line. Use another number, or call."
SPAM = "The carrier filtered the text as spam. Write it in other words, without links, and send it again."
NO_REASON = "The carrier could not deliver it and did not say why. Try again later."
CARRIER_DOWN = "The phone's carrier is out of order. Try again later."
EXPIRED = "The text could not be delivered in time. Send it again if it still matters."
TOO_LONG = "The text is too long. Send it in several parts."
CHARACTERS = "The text has characters that cannot be sent. Write it in plain letters and send it again."
MEDIA_TOO_LARGE = "The pictures are too large. Send smaller ones, or fewer."
MEDIA_KIND = "That kind of picture cannot be sent. Use a JPEG, PNG or GIF."
MEDIA_NOT_FETCHED = "The picture could not be fetched. Check that its address opens without signing in."
MEDIA_NOT_SUPPORTED = "The number cannot receive pictures. Send the text without them."
QUEUE_FULL = "The provider's queue for this line is full. Send it again in a few minutes."
TOO_FAST = "The carrier refused it: too many texts at once. Send it again in a few minutes."
DAILY_LIMIT = "The carrier refused it: this line has reached its limit of texts for today. Send it again tomorrow."
NOT_REGISTERED = (
    "This line is not registered for business texts (10DLC), so carriers block it. "
    "An administrator has to register it with the provider."
)
TOLL_FREE_NOT_VERIFIED = (
    "This toll-free line is not verified yet, so carriers block it. "
    "An administrator has to have it verified by the provider."
)
SENDER_NOT_ALLOWED = (
    "The provider does not let this line send from its number. "
    "An administrator should compare the line's settings with the provider's account."
)
COUNTRY = "This line may not text that country. An administrator can allow it at the provider."
CANNOT_REACH = "This line cannot reach that number. Use another line or number, or call."
CREDENTIALS = "The provider refused this line's credentials."
MAY_NOT_SEND = (
    "The provider does not let this line's credentials send texts. An administrator should check them at the provider."
)
NO_MONEY = "The provider's account has run out of money. An administrator has to top it up."
SUSPENDED = "The provider has suspended the account. An administrator has to ask the provider why."
TEMPORARY = "The provider had a fault of its own. Try again later."
SLOWER = "The provider asked for a slower pace."
