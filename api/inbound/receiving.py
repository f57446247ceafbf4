"""Taking a webhook in: signature check → journal → answer, and no more. Plain values in, plain values out."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar
from uuid import UUID

from api.inbound.journal import JournalWriter
from api.inbound.queries import JournalRow
from api.kit.errors import Forbidden, NotFound, TooLarge
from api.lines.cache import LineCache, OpenLine
from api.providers.port import EventKind, SmsProvider, WebhookAnswer, WebhookEvent, WebhookRequest
from api.providers.registry import Providers

MAX_WEBHOOK_BYTES = 256 * 1024

LARGE_BYTES = 16 * 1024
"""A webhook with more is verified and split in a thread, so that no other request waits for it. Real ones are far
smaller: Twilio's longest text with ten pictures has some 9 KiB."""

THREADS = 2

Result = TypeVar("Result")


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
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")

    def close(self) -> None:
        self._threads.shutdown(wait=False)

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
        line = await self._authentic(line, provider, webhook)
        events: Sequence[WebhookEvent] = await self._bounded(
            webhook, lambda: provider.split_webhook(webhook, kind=address.kind)
        )
        rows = [
            JournalRow(
                organization_id=line.organization_id,
                line_id=address.line_id,
                provider=address.provider,
                event=event,
                message_ref=event.message_ref or address.message_ref,
            )
            for event in events
        ]
        if rows:
            await self._journal.write(rows)
        return provider.webhook_answer()

    async def _authentic(self, line: OpenLine, provider: SmsProvider, webhook: WebhookRequest) -> OpenLine:
        """The line whose credentials the signature matches: as it is known here, else as it is in the database.

        Raises `NotAuthentic`.
        """
        if await self._bounded(webhook, lambda: provider.is_authentic(line.access, webhook)):
            return line
        newer = await self._lines.get_newer(line.access.line_id, line)
        if newer is not None and newer.provider == line.provider:
            access = newer.access
            if await self._bounded(webhook, lambda: provider.is_authentic(access, webhook)):
                return newer
        raise NotAuthentic("The signature does not match this line's credentials and MESSENGER_PUBLIC_URL.")

    async def _bounded(self, webhook: WebhookRequest, work: Callable[[], Result]) -> Result:
        """At once where the webhook is small, as all real ones are; else without holding up the loop."""
        if len(webhook.body) <= LARGE_BYTES:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
