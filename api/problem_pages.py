"""`/problems/{word}`: what a type of problem means and what to do about it. As a page, or as JSON for those who ask."""

import base64
import hashlib
from html import escape

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.access.dependencies import Public
from api.kit.errors import NotFound
from api.problem_types import PREFIX, ProblemType, problem_types

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1c1b1a}"
    "code{font-family:ui-monospace,monospace;background:#f1efec;padding:0 .25em}dt{margin-top:.75rem}"
    "@media(prefers-color-scheme:dark){body{background:#1c1b1a;color:#f1efec}code{background:#35322f}a{color:#9cc4ff}}"
)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
    "Cache-Control": "public, max-age=3600",
    "Vary": "Accept",
}

router = APIRouter(
    include_in_schema=False,
    dependencies=[Depends(Public("The types of problems are the same for everybody."))],
)


@router.get("/problems")
async def list_problem_types(request: Request) -> Response:
    """Every type of problem."""
    types = problem_types().values()
    if _wants_json(request):
        return JSONResponse({"items": [_as_json(each) for each in types]}, headers=HEADERS)
    rows = "".join(
        f'<dt><a href="{each.type}"><code>{each.type}</code></a></dt><dd>{escape(each.title)}</dd>' for each in types
    )
    return _page(
        "Problems of the API", f"<p>An error answer names one of these as its <code>type</code>.</p><dl>{rows}</dl>"
    )


@router.get("/problems/{word}")
async def get_problem_type(word: str, request: Request) -> Response:
    """One type of problem. Raises `NotFound` for another word."""
    found = problem_types().get(PREFIX + word)
    if found is None:
        raise NotFound("There is no such type of problem. /problems lists them.")
    if _wants_json(request):
        return JSONResponse(_as_json(found), headers=HEADERS)
    return _page(found.title, _described(found))


def _wants_json(request: Request) -> bool:
    """Whether JSON is named in `Accept`, and HTML is not. Browsers name HTML."""
    accepted = request.headers.get("accept", "")
    return "json" in accepted and "text/html" not in accepted


def _as_json(found: ProblemType) -> dict[str, object]:
    return {
        "type": found.type,
        "title": found.title,
        "statuses": found.statuses,
        "meaning": found.explained.meaning,
        "remedy": found.explained.remedy,
        "fields": found.fields(),
    }


def _described(found: ProblemType) -> str:
    statuses = ", ".join(map(str, found.statuses)) or "none: only scheduled texts that are held back name it"
    fields = "".join(f"<dt><code>{name}</code></dt><dd>{_text(text)}</dd>" for name, text in found.fields().items())
    return (
        f"<p><code>type</code>: <code>{found.type}</code>. Status: {statuses}.</p>"
        f"<h2>What it means</h2><p>{_text(found.explained.meaning)}</p>"
        f"<h2>What to do</h2><p>{_text(found.explained.remedy)}</p>"
        + (f"<h2>Its own fields</h2><dl>{fields}</dl>" if fields else "")
        + '<p><a href="/problems">All types of problems</a> · <a href="/docs">API reference</a></p>'
    )


def _text(sentences: str) -> str:
    """As HTML: what stands between backquotes is code."""
    parts = escape(sentences).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _page(title: str, content: str) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>\n",
        headers=HEADERS,
    )
