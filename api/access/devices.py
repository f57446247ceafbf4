"""Devices on which a staff member has signed in before, kept in a cookie alone.

Each entry of the cookie names a device and a staff member, signed with the service's key. It does not sign in: attempts
of that person on that device are counted apart, so that strangers who guess at the account do not lock its owner out.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from api.kit.secrets import SecretBox

MAX_PEOPLE = 8
"""People who share a device, as at a front desk: the last ones to sign in."""

LIFETIME_SECONDS = 400 * 24 * 3600
"""The longest that browsers keep a cookie."""

_ID_BYTES = 16
_ENTRY_BYTES = 2 * _ID_BYTES + 32
_PURPOSE = "device"


@dataclass(frozen=True)
class KnownDevice:
    id: bytes
    staff_member_id: UUID

    @classmethod
    def new(cls, staff_member_id: UUID) -> Self:
        return cls(secrets.token_bytes(_ID_BYTES), staff_member_id)

    @property
    def _content(self) -> bytes:
        return self.id + self.staff_member_id.bytes


def known_devices(cookie: str | None, secret_box: SecretBox) -> list[KnownDevice]:
    """The entries with a valid signature, the last person to sign in first."""
    found: list[KnownDevice] = []
    for entry in (cookie or "").split(".")[:MAX_PEOPLE]:
        try:
            content = base64.b64decode(entry + "=" * (-len(entry) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            continue
        signed, mac = content[: 2 * _ID_BYTES], content[2 * _ID_BYTES :]
        if len(content) == _ENTRY_BYTES and secret_box.is_fingerprint(mac, _PURPOSE, signed):
            found.append(KnownDevice(signed[:_ID_BYTES], UUID(bytes=signed[_ID_BYTES:])))
    return found


def cookie_value(devices: Sequence[KnownDevice], secret_box: SecretBox) -> str:
    entries = [each._content + secret_box.fingerprint(_PURPOSE, each._content) for each in devices[:MAX_PEOPLE]]
    return ".".join(base64.urlsafe_b64encode(entry).decode().rstrip("=") for entry in entries)


def with_device(devices: Sequence[KnownDevice], device: KnownDevice) -> list[KnownDevice]:
    """The devices after the person of `device` has signed in."""
    return [device, *(each for each in devices if each.staff_member_id != device.staff_member_id)]
