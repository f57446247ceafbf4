"""Secrets of endpoints and the signature of a delivery, per Standard Webhooks."""

import base64
import secrets as random_bytes
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from standardwebhooks import Webhook

from api.kit.secrets import SecretBox, UnreadableSecretError

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """`whsec_` and the base64 of 256 random bits."""
    return PREFIX + base64.b64encode(random_bytes.token_bytes(SECRET_BYTES)).decode()


def current_secret(sealed: bytes, secrets: SecretBox) -> str | None:
    """The secret of an endpoint; None if the service's secret key does not open it."""
    try:
        return secrets.open(sealed)["secret"]
    except UnreadableSecretError:
        return None


def signing_secrets(opened: Mapping[str, str], *, previous_until: datetime | None, now: datetime) -> tuple[str, ...]:
    """The secrets that sign now, the current one first. `opened`: what `WebhookEndpoint.sealed_secret` holds."""
    current = opened["secret"]
    if previous_until is not None and now < previous_until and "previous" in opened:
        return current, opened["previous"]
    return (current,)


def signed_headers(event_id: UUID, content: str, *, at: datetime, with_secrets: Sequence[str]) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`, which has a signature of each secret."""
    in_utc = at.astimezone(UTC)
    signatures = [Webhook(each).sign(str(event_id), in_utc, content) for each in with_secrets]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(in_utc.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
