"""Taking a webhook in: signature check → journal → answer, and no more. Plain values in, plain values out."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from api.inbound.journal import JournalWriter
from api.inbound.queries import JournalRow
from api.kit.errors import Forbidden, NotFound, TooLarge
from api.lines.cache import LineCache
from api.providers.port import EventKind, WebhookAnswer, WebhookRequest
from api.providers.registry import Providers

MAX_WEBHOOK_BYTES = 256 * 1024


class NotAuthentic(Forbidden):
    """RECV-AUTHENTIC."""

    type, title = "/problems/not-authentic", "The signature is missing or wrong"


class Address(NamedTuple):
    """What a webhook's own address says of it."""

    provider: str
    line_id: UUID
    kind: EventKind
    message_ref: UUID | None
    """Our message's id, in the address that was given with it."""


class Receiver:
    def __init__(self, *, lines: LineCache, providers: Providers, journal: JournalWriter, public_base_url: str) -> None:
        self._lines = lines
        self._providers = providers
        self._journal = journal
        self._public_base_url = public_base_url

    async def take(self, address: Address, *, target: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """Returns once what it carried is durable (RECV-DURABLE).

        `target` is the path as it came, with `?` and the query where there is one; names of `headers` are in lower
        case. Raises `TooLarge`, `NotFound`, `NotAuthentic`, and what the database raised.
        """
        if len(body) > MAX_WEBHOOK_BYTES:
            raise TooLarge("A webhook carries at most 256 KiB.")
        line = self._lines.known(address.line_id) or await self._lines.get(address.line_id)
        provider = self._providers.get(address.provider)
        if line is None or provider is None or line.provider != address.provider:
            raise NotFound("There is no such line.")
        webhook = WebhookRequest(url=self._public_base_url + target, headers=headers, body=body)
        if not provider.is_authentic(line.access, webhook):
            raise NotAuthentic("The signature does not match this line's credentials and MESSENGER_PUBLIC_URL.")
        rows = [
            JournalRow(
                organization_id=line.organization_id,
                line_id=address.line_id,
                provider=address.provider,
                event=event,
                message_ref=event.message_ref or address.message_ref,
            )
            for event in provider.split_webhook(webhook, kind=address.kind)
        ]
        if rows:
            await self._journal.write(rows)
        return provider.webhook_answer()
