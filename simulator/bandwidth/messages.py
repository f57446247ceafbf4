"""Sending and listing messages, and the pictures that came with them."""

import base64
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from simulator.bandwidth.errors import BandwidthError, wrong_field
from simulator.bandwidth.http import Call
from simulator.bandwidth.resources import STATUSES, listed_document, message_document
from simulator.carrier import Carrier
from simulator.media import content_response
from simulator.model import E164, Direction, Failure, Line, Message, Submission
from simulator.rest import is_url

_LONGEST_TEXT = 2048
_LONGEST_TAG = 1024
_LONGEST_URL = 4096
_SHORTEST_PART = 5
"""Characters of a number that may be searched for in part."""


def create_message(carrier: Carrier, call: Call) -> Response:
    message = _accept(carrier, call)
    document = message_document(message)
    if message.failed_at_once:
        document |= {"messageStatus": STATUSES[message.status], "errorCode": message.failure_code}
    return JSONResponse(document, status_code=202)


def _accept(carrier: Carrier, call: Call) -> Message:
    application_id = _text(call, "applicationId")
    if not application_id:
        raise wrong_field("applicationId", "must not be blank")
    line = _sender(carrier, call, application_id=application_id)
    to = _recipient(call, line)
    text = _text(call, "text", longest=_LONGEST_TEXT)
    media_urls = call.json.get("media") or []
    if not isinstance(media_urls, list) or not all(is_url(url) and len(url) <= _LONGEST_URL for url in media_urls):
        raise wrong_field("media", f"must be a list of addresses of at most {_LONGEST_URL} characters")
    if not text and not media_urls:
        raise wrong_field("text", "must not be blank unless there is media")
    tag = _text(call, "tag", longest=_LONGEST_TAG)
    _check_expiration(carrier, call)
    # A toll-free network refuses what its keyword stopped, but says so only later.
    stopped = carrier.state.is_stopped(line, to)
    submission = Submission(
        to=to,
        body=text,
        media_urls=media_urls,
        # An application may have one address for everything.
        status_callback=carrier.state.status_address(line) or next(iter(carrier.state.inbound_addresses(line)), None),
        tag=tag or None,
        profile_id=application_id,
        failure=Failure.OPTED_OUT if stopped else None,
    )
    return carrier.accept(line, submission)


def _text(call: Call, name: str, *, longest: int | None = None) -> str:
    value = call.json.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong_field(name, "must be a string")
    if longest is not None and len(value) > longest:
        raise wrong_field(name, f"must have at most {longest} characters")
    return value


def _sender(carrier: Carrier, call: Call, *, application_id: str) -> Line:
    number = _text(call, "from")
    line = carrier.state.lines.get(number)
    if line is None or line.wire != "bandwidth" or line.account_sid != call.account.sid:
        raise wrong_field("from", f"'{number}' must be a number of this account")
    if line.profile_id not in (None, application_id):
        raise wrong_field("from", f"'{number}' is not linked to the application '{application_id}'")
    return line


def _recipient(call: Call, line: Line) -> str:
    given = call.json.get("to")
    numbers = given if isinstance(given, list) else [given]
    if len(numbers) != 1:
        raise wrong_field("to", "must be one number: there are no group messages here")
    [to] = numbers
    if not isinstance(to, str) or E164.fullmatch(to) is None:
        raise wrong_field("to", f"'{to}' must be replaced with a valid E164 formatted telephone number")
    if to == line.phone_number:
        raise wrong_field("to", "must not be the sender")
    return to


def _check_expiration(carrier: Carrier, call: Call) -> None:
    given = _text(call, "expiration")
    if given and _moment("expiration", given) <= carrier.state.clock():
        raise wrong_field("expiration", "must be in the future")


def _moment(name: str, value: str) -> float:
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise wrong_field(name, "must be a moment in ISO 8601") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def list_messages(carrier: Carrier, call: Call) -> Response:
    """Newest first, unless `sort` ends in `:asc`. The token of the next page names the last message of this one."""
    query = call.query
    if not any(query.values()):
        raise BandwidthError(400, "At least one query parameter is required")
    earliest, latest = (_moment(name, query[name]) if query.get(name) else None for name in _RANGE)
    newest_first = not query.get("sort", "").endswith(":asc")
    messages = carrier.state.by_account.get(call.account.sid, [])
    found = [
        message
        for message in (reversed(messages) if newest_first else messages)
        if message.direction is not Direction.CARRIER
        and query.get("messageId", message.sid) == message.sid
        and _is_number(query.get("sourceTn"), message.sender)
        and _is_number(query.get("destinationTn"), message.recipient)
        and query.get("messageStatus", STATUSES[message.status]) == STATUSES[message.status]
        and query.get("messageDirection", _direction(message)) == _direction(message)
        and (earliest is None or message.created_at >= earliest)
        and (latest is None or message.created_at <= latest)
    ]
    size = _page_size(query.get("limit"))
    start = _after(found, query.get("pageToken"))
    shown = found[start : start + size]
    more = start + size < len(found)
    token = base64.urlsafe_b64encode(shown[-1].sid.encode()).decode() if more else None
    kept = {name: value for name, value in query.items() if name != "pageToken"}
    path = f"http://{call.host}/api/v2/users/{call.account.sid}/messages"
    pages: dict[str, str] = {}
    if token is not None:
        pages = {"nextPage": f"{path}?{urlencode({**kept, 'pageToken': token})}", "nextPageToken": token}
    return JSONResponse(
        {"totalCount": len(found), "pageInfo": pages, "messages": [listed_document(message) for message in shown]}
    )


_RANGE = ("fromDateTime", "toDateTime")


def _direction(message: Message) -> str:
    return "INBOUND" if message.inbound else "OUTBOUND"


def _is_number(wanted: str | None, number: str) -> bool:
    """Whether `number` is among the `wanted` ones, or contains the one that is wanted in part."""
    if not wanted:
        return True
    numbers = wanted.split(",")
    return number in numbers or (len(numbers) == 1 and len(wanted) >= _SHORTEST_PART and wanted in number)


def _page_size(value: str | None) -> int:
    try:
        return min(max(int(value or 100), 1), 1000)
    except ValueError as error:
        raise wrong_field("limit", "must be a number") from error


def _after(found: list[Message], token: str | None) -> int:
    if not token:
        return 0
    try:
        last = base64.urlsafe_b64decode(token).decode()
        return next(n for n, message in enumerate(found, start=1) if message.sid == last)
    except (ValueError, StopIteration) as error:
        raise wrong_field("pageToken", "is not of this search") from error


def fetch_media(carrier: Carrier, call: Call) -> Response:
    media_id = call.ids["id"]
    stored = carrier.state.stored_media.get(media_id)
    messages = carrier.state.by_account.get(call.account.sid, ())
    if stored is None or not any(media.id == media_id for message in messages for media in message.media):
        raise BandwidthError(404)
    return content_response(stored)
