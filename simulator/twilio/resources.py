"""Twilio's JSON shapes (API version 2010-04-01)."""

from datetime import UTC, datetime
from email.utils import format_datetime

from simulator.model import Line, LineKind, Media, Message, Profile, Status
from simulator.twilio.errors import failure_of

VERSION = "2010-04-01"
Document = dict[str, object]

_PRICE_A_SEGMENT = 0.0079


def message_uri(message: Message) -> str:
    return f"/{VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"


def message_document(message: Message) -> Document:
    uri = message_uri(message)
    # A Messaging Service picks the sender and counts the segments when the message leaves `accepted`.
    undecided = message.status is Status.ACCEPTED
    error_code, error_message = failure_of(message) or (None, None)
    price = None if message.sent_at is None else f"{-_PRICE_A_SEGMENT * message.segments:.5f}"
    return {
        "account_sid": message.account_sid,
        "api_version": VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": None if message.sent_at is None else rfc2822(message.sent_at),
        "date_updated": rfc2822(message.updated_at),
        "direction": message.direction.value,
        "error_code": error_code,
        "error_message": error_message,
        "from": None if undecided else message.sender,
        "messaging_service_sid": message.profile_id,
        "num_media": str(len(message.media)),
        "num_segments": "0" if undecided else str(message.segments),
        "price": price,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status.value,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.recipient,
        "uri": f"{uri}.json",
    }


def media_document(message: Message, media: Media) -> Document:
    return {
        "account_sid": message.account_sid,
        "content_type": media.content_type,
        "date_created": rfc2822(message.created_at),
        "date_updated": rfc2822(message.created_at),
        "parent_sid": message.sid,
        "sid": media.id,
        "uri": f"{message_uri(message)}/Media/{media.id}.json",
    }


def service_document(service: Profile) -> Document:
    """A Messaging Service, of an interface with dates and addresses in other forms than the rest."""
    url = f"https://messaging.twilio.com/v1/Services/{service.id}"
    return {
        "account_sid": service.account_sid,
        "area_code_geomatch": True,
        "date_created": "2026-01-01T00:00:00Z",
        "date_updated": "2026-01-01T00:00:00Z",
        "fallback_method": "POST",
        "fallback_to_long_code": False,
        "fallback_url": service.fallback_url,
        "friendly_name": service.label or service.id,
        "inbound_method": "POST",
        "inbound_request_url": service.inbound_url,
        "links": {"phone_numbers": f"{url}/PhoneNumbers", "short_codes": f"{url}/ShortCodes"},
        "mms_converter": True,
        "scan_message_content": "inherit",
        "sid": service.id,
        "smart_encoding": True,
        "status_callback": service.status_url,
        "sticky_sender": True,
        "synchronous_validation": False,
        "url": url,
        "us_app_to_person_registered": False,
        "use_inbound_webhook_on_number": service.use_line_urls,
        "usecase": "notifications",
        "validity_period": 36000,
    }


def account_document(sid: str) -> Document:
    uri = f"/{VERSION}/Accounts/{sid}"
    return {
        "friendly_name": "Simulated account",
        "owner_account_sid": sid,
        "sid": sid,
        "status": "active",
        "subresource_uris": {
            "incoming_phone_numbers": f"{uri}/IncomingPhoneNumbers.json",
            "messages": f"{uri}/Messages.json",
        },
        "type": "Full",
        "uri": f"{uri}.json",
    }


def number_document(line: Line) -> Document:
    """An IncomingPhoneNumber, or a ShortCode, which Twilio keeps in a list of its own."""
    created = rfc2822(line.created_at)
    shared: Document = {
        "account_sid": line.account_sid,
        "api_version": VERSION,
        "date_created": created,
        "date_updated": created,
        "friendly_name": line.label or line.phone_number,
        "sid": line.sid,
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": line.inbound_url or "",
    }
    accounts = f"/{VERSION}/Accounts/{line.account_sid}"
    if line.kind is LineKind.SHORT_CODE:
        return {
            **shared,
            "short_code": line.phone_number,
            "uri": f"{accounts}/SMS/ShortCodes/{line.sid}.json",
        }
    return {
        **shared,
        "address_requirements": "none",
        "address_sid": None,
        "beta": False,
        "bundle_sid": None,
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": line.phone_number,
        "sms_application_sid": "",
        "status": "in-use",
        "status_callback": line.status_url or "",
        "status_callback_method": "POST",
        "subresource_uris": {"assigned_add_ons": f"{accounts}/IncomingPhoneNumbers/{line.sid}/AssignedAddOns.json"},
        "trunk_sid": None,
        "uri": f"{accounts}/IncomingPhoneNumbers/{line.sid}.json",
        "voice_application_sid": None,
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": None,
        "voice_method": "POST",
        "voice_receive_mode": "voice",
        "voice_url": None,
    }


def rfc2822(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC))
