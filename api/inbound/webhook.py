"""ASGI app for `/webhooks`: verifies the signature, journals the events, answers 2xx.

A provider posts to `/webhooks/{provider}/{line_id}/inbound` (a text arrived) or to `…/status` (what became of ours).
Most requests of a busy service are webhooks, so they do not pass through FastAPI (docs/performance.md).
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs
from uuid import UUID

from starlette.types import Receive, Scope, Send

from api.inbound.errors import NotAuthentic
from api.inbound.journal import JournalWriter
from api.inbound.queries import JournalRow
from api.kit.errors import Invalid, MethodNotAllowed, NotFound, TooLarge
from api.kit.request_context import request_context
from api.kit.scope import ROUTE_TEMPLATE
from api.kit.spans import span
from api.lines.cache import LineCache
from api.providers.port import EventKind, LineAccess, SmsProvider, WebhookAnswer, WebhookEvent, WebhookRequest
from api.providers.registry import Providers

PREFIX = "/webhooks/"
"""Every path below is a webhook's."""

MAX_WEBHOOK_BYTES = 256 * 1024

LARGE_BYTES = 16 * 1024
"""A larger webhook is verified and split in a thread, so that it delays no other request. Real ones are smaller:
Twilio's longest text with ten pictures has about 9 KiB."""

THREADS = 2

MAX_PROVIDER_CHARACTERS = 20

_PATH = re.compile(r"/webhooks/([^/]+)/([^/]+)/(inbound|status)")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_KINDS = {"inbound": EventKind.MESSAGE, "status": EventKind.STATUS}
_TEMPLATES = {kind: f"/webhooks/{{provider}}/{{line_id}}/{name}" for name, kind in _KINDS.items()}

Headers = list[tuple[bytes, bytes]]


class Address(NamedTuple):
    """Where a webhook was posted to."""

    provider: str
    line_id: UUID
    kind: EventKind


class WebhookApp:
    """Answers every request below `PREFIX`. Raises `Problem`s, and what the database raises, before it answers."""

    def __init__(self, *, lines: LineCache, providers: Providers, journal: JournalWriter, public_base_url: str) -> None:
        self._lines = lines
        self._providers = providers
        self._journal = journal
        self._public_base_url = public_base_url
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        self._headers: dict[WebhookAnswer, Headers] = {}

    def close(self) -> None:
        self._threads.shutdown(wait=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _address(scope)
        query: bytes = scope["query_string"]
        message_ref = _message_ref(query) if query and address.kind is EventKind.STATUS else None
        body = await _body(receive)
        if body is None:
            return
        url = f"{self._public_base_url}{scope['path']}"
        webhook = WebhookRequest(
            url=f"{url}?{query.decode('latin-1')}" if query else url,
            headers=_first_of_each(scope["headers"]),
            body=body,
        )
        with span("webhook", line_id=str(address.line_id), kind=address.kind.value):
            answer = await self._accept(address, webhook, message_ref)
            await send({"type": "http.response.start", "status": 200, "headers": self._headers_of(answer)})
        await send({"type": "http.response.body", "body": answer.body})

    async def _accept(self, address: Address, webhook: WebhookRequest, message_ref: UUID | None) -> WebhookAnswer:
        """Returns when the webhook's events are durable (RECV-DURABLE).

        Raises `NotFound`, `NotAuthentic`, and what the database raises.
        """
        line = self._lines.known(address.line_id) or await self._lines.get(address.line_id)
        provider = self._providers.get(address.provider)
        if line is None or provider is None or line.provider != address.provider:
            raise NotFound("There is no such line.")
        context = request_context.get()
        if context is not None:
            context.made_by("line", address.line_id, organization_id=line.organization_id)
        events = await self._authentic_events(line.access, provider, webhook, address.kind)
        if events is None:
            # The line's credentials may be newer in the database than here.
            newer = await self._lines.get_newer(address.line_id, line)
            if newer is not None and newer.provider == line.provider:
                events = await self._authentic_events(newer.access, provider, webhook, address.kind)
        if events is None:
            raise NotAuthentic("The signature does not match this line's credentials and MESSENGER_PUBLIC_URL.")
        if events:
            await self._journal.write(
                [
                    JournalRow(
                        organization_id=line.organization_id,
                        line_id=address.line_id,
                        provider=address.provider,
                        event=event,
                        message_ref=event.message_ref or message_ref,
                    )
                    for event in events
                ]
            )
        return provider.webhook_answer

    async def _authentic_events(
        self, line: LineAccess, provider: SmsProvider, webhook: WebhookRequest, kind: EventKind
    ) -> Sequence[WebhookEvent] | None:
        """The webhook's events; None if the line's credentials do not match the signature (RECV-AUTHENTIC)."""
        if len(webhook.body) <= LARGE_BYTES:
            return _events(line, provider, webhook, kind)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _events, line, provider, webhook, kind)

    def _headers_of(self, answer: WebhookAnswer) -> Headers:
        headers = self._headers.get(answer)
        if headers is None:
            charset = "; charset=utf-8" if answer.content_type.startswith("text/") else ""
            headers = self._headers[answer] = [
                (b"content-type", f"{answer.content_type}{charset}".encode("latin-1")),
                (b"content-length", str(len(answer.body)).encode()),
            ]
        return headers


def _events(
    line: LineAccess, provider: SmsProvider, webhook: WebhookRequest, kind: EventKind
) -> Sequence[WebhookEvent] | None:
    return provider.split_webhook(webhook, kind=kind) if provider.is_authentic(line, webhook) else None


def _address(scope: Scope) -> Address:
    """Raises `NotFound`, `MethodNotAllowed` and `Invalid`. Notes the route's template in the scope."""
    match = _PATH.fullmatch(scope["path"])
    if match is None:
        raise NotFound("There is nothing at this address.")
    kind = _KINDS[match[3]]
    scope[ROUTE_TEMPLATE] = _TEMPLATES[kind]
    if scope["method"] != "POST":
        raise MethodNotAllowed(["POST"])
    if len(match[1]) > MAX_PROVIDER_CHARACTERS:
        raise Invalid([("/path/provider", f"Use at most {MAX_PROVIDER_CHARACTERS} characters.")])
    return Address(match[1], _uuid(match[2], at="/path/line_id"), kind)


def _message_ref(query: bytes) -> UUID | None:
    """Our message's id, in the address that the provider was given with the message. Raises `Invalid`."""
    values = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("message_id")
    return None if values is None else _uuid(values[-1], at="/query/message_id")


@lru_cache(maxsize=4096)
def _uuid(text: str, *, at: str) -> UUID:
    """Raises `Invalid`."""
    if _UUID.fullmatch(text) is None:
        raise Invalid([(at, "Use a UUID, such as 0195a1b2-0000-7000-8000-000000000000.")])
    return UUID(text)


def _first_of_each(headers: Headers) -> Mapping[str, str]:
    """Headers by name in lower case. The first of a repeated one counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(headers)}


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if the client left before its end. Raises `TooLarge` as soon as the body is."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        body = body + part if body else part
        if len(body) > MAX_WEBHOOK_BYTES:
            raise TooLarge("A webhook carries at most 256 KiB.")
        if not message.get("more_body", False):
            return body
