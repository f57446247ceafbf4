"""Keeps the methods of `/messages/{message_id}` from `/messages/search`: no id is `search`."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.kit.errors import MethodNotAllowed

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def refuse_methods_of_templates(api: FastAPI) -> None:
    """Answer 405 where only a path with parameters would take the method. Called once all routes are added."""
    for path, methods in literal_paths(api).items():
        api.router.routes.insert(0, Route(path, _refuse(methods), methods=sorted(METHODS - methods)))


def literal_paths(api: FastAPI) -> Mapping[str, set[str]]:
    """The paths without parameters that a path with parameters matches too, with their methods."""
    routes = [each for each in iter_route_contexts(api.routes) if isinstance(each.original_route, APIRoute)]
    templates = [each.path_regex for each in routes if each.include_in_schema and "{" in (each.path or "")]
    found: defaultdict[str, set[str]] = defaultdict(set)
    for each in routes:
        if each.path and "{" not in each.path and any(template.match(each.path) for template in templates):
            found[each.path] |= each.methods or set()
    return found


def _refuse(methods: set[str]) -> Callable[[Request], Awaitable[Response]]:
    allowed = methods | {"OPTIONS", *(("HEAD",) if "GET" in methods else ())}

    async def refuse(_: Request) -> Response:
        raise MethodNotAllowed(allowed)

    return refuse
