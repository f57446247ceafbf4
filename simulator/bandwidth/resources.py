"""Bandwidth's JSON shapes (messaging API version 2)."""

from datetime import UTC, datetime

from simulator.bandwidth.errors import failure_of
from simulator.model import Message, Status

Document = dict[str, object]

STATUSES = {
    Status.ACCEPTED: "QUEUED",
    Status.QUEUED: "QUEUED",
    Status.SENDING: "SENDING",
    Status.SENT: "SENT",
    Status.DELIVERED: "DELIVERED",
    Status.UNDELIVERED: "FAILED",
    Status.RECEIVED: "RECEIVED",
}
"""Bandwidth's word for each status in its list of messages."""


def message_document(message: Message) -> Document:
    """A message in the answer to a send and in callbacks."""
    document: Document = {
        "id": message.sid,
        "owner": message.line,
        "applicationId": message.profile_id or "",
        "time": iso8601(message.created_at),
        "segmentCount": message.segments,
        "direction": "in" if message.inbound else "out",
        "to": [message.recipient],
        "from": message.sender,
        "text": message.body,
    }
    if message.media:
        document["media"] = [media.url for media in message.media]
    if message.tag is not None:
        document["tag"] = message.tag
    return document


def listed_document(message: Message) -> Document:
    """A message in the list of messages, which has no text."""
    document: Document = {
        "messageId": message.sid,
        "accountId": message.account_sid,
        "sourceTn": message.sender,
        "destinationTn": message.recipient,
        "messageStatus": STATUSES[message.status],
        "messageDirection": "INBOUND" if message.inbound else "OUTBOUND",
        "messageType": "mms" if message.media else "sms",
        "segmentCount": message.segments,
        "receiveTime": iso8601(message.created_at),
        "carrierName": "Simulated",
        "messageLength": len(message.body),
        "attachmentCount": len(message.media),
        "recipientCount": 1,
    }
    failure = failure_of(message)
    if message.status is Status.UNDELIVERED and failure is not None:
        document["errorCode"] = failure
    return document


def iso8601(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
