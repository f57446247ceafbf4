"""`Location` of every 201: the address of what a request has made."""

import json
from string import Template

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access_log import route_of

API = "/api/v1"

MADE_AT = {
    f"POST {API}/conversations": "conversations/$id",
    f"POST {API}/conversations/{{conversation_id}}/messages": "messages/$id",
    f"POST {API}/conversations/{{conversation_id}}/notes": "notes/$id",
    f"POST {API}/messages": "messages/$id",
    f"POST {API}/messages/{{message_id}}/retry": "messages/$id",
    f"POST {API}/messages/{{message_id}}/send": "messages/$id",
    f"POST {API}/media": "media/$id",
    f"POST {API}/families": "families/$id",
    f"PUT {API}/families/by-external-id/{{external_id}}": "families/$id",
    f"POST {API}/staff-members": "staff-members/$id",
    f"PUT {API}/staff-members/by-external-id/{{external_id}}": "staff-members/$id",
    f"POST {API}/classes": "classes/$id",
    f"POST {API}/lines": "lines/$id",
    f"POST {API}/api-keys": "api-keys/$id",
    f"POST {API}/api-keys/{{api_key_id}}/rotate": "api-keys/$id",
    f"POST {API}/broadcasts": "broadcasts/$id",
    f"POST {API}/broadcasts/{{broadcast_id}}/retry": "broadcasts/$id",
    f"POST {API}/audiences": "audiences/$id",
    f"POST {API}/saved-replies": "saved-replies/$id",
    f"POST {API}/views": "views/$id",
    f"POST {API}/me/push-subscriptions": "me/push-subscriptions/$id",
    f"POST {API}/webhook-endpoints": "webhook-endpoints/$id",
    f"POST {API}/credits/additions": "credits",
}
"""Where the thing is that each route with a 201 makes. `$id` is the answer's."""


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
    place = MADE_AT.get(f"{scope['method']} {route_of(scope)}")
    if place is None:
        return []
    address = Template(place).substitute(id=json.loads(body).get("id"))
    return [(b"location", f"{API}/{address}".encode())]
