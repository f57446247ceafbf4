"""The application's state, by type: `from_app(request, Database)`.

The state is one frozen dataclass (`api.app_state.AppState`), which imports every slice. A slice gets a part by its
type, so it needs no import from above.
"""

from typing import TypeVar

from fastapi import FastAPI
from starlette.requests import HTTPConnection

Part = TypeVar("Part")


def publish(app: FastAPI, state: object) -> None:
    """Makes the parts of `state`, a dataclass with one part of each type, available to `from_app`."""
    app.state.parts = {type(part): part for part in vars(state).values()}


def from_app(request: HTTPConnection, kind: type[Part]) -> Part:
    """The application's part of this type. Raises `KeyError` if there is none."""
    part: Part = request.app.state.parts[kind]
    return part
