"""SQL of erasures: it changes the tables of other slices, through their models."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import LargeBinary, Text, cast, delete, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from api.consent.models import ConsumerInitiation
from api.conversations.models import Conversation, InboxRow, Message, OutboxEntry, TimelineEntry, Viewer
from api.directory.models import (
    Contact,
    Enrollment,
    Family,
    Import,
    ImportRecord,
    PhoneNumber,
    PhoneRecord,
    RecordTag,
    Refusal,
    Student,
)
from api.directory.touched import touch_holders
from api.inbound.models import InboundEvent
from api.kit.bulk import holds_any, is_any
from api.kit.idempotency import IdempotencyKey
from api.kit.lexemes import search_vector
from api.lines.models import Line
from api.media.models import MessageMedia
from api.retention.models import Erasure
from api.webhook_endpoints.models import WebhookDelivery

QUIET = {"synchronize_session": False}


async def erasure(session: AsyncSession, organization_id: UUID, erasure_id: UUID) -> Erasure | None:
    return await session.scalar(
        select(Erasure).where(Erasure.organization_id == organization_id, Erasure.id == erasure_id)
    )


async def newest_erasure(session: AsyncSession, organization_id: UUID, number_hash: bytes) -> Erasure | None:
    return await session.scalar(
        select(Erasure)
        .where(Erasure.organization_id == organization_id, Erasure.number_hash == number_hash)
        .order_by(Erasure.created_at.desc(), Erasure.id.desc())
        .limit(1)
    )


async def unfinished(session: AsyncSession, *, limit: int) -> list[tuple[UUID, UUID]]:
    rows = await session.execute(
        select(Erasure.organization_id, Erasure.id)
        .where(Erasure.finished_at.is_(None))
        .order_by(Erasure.created_at)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def lock_unfinished(session: AsyncSession, organization_id: UUID, erasure_id: UUID) -> Erasure | None:
    """None if it is done, or if another process works at it."""
    return await session.scalar(
        select(Erasure)
        .where(Erasure.organization_id == organization_id, Erasure.id == erasure_id, Erasure.finished_at.is_(None))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )


async def is_line(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> bool:
    lines = select(Line.id).where(Line.organization_id == organization_id, Line.phone_number.in_(numbers))
    return await session.scalar(lines.limit(1)) is not None


async def is_importing(session: AsyncSession, organization_id: UUID) -> bool:
    running = select(Import.id).where(Import.organization_id == organization_id, Import.finished_at.is_(None))
    return await session.scalar(running.limit(1)) is not None


async def lock_conversations(
    session: AsyncSession, organization_id: UUID, numbers: Iterable[PhoneNumber]
) -> list[InboxRow]:
    by_id = {number.id: number for number in numbers}
    rows = await session.scalars(
        select(Conversation)
        .where(Conversation.organization_id == organization_id, Conversation.phone_number_id == is_any(by_id))
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return [InboxRow(row, by_id[row.phone_number_id]) for row in rows]


async def number_ids_of(session: AsyncSession, organization_id: UUID, ids: Sequence[UUID]) -> Sequence[UUID]:
    """The phone numbers of these conversations."""
    numbers = select(Conversation.phone_number_id).where(
        Conversation.organization_id == organization_id, Conversation.id == is_any(ids)
    )
    return (await session.scalars(numbers)).all()


async def lock_conversation_ids(session: AsyncSession, organization_id: UUID, ids: Iterable[UUID]) -> None:
    await session.execute(
        select(Conversation.id)
        .where(Conversation.organization_id == organization_id, Conversation.id == is_any(set(ids)))
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
    )


async def lock_outbox(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]
) -> list[tuple[OutboxEntry, Message]]:
    rows = await session.execute(
        select(OutboxEntry, Message)
        .join(Message, (Message.organization_id == OutboxEntry.organization_id) & (Message.id == OutboxEntry.id))
        .where(OutboxEntry.organization_id == organization_id, OutboxEntry.conversation_id == is_any(conversation_ids))
        .order_by(OutboxEntry.id)
        .with_for_update(of=OutboxEntry)
    )
    return [(row[0], row[1]) for row in rows]


async def empty_conversations(session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID]) -> None:
    """Empty their previews and metadata, and end the viewing leases."""
    of_them = (Conversation.organization_id == organization_id, Conversation.id == is_any(conversation_ids))
    await session.execute(
        update(Conversation)
        .where(*of_them, Conversation.last_message_direction.is_not(None))
        .values(last_message_preview=None)
        .execution_options(**QUIET)
    )
    await session.execute(
        update(Conversation)
        .where(*of_them, Conversation.metadata_ != {})
        .values(metadata_={})
        .execution_options(**QUIET)
    )
    await session.execute(
        delete(Viewer)
        .where(Viewer.organization_id == organization_id, Viewer.conversation_id == is_any(conversation_ids))
        .execution_options(**QUIET)
    )


async def standing(session: AsyncSession, organization_id: UUID, number_ids: Sequence[UUID]) -> Sequence[Refusal]:
    return (
        await session.scalars(
            select(Refusal).where(
                Refusal.organization_id == organization_id,
                Refusal.phone_number_id == is_any(number_ids),
                Refusal.lifted_at.is_(None),
            )
        )
    ).all()


async def phone_records(
    session: AsyncSession, organization_id: UUID, number_ids: Sequence[UUID]
) -> Sequence[PhoneRecord]:
    return (
        await session.scalars(
            select(PhoneRecord)
            .where(PhoneRecord.organization_id == organization_id, PhoneRecord.phone_number_id == is_any(number_ids))
            .order_by(PhoneRecord.id)
            .with_for_update()
        )
    ).all()


async def delete_consent(session: AsyncSession, organization_id: UUID, number_ids: Sequence[UUID]) -> None:
    """Delete the numbers' phone records, refusals and first texts."""
    await touch_holders(session, organization_id, number_ids)
    for model in (PhoneRecord, Refusal, ConsumerInitiation):
        await session.execute(
            delete(model)
            .where(model.organization_id == organization_id, model.phone_number_id == is_any(number_ids))
            .execution_options(**QUIET)
        )


