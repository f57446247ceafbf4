"""A small HTTP server on a second port of a process, for metrics or a worker's health."""

import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.settings import SettingsError

Answer = Callable[[Request], Awaitable[Response]]


def bind(host: str, port: int, *, setting: str) -> socket.socket:
    """Raises `SettingsError` with the name `setting` if the port cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsError(f"{setting}: port {port} of {host} cannot be used: {reason}.") from None


class PortServer(uvicorn.Server):
    """Answers GET and HEAD at the given paths. It handles no signals."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__(
            uvicorn.Config(
                Starlette(routes=[Route(path, answer, methods=["GET"]) for path, answer in answers.items()]),
                lifespan="off",
                http="httptools",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
