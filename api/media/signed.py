"""Signed addresses: the provider, who has no credentials of ours, fetches one file of one message, for some hours.

The token holds the organization, the file and the expiry, with an HMAC-SHA256 under a key that is derived from the
secret key. It opens nothing else. While the secret key is being replaced, tokens of both keys are good.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.kit.secrets import SecretBox
from api.media.rules import KINDS

PREFIX = "/carrier-media/"
PURPOSE = "carrier-media"

VALID_FOR = timedelta(hours=12)
"""From the claim that posts the message. Providers fetch within minutes. It is longer than `REPEAT_FOR`, so that a
message that is handed over again has the same address, which is still good."""

_SIGNED_BYTES = 16 + 16 + 6
_MAC_BYTES = 32


@dataclass(frozen=True)
class SignedFile:
    organization_id: UUID
    media_id: UUID
    expires_at: datetime


def file_name(content_type: str) -> str:
    """The last part of the address. Some providers read the kind from it."""
    return f"file.{KINDS[content_type].suffix}"


def carrier_address(secrets: SecretBox, public_base_url: str, file: SignedFile, *, content_type: str) -> str:
    """Always the same for the same arguments: Telnyx refuses a repetition that differs."""
    signed = _signed(file)
    token = _encoded(signed + secrets.fingerprint(PURPOSE, signed))
    return f"{public_base_url}{PREFIX}{token}/{file_name(content_type)}"


def read_token(secrets: SecretBox, token: str) -> SignedFile | None:
    """What the token names; None unless it was made here. The caller compares the expiry."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if _encoded(raw) != token:
        return None
    signed, mac = raw[:_SIGNED_BYTES], raw[_SIGNED_BYTES:]
    if len(mac) != _MAC_BYTES or not secrets.is_fingerprint(mac, PURPOSE, signed):
        return None
    return SignedFile(
        UUID(bytes=signed[:16]),
        UUID(bytes=signed[16:32]),
        datetime.fromtimestamp(int.from_bytes(signed[32:]), UTC),
    )


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signed(file: SignedFile) -> bytes:
    expires = int(file.expires_at.timestamp()).to_bytes(6)
    return file.organization_id.bytes + file.media_id.bytes + expires
