"""Who is left out of a draft, and of which record (MASS-PREVIEW): the names behind a figure of the preview."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.broadcasts import queries
from api.broadcasts.audience import resolve
from api.broadcasts.service import prepared
from api.broadcasts.tally import Resolved


@dataclass(frozen=True)
class LeftOutRecord:
    resolved: Resolved
    record_name: str | None


@dataclass(frozen=True)
class LeftOutList:
    found: list[LeftOutRecord]
    is_whole: bool
    """There are no more than these."""


async def left_out(
    session: AsyncSession, principal: Principal, broadcast_id: UUID, *, reason: str | None, limit: int
) -> LeftOutList:
    """The first numbers and records that a draft leaves out, for one reason if it is named. Reading ends with them.

    Raises `PermissionRequired` and `NotFound`.
    """
    ready = await prepared(session, principal, broadcast_id)
    organization_id = ready.organization.id
    found: list[Resolved] = []
    async for some in resolve(session, organization_id, ready.given, ready.content):
        found.extend(each for each in some if each.reason is not None and reason in {None, each.reason})
        if len(found) > limit:
            break
    shown = found[:limit]
    names = await queries.owners(session, organization_id, _records(shown))
    return LeftOutList(
        [LeftOutRecord(each, names.get(each.owner_id) if each.owner_id is not None else None) for each in shown],
        is_whole=len(found) <= limit,
    )


def _records(some: Iterable[Resolved]) -> list[tuple[str | None, UUID | None]]:
    return [(each.kind.value if each.kind else None, each.owner_id) for each in some]
