"""`ETag` of the JSON that GET answers, and 304 for a request whose `If-None-Match` names it."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.kit.entity_tags import gzip_tag, read_tags, tag_of
from api.kit.scope import ANSWERS_WITH_RECORD

BODY_HEADERS = ("content-length", "content-type")


class EntityTags:
    """Holds the start of such an answer until its body, which is one part, has its tag.

    A JSON answer in several parts is passed on as it comes, without a tag.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "PATCH"} or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_have_tag(scope, message):
                start = message
                return
            if start is not None:
                held, start = start, None
                if not message.get("more_body", False):
                    message = _tagged(scope, held, message)
                await send(held)
            await send(message)

        await self._app(scope, receive, sending)


def _may_have_tag(scope: Scope, start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    is_record = scope["method"] == "GET" or ANSWERS_WITH_RECORD in scope
    is_json = headers.get("content-type", "").startswith("application/json")
    return start["status"] == 200 and is_record and is_json and "etag" not in headers


def _tagged(scope: Scope, start: Message, body: Message) -> Message:
    """Adds the tag to `start`, or makes it a 304. Returns the body that goes with it."""
    headers = MutableHeaders(raw=start["headers"])
    tag = tag_of(body.get("body", b""))
    given = read_tags(Headers(scope=scope).getlist("if-none-match"))
    is_known = scope["method"] == "GET" and given is not None and given.names_weakly(tag)
    headers["ETag"] = gzip_tag(tag) if is_known and given is not None and given.is_gzip else tag
    headers.add_vary_header("Accept-Encoding")
    start["headers"] = headers.raw
    if not is_known:
        return body
    start["status"] = 304
    for name in BODY_HEADERS:
        del headers[name]
    start["headers"] = headers.raw
    return {**body, "body": b""}
