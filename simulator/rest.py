"""What the providers' REST interfaces share: reading a request, its account, faults and refusals."""

import base64
import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulator.carrier import Carrier
from simulator.faults import NO_EFFECTS, Facts, Kind, Where
from simulator.network import answer_with

_LARGEST_BODY = 256 * 1024


class RefusedError(Exception):
    """A provider refuses a request: with this HTTP status and this JSON document, in its own words."""

    def __init__(self, status: int, document: object, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.document = document
        self.headers = headers
        super().__init__(str(document))

    def response(self) -> Response:
        return JSONResponse(self.document, status_code=self.status, headers=self.headers)


C = TypeVar("C")
Handler = Callable[[Carrier, C], Response]


class Manners(ABC, Generic[C]):
    """How one provider reads requests and refuses them. `C` is what its handlers are called with."""

    @abstractmethod
    def read(self, carrier: Carrier, request: Request, body: bytes) -> C:
        """Raises RefusedError for a request that is malformed or of an unknown account."""

    @abstractmethod
    def facts(self, call: C) -> Facts:
        """What rules of faults are matched against."""

    @abstractmethod
    def refusal(self, status: int) -> RefusedError:
        """The refusal with an HTTP status: 413, 429 or a 5xx."""

    @abstractmethod
    def rejection(self, code: int, status: int | None) -> RefusedError:
        """The refusal with the provider's own error code. `status` replaces the HTTP status that the code has."""

    def occupy(self, call: C) -> AbstractContextManager[None]:
        """Held from the beginning of a call until it is answered. Raises RefusedError."""
        return contextlib.nullcontext()


class Resource(Generic[C]):
    """An ASGI app around the handlers of one path: authentication, faults and refusals."""

    def __init__(self, carrier: Carrier, handlers: dict[str, Handler[C]], *, manners: Manners[C], where: Where) -> None:
        """`where` a fault of this path counts when it is posted to."""
        self._carrier = carrier
        self._handlers = handlers
        self._manners = manners
        self._where = where

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        where = self._where if method == "POST" else Where.LIST
        carrier, manners = self._carrier, self._manners
        try:
            request = Request(scope, receive)
            call = manners.read(carrier, request, await self._body(request) if method == "POST" else b"")
            with manners.occupy(call):
                effects = carrier.faults.decide(where, manners.facts(call)) if carrier.faults.rules else NO_EFFECTS

                def act() -> Response:
                    rule = effects.rule
                    try:
                        carrier.fails_at_once = rule.code if rule and rule.kind is Kind.ACCEPT_FAILED else None
                        return self._handlers[method](carrier, call)
                    except RefusedError as error:
                        if where is Where.SEND:
                            carrier.state.counts.sends_refused += 1
                        return error.response()
                    finally:
                        carrier.fails_at_once = None

                app = await answer_with(effects, act, refuse=self._refuse, closing=carrier.closing)
                await app(scope, receive, send)
        except ClientDisconnect:
            return
        except RefusedError as error:
            await error.response()(scope, receive, send)

    def _refuse(self, status: int | None, code: int | None) -> Response:
        if code is not None:
            return self._manners.rejection(code, status).response()
        return self._manners.refusal(status or 503).response()

    async def _body(self, request: Request) -> bytes:
        """Raises ClientDisconnect if the client hung up before the end, RefusedError if the body is too large."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise self._manners.refusal(413)
        return body


def route(
    carrier: Carrier,
    path: str,
    *,
    manners: Manners[C],
    where: Where = Where.LIST,
    **handlers: Handler[C],
) -> Route:
    """A route with a handler for each method, named in capitals."""
    return Route(path, Resource(carrier, handlers, manners=manners, where=where), methods=list(handlers))


def json_object(body: bytes) -> dict[str, Any]:
    """Raises ValueError for anything but a JSON object."""
    try:
        document = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    # Half of a surrogate pair can be written in JSON, but in no answer.
    json.dumps(document, ensure_ascii=False).encode()
    return document


def word(document: Mapping[str, object], name: str) -> str:
    """A field that should be a string; empty if it is not."""
    value = document.get(name)
    return value if isinstance(value, str) else ""


def is_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def basic_credentials(request: Request) -> tuple[str, str]:
    """User name and password; both empty if the request has none."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password