class NamesGone(NamedTuple):
    ids: list[UUID]
    names: list[str]
    contacts: int
    families: list[UUID]


async def erase_names(session: AsyncSession, organization_id: UUID, contact_ids: Sequence[UUID]) -> NamesGone:
    """Delete these contacts if they hold no other number, and empty the families that are left without a contact."""
    holds = select(PhoneRecord.id).where(
        PhoneRecord.organization_id == Contact.organization_id, PhoneRecord.contact_id == Contact.id
    )
    contacts = (
        await session.execute(
            delete(Contact)
            .where(Contact.organization_id == organization_id, Contact.id == is_any(contact_ids), ~holds.exists())
            .returning(Contact.id, Contact.name, Contact.family_id)
            .execution_options(**QUIET)
        )
    ).all()
    family_ids = {row.family_id for row in contacts}
    has_contact = select(Contact.id).where(
        Contact.organization_id == Family.organization_id, Contact.family_id == Family.id
    )
    empty = (
        Family.organization_id == organization_id,
        Family.id == is_any(family_ids),
        ~has_contact.exists(),
    )
    families = (
        await session.execute(select(Family.id, Family.name, Family.external_id).where(*empty).with_for_update())
    ).all()
    await session.execute(
        update(Family)
        .where(Family.organization_id == organization_id, Family.id == is_any([row.id for row in families]))
        .values(
            name="Erased family",
            external_id=None,
            location=None,
            notes=None,
            metadata_={},
            archived_at=func.coalesce(Family.archived_at, func.now()),
            updated_at=func.now(),
        )
        .execution_options(**QUIET)
    )
    await _empty_families(session, organization_id, [row.id for row in families])
    return NamesGone(
        ids=[*(row.id for row in contacts), *(row.id for row in families)],
        names=[
            *(row.name for row in contacts),
            *(row.name for row in families),
            *(row.external_id for row in families if row.external_id),
        ],
        contacts=len(contacts),
        families=[row.id for row in families],
    )


