"""`Location` of every 201: the address of what a request has made."""

import json
from string import Template

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access_log import route_of

API = "/api/v1"

MADE_AT = {
    f"POST {API}/conversations": "conversations",
    f"POST {API}/conversations/{{conversation_id}}/messages": "messages",
    f"POST {API}/conversations/{{conversation_id}}/notes": "notes",
    f"POST {API}/messages": "messages",
    f"POST {API}/messages/{{message_id}}/retry": "messages",
    f"POST {API}/messages/{{message_id}}/send": "messages",
    f"POST {API}/media": "media",
    f"POST {API}/families": "families",
    f"PUT {API}/families/by-external-id/{{external_id}}": "families",
    f"POST {API}/staff-members": "staff-members",
    f"PUT {API}/staff-members/by-external-id/{{external_id}}": "staff-members",
    f"POST {API}/classes": "classes",
    f"POST {API}/lines": "lines",
    f"POST {API}/api-keys": "api-keys",
    f"POST {API}/api-keys/{{api_key_id}}/rotate": "api-keys",
    f"POST {API}/broadcasts": "broadcasts",
    f"POST {API}/broadcasts/{{broadcast_id}}/retry": "broadcasts",
    f"POST {API}/audiences": "audiences",
    f"POST {API}/saved-replies": "saved-replies",
    f"POST {API}/views": "views",
    f"POST {API}/me/push-subscriptions": "me/push-subscriptions",
}
"""The collection in which each route that answers 201 makes something. The answer names its `id`."""

ADDRESS = Template(f"{API}/$collection/$id")


class CreatedLocation:
    """Adds `Location` to a 201. Such an answer is JSON in one part, so its start waits for the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in {"POST", "PUT"}:
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 201:
                start = message
                return
            if start is not None:
                start["headers"] = [*start["headers"], *_location(scope, message.get("body", b""))]
                await send(start)
                start = None
            await send(message)

        await self._app(scope, receive, sending)


def _location(scope: Scope, body: bytes) -> list[tuple[bytes, bytes]]:
    collection = MADE_AT.get(f"{scope['method']} {route_of(scope)}")
    if collection is None:
        return []
    address = ADDRESS.substitute(collection=collection, id=json.loads(body)["id"])
    return [(b"location", address.encode())]
