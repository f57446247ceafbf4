"""The simulator as an ASGI application, and the uvicorn server that fits it."""

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from simulator.carrier import Carrier
from simulator.control import control_app
from simulator.dialect import dialects
from simulator.media import content_response
from simulator.settings import Settings

_STATIC = Path(__file__).parent / "static"
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def create_app(settings: Settings | None = None) -> Starlette:
    """The whole simulator; `app.state.carrier` is the carrier.

    Serve it with `create_server`, or with any uvicorn of one process: closing a connection without an answer
    reaches under ASGI.
    """
    spoken = dialects()
    carrier = Carrier(settings or Settings(), {dialect.name: dialect for dialect in spoken})

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await carrier.start()
        try:
            yield
        finally:
            await carrier.stop()

    async def page(request: Request) -> Response:
        return Response((_STATIC / "index.html").read_bytes(), media_type="text/html", headers=_PAGE_HEADERS)

    async def media(request: Request) -> Response:
        stored = carrier.state.stored_media.get(request.path_params["id"])
        if stored is None:
            return JSONResponse({"detail": "no such media"}, status_code=404)
        return content_response(stored)

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    routes: list[BaseRoute] = [route for dialect in spoken for route in dialect.routes(carrier)]
    routes += [
        Route("/", page),
        Route("/healthz", healthz),
        Route("/media/{id}", media),
        Mount("/control", control_app(carrier)),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.carrier = carrier
    return app


class Server(uvicorn.Server):
    """Ends endless answers (the page's events, hanging requests) before it waits for connections to close."""

    def __init__(self, config: uvicorn.Config, carrier: Carrier) -> None:
        super().__init__(config)
        self._carrier = carrier

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._carrier.closing.set()
        await super().shutdown(sockets)


def create_server(settings: Settings) -> Server:
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    return Server(config, app.state.carrier)
