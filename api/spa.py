"""Serving the single-page app's build: hashed files for a year, a strict CSP, one page for all routes."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST = Path(__file__).parent.parent / "frontend" / "dist"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

PAGE_HEADERS = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}

NOT_PAGES = ("api/", "webhooks/", "assets/")
"""Paths below these are never the page: a mistake there must look like one."""


class HashedFiles(StaticFiles):
    """Files whose names carry their content's hash: they never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def mount_spa(app: FastAPI, dist: Path = DIST) -> None:
    app.mount("/assets", HashedFiles(directory=dist / "assets", check_dir=False), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path.startswith(NOT_PAGES):
            raise HTTPException(404)
        file = (dist / path).resolve()
        if path and file.is_file() and file.is_relative_to(dist.resolve()):
            return FileResponse(file, headers=PAGE_HEADERS)
        index = dist / "index.html"
        if not index.is_file():
            return PlainTextResponse(
                "The SPA has not been built yet. Run `make setup`, or use the API at /api/v1.",
                status_code=503,
            )
        return FileResponse(index, headers=PAGE_HEADERS)
