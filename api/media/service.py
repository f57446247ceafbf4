"""Files of received messages: expected when the message is applied, fetched by a worker, kept or refused."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations import service as conversations
from api.conversations.message_rules import MediaState, adopted_media_id, with_words
from api.kit.database import Database, database_time, notify
from api.kit.errors import NotFound
from api.kit.ids import new_id
from api.kit.secrets import SecretBox
from api.kit.text import made_storable
from api.lines import service as lines
from api.lines.service import open_line
from api.live.service import announce_message
from api.media import queries
from api.media.models import MessageMedia
from api.media.rules import (
    MAX_ATTEMPTS,
    TEXT,
    WORDS,
    Decision,
    Keep,
    Reason,
    Refuse,
    TryAgain,
    Words,
    judge_content,
    judge_failure,
)
from api.providers.port import (
    FetchedMedia,
    FetchesMedia,
    LineAccess,
    MediaItem,
    MediaOutcome,
    MediaRefused,
    MediaUnavailable,
)
from api.providers.registry import Providers

CHANNEL = "messenger_media"
"""The NOTIFY channel that wakes workers: there is something to fetch."""

LEASE = timedelta(minutes=2)
"""Longer than a fetch can take: until then a file is one worker's alone."""

ADOPTED_AT_ONCE = 100
"""Messages that one transaction adopts."""

MAX_DECLARED = 100
"""Characters of what a peer calls a file."""

log = structlog.get_logger(__name__)


def expected(
    organization_id: UUID, message_id: UUID, items: Sequence[MediaItem]
) -> tuple[list[dict[str, Any]], list[dict[str, object]]]:
    """What a new message shows of its files, and the rows to `expect`."""
    shown: list[dict[str, Any]] = []
    rows: list[dict[str, object]] = []
    for position, item in enumerate(items):
        media_id, declared_type = new_id(), item.content_type[:MAX_DECLARED]
        shown.append(_shown(media_id, declared_type, MediaState.WAITING))
        rows.append(
            {
                "organization_id": organization_id,
                "id": media_id,
                "message_id": message_id,
                "position": position,
                "provider_url": item.url,
                "declared_type": declared_type,
            }
        )
    return shown, rows


async def expect(session: AsyncSession, organization_id: UUID, rows: Sequence[dict[str, object]]) -> None:
    """In the transaction of their messages, after them."""
    if rows:
        await queries.add(session, rows)
        notify(session, CHANNEL, {"organization_id": str(organization_id)})


def _shown(
    media_id: UUID,
    content_type: str,
    state: MediaState,
    *,
    size: int | None = None,
    reason: str | None = None,
    hidden: bool = False,
) -> dict[str, Any]:
    shown = {"id": str(media_id), "content_type": content_type, "state": state.value, "size": size, "reason": reason}
    return {**shown, "hidden": True} if hidden else shown


def _kept(content: bytes, content_type: str, *, at: datetime) -> dict[str, Any]:
    return {
        "state": MediaState.KEPT.value,
        "content_type": content_type,
        "size": len(content),
        "content": content,
        "sha256": hashlib.sha256(content).digest(),
        "fetched_at": at,
    }


def kept_file(
    organization_id: UUID, message_id: UUID, item: MediaItem, content: bytes, *, at: datetime
) -> tuple[MessageMedia, list[dict[str, Any]]]:
    """The only file of a message, fetched at that time, and what the message shows. For a history that is written."""
    (shown,), (row,) = expected(organization_id, message_id, [item])
    kept = MessageMedia(**row, **_kept(content, item.content_type, at=at))
    return kept, [shown | {"state": MediaState.KEPT.value, "size": len(content)}]


@dataclass(frozen=True)
class Claim:
    """A file that this worker alone may fetch, until its lease ends."""

    organization_id: UUID
    lease_token: UUID
    media: queries.Taken
    provider: str
    line: LineAccess


async def claim(database: Database, organization_id: UUID, *, secrets: SecretBox, limit: int) -> list[Claim]:
    """Take due files of one organization, the oldest first."""
    token = new_id()
    async with database.transaction() as session:
        taken = await queries.take_due(session, organization_id, token=token, lease=LEASE, limit=limit)
        by_line = await lines.lines_by_ids(session, organization_id, list({each.line_id for each in taken}))
    return [
        Claim(
            organization_id=organization_id,
            lease_token=token,
            media=each,
            provider=by_line[each.line_id].provider,
            line=open_line(by_line[each.line_id], secrets),
        )
        for each in taken
    ]


async def fetch(claimed: Claim, *, providers: Providers) -> MediaOutcome:
    """With no transaction open. What has outlived as many workers as it may have tries is not asked for again."""
    if claimed.media.attempts > MAX_ATTEMPTS:
        return MediaUnavailable("No worker has lived to the end of its fetching.")
    provider = providers.get(claimed.provider)
    if not isinstance(provider, FetchesMedia):
        return MediaUnavailable(f"This version fetches nothing from {claimed.provider}.")
    return await provider.fetch_media(claimed.line, claimed.media.provider_url)


