"""Encrypting a notification for one browser (RFC 8291, over the content coding `aes128gcm` of RFC 8188).

The library for it (`http-ece`) is published as source alone, and we install wheels only.
"""

import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES = 4096
"""The size of a record (RFC 8188, 2.1). A notification is one record; push services take no more (RFC 8030, 7.2)."""

OVERHEAD_BYTES = 16 + 4 + 1 + 65 + 1 + 16
"""Salt, record size, key length, key, the mark of the last record, and the tag."""

MAX_PLAIN_BYTES = RECORD_BYTES - OVERHEAD_BYTES

LAST_RECORD = b"\x02"


def encrypt(plain: bytes, *, public_key: bytes, auth_secret: bytes) -> bytes:
    """The body of the request to the push service.

    `public_key`: the browser's point, 65 bytes. Raises `ValueError` if it is not on the curve or `plain` is too long.
    """
    return encrypt_with(
        plain,
        public_key=public_key,
        auth_secret=auth_secret,
        ours=ec.generate_private_key(ec.SECP256R1()),
        salt=os.urandom(16),
    )


def encrypt_with(
    plain: bytes, *, public_key: bytes, auth_secret: bytes, ours: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """`encrypt` with the key pair and the salt, each of which must be used once only."""
    if len(plain) > MAX_PLAIN_BYTES:
        raise ValueError(f"a notification may have {MAX_PLAIN_BYTES} bytes")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = ours.exchange(ec.ECDH(), theirs)
    secret = _derived(shared, salt=auth_secret, info=b"WebPush: info\0" + public_key + point, length=32)
    key = _derived(secret, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derived(secret, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    header = salt + struct.pack("!LB", RECORD_BYTES, len(point)) + point
    return header + AESGCM(key).encrypt(nonce, plain + LAST_RECORD, None)


def _derived(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
