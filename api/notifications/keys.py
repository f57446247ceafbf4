"""The key pair with which the service identifies itself to push services (RFC 8292)."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.secrets import SecretBox
from api.notifications.models import Push, PushKey, PushSubscription


async def public_key(session: AsyncSession) -> bytes | None:
    """The public key, 65 bytes, as a browser takes it to subscribe. None before the first `ensure_key`."""
    found: bytes | None = await session.scalar(select(PushKey.public_key))
    return found


async def ensure_key(session: AsyncSession, secrets: SecretBox) -> bytes:
    """The public key. The pair is made if there is none; of two processes at once, one makes it."""
    found = await public_key(session)
    if found is not None:
        return found
    pair = ec.generate_private_key(ec.SECP256R1())
    pem = pair.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    point = pair.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    await session.execute(
        insert(PushKey)
        .values(id=1, public_key=point, sealed=secrets.seal({"pem": pem.decode()}))
        .on_conflict_do_nothing()
    )
    stored = await public_key(session)
    assert stored is not None
    return stored


async def signing_key(session: AsyncSession, secrets: SecretBox) -> Vapid02 | None:
    """The private key. None if there is none. Raises `UnreadableSecretError` if the secret key does not open it."""
    sealed = await session.scalar(select(PushKey.sealed))
    return None if sealed is None else Vapid02.from_pem(secrets.open(sealed)["pem"].encode())


async def reseal_key(session: AsyncSession, secrets: SecretBox) -> None:
    """Seal the key under the current secret key. Raises `UnreadableSecretError` if neither key opens it."""
    row = await session.scalar(select(PushKey).with_for_update())
    if row is not None and not secrets.is_current(row.sealed):
        row.sealed = secrets.seal(secrets.open(row.sealed))


async def forget_key(session: AsyncSession) -> None:
    """The secret key is lost: browsers subscribe anew, to a new key, when their pages are next open."""
    await session.execute(delete(Push))
    await session.execute(delete(PushSubscription))
    await session.execute(delete(PushKey))
