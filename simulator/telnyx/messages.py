"""Sending and reading messages, and the messaging profiles that say where they are reported."""

from starlette.responses import JSONResponse, Response

from simulator.carrier import Carrier
from simulator.model import E164, Line, LineKind, Message, Submission
from simulator.rest import is_url
from simulator.segments import count_segments
from simulator.state import KeptAnswer
from simulator.telnyx.errors import TelnyxError
from simulator.telnyx.http import Call
from simulator.telnyx.resources import message_document, number_document, profile_document

_MOST_SEGMENTS = 10
_MOST_MEDIA = 10
_REPLAYED_FOR = 24 * 3600.0


def create_message(carrier: Carrier, call: Call) -> Response:
    """A repeated Idempotency-Key gets the first success again for a day. A refusal is not kept."""
    kept = carrier.state.kept_answers.get(call.key or "")
    if kept is not None and kept.at + _REPLAYED_FOR > carrier.state.clock():
        if kept.fingerprint != call.fingerprint:
            raise TelnyxError(
                10015, "This Idempotency-Key was used for another request within the last 24 hours.", status=422
            )
        message = carrier.state.messages[kept.message_sid]
        return JSONResponse({"data": message_document(message, as_accepted=True)})
    message = _accept(carrier, call)
    if call.key is not None:
        kept = KeptAnswer(key=call.key, fingerprint=call.fingerprint, message_sid=message.sid, at=carrier.state.clock())
        carrier.state.keep_answer(kept)
    return JSONResponse({"data": message_document(message, as_accepted=True)})


def _accept(carrier: Carrier, call: Call) -> Message:
    to, text = call.text("to"), call.text("text")
    if not to:
        raise TelnyxError(10004, "The 'to' parameter is required.", pointer="/to")
    line = _sender(carrier, call, to=to)
    if E164.fullmatch(to) is None or to == line.phone_number:
        raise TelnyxError(40310, pointer="/to")
    media_urls = _media_urls(call)
    if not text and not media_urls:
        raise TelnyxError(40316)
    if not media_urls and count_segments(text) > _MOST_SEGMENTS:
        raise TelnyxError(40302, f"The message would take more than {_MOST_SEGMENTS} parts.")
    webhook_url, failover_url = (_address(call, name) for name in ("webhook_url", "webhook_failover_url"))
    if carrier.state.is_stopped(line, to):
        raise TelnyxError(40300)
    reports = carrier.state.inbound_addresses(line)
    if webhook_url is None:
        webhook_url = carrier.state.status_address(line) or next(iter(reports), None)
        failover_url = failover_url or next(iter(reports[1:]), None)
    submission = Submission(
        to=to,
        body=text,
        media_urls=media_urls,
        status_callback=webhook_url,
        fallback_callback=failover_url,
        profile_id=line.profile_id,
    )
    return carrier.accept(line, submission)


def _sender(carrier: Carrier, call: Call, *, to: str) -> Line:
    number, profile_id = call.text("from"), call.text("messaging_profile_id")
    state = carrier.state
    if profile_id:
        profile = state.profile(profile_id)
        if profile is None or profile.account_sid != call.account.sid:
            raise TelnyxError(40313, pointer="/messaging_profile_id")
    if number:
        line = state.lines.get(number)
        if line is None or not _sends(line, call) or (profile_id and line.profile_id != profile_id):
            raise TelnyxError(40305, pointer="/from")
        return line
    if not profile_id:
        raise TelnyxError(10004, "Either 'from' or 'messaging_profile_id' is required.", pointer="/from")
    pool = {line.phone_number: line for line in state.lines_of.get(profile_id, []) if _sends(line, call)}
    if not pool:
        raise TelnyxError(40321)
    known = (pool[message.line] for message in reversed(state.by_handset.get(to, [])) if message.line in pool)
    return next(known, next(iter(pool.values())))


def _sends(line: Line, call: Call) -> bool:
    return line.wire == "telnyx" and line.account_sid == call.account.sid


def _media_urls(call: Call) -> list[str]:
    given = call.json.get("media_urls") or []
    if not isinstance(given, list) or not all(is_url(url) for url in given):
        raise TelnyxError(40317, "'media_urls' must be a list of addresses.", pointer="/media_urls")
    if len(given) > _MOST_MEDIA:
        raise TelnyxError(40317, f"A message has at most {_MOST_MEDIA} media.", pointer="/media_urls")
    return given


def _address(call: Call, name: str) -> str | None:
    value = call.text(name)
    if value and not is_url(value):
        raise TelnyxError(10015, f"'{name}' is not an address.", pointer=f"/{name}")
    return value or None


def fetch_message(carrier: Carrier, call: Call) -> Response:
    message = carrier.state.message_of(call.account, call.ids["id"])
    if message is None:
        raise TelnyxError(10005)
    return JSONResponse({"data": message_document(message)})


def fetch_profile(carrier: Carrier, call: Call) -> Response:
    profile = carrier.state.profile(call.ids["id"])
    if profile is None or profile.account_sid != call.account.sid:
        raise TelnyxError(10005)
    return JSONResponse({"data": profile_document(profile)})


def list_numbers(carrier: Carrier, call: Call) -> Response:
    """The account's numbers with their messaging settings, all on one page."""
    wanted = call.query.get("filter[phone_number]")
    numbers = [
        number_document(line)
        for line in carrier.state.lines.values()
        if line.account_sid == call.account.sid and line.kind is not LineKind.SHORT_CODE
        if wanted is None or line.phone_number in wanted.split(",")
    ]
    page = {"page_number": 1, "page_size": max(len(numbers), 1), "total_pages": 1, "total_results": len(numbers)}
    return JSONResponse({"data": numbers, "meta": page})
