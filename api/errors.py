"""Whatever goes wrong leaves as `application/problem+json`, without a stack trace, SQL or a secret."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from api.kit.database_unavailable import is_transient
from api.kit.errors import (
    PROBLEM_JSON,
    Invalid,
    NotFound,
    Problem,
    RequestTimeout,
    TooLarge,
    Unavailable,
    Unreadable,
    UnsupportedMediaType,
)
from api.kit.text import made_storable
from api.spa import NOT_PAGES, PAGES

log = structlog.get_logger(__name__)


def install_error_handlers(app: FastAPI) -> None:
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


async def failed(scope: Scope, error: Exception) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """The same outside of the framework's own handling: status, headers and body."""
    handler = next(_HANDLERS[kind] for kind in type(error).__mro__ if kind in _HANDLERS)
    response = await handler(Request(scope), error)
    return response.status_code, response.raw_headers, bytes(response.body)


def answer(request: Request, problem: Problem) -> JSONResponse:
    return JSONResponse(
        problem.body(instance=request.url.path),
        problem.status,
        headers=problem.headers,
        media_type=PROBLEM_JSON,
    )


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return answer(request, error)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    if any(each["type"] == "json_invalid" for each in details):
        return answer(request, Unreadable("The body is not valid JSON."))
    # FastAPI leaves a body that does not say it is JSON unread.
    if any(each["loc"] == ("body",) and isinstance(each["input"], bytes) for each in details):
        return answer(request, UnsupportedMediaType("Send JSON, with Content-Type: application/json."))
    problem = Invalid([(_pointer(each["loc"]), _sentence(each)) for each in details])
    return answer(request, problem)


def _pointer(location: tuple[Any, ...]) -> str:
    """A JSON pointer into the body; `/query/…`, `/path/…` and `/header/…` for the rest."""
    place, *rest = location
    parts = rest if place == "body" else [place, *rest]
    return "/" + "/".join(made_storable(str(part)).replace("~", "~0").replace("/", "~1") for part in parts)


def _sentence(detail: Any) -> str:
    if isinstance(detail["input"], str) and detail["type"] in {"too_short", "too_long"}:
        # A text is measured after its surrounding space has gone, and then counted in “items”.
        least, most = detail["ctx"].get("min_length"), detail["ctx"].get("max_length")
        count, bound = (least, "at least") if least is not None else (most, "at most")
        return f"Use {bound} {count} character{'' if count == 1 else 's'}."
    message = str(detail["msg"]).removeprefix("Value error, ")
    return message[:1].upper() + message[1:].rstrip(".") + "."


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            problem: Problem = NotFound("There is nothing at this address.")
        case 408:
            problem = RequestTimeout(str(error.detail))
        case 413:
            problem = TooLarge(str(error.detail))
        case 415:
            problem = UnsupportedMediaType(str(error.detail))
        case 400:
            problem = Unreadable(str(error.detail))
        case _:
            status = HTTPStatus(error.status_code)
            body = {
                "type": f"/problems/{status.phrase.lower().replace(' ', '-')}",
                "title": status.phrase,
                "status": status.value,
                "detail": None,
                "instance": request.url.path,
            }
            headers = dict(error.headers or {})
            if status is HTTPStatus.METHOD_NOT_ALLOWED:
                headers["Allow"] = ", ".join(_methods_at(request))
            return JSONResponse(body, status.value, headers=headers, media_type=PROBLEM_JSON)
    problem.headers |= dict(error.headers or {})
    return answer(request, problem)


def _methods_at(request: Request) -> list[str]:
    """Every method that some route has at this path: the one route that answered 405 knows only its own."""
    path = request.scope["path"]
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        is_here = isinstance(context.original_route, APIRoute) and context.path_regex.match(path)
        if is_here and not (context.path == PAGES and path.startswith(NOT_PAGES)):
            methods |= context.methods or set()
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods)


async def _database(request: Request, error: Exception) -> JSONResponse:
    if is_transient(error):
        return await _unavailable(request, error)
    return await _unexpected(request, error)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    log.warning("request.unavailable", path=request.scope.get("path"), error=type(error).__name__)
    return answer(request, Unavailable())


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", path=request.scope.get("path"), exc_info=error)
    return answer(request, Problem("Something went wrong on our side. It has been noted."))


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]] = {
    Problem: _problem,
    RequestValidationError: _validation,
    HTTPException: _http,
    DBAPIError: _database,
    PoolTimeoutError: _database,
    OSError: _unavailable,
    asyncpg.PostgresError: _database,
    asyncpg.InterfaceError: _database,
    asyncpg.InternalClientError: _database,
    Exception: _unexpected,
}
