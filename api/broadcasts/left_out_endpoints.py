"""The route of those whom a draft leaves out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api.access.dependencies import CanSend, guarded
from api.broadcasts import left_out as service
from api.broadcasts.left_out import LeftOutList, LeftOutRecord
from api.broadcasts.schemas import RecipientOwner
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound
from api.kit.text import Length, SingleLine

router = APIRouter(tags=["mass texts"])

MAX_SHOWN = 200


class LeftOutPersonOut(BaseModel):
    model_config = ConfigDict(title="BroadcastLeftOutPerson")

    phone_number: str | None
    """Null for a record without one."""
    name: str | None
    """Of the contact or staff member who holds the number."""
    record: RecipientOwner | None
    """Null if the number was given by itself."""
    reason: str
    """Why it is left out, as the preview names it."""

    @classmethod
    def of(cls, each: LeftOutRecord) -> "LeftOutPersonOut":
        resolved = each.resolved
        record = None
        if resolved.kind is not None and resolved.owner_id is not None:
            record = RecipientOwner(kind=resolved.kind, id=resolved.owner_id, name=each.record_name)
        return cls(phone_number=resolved.number, name=resolved.person, record=record, reason=resolved.reason or "")


class LeftOutPeopleOut(BaseModel):
    model_config = ConfigDict(title="BroadcastLeftOutPeople")

    items: list[LeftOutPersonOut]
    """The first of them."""
    is_whole: bool
    """There are no more than these. Once it is confirmed, `/recipients` lists everybody."""

    @classmethod
    def of(cls, found: LeftOutList) -> "LeftOutPeopleOut":
        return cls(items=[LeftOutPersonOut.of(each) for each in found.found], is_whole=found.is_whole)


@router.get("/broadcasts/{broadcast_id}/preview/left-out", responses=guarded(NotFound, Invalid))
async def list_left_out(
    broadcast_id: UUID,
    principal: CanSend,
    session: Session,
    reason: Annotated[
        Annotated[SingleLine, Length(0, 100)] | None,
        Query(description="Only those left out for this reason, as the preview names it."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_SHOWN, description="How many are shown.")] = MAX_SHOWN,
) -> LeftOutPeopleOut:
    """The first of those whom a draft leaves out, with their records."""
    found = await service.left_out(session, principal, broadcast_id, reason=reason, limit=limit)
    return LeftOutPeopleOut.of(found)
