"""Idempotency keys: a POST that is repeated with the same `Idempotency-Key` creates once (SEND-ONCE).

The answer is stored in the transaction of the change, so a crash leaves both or neither. It is kept for
`idempotency_hours`, and a secret in it for ten minutes, encrypted.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Index, LargeBinary, UniqueConstraint, delete, func, insert, literal, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.app_state import from_app
from api.kit.database import Base, Database, OrganizationRow, database_time
from api.kit.errors import PROBLEM_JSON, Problem
from api.kit.ids import new_id
from api.kit.preconditions import was_decided_before
from api.kit.secrets import SecretBox, UnreadableSecretError

KEEP_SECRETS = timedelta(minutes=10)
BATCH = 1_000

SEALED = "sealed"
"""The member of a stored answer that holds its secret field, encrypted."""

_HOLDS_SECRET = text(f"answer ? '{SEALED}'")


@dataclass(frozen=True)
class GivenKey:
    """A request's `Idempotency-Key`, and the box that fingerprints the request."""

    value: str
    secrets: SecretBox


def _given_key(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="Repeat a request under the same key and it happens once; the answer is the first one's, "
            "for at least 72 hours.",
        ),
    ] = None,
) -> GivenKey | None:
    return None if key is None else GivenKey(key, from_app(request, SecretBox))


def uuid_of(key: GivenKey | None) -> UUID | None:
    """The key as a UUID, which is how the app's outbox names what it sends. None if it is something else."""
    if key is None or len(key.value) != len(str(UUID(int=0))):
        return None
    try:
        return UUID(key.value)
    except ValueError:
        return None


IdempotencyKeyHeader = Annotated[GivenKey | None, Depends(_given_key)]


class IdempotencyKey(OrganizationRow, Base):
    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "principal_id", "key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
        Index("ix_idempotency_keys_sealed", "created_at", postgresql_where=_HOLDS_SECRET),
    )

    principal_id: Mapped[UUID]
    key: Mapped[str]
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IdempotencyMismatch(Problem):
    status, type = 422, "/problems/idempotency-conflict"
    title = "This Idempotency-Key was used for another request"


class IdempotencyInProgress(Problem):
    status, type = 409, "/problems/idempotency-conflict"
    title = "The first request with this Idempotency-Key is still running"


class AnswerErased(Problem):
    """Put in the place of a stored answer that held data of an erased number."""

    status, type, title = 410, "/problems/erased", "This answer was erased"


class KeyOwner(Protocol):
    """The principal that gave a key. Each principal has its own keys."""

    @property
    def organization_id(self) -> UUID: ...

    @property
    def id(self) -> UUID: ...


async def once(
    session: AsyncSession,
    action: Callable[[], Awaitable[tuple[int, BaseModel]]],
    *,
    key: GivenKey | None,
    asked_by: KeyOwner,
    operation: str,
    request: BaseModel | None,
    secret_field: str | None = None,
) -> Response:
    """Runs `action` (→ status, answer), or repeats the answer of an earlier request with this principal's `key`.

    Raises `IdempotencyMismatch` (422) if the key was used for another `operation` or `request`, and
    `IdempotencyInProgress` (409) while the first request runs.
    `secret_field` of the answer is stored encrypted, and is null in an answer that is repeated after `KEEP_SECRETS`.
    """
    if key is None:
        status, answer = await action()
        return JSONResponse(jsonable_encoder(answer), status)
    repeated = await answer_before(session, key=key, asked_by=asked_by, operation=operation, request=request)
    if repeated is not None:
        return repeated
    status, answer = await action()
    encoded = jsonable_encoder(answer)
    await session.execute(
        insert(IdempotencyKey).values(
            organization_id=asked_by.organization_id,
            id=new_id(),
            principal_id=asked_by.id,
            key=key.value,
            request_hash=key.secrets.fingerprint("idempotency", _asked(operation, request)),
            status=status,
            answer=encoded if secret_field is None else _without_secret(encoded, secret_field, key.secrets),
        )
    )
    return JSONResponse(encoded, status)


