"""Refusals of erased numbers: the number itself is gone, a keyed hash of it stays (ERASE).

The key is random and made with the first erasure. It is stored sealed under the service's secret key, so that replacing
the secret key changes no hash.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, any_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.directory.models import ErasedRefusal, ErasureKey, PhoneNumber, Refusal
from api.directory.rules import RefusalCause
from api.kit.bulk import insert_together
from api.kit.database import Database, database_of
from api.kit.ids import new_id
from api.kit.phone import one_spelling
from api.kit.secrets import SecretBox

STOP, OPT_OUT = "stop", "opt_out"

NAME = "a record that was erased"
"""The owner's name in a refusal that came back."""


def number_hash(key: bytes, organization_id: UUID, number: str) -> bytes:
    """HMAC-SHA256 of today's spelling of the number (NUMBER-ONE). Each business has hashes of its own."""
    return hmac.digest(key, organization_id.bytes + (one_spelling(number) or number).encode(), "sha256")


async def make_key(database: Database) -> bytes:
    """The key. It is made and committed if there is none."""
    async with database.transaction() as session:
        sealed = _box(database).seal({"key": base64.b64encode(secrets.token_bytes(32)).decode()})
        await session.execute(insert(ErasureKey).values(id=1, sealed=sealed).on_conflict_do_nothing())
    async with database.transaction() as session:
        key = await number_key(session)
    assert key is not None
    return key


async def number_key(session: AsyncSession) -> bytes | None:
    """The key; None if nothing was ever erased. Raises `UnreadableSecretError` if the secret key does not open it."""
    database = database_of(session)
    if database.number_key is None:
        sealed = await session.scalar(select(ErasureKey.sealed))
        if sealed is None:
            return None
        database.number_key = base64.b64decode(_box(database).open(sealed)["key"])
    return database.number_key


def _box(database: Database) -> SecretBox:
    if database.secrets is None:
        raise RuntimeError("Numbers were erased from this database: it has to be opened with the secret key.")
    return database.secrets


async def reseal_key(session: AsyncSession, box: SecretBox) -> None:
    """Seal the key under the current secret key. Raises `UnreadableSecretError` if neither key opens it."""
    row = await session.scalar(select(ErasureKey).with_for_update())
    if row is not None and not box.is_current(row.sealed):
        row.sealed = box.seal(box.open(row.sealed))


async def forget_key(session: AsyncSession) -> int:
    """The secret key is lost, so the key can't be opened: no hash can be matched any more. Returns how many there were.

    The next erasure makes a new key.
    """
    lost = await session.execute(delete(ErasedRefusal).returning(ErasedRefusal.id))
    await session.execute(delete(ErasureKey))
    return len(lost.all())


async def refusals_of(
    session: AsyncSession, organization_id: UUID, numbers: Iterable[str]
) -> dict[str, list[ErasedRefusal]]:
    """The refusals of each number that has any, if it was erased."""
    key = await number_key(session)
    if key is None:
        return {}
    hashes = {number: number_hash(key, organization_id, number) for number in numbers}
    found: dict[bytes, list[ErasedRefusal]] = {}
    rows = await session.scalars(
        select(ErasedRefusal).where(
            ErasedRefusal.organization_id == organization_id,
            ErasedRefusal.number_hash == any_(bindparam(None, list(hashes.values()), type_=ARRAY(LargeBinary()))),
        )
    )
    for row in rows:
        found.setdefault(row.number_hash, []).append(row)
    return {number: found[hashed] for number, hashed in hashes.items() if hashed in found}


async def keep_refusals(
    session: AsyncSession,
    organization_id: UUID,
    hashed: bytes,
    refusals: Iterable[tuple[str, str | None, datetime]],
    *,
    at: datetime,
) -> int:
    """Store (kind, source, since) for a number that is being erased. Returns how many were new."""
    rows = [
        {
            "organization_id": organization_id,
            "id": new_id(),
            "number_hash": hashed,
            "kind": kind,
            "source": source,
            "refused_at": since,
            "erased_at": at,
        }
        for kind, source, since in {kind: (kind, source, since) for kind, source, since in refusals}.values()
    ]
    await insert_together(session, ErasedRefusal, rows, skip_existing=True)
    return len(rows)


async def bring_back(session: AsyncSession, organization_id: UUID, made: Sequence[PhoneNumber]) -> None:
    """Numbers that have just been stored: a refusal from before they were erased is theirs again.

    A stop can then be lifted by START, and an opt-out by an administrator, as any other.
    """
    for number, rows in (await refusals_of(session, organization_id, [row.number for row in made])).items():
        (row,) = [each for each in made if each.number == number]
        for erased in rows:
            if erased.kind == STOP:
                row.stopped_at, row.stop_source = erased.refused_at, erased.source
            else:
                session.add(
                    Refusal(
                        organization_id=organization_id,
                        phone_number_id=row.id,
                        phone_record_id=new_id(),
                        owner_name=NAME,
                        changed_at=erased.refused_at,
                        source=erased.source,
                        cause=RefusalCause.REMOVED.value,
                        removed_at=erased.erased_at,
                    )
                )
        await session.flush()
        await session.execute(
            delete(ErasedRefusal)
            .where(ErasedRefusal.organization_id == organization_id, ErasedRefusal.id.in_([each.id for each in rows]))
            .execution_options(synchronize_session=False)
        )
