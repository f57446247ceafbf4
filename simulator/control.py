"""The HTTP control: set the carrier up, play the people, look into its books, make it misbehave."""

import base64
import binascii
import dataclasses
from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Body, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse

from simulator import control_schemas as schemas
from simulator.carrier import Carrier, new_media_id
from simulator.faults import Rule
from simulator.media import LARGEST
from simulator.model import (
    Account,
    Direction,
    Handset,
    HandsetState,
    Keywords,
    Line,
    LineKind,
    Media,
    Message,
    Profile,
)
from simulator.views import View, handset_view, instant, line_view, message_view, text_view

router = APIRouter()


def _carrier(request: Request) -> Carrier:
    carrier = request.app.state.carrier
    assert isinstance(carrier, Carrier)
    return carrier


TheCarrier = Annotated[Carrier, Depends(_carrier)]
HandsetNumber = Annotated[str, Path(pattern=r"^\+[1-9]\d{6,14}$")]
LineNumber = Annotated[str, Path(pattern=r"^(\+[1-9]\d{6,14}|\d{3,7})$")]


def control_app(carrier: Carrier) -> FastAPI:
    app = FastAPI(title="Carrier simulator", docs_url=None, redoc_url=None)
    app.state.carrier = carrier
    app.include_router(router)
    app.add_exception_handler(RequestValidationError, _invalid)
    return app


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Say what is wrong without repeating the input, which may not even be encodable."""
    assert isinstance(error, RequestValidationError)
    detail = [{"where": list(e["loc"]), "what": e["msg"]} for e in error.errors()]
    return JSONResponse({"detail": detail}, status_code=422)


# Set-up


@router.put("/accounts/{sid}")
async def put_account(carrier: TheCarrier, sid: str, body: schemas.AccountIn) -> View:
    _known_wire(carrier, body.wire)
    given = body.model_dump()
    before = carrier.state.accounts.get(sid)
    if body.signing_key is None:
        given.pop("signing_key")
        given |= {"signing_key": before.signing_key} if before is not None else {}
    carrier.state.put_account(Account(sid=sid, **given))
    return await get_account(carrier, sid)


@router.get("/accounts/{sid}")
async def get_account(carrier: TheCarrier, sid: str) -> View:
    """With what the provider tells a business so that it can recognise webhooks."""
    account = carrier.state.accounts.get(sid)
    if account is None:
        raise HTTPException(404, f"no account {sid}")
    spoken = {account.wire, *(line.wire for line in carrier.state.lines.values() if line.account_sid == sid)}
    told = [carrier.wires[wire].introduce(account) for wire in sorted(spoken)]
    return {"sid": sid, "wire": account.wire, **{name: value for each in told for name, value in each.items()}}


@router.put("/profiles/{id}")
async def put_profile(carrier: TheCarrier, id: str, body: schemas.ProfileIn) -> View:
    if body.account_sid not in carrier.state.accounts:
        raise HTTPException(422, f"there is no account {body.account_sid}")
    profile = Profile(id=id, **body.model_dump())
    carrier.state.put_profile(profile)
    return dataclasses.asdict(profile)


@router.get("/lines")
async def list_lines(carrier: TheCarrier) -> View:
    return {"items": [line_view(line) for line in carrier.state.lines.values()]}


@router.put("/lines/{phone_number}")
async def put_line(carrier: TheCarrier, phone_number: LineNumber, body: schemas.LineIn) -> View:
    state = carrier.state
    account = state.accounts.get(body.account_sid)
    if account is None:
        raise HTTPException(422, f"there is no account {body.account_sid}")
    wire = body.wire or account.wire
    _known_wire(carrier, wire)
    can_answer = carrier.wires[wire].answers_keywords(body.kind)
    if body.keywords is Keywords.CARRIER and not can_answer:
        raise HTTPException(422, f"{wire} answers no keywords on a {body.kind}")
    # A short code on its own has to answer keywords itself.
    by_carrier = can_answer and body.kind is not LineKind.SHORT_CODE
    before = state.lines.get(phone_number)
    line = Line(
        **body.model_dump(exclude={"keywords", "wire"}),
        phone_number=phone_number,
        sid=before.sid if before else carrier.wires[wire].new_line_sid(body.kind),
        keywords=body.keywords or (Keywords.CARRIER if by_carrier else Keywords.APP),
        wire=wire,
        created_at=before.created_at if before else state.clock(),
    )
    state.put_line(line)
    carrier.hub.publish("line", line_view(line))
    return line_view(line)


def _known_wire(carrier: Carrier, wire: str) -> None:
    if wire not in carrier.wires:
        raise HTTPException(422, f"the simulator does not speak {wire}, only {', '.join(carrier.wires)}")


# Handsets


@router.get("/handsets")
async def list_handsets(carrier: TheCarrier) -> View:
    return {"items": [handset_view(handset, carrier.state) for handset in carrier.state.handsets.values()]}


@router.put("/handsets/{phone_number}")
async def put_handset(carrier: TheCarrier, phone_number: HandsetNumber, body: schemas.HandsetIn) -> View:
    before = carrier.state.handsets.get(phone_number) or Handset(phone_number=phone_number)
    handset = Handset(
        phone_number=phone_number,
        name=before.name if body.name is None else body.name,
        state=body.state or before.state,
    )
    carrier.state.put_handset(handset)
    carrier.hub.publish("handset", handset_view(handset, carrier.state))
    return handset_view(handset, carrier.state)


@router.get("/handsets/{phone_number}/texts")
async def list_texts(
    carrier: TheCarrier,
    phone_number: HandsetNumber,
    line: str | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> View:
    """The newest `limit` texts, oldest of them first."""
    texts = [text for text in carrier.state.texts_on(phone_number) if line in (None, text.line)]
    return {"items": [text_view(text) for text in texts[-limit:]]}


@router.post("/handsets/{phone_number}/texts", status_code=201)
async def send_text(request: Request, carrier: TheCarrier, phone_number: HandsetNumber, body: schemas.TextIn) -> View:
    line = carrier.state.lines.get(body.to)
    if line is None:
        raise HTTPException(404, f"no line has the number {body.to}")
    if not body.body and not body.media:
        raise HTTPException(422, "a text needs words or a picture")
    handset = carrier.state.handset(phone_number)
    if handset.state is not HandsetState.ON:
        raise HTTPException(409, f"{phone_number} is {handset.state}; it cannot text")
    try:
        message = carrier.text(
            phone_number,
            line,
            body=body.body,
            media=[_media(carrier, media) for media in body.media],
            own_address=carrier.settings.public_url or f"{request.url.scheme}://{request.url.netloc}",
            message_sid=body.message_sid,
            repeat=body.repeat,
        )
    except KeyError as error:
        raise HTTPException(409, f"there is a message {body.message_sid} already") from error
    return text_view(message)


@router.post("/history", status_code=201)
async def remember(carrier: TheCarrier, body: schemas.HistoryIn) -> View:
    """Texts that were exchanged before today, so that handsets do not start empty. Nobody is told of them."""
    state = carrier.state
    unknown = {text.line for text in body.texts} - state.lines.keys()
    taken = {text.message_sid for text in body.texts if text.message_sid} & state.messages.keys()
    if unknown or taken:
        raise HTTPException(409, f"no such line, or a message that is there already: {sorted(unknown | taken)}")
    messages = [
        carrier.remember(
            text.handset,
            state.lines[text.line],
            body=text.body,
            inbound=text.direction == "from_handset",
            at=text.at.timestamp(),
            message_sid=text.message_sid,
        )
        for text in sorted(body.texts, key=lambda text: text.at)
    ]
    carrier.hub.publish("resync", {})
    return {"items": [text_view(message) for message in messages]}


def _media(carrier: Carrier, media: schemas.MediaIn) -> Media:
    picture = Media(id=new_media_id(), url=media.url or "", content_type=media.content_type)
    if media.data is None:
        return picture
    try:
        content = base64.b64decode(media.data, validate=True)
    except binascii.Error as error:
        raise HTTPException(422, "data is not base64") from error
    if len(content) > LARGEST:
        raise HTTPException(422, f"a picture has at most {LARGEST} bytes")
    carrier.hold(picture, content=content, content_type=media.content_type)
    return picture


# The books


@router.get("/messages")
async def list_messages(
    carrier: TheCarrier,
    direction: Direction | None = None,
    sender: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    body_contains: str | None = None,
    after_number: int = 0,
    limit: Annotated[int, Query(ge=0, le=100_000)] = 1000,
) -> View:
    """Oldest first. `repeated` names every outgoing message that was accepted more than once: same sender,
    recipient, words, status callback and tag."""
    messages = carrier.state.messages.values()
    found = [
        message
        for message in messages
        if message.number > after_number
        and direction in (None, message.direction)
        and sender in (None, message.sender)
        and to in (None, message.recipient)
        and (body_contains is None or body_contains in message.body)
    ]
    sends = Counter(
        _same(message) for message in messages if message.direction is Direction.OUTBOUND_API and not message.past
    )
    return {
        "items": [message_view(message) for message in found[:limit]],
        "total": len(found),
        "counts": dataclasses.asdict(carrier.state.counts),
        "repeated": [
            {"from": line, "to": handset, "body": body, "status_callback": callback, "tag": tag, "times": times}
            for (line, handset, body, callback, tag), times in sends.most_common()
            if times > 1
        ],
    }


def _same(message: Message) -> tuple[str, str, str, str | None, str | None]:
    return message.line, message.handset, message.body, message.status_callback, message.tag


@router.get("/messages/{sid}")
async def get_message(carrier: TheCarrier, sid: str) -> View:
    return message_view(_message(carrier, sid))


@router.post("/messages/{sid}/report", status_code=202)
async def report_again(carrier: TheCarrier, sid: str) -> View:
    """Post the webhook of a text from a handset once more."""
    message = _message(carrier, sid)
    if not message.inbound:
        raise HTTPException(409, f"{sid} did not come from a handset")
    carrier.reports.inbound(message)
    return message_view(message)


def _message(carrier: Carrier, sid: str) -> Message:
    message = carrier.state.messages.get(sid)
    if message is None:
        raise HTTPException(404, f"no message {sid}")
    return message


@router.get("/webhooks")
async def webhooks(carrier: TheCarrier) -> View:
    """Since the start or the last reset. `alerts`: the newest 500 given up or answered badly."""
    return {
        "pending": len(carrier.reports.dispatcher.pending),
        **dataclasses.asdict(carrier.reports.dispatcher.tally),
        "alerts": [{**dataclasses.asdict(a), "at": instant(a.at)} for a in carrier.reports.alerts],
    }


@router.get("/idle")
async def idle(carrier: TheCarrier, seconds: Annotated[float, Query(ge=0, le=120)] = 10) -> View:
    """Wait until no message is under way and no webhook unanswered."""
    return {"idle": await carrier.wait_until_idle(seconds)}


@router.delete("/state", status_code=204)
async def reset(carrier: TheCarrier, keep_setup: bool = False) -> None:
    await carrier.reset(keep_setup=keep_setup)


# Faults and settings


@router.get("/faults")
async def get_faults(carrier: TheCarrier) -> View:
    return {"seed": carrier.faults.seed, "rules": [_rule_view(rule) for rule in carrier.faults.rules]}


@router.put("/faults")
async def put_faults(carrier: TheCarrier, body: schemas.FaultsIn) -> View:
    seed = carrier.settings.seed if body.seed is None else body.seed
    carrier.faults.replace((rule.rule() for rule in body.rules), seed=seed)
    return await get_faults(carrier)


@router.delete("/faults", status_code=204)
async def delete_faults(carrier: TheCarrier) -> None:
    carrier.faults.replace((), seed=carrier.settings.seed)


def _rule_view(rule: Rule) -> View:
    fields = dataclasses.asdict(rule)
    match = {name: fields.pop(field) for name, field in _MATCHED.items()}
    return {**fields, "match": match}


_MATCHED = {"to": "recipient", "from": "sender", "body_contains": "body_contains", "status": "status"}


@router.get("/settings")
async def get_settings(carrier: TheCarrier) -> View:
    return schemas.SettingsIn.model_validate(carrier.settings, from_attributes=True).model_dump(mode="json")


@router.patch("/settings")
async def patch_settings(carrier: TheCarrier, body: Annotated[schemas.SettingsIn, Body()]) -> View:
    changed = {name: getattr(body, name) for name in body.model_fields_set}
    carrier.settings = dataclasses.replace(carrier.settings, **changed)
    return await get_settings(carrier)


@router.get("/events")
async def events(carrier: TheCarrier) -> StreamingResponse:
    """Server-Sent Events: `text`, `handset` and `line` with what GET answers of them, and `resync`."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(carrier.hub.listen(carrier.closing), media_type="text/event-stream", headers=headers)