async def answer_before(
    session: AsyncSession, *, key: GivenKey, asked_by: KeyOwner, operation: str, request: BaseModel | None
) -> Response | None:
    """The answer of an earlier request with this principal's `key`. Locks the key until the transaction ends.

    Raises as `once` does.
    """
    lock = int.from_bytes(
        hashlib.sha256(f"{asked_by.organization_id}/{asked_by.id}/{key.value}".encode()).digest()[:8], signed=True
    )
    if not (await session.execute(select(func.pg_try_advisory_xact_lock(lock)))).scalar_one():
        raise IdempotencyInProgress("Repeat it in a moment to get its answer.", headers={"Retry-After": "1"})
    stored = (
        await session.execute(
            select(IdempotencyKey).where(
                IdempotencyKey.organization_id == asked_by.organization_id,
                IdempotencyKey.principal_id == asked_by.id,
                IdempotencyKey.key == key.value,
            )
        )
    ).scalar_one_or_none()
    if stored is None:
        return None
    if not _is_same_request(stored.request_hash, _asked(operation, request), key.secrets):
        raise IdempotencyMismatch("Use a new key for a new request.")
    was_decided_before(session)
    repeated = dict(stored.answer)
    sealed = repeated.pop(SEALED, None)
    if sealed is not None and await database_time(session) - stored.created_at < KEEP_SECRETS:
        repeated |= _opened(sealed, key.secrets)
    media_type = PROBLEM_JSON if stored.status == AnswerErased.status else None
    return JSONResponse(repeated, stored.status, {"Idempotency-Replayed": "true"}, media_type)


def _asked(operation: str, request: BaseModel | None) -> bytes:
    return json.dumps([operation, jsonable_encoder(request) if request is not None else None], sort_keys=True).encode()


def _is_same_request(fingerprint: bytes, asked: bytes, secrets: SecretBox) -> bool:
    # Rows of the version before hold a plain SHA-256, for 72 hours after an upgrade.
    return secrets.is_fingerprint(fingerprint, "idempotency", asked) or fingerprint == hashlib.sha256(asked).digest()


def _without_secret(answer: dict[str, Any], field: str, secrets: SecretBox) -> dict[str, Any]:
    sealed = secrets.seal({"answer": json.dumps({field: answer[field]})})
    return {**answer, field: None, SEALED: sealed.decode()}


def _opened(sealed: str, secrets: SecretBox) -> dict[str, Any]:
    """The secret field; empty if its encryption key is gone."""
    try:
        opened: dict[str, Any] = json.loads(secrets.open(sealed.encode())["answer"])
    except UnreadableSecretError:
        return {}
    return opened


async def forget_answers(database: Database, *, keep: timedelta) -> bool:
    """Delete rows that are older than `keep`, and the secrets of those older than `KEEP_SECRETS`, a batch of each.

    Returns whether a batch was full, so that there may be more.
    """
    async with database.transaction() as session:
        now = await database_time(session)
        row = (IdempotencyKey.organization_id, IdempotencyKey.id)
        old = select(*row).where(IdempotencyKey.created_at < now - keep).limit(BATCH)
        deleted = await session.execute(
            delete(IdempotencyKey).where(tuple_(*row).in_(old)).returning(IdempotencyKey.id)
        )
        with_secrets = (
            select(*row)
            .where(
                IdempotencyKey.created_at.between(now - keep, now - KEEP_SECRETS),
                _HOLDS_SECRET,
            )
            .limit(BATCH)
        )
        emptied = await session.execute(
            update(IdempotencyKey)
            .where(tuple_(*row).in_(with_secrets))
            .values(answer=IdempotencyKey.answer.op("-")(literal(SEALED)))
            .execution_options(synchronize_session=False)
            .returning(IdempotencyKey.id)
        )
        return BATCH in (len(deleted.all()), len(emptied.all()))
