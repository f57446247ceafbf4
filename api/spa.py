"""Serving the single-page app's build: hashed files for a year, a strict CSP, one page for all of its routes."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.access.dependencies import Public
from api.bundled import bundled
from api.compression import chosen_encoding

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
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}
ICON_HEADERS = {"Cache-Control": "public, max-age=86400"}

FILES = {
    "favicon.ico": ICON_HEADERS,
    "favicon.svg": ICON_HEADERS,
    "icon-180.png": ICON_HEADERS,
    "icon-192.png": ICON_HEADERS,
    "icon-512.png": ICON_HEADERS,
    "icon-maskable-512.png": ICON_HEADERS,
    "badge-96.png": ICON_HEADERS,
    "manifest.webmanifest": ICON_HEADERS,
    "sw.js": {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"},
}
"""Files of the build with names of their own. The service worker, which shows notifications, has the page's policy."""

ROUTES = "routes.json"
"""The paths of the app's router, a part of its build. A test of the app compares them."""

PAGES = "/{path:path}"
NOT_PAGES = ("/api/", "/assets/", "/.well-known/")
"""An unknown path below these is a problem, not the page."""

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""The compressed copies that the build makes beside a file, best first."""

MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Python's own table depends on the machine."""


class PageRoute(APIRoute):
    """Does not match the paths of the API, so that the API answers 404 and 405 there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].startswith(NOT_PAGES):
            return Match.NONE, {}
        return super().matches(scope)


class HashedFiles(StaticFiles):
    """Files with a hash of their content in their names. They never change."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        # A compressed copy is served as its file only.
        return ("", None) if path.endswith(tuple(ENCODINGS.values())) else super().lookup_path(path)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        return file_response(Path(full_path), Headers(scope=scope), ASSET_HEADERS)


def mount_spa(app: FastAPI, dist: Path = DIST) -> None:
    app.mount("/assets", HashedFiles(directory=dist / "assets", check_dir=False), name="assets")

    def built(request: Request, name: str, headers: Mapping[str, str], status_code: int = 200) -> Response:
        file = dist / name
        if not file.is_file():
            return PlainTextResponse(
                "The SPA has not been built yet. Run `make setup`, or use the API at /api/v1.",
                status_code=503,
            )
        return file_response(file, request.headers, headers, status_code=status_code)

    def docs(request: Request) -> Response:
        return built(request, "docs.html", PAGE_HEADERS | {"Content-Security-Policy": DOCS_POLICY})

    def page(request: Request, path: str) -> Response:
        if path in FILES:
            return built(request, path, FILES[path])
        # At an unknown path the app says that there is no such page.
        return built(request, "index.html", PAGE_HEADERS, 200 if is_route(dist, path) else 404)

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


def is_route(dist: Path, path: str) -> bool:
    """Whether the app's router knows `path`. Like the router, it ignores case and a slash at the end."""
    file = dist / ROUTES
    try:
        routes = _routes(file, file.stat().st_mtime_ns)
    except FileNotFoundError:
        return False
    parts = path.removesuffix("/").lower().split("/")
    return any(len(route) == len(parts) and all(map(_fits, route, parts)) for route in routes)


@lru_cache(maxsize=1)
def _routes(file: Path, _changed_ns: int) -> Sequence[Sequence[str]]:
    return [each.strip("/").lower().split("/") for each in json.loads(file.read_text())]


def _fits(wanted: str, part: str) -> bool:
    """Any text stands for the `$familyId` of `/families/$familyId`."""
    return part != "" if wanted.startswith("$") else part == wanted


def file_response(
    file: Path, request_headers: Headers, headers: Mapping[str, str], *, status_code: int = 200
) -> Response:
    """The file in the best encoding that the request accepts; 304 if it names that one's `ETag`.

    The `ETag` is of the content: a file's time is the same for all of an image, and another on each server.
    """
    copies = {name: copy for name, suffix in ENCODINGS.items() if (copy := _copy(file, suffix)).is_file()}
    encoding = chosen_encoding(request_headers.get("accept-encoding"), list(copies))
    found = file.stat()
    digest = _digest(file, found.st_mtime_ns, found.st_size)
    etag = f'"{digest}-{encoding}"' if encoding else f'"{digest}"'
    headers = {**headers, "ETag": etag}
    if copies:
        headers["Vary"] = "Accept-Encoding"
    if encoding:
        headers["Content-Encoding"] = encoding
    known = {each.strip().removeprefix("W/") for each in request_headers.get("if-none-match", "").split(",")}
    if status_code == 200 and known & {etag, "*"}:
        headers.pop("Content-Encoding", None)
        return Response(status_code=304, headers=headers)
    served = copies[encoding] if encoding else file
    return FileResponse(
        served,
        status_code=status_code,
        headers=headers,
        media_type=MEDIA_TYPES.get(file.suffix, "application/octet-stream"),
        stat_result=served.stat(),
    )


def _copy(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


@lru_cache(maxsize=1_000)
def _digest(file: Path, _changed_ns: int, _size: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:32]
