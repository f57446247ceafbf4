"""Secrets at rest: encrypted provider credentials, hashed tokens."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken


class UnreadableSecretError(Exception):
    """Stored credentials do not open with this MESSENGER_SECRET_KEY. Set the key they were stored with."""


class SecretBox:
    """Encrypts small JSON objects (Fernet: AES-128-CBC with HMAC-SHA256) under the service's secret key."""

    def __init__(self, secret_key: str) -> None:
        # Any passphrase is accepted: the Fernet key is derived from it, domain-separated.
        digest = hashlib.sha256(b"messenger-center/credentials/" + secret_key.encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(digest))

    def seal(self, value: Mapping[str, str]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(value), sort_keys=True).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """Raises `UnreadableSecretError` when the key is not the one it was sealed with."""
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise UnreadableSecretError("Stored credentials do not open with this MESSENGER_SECRET_KEY.") from None
        return opened


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """SHA-256. A token carries 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).digest()


def equal(left: str | bytes, right: str | bytes) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(
        left.encode() if isinstance(left, str) else left, right.encode() if isinstance(right, str) else right
    )
