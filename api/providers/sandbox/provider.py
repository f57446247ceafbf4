"""The built-in carrier of sandbox lines (decision 0053). It posts to nobody, and nobody posts to it."""

from collections.abc import Sequence
from typing import ClassVar, Self

import httpx

from api.providers.port import (
    EventKind,
    LineAccess,
    OutgoingMessage,
    ProviderDescription,
    ReconcileOutcome,
    SendOutcome,
    UnknownMessage,
    WebhookAnswer,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.sandbox import receive, send
from api.providers.sandbox.description import SANDBOX
from api.settings import Settings


class SandboxProvider:
    """A text's number decides its outcome, so the sandbox keeps nothing. Reports and replies are events that come later
    (`Accepted.later`)."""

    description: ClassVar[ProviderDescription] = SANDBOX
    webhook_answer: ClassVar[WebhookAnswer] = WebhookAnswer(content_type="text/plain", body=b"")

    read_message = staticmethod(receive.read_message)
    read_status = staticmethod(receive.read_status)

    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self:
        return cls()

    def is_authentic(self, line: LineAccess, request: WebhookRequest) -> bool:
        """Never: the sandbox posts no webhooks, so whatever comes is forged."""
        return False

    def split_webhook(self, request: WebhookRequest, *, kind: EventKind) -> Sequence[WebhookEvent]:
        return [WebhookEvent.unreadable(request.body, request.content_type)]

    async def send(self, line: LineAccess, message: OutgoingMessage) -> SendOutcome:
        return send.outcome(message)

    async def reconcile(self, line: LineAccess, message: UnknownMessage) -> ReconcileOutcome:
        return send.found(message)
