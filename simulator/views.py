"""The carrier's things as the control interface and the page of handsets show them."""

import dataclasses
from datetime import UTC, datetime

from simulator.model import Handset, Line, Media, Message
from simulator.state import State

View = dict[str, object]


def text_view(message: Message) -> View:
    """A text as the person holding the handset sees it."""
    return {
        "number": message.number,
        "message_sid": message.sid,
        "handset": message.handset,
        "line": message.line,
        "direction": "from_handset" if message.inbound else "to_handset",
        "by_carrier": message.direction == "carrier",
        "body": message.body,
        "media": [_picture(media) for media in message.media],
        "at": instant(message.on_handset_at),
    }


def _picture(media: Media) -> View:
    """`shown` is its address on the page of handsets, where the carrier holds it."""
    shown = f"/media/{media.id}" if media.stored else None
    return {"url": media.url, "content_type": media.content_type, "size": media.size, "shown": shown}


def message_view(message: Message) -> View:
    """A text as the carrier's books have it."""
    return {
        "number": message.number,
        "message_sid": message.sid,
        "account_sid": message.account_sid,
        "profile_id": message.profile_id,
        "direction": message.direction,
        "from": message.sender,
        "to": message.recipient,
        "body": message.body,
        "media": [_picture(media) for media in message.media],
        "segments": message.segments,
        "status": message.status,
        "failure": message.failure,
        "status_callback": message.status_callback,
        "tag": message.tag,
        "created_at": instant(message.created_at),
        "sent_at": instant(message.sent_at),
        "delivered_at": instant(message.delivered_at),
    }


def line_view(line: Line) -> View:
    view = dataclasses.asdict(line)
    del view["created_at"]
    return view


def handset_view(handset: Handset, state: State) -> View:
    messages = state.by_handset.get(handset.phone_number, [])
    last = max(
        (message for message in messages[-20:] if message.on_handset),
        key=lambda message: (message.on_handset_at, message.number),
        default=None,
    )
    return {
        "phone_number": handset.phone_number,
        "name": handset.name,
        "state": handset.state,
        "last_text": None if last is None else text_view(last),
    }


def instant(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
