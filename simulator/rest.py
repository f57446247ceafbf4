"""What the providers' REST interfaces share: reading a request, asking who it is, faults and errors, over raw ASGI."""

import base64
import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulator.carrier import Carrier
from simulator.faults import NO_EFFECTS, Facts, Kind, Where
from simulator.network import Refusals, Reply, answer_with

_LARGEST_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request. Names of `headers` are in lower case."""

    method: str
    path: str
    ids: dict[str, str]
    """What stands in the variable parts of the path."""
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class RefusedError(Exception, ABC):
    """A request that a provider refuses, in the provider's own words."""

    @abstractmethod
    def reply(self) -> Reply: ...


class ClientGoneError(Exception):
    """The client hung up before its request was complete, so there is no request."""


class TooLargeError(Exception):
    """The request has a larger body than any provider takes."""


C = TypeVar("C")
Handler = Callable[[Carrier, C], Reply]


class Manners(ABC, Generic[C]):
    """How one provider reads requests and says no. `C` is what its handlers are called with."""

    refusals: Refusals

    @abstractmethod
    def read(self, carrier: Carrier, request: Request) -> C:
        """Raises RefusedError for a request of nobody that the carrier knows, or without sense."""

    @abstractmethod
    def facts(self, call: C) -> Facts:
        """What rules of faults are matched against."""

    def occupy(self, call: C) -> AbstractContextManager[None]:
        """Held from the beginning of a call until it is answered. Raises RefusedError."""
        return contextlib.nullcontext()


class Resource(Generic[C]):
    """Authentication, faults and errors around the handlers of one path."""

    def __init__(self, carrier: Carrier, handlers: dict[str, Handler[C]], *, manners: Manners[C], where: Where) -> None:
        """`where` a fault of this path counts when it is posted to."""
        self._carrier = carrier
        self._handlers = handlers
        self._manners = manners
        self._where = where

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handler, carrier, manners = self._handlers[method], self._carrier, self._manners
        try:
            request = Request(
                method=method,
                path=scope["path"],
                ids=scope["path_params"],
                query=dict(parse_qsl(scope["query_string"].decode(errors="replace"), keep_blank_values=True)),
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
                body=await _body(receive) if method == "POST" else b"",
            )
            call = manners.read(carrier, request)
            with manners.occupy(call):
                effects = NO_EFFECTS
                if carrier.faults.rules:
                    where = self._where if method == "POST" else Where.LIST
                    effects = carrier.faults.decide(where, manners.facts(call))

                def act() -> Reply:
                    rule = effects.rule
                    try:
                        carrier.fails_at_once = rule.code if rule and rule.kind is Kind.ACCEPT_FAILED else None
                        return handler(carrier, call)
                    except RefusedError as error:
                        return error.reply()
                    finally:
                        carrier.fails_at_once = None

                await answer_with(
                    effects, act, refusals=manners.refusals, receive=receive, send=send, closing=carrier.closing
                )
        except ClientGoneError:
            return
        except TooLargeError:
            await manners.refusals.too_large().send(send)
        except RefusedError as error:
            await error.reply().send(send)


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


def json_reply(document: object, *headers: tuple[bytes, bytes], status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode(), headers=headers)


def retry_after(seconds: int | None) -> tuple[tuple[bytes, bytes], ...]:
    """The header that says when to come again, if anything does."""
    return () if seconds is None else ((b"retry-after", b"%d" % seconds),)


def json_object(body: bytes) -> dict[str, Any]:
    """Raises ValueError for what is not a JSON object."""
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    # Half of a surrogate pair can be written in JSON, but in no answer.
    json.dumps(document, ensure_ascii=False).encode()
    return document


def is_url(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def basic_credentials(request: Request) -> tuple[str, str]:
    """User name and password; both empty when none were given."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


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
            raise TooLargeError
        chunks.append(chunk)
        if not event.get("more_body"):
            return b"".join(chunks)
