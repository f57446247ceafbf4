"""The application's state, by type: `from_app(request, Database)`.

The state is one frozen dataclass (`api.app_state.AppState`), which knows every slice. A slice asks for the part whose
type it knows, so it needs no import from above.
"""

from typing import TypeVar

from fastapi import FastAPI
from starlette.requests import HTTPConnection

Part = TypeVar("Part")


def publish(app: FastAPI, state: object) -> None:
    """Make the parts of `state`, a dataclass with at most one part of each type, available to `from_app`."""
    app.state.parts = {type(part): part for part in vars(state).values()}


def from_app(request: HTTPConnection, kind: type[Part]) -> Part:
    """The application's only `kind`. Raises `KeyError` if its state has none."""
    part: Part = request.app.state.parts[kind]
    return part
