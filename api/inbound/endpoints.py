"""Webhooks. Raw body → signature check → journal → 2xx: that is all a webhook does."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.access.dependencies import Public
from api.inbound.queries import JournalRow
from api.kit.errors import Forbidden, Invalid, NotFound, TooLarge, Unavailable, problem_responses
from api.lines.cache import LineCache
from api.providers.port import EventKind, WebhookRequest

MAX_WEBHOOK_BYTES = 256 * 1024

router = APIRouter(
    prefix="/webhooks",
    tags=["webhooks"],
    dependencies=[Depends(Public("The provider's signature is what lets a webhook in."))],
)


class NotAuthentic(Forbidden):
    """RECV-AUTHENTIC."""

    type, title = "/problems/not-authentic", "The signature is missing or wrong"


@router.post(
    "/{provider}/{line_id}/inbound",
    responses=problem_responses(NotAuthentic, NotFound, TooLarge, Invalid, Unavailable),
)
async def receive_message(provider: Annotated[str, Path(max_length=20)], line_id: UUID, request: Request) -> Response:
    """A text has arrived at one of our lines."""
    return await _receive(request, provider, line_id, kind=EventKind.MESSAGE, message_ref=None)


@router.post(
    "/{provider}/{line_id}/status",
    responses=problem_responses(NotAuthentic, NotFound, TooLarge, Invalid, Unavailable),
)
async def receive_status(
    provider: Annotated[str, Path(max_length=20)],
    line_id: UUID,
    request: Request,
    message_id: Annotated[UUID | None, Query(description="Our message's id.")] = None,
) -> Response:
    """The provider reports on a text that we sent."""
    return await _receive(request, provider, line_id, kind=EventKind.STATUS, message_ref=message_id)


async def _receive(
    request: Request, provider_name: str, line_id: UUID, *, kind: EventKind, message_ref: UUID | None
) -> Response:
    body = await request.body()
    if len(body) > MAX_WEBHOOK_BYTES:
        raise TooLarge("A webhook carries at most 256 KiB.")
    cache: LineCache = request.app.state.line_cache
    line = await cache.get(line_id)
    provider = request.app.state.providers.get(provider_name)
    if line is None or provider is None or line.provider != provider_name:
        raise NotFound("There is no such line.")
    query = f"?{request.url.query}" if request.url.query else ""
    webhook = WebhookRequest(
        url=f"{request.app.state.settings.public_base_url}{request.scope['path']}{query}",
        headers=dict(request.headers),
        body=body,
    )
    if not provider.is_authentic(line.access, webhook):
        raise NotAuthentic("The signature does not match this line's credentials and MESSENGER_PUBLIC_URL.")
    rows = [
        JournalRow(
            organization_id=line.organization_id,
            line_id=line_id,
            provider=provider_name,
            event=event,
            message_ref=event.message_ref or message_ref,
        )
        for event in provider.split_webhook(webhook, kind=kind)
    ]
    if rows:
        await request.app.state.journal.write(rows)
    answer = provider.webhook_answer()
    return Response(answer.body, media_type=answer.content_type)
