"""Answers every error of a request or webhook with `application/problem+json`, without stack traces, SQL or secrets.

The errors are in `kit/errors.py`.
"""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access_log import route_of
from api.inbound.webhook import PREFIX as WEBHOOKS
from api.kit.database_unavailable import DATABASE_ERRORS, is_transient
from api.kit.errors import (
    PROBLEM_JSON,
    Invalid,
    MethodNotAllowed,
    NotFound,
    Problem,
    RequestTimeout,
    TooLarge,
    Unavailable,
    Unreadable,
    UnsupportedMediaType,
)
from api.kit.request_context import current_request_id, request_context
from api.kit.text import made_storable
from api.spa import NOT_PAGES, PAGES

READ_ONLY = frozenset({"id", "created_at", "updated_at", "changed_at", "changed_by"})
"""Fields that records have in answers. Whoever sends a record back as it came is told that they cannot be set."""

log = structlog.get_logger(__name__)


def install_error_handlers(app: FastAPI) -> None:
    for kind in (Problem, RequestValidationError, HTTPException, *DATABASE_ERRORS, Exception):
        app.add_exception_handler(kind, error_response)


class ErrorAnswers:
    """Answers the errors of the layers behind it and of the webhook app. FastAPI answers its own in the same way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def sending(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if has_started:
                raise
            await (await error_response(Request(scope), error))(scope, receive, send)


class TooLargeAsProblem:
    """Replaces FastAPI's plain-text 413, which it sends outside of its error handlers, by a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem: Response | None = None

        async def sending(message: Message) -> None:
            nonlocal problem
            if message["type"] == "http.response.start":
                if message["status"] == TooLarge.status and _is_plain_text(message):
                    problem = await error_response(Request(scope), TooLarge("Send less at a time."))
                    message["headers"] = problem.raw_headers
            elif problem is not None:
                message["body"] = problem.body
            await send(message)

        await self._app(scope, receive, sending)


def _is_plain_text(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")


async def error_response(request: Request, error: Exception) -> Response:
    """The problem of the error as an answer. A coroutine, as FastAPI runs other handlers in a thread.

    OPTIONS is answered here too: no route has it, so it comes as a 405 that names the methods of the address.
    """
    problem = _problem_of(request, error)
    if isinstance(problem, MethodNotAllowed) and _asks_for_methods(request):
        return Response(status_code=204, headers=problem.headers)
    context = request_context.get()
    if context is not None:
        context.problem = problem.type
    return JSONResponse(
        problem.body(instance=request.url.path, request_id=current_request_id()),
        problem.status,
        headers=problem.headers,
        media_type=PROBLEM_JSON,
    )


def _asks_for_methods(request: Request) -> bool:
    return request.method == "OPTIONS" and not request.url.path.startswith(WEBHOOKS)


def _problem_of(request: Request, error: Exception) -> Problem:
    """The only place where an unavailable database or a transient failure becomes a 503."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _validation(error)
        case HTTPException() if error.status_code in _HTTP_PROBLEMS:
            problem = _HTTP_PROBLEMS[error.status_code](str(error.detail))
            problem.headers |= dict(error.headers or {})
            return problem
        case HTTPException(status_code=404):
            return NotFound("There is nothing at this address.")
        case HTTPException(status_code=405):
            return MethodNotAllowed(_methods_at(request))
    if is_transient(error):
        log.warning("request.unavailable", route=route_of(request.scope), error=type(error).__name__)
        return Unavailable()
    log.error("request.failed", route=route_of(request.scope), exc_info=error)
    return Problem("Something went wrong on our side. It has been noted.")


_HTTP_PROBLEMS: dict[int, type[Unreadable | RequestTimeout | TooLarge | UnsupportedMediaType]] = {
    each.status: each for each in (Unreadable, RequestTimeout, TooLarge, UnsupportedMediaType)
}
"""By the statuses that FastAPI, Starlette and `api.layers` raise."""


def _validation(error: RequestValidationError) -> Problem:
    details = error.errors()
    if any(each["type"] == "json_invalid" for each in details):
        return Unreadable("The body is not valid JSON.")
    # FastAPI leaves a body unread whose Content-Type is not JSON.
    if any(each["loc"] == ("body",) and isinstance(each["input"], bytes) for each in details):
        return UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    return Invalid([(_pointer(each["loc"], error.body), _sentence(each)) for each in details])


def _pointer(location: tuple[Any, ...], body: object) -> str:
    """A JSON pointer into the body; `/query/…`, `/path/…` and `/header/…` for the rest."""
    place, *rest = location
    parts = _without_tag(rest, body) if place == "body" else [place, *rest]
    return "/" + "/".join(made_storable(str(part)).replace("~", "~0").replace("/", "~1") for part in parts)


def _without_tag(parts: list[Any], body: object) -> list[Any]:
    """Pydantic names the member of a union by the value of its tag, which is no place in the body."""
    if not isinstance(body, dict) or len(parts) < 2:
        return parts
    is_tag = parts[0] in body.values() and not isinstance(body.get(parts[0]), dict | list)
    return parts[1:] if is_tag else parts


def _sentence(detail: Any) -> str:
    if isinstance(detail["input"], str) and detail["type"].removeprefix("string_") in {"too_short", "too_long"}:
        least, most = detail["ctx"].get("min_length"), detail["ctx"].get("max_length")
        count, bound = (least, "at least") if least is not None else (most, "at most")
        return f"Use {bound} {count} character{'' if count == 1 else 's'}."
    if detail["type"] == "extra_forbidden":
        is_read_only = detail["loc"][-1] in READ_ONLY
        return "This cannot be set: leave it out." if is_read_only else "There is no such field here."
    message = str(detail["msg"]).removeprefix("Value error, ")
    return message[:1].upper() + message[1:].rstrip(".") + "."


def _methods_at(request: Request) -> set[str]:
    """The methods of all routes at this path. The route that raised the 405 knows only its own.

    Where the path itself is a route's, those of paths with parameters are not among them (`api.literal_paths`).
    """
    path = request.scope["path"]
    here = [
        context
        for context in iter_route_contexts(request.app.routes)
        if isinstance(context.original_route, APIRoute) and context.path_regex.match(path)
        if not (context.path == PAGES and path.startswith(NOT_PAGES))
    ]
    exact = [context for context in here if context.path == path]
    methods = {method for context in exact or here for method in context.methods or ()}
    return methods | {"OPTIONS", *(("HEAD",) if "GET" in methods else ())}
