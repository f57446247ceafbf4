"""Refuses what a route does not know: query parameters, preconditions, and bodies of routes that take none.

`api.kit.request_models` refuses unknown fields of bodies. Webhooks of providers do not come this way.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, get_args, get_origin
from weakref import WeakKeyDictionary

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.kit.errors import Invalid, Unreadable
from api.kit.text import made_storable

MAX_SHOWN = 20
"""Unknown parameters that one answer names."""
MAX_UNREAD_BODY = 64 * 1024
PRECONDITIONS = ("If-Match", "If-None-Match")
"""Of a change: one that is ignored lets through the change that it should stop."""
READING = frozenset({"GET", "HEAD"})
IN_BRACKETS = frozenset({"metadata"})
"""Parameters that may be written `name[key]=value` too."""


async def known_parameters_only(request: Request) -> None:
    """Called for every request of the API once its caller is known.

    Raises `Invalid` with a pointer to each unknown parameter or field.
    """
    route = request.scope["route"]
    known = query_parameters(route)
    unknown = [
        name
        for name in dict.fromkeys(request.query_params)
        if name not in known and not any(in_brackets(each, name) for each in known & IN_BRACKETS)
    ]
    if unknown:
        takes = f"This route takes {', '.join(sorted(known))}." if known else "This route takes none."
        raise Invalid(
            [(pointer_of("query", name), f"There is no such parameter. {takes}") for name in unknown[:MAX_SHOWN]]
        )
    repeated = {name for name in known if len(request.query_params.getlist(name)) > 1}
    # Asked only of what is repeated: it reads all dependencies of the route.
    if repeated and (refused := sorted(repeated - _repeatable(route))):
        raise Invalid([(pointer_of("query", name), "Give this once: there are several.") for name in refused])
    refused = [name for name in PRECONDITIONS if name in request.headers and name not in header_names(route)]
    if refused and request.method not in READING:
        raise Invalid([(pointer_of("header", name), "This route takes no such precondition.") for name in refused])
    if not takes_body(route) and _may_have_body(request):
        await _refuse_body(request)
    elif route.body_field is not None:
        _refuse_repeated_names(await request.body())


def query_parameters(route: APIRoute) -> frozenset[str]:
    """The names of the query parameters of a route and of all its dependencies."""
    known = _KNOWN.get(route.endpoint)
    if known is None:
        known = _KNOWN[route.endpoint] = frozenset(_names(route.dependant))
    return known


def in_brackets(parameter: str, name: str) -> str | None:
    """The key of `parameter[key]`; None if the name is not written so. The key is not checked."""
    return name[len(parameter) + 1 : -1] if name.startswith(f"{parameter}[") and name.endswith("]") else None


def header_names(route: APIRoute) -> frozenset[str]:
    """The names of the headers that a route and its dependencies declare."""
    return frozenset(_headers(route.dependant))


_KNOWN: WeakKeyDictionary[Callable[..., Any], frozenset[str]] = WeakKeyDictionary()
"""By endpoint: routes cannot be hashed."""


def takes_body(route: APIRoute) -> bool:
    return route.body_field is not None or "requestBody" in (route.openapi_extra or {})


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for each in dependant.dependencies:
        yield from _names(each)


def _headers(dependant: Dependant) -> Iterator[str]:
    for field in dependant.header_params:
        yield field.alias
    for each in dependant.dependencies:
        yield from _headers(each)


def _repeatable(route: APIRoute) -> frozenset[str]:
    """The names of the query parameters that may be given several times: those of lists."""
    return frozenset(_lists(route.dependant))


def _lists(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if any(get_origin(each) is list for each in (annotation, *get_args(annotation))):
            yield field.alias
    for each in dependant.dependencies:
        yield from _lists(each)


def _refuse_repeated_names(body: bytes) -> None:
    """Raises `Unreadable` for JSON in which an object has a name twice: parsers differ in which of the two counts."""

    def names_once(pairs: list[tuple[str, object]]) -> None:
        if len(dict(pairs)) < len(pairs):
            raise Unreadable("An object of the body has two fields of the same name.")

    with suppress(ValueError, RecursionError):
        json.loads(body, object_pairs_hook=names_once)


def _may_have_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


async def _refuse_body(request: Request) -> None:
    """An empty body and `{}` say nothing, so they are let through."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_UNREAD_BODY:
            break
    try:
        given = json.loads(body) if body.strip() else {}
    except ValueError:
        given = None
    if given == {}:
        return
    names = list(given)[:MAX_SHOWN] if isinstance(given, dict) else []
    advice = "This route takes no body."
    raise Invalid([(pointer_of(name), advice) for name in names] or [("/", advice)])


def pointer_of(*parts: str) -> str:
    return "".join("/" + made_storable(part[:200]).replace("~", "~0").replace("/", "~1") for part in parts)
