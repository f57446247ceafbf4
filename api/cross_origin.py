"""Pages of other origins that may call the API with a key of their own (CORS)."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
READ = (
    *("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Range", "Last-Event-ID"),
    *("Range", "X-Request-ID"),
)
SHOWN = (
    *("Accept-Ranges", "Content-Disposition", "Content-Range", "Deprecation", "ETag", "Idempotency-Replayed", "Link"),
    *("Location", "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset", "WWW-Authenticate", "X-Request-ID"),
)
PREFLIGHT_SECONDS = 600


class CrossOrigin:
    """Lets pages of `origins` call `/api/`. Never with the session's cookie: they send an API key or nothing."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=READ,
            allow_credentials=False,
            expose_headers=SHOWN,
            max_age=PREFLIGHT_SECONDS,
        )
        self._is_used = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._shared if self._is_used and scope["path"].startswith("/api/") else self._app
        await app(scope, receive, send)
