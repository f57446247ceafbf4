"""Reactions that came as texts: each is placed on the message that it quotes, once its text is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.models import Message
from api.conversations.tapbacks import LONGEST, Tapback, quoted_by, with_reaction

LOOKED_AT = 500
"""Messages before a reaction among which its quote is looked for."""


@dataclass(frozen=True)
class ReceivedReaction:
    """A received text that words a reaction."""

    message_id: UUID
    conversation_id: UUID
    seq: int
    tapback: Tapback


class Target(NamedTuple):
    """A message that may be quoted. `body` is cut: a longer one can only be quoted in part."""

    id: UUID
    conversation_id: UUID
    seq: int
    body: str
    has_file: bool
    reactions: Sequence[str] | None


async def place_reactions(
    session: AsyncSession, organization_id: UUID, received: Sequence[ReceivedReaction]
) -> list[Target]:
    """Note each reaction at the message that it quotes, if one does. Returns these messages.

    The texts are stored, and their conversations are locked.
    """
    placed: list[Target] = []
    for each in received:
        target = quoted_by(each.tapback, await _earlier(session, organization_id, each))
        if target is None:
            continue
        await _set(session, organization_id, each.message_id, reacts_to=target.id)
        reactions = with_reaction(target.reactions or (), each.tapback)
        await _set(session, organization_id, target.id, reactions=reactions)
        placed.append(target)
    return placed


async def _earlier(session: AsyncSession, organization_id: UUID, reaction: ReceivedReaction) -> list[Target]:
    """The newest first, without reactions."""
    rows = await session.execute(
        select(
            Message.id,
            Message.conversation_id,
            Message.seq,
            func.left(Message.body, LONGEST + 1),
            func.jsonb_array_length(Message.media) > 0,
            Message.reactions,
        )
        .where(
            Message.organization_id == organization_id,
            Message.conversation_id == reaction.conversation_id,
            Message.seq < reaction.seq,
            Message.reacts_to.is_(None),
            Message.erased_at.is_(None),
        )
        .order_by(Message.seq.desc())
        .limit(LOOKED_AT)
    )
    return [Target(*row) for row in rows]


async def _set(session: AsyncSession, organization_id: UUID, message_id: UUID, **columns: object) -> None:
    await session.execute(
        update(Message)
        .where(Message.organization_id == organization_id, Message.id == message_id)
        .values(**columns)
        .execution_options(synchronize_session=False)
    )
