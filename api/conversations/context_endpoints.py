"""The route of a conversation's context."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from api.access.dependencies import Require, guarded
from api.access.rules import Permission, Principal
from api.conversations.context import context_of
from api.conversations.context_schemas import ConversationContext
from api.kit.database import Session
from api.kit.errors import Invalid, NotFound

router = APIRouter(tags=["conversations"])

CanSeeRecords = Annotated[Principal, Depends(Require(Permission.SMS_LOGS, of_keys=(Permission.DIRECTORY,)))]
"""An API key that may not read Families and Staff learns nothing of them here either."""


@router.get("/conversations/{conversation_id}/context", responses=guarded(NotFound, Invalid))
async def get_conversation_context(
    conversation_id: UUID, principal: CanSeeRecords, session: Session
) -> ConversationContext:
    """The records that hold the number: people and numbers, students with their classes, tags, notes and links."""
    return ConversationContext.of(await context_of(session, principal, conversation_id))
