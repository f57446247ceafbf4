"""Files of messages. A worker fetches those of a received message once it is applied, and keeps or refuses them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations import service as conversations
from api.conversations.lifecycle import Batch
from api.conversations.message_rules import EntrySource, MediaState, adopted_media_id, with_words
from api.conversations.models import Message
from api.kit.bulk import insert_together
from api.kit.database import Database, database_time, notify
from api.kit.errors import NotFound
from api.kit.ids import new_id
from api.kit.secrets import SecretBox
from api.kit.text import made_storable
from api.lines import service as lines
from api.lines.service import open_line
from api.live.service import announce_message
from api.media import broadcast_file_queries, queries, upload_queries
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
"""The NOTIFY channel that wakes workers to fetch files."""

LEASE = timedelta(minutes=2)
"""Longer than a fetch can take. Until then only this worker fetches the file."""

ADOPTED_AT_ONCE = 100
"""Messages adopted in one transaction."""

MAX_DECLARED = 100
"""Characters of a declared type that are stored."""

FETCHED = "fetched"
"""The status of a timeline entry that moves nothing: the provider has fetched a file of the message."""

log = structlog.get_logger(__name__)


def expected(
    organization_id: UUID, message_id: UUID, items: Sequence[MediaItem]
) -> tuple[list[dict[str, Any]], list[dict[str, object]]]:
    """The files of a new message as it shows them, and their rows for `expect`."""
    files = [
        _waiting_file(organization_id, message_id, position, item, media_id=new_id())
        for position, item in enumerate(items)
    ]
    return [shown for shown, _ in files], [row for _, row in files]


def _waiting_file(
    organization_id: UUID, message_id: UUID, position: int, item: MediaItem, *, media_id: UUID
) -> tuple[dict[str, Any], dict[str, object]]:
    """A file as its message shows it, and its row."""
    declared_type = item.content_type[:MAX_DECLARED]
    return _shown(media_id, declared_type, MediaState.WAITING), {
        "organization_id": organization_id,
        "id": media_id,
        "message_id": message_id,
        "position": position,
        "provider_url": item.url,
        "declared_type": declared_type,
    }


async def expect(session: AsyncSession, organization_id: UUID, rows: Sequence[dict[str, object]]) -> None:
    """Store the rows, in the transaction of their messages and after them."""
    if rows:
        await insert_together(session, MessageMedia, rows)
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
    """The only file of a message, fetched at `at`, and what the message shows of it. Writes nothing: for demo data."""
    (shown,), (row,) = expected(organization_id, message_id, [item])
    kept = MessageMedia(**row, **_kept(content, item.content_type, at=at))
    return kept, [shown | {"state": MediaState.KEPT.value, "size": len(content)}]


@dataclass(frozen=True)
class Claim:
    """A file that only this worker may fetch until the lease ends."""

    organization_id: UUID
    lease_token: UUID
    media: queries.Taken
    provider: str
    line: LineAccess


async def claim(database: Database, organization_id: UUID, *, secrets: SecretBox, limit: int) -> list[Claim]:
    """Lease due files of one organization, oldest first."""
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
    """Fetch the file, with no transaction open. After `MAX_ATTEMPTS` attempts without an outcome it is not fetched."""
    if claimed.media.attempts > MAX_ATTEMPTS:
        return MediaUnavailable("Every worker that fetched it stopped before the end.")
    provider = providers.get(claimed.provider)
    if not isinstance(provider, FetchesMedia):
        return MediaUnavailable(f"This version fetches nothing from {claimed.provider}.")
    return await provider.fetch_media(claimed.line, claimed.media.provider_url)


async def settle(database: Database, claimed: Claim, outcome: MediaOutcome) -> None:
    """Write the outcome, guarded by the lease, and announce the message if what it shows has changed."""
    organization_id = claimed.organization_id
    decision = _decision(outcome, attempts=claimed.media.attempts, declared_type=claimed.media.declared_type)
    _report(claimed, decision, outcome)
    content = outcome.content if isinstance(outcome, FetchedMedia) else b""
    async with database.transaction() as session:
        if isinstance(decision, TryAgain):
            values = {"due_at": await database_time(session) + decision.wait}
            await queries.settle(session, organization_id, claimed.media.id, token=claimed.lease_token, values=values)
        elif isinstance(decision, Words) or decision == Refuse(Reason.LAYOUT):
            await _settle_part(session, claimed, decision, content)
        else:
            stored = await _store(session, claimed, decision, content)
            if stored is not None:
                conversation_id, seq = stored
                announce_message(session, organization_id, conversation_id, claimed.media.message_id, seq=seq)


async def _settle_part(session: AsyncSession, claimed: Claim, decision: Words | Refuse, content: bytes) -> None:
    """Settle a part that belongs to its message's text, or a layout: it is no longer shown as a file.

    Words that would make the message too long stay a file. Locks number, conversation and message in this order
    (decision 0006).
    """
    row, message = await conversations.lock_received_message(session, claimed.organization_id, claimed.media.message_id)
    body = with_words(message.body, made_storable(decision.text)) if isinstance(decision, Words) else None
    is_hidden = isinstance(decision, Refuse) or body is not None
    if await _store(session, claimed, decision, content, hidden=is_hidden) is not None:
        await conversations.complete_received_message(session, row, message, body=body)


async def _store(
    session: AsyncSession, claimed: Claim, decision: Keep | Words | Refuse, content: bytes, *, hidden: bool = False
) -> tuple[UUID, int] | None:
    """Write the outcome to the file and to its message. Returns the message's conversation and `seq`.

    Writes nothing, and returns None, if the lease is lost.
    """
    media, organization_id = claimed.media, claimed.organization_id
    values: dict[str, object]
    if isinstance(decision, Refuse):
        values = {"state": MediaState.REFUSED.value, "reason": decision.reason.value}
        reason = WORDS[decision.reason]
        shown = _shown(media.id, media.declared_type, MediaState.REFUSED, reason=reason, hidden=hidden)
    else:
        content_type = decision.content_type if isinstance(decision, Keep) else TEXT.content_type
        values = _kept(content, content_type, at=await database_time(session))
        shown = _shown(media.id, content_type, MediaState.KEPT, size=len(content), hidden=hidden)
    if not await queries.settle(session, organization_id, media.id, token=claimed.lease_token, values=values):
        return None
    return await queries.show(session, organization_id, media.message_id, position=media.position, shown=shown)


async def adopt(database: Database, organization_id: UUID, *, limit: int = ADOPTED_AT_ONCE) -> int:
    """Give a row to each file of messages that a version before migration 0005 stored. Returns how many messages."""
    async with database.transaction() as session:
        unadopted = await queries.lock_unadopted(session, organization_id, limit=limit)
        rows: list[dict[str, object]] = []
        for message in unadopted:
            shown: list[dict[str, Any]] = []
            for position, stored in enumerate(message.media):
                if "url" not in stored:
                    shown.append(stored)
                    continue
                item = MediaItem(
                    url=stored["url"], content_type=str(stored.get("content_type") or "application/octet-stream")
                )
                media_id = adopted_media_id(message.id, position)
                waiting, row = _waiting_file(organization_id, message.id, position, item, media_id=media_id)
                shown.append(waiting)
                rows.append(row)
            message.media = shown
            announce_message(session, organization_id, message.conversation_id, message.id, seq=message.seq)
        await session.flush()
        await expect(session, organization_id, rows)
    if unadopted:
        log.info("media.adopted", organization_id=str(organization_id), messages=len(unadopted), files=len(rows))
    return len(unadopted)


async def release(database: Database, claimed: Claim) -> None:
    """End the lease of an unfinished fetch, so that another worker fetches the file at once."""
    async with database.transaction() as session:
        await queries.release(session, claimed.organization_id, claimed.media.id, token=claimed.lease_token)


def _decision(outcome: MediaOutcome, *, attempts: int, declared_type: str) -> Decision:
    match outcome:
        case FetchedMedia(content=content):
            return judge_content(content, declared_type=declared_type)
        case MediaRefused(reason=reason):
            return Refuse(Reason(reason.value))
        case MediaUnavailable():
            return judge_failure(attempts)


def _report(claimed: Claim, decision: Decision, outcome: MediaOutcome) -> None:
    """Log a file that is not stored, without its address: whoever knows the address may be able to read the file."""
    if isinstance(decision, Keep | Words) or decision == Refuse(Reason.LAYOUT):
        return
    log.warning(
        "media.refused" if isinstance(decision, Refuse) else "media.deferred",
        organization_id=str(claimed.organization_id),
        media_id=str(claimed.media.id),
        provider=claimed.provider,
        attempts=claimed.media.attempts,
        detail="Its content." if isinstance(outcome, FetchedMedia) else outcome.detail,
        reason=decision.reason.value if isinstance(decision, Refuse) else None,
    )


async def note_fetched(session: AsyncSession, organization_id: UUID, media_id: UUID) -> None:
    """Note in the message's timeline that the provider has fetched a file of it, the first time that it does."""
    fetched = await queries.mark_fetched(session, organization_id, media_id)
    if fetched is None:
        return
    message_id, position = fetched
    message = await session.get_one(Message, (organization_id, message_id))
    batch = Batch(organization_id, at=await database_time(session))
    batch.note(message, FETCHED, source=EntrySource.PROVIDER, detail=f"The provider fetched file {position + 1}.")
    await batch.write(session)


async def require_kept(session: AsyncSession, organization_id: UUID, message_id: UUID, media_id: UUID) -> queries.Kept:
    """The stored file of a message, of a scheduled text, which becomes the message under its id, or of a mass text.

    Raises `NotFound`, also if the file is waiting or refused.
    """
    found = await queries.kept(session, organization_id, message_id, media_id)
    if found is None:
        found = await upload_queries.held(session, organization_id, message_id, media_id)
    if found is None:
        found = await broadcast_file_queries.kept(session, organization_id, message_id, media_id)
    if found is None:
        raise NotFound("There is no such file.")
    return found


async def kept_content(session: AsyncSession, organization_id: UUID, media_id: UUID, kept: queries.Kept) -> bytes:
    if kept.is_upload:
        return await upload_queries.content(session, organization_id, media_id)
    if kept.is_of_broadcast:
        return await broadcast_file_queries.content(session, organization_id, media_id)
    return await queries.content(session, organization_id, media_id)
