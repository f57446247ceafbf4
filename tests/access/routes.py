"""Every route of the application, derived from it, and what its dependency tree says of who may use it."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from api.access.dependencies import Public, Require

Guard = Require | Public


@dataclass(frozen=True)
class GuardedRoute:
    method: str
    path: str
    guards: tuple[Guard, ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(app: FastAPI) -> list[GuardedRoute]:
    """Every API route with each of its methods. Anything that is no API route is in `other_paths_of`."""
    found: list[GuardedRoute] = []
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            # FastAPI runs a guard once per request, however many dependencies name it.
            guards = tuple(dict.fromkeys(_guards(context.dependant)))
            found += [
                GuardedRoute(method, context.path_format or "", guards) for method in sorted(context.methods or ())
            ]
    return found


def other_paths_of(app: FastAPI) -> set[str]:
    return {
        context.path or ""
        for context in iter_route_contexts(app.routes)
        if not isinstance(context.original_route, APIRoute)
    }


def _guards(dependant: Dependant) -> Iterator[Guard]:
    if isinstance(dependant.call, Require | Public):
        yield dependant.call
    for each in dependant.dependencies:
        yield from _guards(each)
