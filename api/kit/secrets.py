"""Secrets at rest: encrypted provider credentials, keyed fingerprints, hashed tokens."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from api.settings import Settings


class UnreadableSecretError(Exception):
    """Stored credentials do not open with this MESSENGER_SECRET_KEY. Set the key they were stored with."""


class SecretBox:
    """Encrypts small JSON objects (Fernet: AES-128-CBC with HMAC-SHA256) under the service's secret key.

    While the key is being replaced there are two. Both open and verify; only `secret_key` seals and signs.
    """

    def __init__(self, secret_key: str, previous: str | None = None) -> None:
        self._keys = [secret_key] if previous is None else [secret_key, previous]
        # The keys are derived from any passphrase, one for each purpose.
        self._fernets = [Fernet(base64.urlsafe_b64encode(_derived("credentials", key))) for key in self._keys]
        self._mac_keys = [_derived("fingerprints", key) for key in self._keys]

    @property
    def has_previous(self) -> bool:
        return len(self._keys) > 1

    def each_key(self) -> "list[SecretBox]":
        """A box for each key alone, the current one first."""
        return [SecretBox(key) for key in self._keys]

    def seal(self, value: Mapping[str, str]) -> bytes:
        return self._fernets[0].encrypt(json.dumps(dict(value), sort_keys=True).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """Raises `UnreadableSecretError` if none of the keys opens it."""
        try:
            opened: dict[str, str] = json.loads(MultiFernet(self._fernets).decrypt(sealed))
        except InvalidToken:
            raise UnreadableSecretError("Stored credentials do not open with this MESSENGER_SECRET_KEY.") from None
        return opened

    def is_current(self, sealed: bytes) -> bool:
        """Whether it was sealed with `secret_key`, not with the previous one."""
        try:
            self._fernets[0].decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def fingerprint(self, purpose: str, content: bytes) -> bytes:
        """HMAC-SHA256. It cannot be made, nor the content guessed from it, without the key."""
        return _mac(self._mac_keys[0], purpose, content)

    def fingerprints(self, purpose: str, content: bytes) -> list[bytes]:
        """`fingerprint` under each key, the current one first."""
        return [_mac(key, purpose, content) for key in self._mac_keys]

    def is_fingerprint(self, candidate: bytes, purpose: str, content: bytes) -> bool:
        """Whether `candidate`, which may come from outside, is the fingerprint under one of the keys."""
        return any(equal(candidate, made) for made in self.fingerprints(purpose, content))


def secret_box(settings: Settings) -> SecretBox:
    """The box of this service's keys."""
    return SecretBox(settings.resolved_secret_key(), settings.previous_secret_key())


def _derived(domain: str, secret_key: str) -> bytes:
    return hashlib.sha256(f"messenger-center/{domain}/{secret_key}".encode()).digest()


def _mac(key: bytes, purpose: str, content: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + content, "sha256")


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