async def _empty_families(session: AsyncSession, organization_id: UUID, family_ids: Sequence[UUID]) -> None:
    """Delete their students and tags."""
    students = select(Student.id).where(
        Student.organization_id == organization_id, Student.family_id == is_any(family_ids)
    )
    for statement in (
        delete(Enrollment).where(Enrollment.organization_id == organization_id, Enrollment.student_id.in_(students)),
        delete(Student).where(Student.organization_id == organization_id, Student.family_id == is_any(family_ids)),
        delete(RecordTag).where(
            RecordTag.organization_id == organization_id, RecordTag.family_id == is_any(family_ids)
        ),
    ):
        await session.execute(statement.execution_options(**QUIET))


async def texts_of(
    session: AsyncSession, organization_id: UUID, conversation_ids: Sequence[UUID], *, limit: int
) -> Sequence[tuple[UUID, UUID, int]]:
    """(id, conversation, seq) of texts that are not erased yet."""
    rows = await session.execute(
        select(Message.id, Message.conversation_id, Message.seq)
        .where(
            Message.organization_id == organization_id,
            Message.conversation_id == is_any(conversation_ids),
            Message.erased_at.is_(None),
        )
        .order_by(Message.conversation_id, Message.seq)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


class Erased(NamedTuple):
    texts: int
    files: int
    raw_events: int


async def erase_texts(
    session: AsyncSession, organization_id: UUID, ids: Sequence[UUID], *, at: datetime, keeps_check: bool
) -> Erased:
    """Empty the texts and what repeats them: files, timelines' words, raw events. The rows stay as marks.

    The caller has locked their conversations. `keeps_check`: the opt-in check stays as it was stored; else without the
    number and the names.
    """
    values: dict[str, Any] = {
        "body": "",
        "media": [],
        "reactions": None,
        "metadata_": {},
        "error_title": None,
        "asks_to_stop": False,
        "search": search_vector("", organization_id=organization_id),
        "erased_at": at,
    }
    if not keeps_check:
        values["opt_in_check"] = Message.opt_in_check.op("||")(
            cast(literal('{"phone_number": "", "instances": [], "stopped_as": null}'), JSONB)
        )
    of_them = (Message.organization_id == organization_id, Message.id == is_any(ids))
    texts = await session.execute(
        update(Message)
        .where(*of_them, Message.erased_at.is_(None))
        .values(**values)
        .returning(Message.id)
        .execution_options(**QUIET)
    )
    files = await session.execute(
        delete(MessageMedia)
        .where(MessageMedia.organization_id == organization_id, MessageMedia.message_id == is_any(ids))
        .returning(MessageMedia.id)
        .execution_options(**QUIET)
    )
    await session.execute(
        update(TimelineEntry)
        .where(TimelineEntry.organization_id == organization_id, TimelineEntry.message_id == is_any(ids))
        .values(detail=None)
        .execution_options(**QUIET)
    )
    events = select(TimelineEntry.inbound_event_id).where(
        TimelineEntry.organization_id == organization_id,
        TimelineEntry.message_id == is_any(ids),
        TimelineEntry.inbound_event_id.is_not(None),
    )
    raw = await session.execute(
        update(InboundEvent)
        .where(
            InboundEvent.organization_id == organization_id,
            InboundEvent.id.in_(events),
            InboundEvent.state == "applied",
            InboundEvent.body.is_not(None),
        )
        .values(body=None, **({} if keeps_check else {"phone_number": None}))
        .returning(InboundEvent.id)
        .execution_options(**QUIET)
    )
    return Erased(len(texts.all()), len(files.all()), len(raw.all()))


async def erase_events(
    session: AsyncSession,
    organization_id: UUID,
    *,
    numbers: Sequence[str],
    patterns: Sequence[str],
    after: UUID | None,
    limit: int,
) -> tuple[int, UUID | None]:
    """Empty the inbound events of these numbers in a window of the journal. Their rows stay: they make a repeated
    webhook harmless (RECV-ONCE). A quarantined one can't be replayed any more.

    Returns how many, and the last id that was read; None at the end.
    """
    window = select(InboundEvent.id).where(InboundEvent.organization_id == organization_id)
    if after is not None:
        window = window.where(InboundEvent.id > after)
    ids = (await session.scalars(window.order_by(InboundEvent.id).limit(limit))).all()
    if not ids:
        return 0, None
    holds = holds_any(func.encode(cast(InboundEvent.body, LargeBinary), "escape"), patterns)
    erased = await session.execute(
        update(InboundEvent)
        .where(
            InboundEvent.organization_id == organization_id,
            InboundEvent.id >= ids[0],
            InboundEvent.id <= ids[-1],
            InboundEvent.state != "pending",
            or_(InboundEvent.phone_number == is_any(numbers, "text"), holds),
        )
        .values(
            body=None,
            phone_number=None,
            state="applied",
            error=None,
            applied_at=func.coalesce(InboundEvent.applied_at, func.now()),
        )
        .returning(InboundEvent.id)
        .execution_options(**QUIET)
    )
    return len(erased.all()), ids[-1]


async def erase_answers(
    session: AsyncSession, organization_id: UUID, patterns: Sequence[str], *, answer: dict[str, Any], limit: int
) -> int:
    """Replace stored answers that hold the number. Their keys stay: a repeated request still happens once."""
    values = {"status": answer["status"], "answer": answer}
    return await _replace(session, IdempotencyKey, "answer", organization_id, patterns, values, limit=limit)


async def erase_answers_of_integrations(
    session: AsyncSession, organization_id: UUID, patterns: Sequence[str], *, limit: int
) -> int:
    """Empty the attempts of webhook deliveries if an answer of the integration holds the number."""
    return await _replace(
        session, WebhookDelivery, "attempts", organization_id, patterns, {"attempts": []}, limit=limit
    )


async def _replace(
    session: AsyncSession,
    model: type[IdempotencyKey | WebhookDelivery],
    column: str,
    organization_id: UUID,
    patterns: Sequence[str],
    values: dict[str, Any],
    *,
    limit: int,
) -> int:
    """Set `values` in rows of the organization whose JSON `column` holds a pattern. Returns how many were changed."""
    row = (model.organization_id, model.id)
    held = holds_any(cast(getattr(model, column), Text), patterns)
    found = select(*row).where(model.organization_id == organization_id, held).limit(limit)
    changed = update(model).where(tuple_(*row).in_(found)).values(values).returning(model.id)
    return len((await session.execute(changed.execution_options(**QUIET))).all())


async def erase_import_rows(
    session: AsyncSession, organization_id: UUID, patterns: Sequence[str], *, limit: int
) -> int:
    row = (ImportRecord.organization_id, ImportRecord.import_id, ImportRecord.position)
    found = (
        select(*row)
        .where(
            ImportRecord.organization_id == organization_id,
            or_(
                holds_any(ImportRecord.wanted, patterns),
                holds_any(cast(ImportRecord.errors, Text), patterns),
                ImportRecord.external_id.is_not(None) & holds_any(cast(ImportRecord.record_id, Text), patterns),
            ),
        )
        .limit(limit)
    )
    erased = await session.execute(
        update(ImportRecord)
        .where(tuple_(*row).in_(found))
        .values(wanted=None, errors=[], external_id=None)
        .returning(ImportRecord.position)
        .execution_options(**QUIET)
    )
    return len(erased.all())
