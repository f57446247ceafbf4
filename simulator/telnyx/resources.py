"""Telnyx's JSON shapes (API version 2)."""

from datetime import UTC, datetime

from simulator.model import Line, LineKind, Media, Message, Profile, Status
from simulator.segments import is_basic
from simulator.telnyx.errors import error_document, failure_of

Document = dict[str, object]

_PRICE_A_SEGMENT = 0.004

STATUSES = {
    Status.ACCEPTED: "queued",
    Status.QUEUED: "queued",
    Status.SENDING: "sending",
    Status.SENT: "sent",
    Status.DELIVERED: "delivered",
    Status.UNDELIVERED: "delivery_failed",
    Status.RECEIVED: "webhook_delivered",
}
"""Telnyx's word for each status."""


def message_document(message: Message, *, status: Status | None = None, as_accepted: bool = False) -> Document:
    """A message as it is, or as it was at `status`; `as_accepted`, as the request that handed it over is answered."""
    now = Status.QUEUED if as_accepted and not message.failed_at_once else status or message.status
    final = now in (Status.DELIVERED, Status.UNDELIVERED)
    failure = failure_of(message) if final else None
    sent_at = None if now in (Status.ACCEPTED, Status.QUEUED, Status.SENDING) else message.sent_at
    line = {"carrier": "Telnyx", "line_type": "Wireless", "phone_number": message.line}
    handset = {"carrier": "Simulated", "line_type": "Wireless", "phone_number": message.handset}
    document: Document = {
        "record_type": "message",
        "direction": "inbound" if message.inbound else "outbound",
        "id": message.sid,
        "type": "MMS" if message.media else "SMS",
        "organization_id": message.account_sid,
        "messaging_profile_id": message.profile_id,
        "from": handset if message.inbound else line,
        "to": [{**(line if message.inbound else handset), "status": STATUSES[now]}],
        "cc": [],
        "text": message.body,
        "subject": None,
        "media": [_media_document(media, described=message.inbound) for media in message.media],
        "encoding": "GSM-7" if is_basic(message.body) else "UCS-2",
        "parts": message.segments,
        "tags": [],
        "cost": {"amount": f"{_PRICE_A_SEGMENT * message.segments:.4f}", "currency": "USD"},
        "received_at": iso8601(message.created_at),
        "sent_at": iso8601(sent_at),
        "completed_at": iso8601(message.delivered_at) if final else None,
        "valid_until": None,
        "webhook_url": message.status_callback,
        "webhook_failover_url": message.fallback_callback,
        "errors": [] if failure is None else [error_document(failure)],
    }
    if message.opt_out_type is not None:
        document["autoresponse_type"] = message.opt_out_type
    return document


def _media_document(media: Media, *, described: bool) -> Document:
    """What a line sends is not `described`: Telnyx takes it from the business's address only later."""
    content_type, size = (media.content_type, media.size) if described else (None, None)
    return {"url": media.url, "content_type": content_type, "sha256": None, "size": size}


def profile_document(profile: Profile) -> Document:
    return {
        "record_type": "messaging_profile",
        "id": profile.id,
        "organization_id": profile.account_sid,
        "name": profile.label or profile.id,
        "enabled": True,
        "webhook_url": profile.inbound_url,
        "webhook_failover_url": profile.fallback_url,
        "webhook_api_version": "2",
        "whitelisted_destinations": ["*"],
        "number_pool_settings": None,
        "url_shortener_settings": None,
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
    }


def number_document(line: Line) -> Document:
    return {
        "record_type": "messaging_settings",
        "id": line.sid,
        "phone_number": line.phone_number,
        "country_code": line.country,
        "type": "toll-free" if line.kind is LineKind.TOLL_FREE else "long-code",
        "messaging_profile_id": line.profile_id,
        "messaging_product": "A2P",
        "traffic_type": "A2P",
        "eligible_messaging_products": ["A2P"],
        "organization_id": line.account_sid,
        "tags": [],
        "health": None,
        "features": None,
        "created_at": iso8601(line.created_at),
        "updated_at": iso8601(line.created_at),
    }


def iso8601(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
