"""What Twilio's resources share: authentication, forms, errors, paging and faults, over raw ASGI."""

import base64
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.types import Receive, Scope, Send

from simulator.carrier import Carrier
from simulator.faults import NO_EFFECTS, Facts, Where
from simulator.model import Account
from simulator.network import Refusals, Reply, answer_with
from simulator.twilio.errors import TwilioError
from simulator.twilio.resources import VERSION, Document

_LARGEST_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request."""

    account: Account
    sids: dict[str, str]
    query: dict[str, str]
    form: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        return next((value for key, value in self.form if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.form if key == name and value]


Handler = Callable[[Carrier, Call], Reply]


class ClientGoneError(Exception):
    """The client hung up before its request was complete, so there is no request."""


class Resource:
    """Authentication, form parsing, faults and errors around the handlers of one path."""

    def __init__(self, carrier: Carrier, handlers: dict[str, Handler], *, where: Where = Where.LIST) -> None:
        """`where` a fault of this path counts when it is posted to."""
        self._carrier = carrier
        self._handlers = handlers
        self._where = where

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handler = self._handlers[method]
        carrier = self._carrier
        try:
            form: list[tuple[str, str]] = []
            if method == "POST":
                form = parse_qsl((await _body(receive)).decode(errors="replace"), keep_blank_values=True)
            call = Call(
                account=_authenticate(carrier, scope),
                sids=scope["path_params"],
                query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
                form=form,
            )
        except ClientGoneError:
            return
        except TwilioError as error:
            await error_reply(error).send(send)
            return
        effects = NO_EFFECTS
        if carrier.faults.rules:
            where = self._where if method == "POST" else Where.LIST
            effects = carrier.faults.decide(where, _facts(call))

        def act() -> Reply:
            try:
                return handler(carrier, call)
            except TwilioError as error:
                return error_reply(error)

        await answer_with(effects, act, refusals=_REFUSALS, receive=receive, send=send, closing=carrier.closing)


def json_reply(document: object, *, status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode())


def error_reply(error: TwilioError, *headers: tuple[bytes, bytes]) -> Reply:
    if error.status == 401:
        headers = (*headers, (b"www-authenticate", b'Basic realm="Twilio API"'))
    return Reply(error.status, json.dumps(error.document()).encode(), headers=headers)


def _too_many(retry_after: int | None) -> Reply:
    headers = [] if retry_after is None else [(b"retry-after", b"%d" % retry_after)]
    return error_reply(TwilioError(20429), *headers)


def _server_error(status: int) -> Reply:
    return error_reply(TwilioError(20503 if status == 503 else 20500, status=status))


_REFUSALS = Refusals(
    too_many=_too_many,
    server_error=_server_error,
    rejected=lambda code: error_reply(TwilioError(code)),
)


def page(call: Call, path: str, key: str, found: Iterable[tuple[str, Document]]) -> Reply:
    """One page of a list. The next page's token names the last item of this one, so that pages do not shift
    while messages arrive; `Page` alone counts from the start."""
    size = _number(call.query.get("PageSize"), default=50, least=1, most=1000)
    page = _number(call.query.get("Page"), default=0, least=0, most=1_000_000)
    after = call.query.get("PageToken", "").removeprefix("PA")
    items = iter(found)
    if after:
        for sid, _ in items:
            if sid == after:
                break
    else:
        for _ in range(page * size):
            if next(items, None) is None:
                break
    shown: list[tuple[str, Document]] = []
    more = False
    for item in items:
        if len(shown) == size:
            more = True
            break
        shown.append(item)
    base = f"/{VERSION}/Accounts/{call.account.sid}/{path}"
    kept = {k: v for k, v in call.query.items() if k not in ("Page", "PageSize", "PageToken")}

    def uri(number: int, **more_query: str) -> str:
        return f"{base}?{urlencode({**kept, 'PageSize': str(size), 'Page': str(number), **more_query})}"

    return json_reply(
        {
            key: [document for _, document in shown],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(len(shown) - 1, 0),
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1, PageToken=f"PA{shown[-1][0]}") if more else None,
            "previous_page_uri": uri(page - 1) if page else None,
            "uri": uri(page),
        }
    )


def _number(value: str | None, *, default: int, least: int, most: int) -> int:
    try:
        return default if not value else min(max(int(value), least), most)
    except ValueError as error:
        raise TwilioError(20001, f"{value!r} is not a number") from error


def _authenticate(carrier: Carrier, scope: Scope) -> Account:
    account: Account | None = carrier.state.accounts.get(scope["path_params"]["account_sid"])
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    if account is None:
        raise TwilioError(20003)
    expected = b"Basic " + base64.b64encode(f"{account.sid}:{account.auth_token}".encode())
    if not hmac.compare_digest(given, expected):
        raise TwilioError(20003)
    return account


def _facts(call: Call) -> Facts:
    sender = call.get("From") or call.get("MessagingServiceSid") or call.query.get("From", "")
    return Facts(sender=sender, recipient=call.get("To") or call.query.get("To", ""), body=call.get("Body"))


def not_found(call: Call, path: str) -> TwilioError:
    resource = f"/{VERSION}/Accounts/{call.account.sid}{path}"
    return TwilioError(20404, f"The requested resource {resource} was not found")


def is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


async def _body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = event.get("body", b"")
        size += len(chunk)
        if size > _LARGEST_BODY:
            raise TwilioError(20413, "Request entity too large", status=413)
        chunks.append(chunk)
        if not event.get("more_body"):
            return b"".join(chunks)
