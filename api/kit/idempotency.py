"""SEND-ONCE and its kin: a POST that creates, repeated under one `Idempotency-Key`, creates once.

The answer is stored in the transaction of the change, so a crash leaves both or neither.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Header, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import LargeBinary, UniqueConstraint, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from api.kit.database import Base, OrganizationRow
from api.kit.errors import Problem
from api.kit.ids import new_id
from api.kit.secrets import SecretBox

IdempotencyKeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Repeat a request under the same key and it happens once; the answer is the first one's.",
    ),
]


class IdempotencyKey(OrganizationRow, Base):
    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("organization_id", "principal_id", "key"),)

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


class Asker(Protocol):
    """Whose key it is: a key means nothing to anybody else."""

    @property
    def organization_id(self) -> UUID: ...

    @property
    def id(self) -> UUID: ...


async def once(
    session: AsyncSession,
    action: Callable[[], Awaitable[tuple[int, BaseModel]]],
    *,
    key: str | None,
    asked_by: Asker,
    operation: str,
    request: BaseModel | None,
    secrets: SecretBox | None = None,
) -> Response:
    """Run `action` (→ status, answer) unless this principal's `key` has already run it; then repeat its answer.

    `operation` and `request` are what the key was used for: the same key for anything else raises
    `IdempotencyMismatch` (422); a first request that still runs raises `IdempotencyInProgress` (409).
    With `secrets` the stored answer is encrypted: it holds what must not lie in the database in clear.
    """
    if key is None:
        status, answer = await action()
        return JSONResponse(jsonable_encoder(answer), status)
    fingerprint = json.dumps([operation, jsonable_encoder(request) if request is not None else None], sort_keys=True)
    request_hash = hashlib.sha256(fingerprint.encode()).digest()
    lock = int.from_bytes(
        hashlib.sha256(f"{asked_by.organization_id}/{asked_by.id}/{key}".encode()).digest()[:8], signed=True
    )
    if not (await session.execute(select(func.pg_try_advisory_xact_lock(lock)))).scalar_one():
        raise IdempotencyInProgress("Repeat it in a moment to get its answer.", headers={"Retry-After": "1"})
    stored = (
        await session.execute(
            select(IdempotencyKey).where(
                IdempotencyKey.organization_id == asked_by.organization_id,
                IdempotencyKey.principal_id == asked_by.id,
                IdempotencyKey.key == key,
            )
        )
    ).scalar_one_or_none()
    if stored is not None:
        if stored.request_hash != request_hash:
            raise IdempotencyMismatch("Use a new key for a new request.")
        answer_json = stored.answer
        if secrets is not None:
            answer_json = json.loads(secrets.open(answer_json["sealed"].encode())["answer"])
        return JSONResponse(answer_json, stored.status, headers={"Idempotency-Replayed": "true"})
    status, answer = await action()
    encoded = jsonable_encoder(answer)
    await session.execute(
        insert(IdempotencyKey).values(
            organization_id=asked_by.organization_id,
            id=new_id(),
            principal_id=asked_by.id,
            key=key,
            request_hash=request_hash,
            status=status,
            answer=(encoded if secrets is None else {"sealed": secrets.seal({"answer": json.dumps(encoded)}).decode()}),
        )
    )
    return JSONResponse(encoded, status)