async def settle(database: Database, claimed: Claim, outcome: MediaOutcome) -> None:
    """Write what came of it, guarded by the lease, and announce its message where what is shown has changed."""
    media, organization_id = claimed.media, claimed.organization_id
    decision = _decision(outcome, attempts=media.attempts, declared_type=media.declared_type)
    _report(claimed, decision, outcome)
    if isinstance(outcome, FetchedMedia) and isinstance(decision, Words):
        await _settle_part(database, claimed, outcome.content, words=made_storable(decision.text))
        return
    if isinstance(outcome, FetchedMedia) and decision == Refuse(Reason.LAYOUT):
        await _settle_part(database, claimed, outcome.content, words=None)
        return
    async with database.transaction() as session:
        at = await database_time(session)
        values: dict[str, object]
        match decision, outcome:
            case TryAgain(wait=wait), _:
                await queries.settle(
                    session, organization_id, media.id, token=claimed.lease_token, values={"due_at": at + wait}
                )
                return
            case Keep(content_type=content_type), FetchedMedia(content=content):
                values = _kept(content, content_type, at=at)
                shown = _shown(media.id, content_type, MediaState.KEPT, size=len(content))
            case Refuse(reason=reason), _:
                values = {"state": MediaState.REFUSED.value, "reason": reason.value}
                shown = _shown(media.id, media.declared_type, MediaState.REFUSED, reason=WORDS[reason])
            case _:
                raise AssertionError("only what was fetched can be kept")
        if not await queries.settle(session, organization_id, media.id, token=claimed.lease_token, values=values):
            return
        message = await queries.show(session, organization_id, media.message_id, position=media.position, shown=shown)
        announce_message(session, organization_id, message.conversation_id, media.message_id, seq=message.seq)


async def _settle_part(database: Database, claimed: Claim, content: bytes, *, words: str | None) -> None:
    """A part that is words of its message, or, without `words`, a layout: it is no longer shown as a file.

    Words that would make the message too long stay a file. Locks number, conversation and message in this order
    (decision 0006).
    """
    media, organization_id = claimed.media, claimed.organization_id
    async with database.transaction() as session:
        row, message = await conversations.lock_received_message(session, organization_id, media.message_id)
        body = with_words(message.body, words) if words is not None else None
        values: dict[str, object]
        if words is not None:
            values = _kept(content, TEXT.content_type, at=await database_time(session))
            shown = _shown(media.id, TEXT.content_type, MediaState.KEPT, size=len(content), hidden=body is not None)
        else:
            values = {"state": MediaState.REFUSED.value, "reason": Reason.LAYOUT.value}
            reason = WORDS[Reason.LAYOUT]
            shown = _shown(media.id, media.declared_type, MediaState.REFUSED, reason=reason, hidden=True)
        if not await queries.settle(session, organization_id, media.id, token=claimed.lease_token, values=values):
            return
        await queries.show(session, organization_id, media.message_id, position=media.position, shown=shown)
        await conversations.complete_received_message(session, row, message.id, body=body)


async def adopt(database: Database, organization_id: UUID, *, limit: int = ADOPTED_AT_ONCE) -> int:
    """Expect the files of messages that a process of a version before 0005 took in. Returns how many messages."""
    async with database.transaction() as session:
        unadopted = await queries.lock_unadopted(session, organization_id, limit=limit)
        rows: list[dict[str, object]] = []
        for message in unadopted:
            shown: list[dict[str, Any]] = []
            for position, stored in enumerate(message.media):
                if "url" not in stored:
                    shown.append(stored)
                    continue
                media_id = adopted_media_id(message.id, position)
                declared_type = str(stored.get("content_type") or "application/octet-stream")[:MAX_DECLARED]
                shown.append(_shown(media_id, declared_type, MediaState.WAITING))
                rows.append(
                    {
                        "organization_id": organization_id,
                        "id": media_id,
                        "message_id": message.id,
                        "position": position,
                        "provider_url": stored["url"],
                        "declared_type": declared_type,
                    }
                )
            message.media = shown
            announce_message(session, organization_id, message.conversation_id, message.id, seq=message.seq)
        await session.flush()
        await expect(session, organization_id, rows)
    if unadopted:
        log.info("media.adopted", organization_id=str(organization_id), messages=len(unadopted), files=len(rows))
    return len(unadopted)


async def give_back(database: Database, claimed: Claim) -> None:
    """The worker stops before it was fetched: another may fetch it at once."""
    async with database.transaction() as session:
        await queries.give_back(session, claimed.organization_id, [claimed.media.id], token=claimed.lease_token)


def _decision(outcome: MediaOutcome, *, attempts: int, declared_type: str) -> Decision:
    match outcome:
        case FetchedMedia(content=content):
            return judge_content(content, declared_type=declared_type)
        case MediaRefused(reason=reason):
            return Refuse(Reason(reason.value))
        case MediaUnavailable():
            return judge_failure(attempts)


def _report(claimed: Claim, decision: Decision, outcome: MediaOutcome) -> None:
    """A file that is kept is nothing to report. Addresses are not logged: they can be all that it takes to read one."""
    if isinstance(decision, Keep | Words) or decision == Refuse(Reason.LAYOUT):
        return
    log.warning(
        "media.refused" if isinstance(decision, Refuse) else "media.put_off",
        organization_id=str(claimed.organization_id),
        media_id=str(claimed.media.id),
        provider=claimed.provider,
        attempts=claimed.media.attempts,
        detail="Its content." if isinstance(outcome, FetchedMedia) else outcome.detail,
        reason=decision.reason.value if isinstance(decision, Refuse) else None,
    )


async def require_kept(session: AsyncSession, organization_id: UUID, message_id: UUID, media_id: UUID) -> queries.Kept:
    """Raises `NotFound` also while it is waited for, and when it was refused."""
    found = await queries.kept(session, organization_id, message_id, media_id)
    if found is None:
        raise NotFound("There is no such file.")
    return found
