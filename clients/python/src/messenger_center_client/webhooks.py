"""Outgoing webhooks of the service, received by you."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

__all__ = ["WebhookEvent", "WebhookVerificationError", "verify_webhook"]


@dataclass(frozen=True)
class WebhookEvent:
    id: str
    """The same as in `GET /events`. An event may come more than once: remember the ids that you have processed."""
    type: str
    timestamp: datetime
    data: Mapping[str, Any]


def verify_webhook(body: bytes | str, headers: Mapping[str, str], secret: str) -> WebhookEvent:
    """The event of a webhook. `body` is as it came, `secret` the endpoint's (`whsec_…`).

    Raises `WebhookVerificationError` unless the service has signed it within the last five minutes.
    """
    names = {name.lower(): value for name, value in headers.items()}
    payload = Webhook(secret).verify(body, names)
    at = datetime.fromisoformat(payload["timestamp"])
    return WebhookEvent(names["webhook-id"], payload["type"], at, payload["data"])
