"""Twilio's requests to a business, signed by its own SDK, and what it makes of the answers."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from urllib.parse import urldefrag, urlencode

import httpx
from twilio.request_validator import RequestValidator

from simulator.model import FINAL, Message
from simulator.twilio.errors import failure_of
from simulator.twilio.resources import VERSION
from simulator.wire import Answer, Occasion, Webhook

_COUNTRY_BY_PREFIX = (("+1", "US"), ("+64", "NZ"), ("+61", "AU"), ("+44", "GB"))
_XML_TYPES = ("text/xml", "application/xml", "text/html")
_LONGEST_ANSWER = 64 * 1024


def inbound_webhook(message: Message, occasion: Occasion) -> Webhook:
    fields = {
        "ToCountry": occasion.country,
        "ToState": "",
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(message.media)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": message.sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": message.body,
        "FromCountry": next((c for p, c in _COUNTRY_BY_PREFIX if message.handset.startswith(p)), ""),
        "To": message.line,
        "ToZip": "",
        "NumSegments": str(message.segments),
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": message.handset,
        "ApiVersion": VERSION,
    }
    if message.profile_id is not None:
        fields["MessagingServiceSid"] = message.profile_id
    if message.opt_out_type is not None:
        fields["OptOutType"] = message.opt_out_type
    for n, media in enumerate(message.media):
        fields[f"MediaContentType{n}"] = media.content_type
        fields[f"MediaUrl{n}"] = media.url
    return _signed(fields, occasion)


def status_webhook(message: Message, status: str, occasion: Occasion) -> Webhook:
    fields = {
        "SmsSid": message.sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": message.recipient,
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": message.sender,
        "ApiVersion": VERSION,
    }
    if message.profile_id is not None:
        fields["MessagingServiceSid"] = message.profile_id
    if status in FINAL and message.delivered_at is not None:
        fields["RawDlrDoneDate"] = datetime.fromtimestamp(message.delivered_at, UTC).strftime("%y%m%d%H%M")
        failure = failure_of(message)
        if failure is not None:
            fields["ErrorCode"] = str(failure[0])
    return _signed(fields, occasion)


def _signed(fields: dict[str, str], occasion: Occasion) -> Webhook:
    # A fragment holds connection settings for Twilio itself; it is neither sent nor signed.
    url = urldefrag(occasion.addresses[0]).url
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "X-Twilio-Signature": RequestValidator(occasion.account.auth_token).compute_signature(url, fields),
        "I-Twilio-Idempotency-Token": occasion.token,
    }
    return Webhook(url=url, headers=headers, body=urlencode(fields).encode())


def read_answer(response: httpx.Response) -> Answer:
    """Twilio texts what it is told to, and a plain-text answer is taken for a text to the sender."""
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not response.content:
        return Answer()
    if len(response.content) > _LONGEST_ANSWER:
        return Answer(complaint="11750 TwiML response body too large")
    if content_type == "text/plain":
        return Answer(texts=(response.text,))
    if content_type not in _XML_TYPES:
        return Answer(complaint=f"12300 Invalid Content-Type: {content_type or 'none'}")
    try:
        root = ET.fromstring(response.content)  # noqa: S314 (the application under test is trusted)
    except ET.ParseError as error:
        return Answer(complaint=f"12100 Document parse failure: {error}")
    if root.tag != "Response":
        return Answer(complaint=f"12102 The root element is <{root.tag}>, not <Response>")
    texts = [_text_of(verb) for verb in root if verb.tag in ("Message", "Sms")]
    unknown = sorted({verb.tag for verb in root} - {"Message", "Sms"})
    complaint = f"12200 not understood: <{'>, <'.join(unknown)}>" if unknown else None
    return Answer(texts=tuple(text for text in texts if text), complaint=complaint)


def _text_of(verb: ET.Element) -> str:
    body = verb.find("Body")
    return ((verb.text if body is None else body.text) or "").strip()
