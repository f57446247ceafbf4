"""An import under an `Idempotency-Key` happens once: its answer is stored in the transaction that stores its rows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from api.directory.importing.reports import Report
from api.directory.models import Import
from api.kit.idempotency import GivenKey, KeyOwner, answer_before, once

OPERATION = "import-directory"


class ImportRequest(BaseModel):
    """Tells requests apart that have the same key."""

    sha256: str
    format: str
    partial: bool
    import_id: UUID | None


@dataclass(frozen=True)
class Once:
    key: GivenKey | None
    asked_by: KeyOwner
    request: ImportRequest
    answer_of: Callable[[Report | Import], tuple[int, BaseModel]]
    """Status and body."""

    async def answer_before(self, session: AsyncSession) -> Response | None:
        """The answer of an earlier request with this key. Raises as `kit.idempotency.once` does."""
        if self.key is None:
            return None
        return await answer_before(
            session, key=self.key, asked_by=self.asked_by, operation=OPERATION, request=self.request
        )

    async def __call__(self, session: AsyncSession, action: Callable[[], Awaitable[Report | Import]]) -> Response:
        """Run `action`, or repeat an earlier answer."""

        async def answered() -> tuple[int, BaseModel]:
            return self.answer_of(await action())

        return await once(
            session, answered, key=self.key, asked_by=self.asked_by, operation=OPERATION, request=self.request
        )
