"""Serving the single-page app's build: hashed files for a year, a strict CSP, one page for all routes."""

from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.access.dependencies import Public
from api.bundled import bundled

DIST = bundled("frontend/dist")

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Swagger UI sets styles on its elements and embeds its pictures as data."""

PAGE_HEADERS = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}

PAGES = "/{path:path}"
NOT_PAGES = ("/api/", "/assets/")
"""An unknown path below these is a 404, not the page."""


class PageRoute(APIRoute):
    """Does not match the paths of the API, so that the API answers 404 and 405 there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].startswith(NOT_PAGES):
            return Match.NONE, {}
        return super().matches(scope)


class HashedFiles(StaticFiles):
    """Files with a hash of their content in their names. They never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def mount_spa(app: FastAPI, dist: Path = DIST) -> None:
    app.mount("/assets", HashedFiles(directory=dist / "assets", check_dir=False), name="assets")

    def built(name: str, headers: dict[str, str]) -> Response:
        file = dist / name
        if not file.is_file():
            return PlainTextResponse(
                "The SPA has not been built yet. Run `make setup`, or use the API at /api/v1.",
                status_code=503,
            )
        return FileResponse(file, headers=headers)

    def docs() -> Response:
        return built("docs.html", PAGE_HEADERS | {"Content-Security-Policy": DOCS_POLICY})

    def page(path: str) -> Response:
        file = _file_of(dist, path)
        return FileResponse(file, headers=PAGE_HEADERS) if file is not None else built("index.html", PAGE_HEADERS)

    app.router.add_api_route(
        "/docs",
        docs,
        include_in_schema=False,
        dependencies=[Depends(Public("The API reference, which is the same for everybody."))],
    )
    app.router.add_api_route(
        PAGES,
        page,
        include_in_schema=False,
        dependencies=[Depends(Public("The page has no data of any business. It signs in through the API."))],
        route_class_override=PageRoute,
    )


def _file_of(dist: Path, path: str) -> Path | None:
    """The file of the build at `path`. None: `path` is a route of the SPA."""
    try:
        file = (dist / path).resolve()
        return file if path and file.is_file() and file.is_relative_to(dist.resolve()) else None
    except (ValueError, OSError):
        # The name holds a NUL or is too long for a file.
        return None
