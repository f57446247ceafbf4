"""Sending, listing and reading messages."""

import re
from datetime import UTC, datetime, timedelta

from starlette.responses import JSONResponse, RedirectResponse, Response

from simulator.carrier import Carrier
from simulator.media import content_response
from simulator.model import E164, Direction, Line, Media, Message, Submission
from simulator.rest import is_url
from simulator.twilio.errors import TwilioError
from simulator.twilio.http import Call, not_found, page
from simulator.twilio.resources import media_document, message_document

_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,7}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def create_message(carrier: Carrier, call: Call) -> Response:
    return JSONResponse(message_document(_accept(carrier, call)), status_code=201)


def _accept(carrier: Carrier, call: Call) -> Message:
    to, body = call.get("To"), call.get("Body")
    if not to:
        raise TwilioError(21604)
    service_sid = call.get("MessagingServiceSid") or None
    line = _sender(carrier, call, service_sid=service_sid, to=to)
    if E164.fullmatch(to) is None:
        raise TwilioError(21211, f"Invalid 'To' Phone Number: {to}")
    if to == line.phone_number:
        raise TwilioError(21266)
    media_urls = call.all("MediaUrl")
    if not body and not media_urls:
        raise TwilioError(21602)
    if len(body) > 1600:
        raise TwilioError(21617)
    if len(media_urls) > 10:
        raise TwilioError(21623)
    if not all(is_url(url) for url in media_urls):
        raise TwilioError(21620)
    callback = call.get("StatusCallback") or None
    if callback is not None and not is_url(callback):
        raise TwilioError(21609, f"The StatusCallback URL {callback} is not a valid URL.")
    if carrier.state.is_stopped(line, to):
        raise TwilioError(21610)
    submission = Submission(
        to=to,
        body=body,
        media_urls=media_urls,
        status_callback=callback,
        profile_id=service_sid,
        picks_sender=service_sid is not None,
    )
    return carrier.accept(line, submission)


def _sender(carrier: Carrier, call: Call, *, service_sid: str | None, to: str) -> Line:
    number = call.get("From")
    state = carrier.state
    if service_sid is not None:
        lines = state.lines_of.get(service_sid, [])
        pool = [line for line in lines if line.wire == "twilio" and line.account_sid == call.account.sid]
        if not pool:
            raise TwilioError(21701)
        if number:
            for member in pool:
                if member.phone_number == number:
                    return member
            raise TwilioError(21660, f"'From' {number} is not in the Messaging Service {service_sid}")
        # A service keeps to the sender that a recipient knows.
        numbers = {line.phone_number: line for line in pool}
        known = (numbers[message.line] for message in reversed(state.by_handset.get(to, [])) if message.line in numbers)
        return next(known, pool[0])
    if not number:
        raise TwilioError(21603)
    line = state.lines.get(number)
    if line is None or line.wire != "twilio":
        if _SENDER.fullmatch(number) is None:
            raise TwilioError(21212, f"Invalid 'From' Number: {number}")
        raise TwilioError(21659, f"'From' {number} is not a Twilio phone number or Short Code country mismatch")
    if line.account_sid != call.account.sid:
        raise TwilioError(21660, f"Mismatch between the 'From' number {number} and the account {call.account.sid}")
    return line


def list_messages(carrier: Carrier, call: Call) -> Response:
    """Newest first. A message that has not been sent yet has no DateSent, so no filter on it finds it."""
    state, query = carrier.state, call.query
    to, sender = query.get("To"), query.get("From")
    # Look through the shortest list that holds every match.
    lists = [state.by_account.get(call.account.sid, [])]
    for number in filter(None, (to, sender)):
        if number not in state.lines:
            lists.append(state.by_handset.get(number, []))
        elif number not in state.by_handset:
            lists.append(state.by_line.get(number, []))
    earliest, latest = _sent_between(query)
    found = (
        message
        for message in reversed(min(lists, key=len))
        if message.account_sid == call.account.sid
        and message.direction is not Direction.CARRIER
        and (not to or message.recipient == to)
        and (not sender or message.sender == sender)
        and (earliest is None or (message.sent_at is not None and int(message.sent_at) >= earliest))
        and (latest is None or (message.sent_at is not None and int(message.sent_at) <= latest))
    )
    return page(call, "Messages.json", "messages", ((m.sid, message_document(m)) for m in found))


def _sent_between(query: dict[str, str]) -> tuple[float | None, float | None]:
    earliest = latest = None
    for name, value in query.items():
        if not name.startswith("DateSent") or not value:
            continue
        try:
            start = datetime.fromisoformat(value)
        except ValueError as error:
            raise TwilioError(20001, f"{name} {value!r} is not a date") from error
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        end = start + timedelta(days=1, seconds=-1) if _DATE.fullmatch(value) else start
        if name in ("DateSent", "DateSent>"):
            earliest = start.timestamp()
        if name in ("DateSent", "DateSent<"):
            latest = end.timestamp()
    return earliest, latest


def fetch_message(carrier: Carrier, call: Call) -> Response:
    return JSONResponse(message_document(_message(carrier, call)))


def list_media(carrier: Carrier, call: Call) -> Response:
    message = _message(carrier, call)
    documents = ((media.id, media_document(message, media)) for media in message.media)
    return page(call, f"Messages/{message.sid}/Media.json", "media_list", documents)


def fetch_media(carrier: Carrier, call: Call) -> Response:
    message, media = _media(carrier, call)
    return JSONResponse(media_document(message, media))


def media_content(carrier: Carrier, call: Call) -> Response:
    """The picture itself, by default at another address to which Twilio's own leads."""
    _, media = _media(carrier, call)
    stored = carrier.state.stored_media.get(media.id)
    if stored is None:
        raise not_found(call, f"/Messages/{call.sids['sid']}/Media/{media.id}")
    if carrier.settings.media_redirect:
        return RedirectResponse(f"/media/{media.id}")
    return content_response(stored)


def _media(carrier: Carrier, call: Call) -> tuple[Message, Media]:
    message = _message(carrier, call)
    for media in message.media:
        if media.id == call.sids["media_sid"]:
            return message, media
    raise not_found(call, f"/Messages/{message.sid}/Media/{call.sids['media_sid']}")


def _message(carrier: Carrier, call: Call) -> Message:
    message = carrier.state.message_of(call.account, call.sids["sid"])
    if message is None:
        raise not_found(call, f"/Messages/{call.sids['sid']}.json")
    return message
