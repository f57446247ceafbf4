"""Plivo's resources: messages, numbers, applications and media."""

import re
from datetime import UTC, datetime

from starlette.responses import JSONResponse, Response

from simulator.carrier import Carrier
from simulator.media import content_response
from simulator.model import Direction, Failure, Line, Message, Status, Submission
from simulator.plivo.http import Call, PlivoError
from simulator.rest import is_url
from simulator.segments import count_segments

Document = dict[str, object]

_E164 = re.compile(r"\+?[1-9]\d{6,14}")
_LONGEST_TEXT = 1600
_MOST_SEGMENTS = 11
_MOST_FILES = 10
_PAGE = 20

FAILURES: dict[Failure, int] = {
    Failure.OFF: 80,
    Failure.UNREACHABLE: 70,
    Failure.LANDLINE: 50,
    Failure.OPTED_OUT: 200,
}
"""Why a message was not delivered. Callbacks report it later."""


def failure_of(message: Message) -> int | None:
    """Plivo's code for why `message` was not delivered."""
    return message.failure_in(FAILURES)


def state_of(message: Message, status: Status) -> str:
    """Plivo's word. A message that never reached the carrier is failed, else undelivered."""
    if status is Status.UNDELIVERED and (message.failed_at_once or message.failure is Failure.OPTED_OUT):
        return "failed"
    return {Status.ACCEPTED: "queued", Status.SENDING: "queued"}.get(status, status.value)


def plain(number: str) -> str:
    """As Plivo writes E.164 numbers: without their plus."""
    return number.removeprefix("+")


def create_message(carrier: Carrier, call: Call) -> Response:
    message = _accept(carrier, call)
    document: Document = {"message": "message(s) queued", "message_uuid": [message.sid], "api_id": "simulated"}
    if message.failed_at_once:
        document["error_code"] = str(failure_of(message))
    return JSONResponse(document, status_code=202)


def _accept(carrier: Carrier, call: Call) -> Message:
    line = _sender(carrier, call)
    given, text, url = call.text("dst"), call.text("text"), call.text("url")
    if _E164.fullmatch(given) is None:
        raise PlivoError(400, f"{given} is not a valid phone number")
    to = f"+{plain(given)}"
    if to == line.phone_number:
        raise PlivoError(400, "src and dst cannot be the same")
    media_urls = call.json.get("media_urls") or []
    if not isinstance(media_urls, list) or not all(is_url(each) for each in media_urls):
        raise PlivoError(400, "media_urls must be a list of addresses")
    if len(media_urls) > _MOST_FILES or bool(media_urls) is not (call.text("type") == "mms"):
        raise PlivoError(400, "an mms has one to ten files, and an sms none")
    if not text and not media_urls:
        raise PlivoError(400, "text is required")
    if len(text) > _LONGEST_TEXT or (not media_urls and count_segments(text) > _MOST_SEGMENTS):
        raise PlivoError(400, "text is too long")
    if url and not is_url(url):
        raise PlivoError(400, f"{url} is not a valid url")
    submission = Submission(
        to=to,
        body=text,
        media_urls=media_urls,
        status_callback=url or None,
        # A stopped number is refused later, in a callback.
        failure=Failure.OPTED_OUT if carrier.state.is_stopped(line, to) else None,
    )
    return carrier.accept(line, submission)


def _sender(carrier: Carrier, call: Call) -> Line:
    line = _line(carrier, call, call.text("src"))
    if line is None:
        raise PlivoError(400, f"src {call.text('src')} is not a number of this account")
    return line


def _line(carrier: Carrier, call: Call, number: str) -> Line | None:
    """The account's line with that number, with or without a plus."""
    lines = carrier.state.lines
    line = lines.get(number) or lines.get(f"+{number}")
    return line if line is not None and line.account_sid == call.account.sid and line.wire == "plivo" else None


def list_messages(carrier: Carrier, call: Call) -> Response:
    """Newest first, a page of at most 20."""
    found = reversed(carrier.state.by_account.get(call.account.sid, []))
    messages = [each for each in found if each.direction is not Direction.CARRIER]
    shown = [_message_document(each) for each in messages[:_PAGE]]
    meta = {"limit": _PAGE, "offset": 0, "total_count": len(messages), "next": None, "previous": None}
    return JSONResponse({"api_id": "simulated", "meta": meta, "objects": shown})


def fetch_message(carrier: Carrier, call: Call) -> Response:
    return JSONResponse({"api_id": "simulated", **_message_document(_message(carrier, call))})


def _message(carrier: Carrier, call: Call) -> Message:
    message = carrier.state.message_of(call.account, call.ids["uuid"])
    if message is None:
        raise PlivoError(404)
    return message


def _message_document(message: Message) -> Document:
    """Without the text, which Plivo's records do not hold."""
    code = failure_of(message) if message.status is Status.UNDELIVERED else None
    return {
        "message_uuid": message.sid,
        "message_direction": "inbound" if message.inbound else "outbound",
        "message_state": state_of(message, message.status),
        "message_type": "mms" if message.media else "sms",
        "message_time": datetime.fromtimestamp(message.created_at, UTC).isoformat(sep=" "),
        "from_number": plain(message.sender),
        "to_number": plain(message.recipient),
        "units": message.segments,
        "error_code": str(code) if code is not None else "000",
        "resource_uri": f"/v1/Account/{message.account_sid}/Message/{message.sid}/",
    }


def fetch_number(carrier: Carrier, call: Call) -> Response:
    line = _line(carrier, call, call.ids["number"])
    if line is None:
        raise PlivoError(404)
    account = f"/v1/Account/{line.account_sid}"
    return JSONResponse(
        {
            "api_id": "simulated",
            "number": plain(line.phone_number),
            "alias": line.label,
            "application": f"{account}/Application/{line.sid}/",
            "sms_enabled": True,
            "mms_enabled": True,
            "resource_uri": f"{account}/Number/{plain(line.phone_number)}/",
        }
    )


def fetch_application(carrier: Carrier, call: Call) -> Response:
    """Each line has an application of its own."""
    for line in carrier.state.lines.values():
        if line.sid == call.ids["id"] and line.account_sid == call.account.sid:
            url = next(iter(carrier.state.inbound_addresses(line)), None)
            document = {"app_id": line.sid, "app_name": line.label, "message_url": url, "message_method": "POST"}
            return JSONResponse({"api_id": "simulated", **document})
    raise PlivoError(404)


def fetch_media(carrier: Carrier, call: Call) -> Response:
    message = _message(carrier, call)
    stored = carrier.state.stored_media.get(call.ids["id"])
    if stored is None or stored.id not in {media.id for media in message.media}:
        raise PlivoError(404)
    return content_response(stored)
