"""Saved replies: listing, changing and filling in (SAVED)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.conversations.service import require_conversation
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.directory.named import named_number
from api.directory.rules import Holder, OwnerKind, StoredFamily
from api.kit.database import database_time
from api.kit.errors import AlreadyExists, Conflict, Forbidden, NotFound
from api.kit.folding import fold_name
from api.kit.ids import new_id
from api.kit.preconditions import require_unchanged
from api.saved_replies import queries
from api.saved_replies.models import SavedReply
from api.saved_replies.queries import Key as Key
from api.saved_replies.rules import (
    MAX_OF_ORGANIZATION,
    MAX_OF_PERSON,
    Filled,
    Person,
    ReplyScope,
    fill,
    values_of,
)

TAKEN = "There is a saved reply with this title already."


@dataclass(frozen=True, kw_only=True)
class ReplyChange:
    """None leaves what is stored."""

    title: str | None = None
    body: str | None = None


async def list_replies(
    session: AsyncSession, principal: Principal, *, text: str | None, after: Key | None, limit: int
) -> Sequence[SavedReply]:
    """The organization's and the principal's own, the most used first. `text`: words of title and body."""
    shown = queries.visible(principal.organization_id, principal.staff_member_id)
    words = fold_name(text or "").split()
    return await queries.list_replies(session, shown, words=words, after=after, limit=limit)


async def require_reply(session: AsyncSession, principal: Principal, reply_id: UUID) -> SavedReply:
    """Raises `NotFound`, also for a colleague's own."""
    shown = queries.visible(principal.organization_id, principal.staff_member_id)
    row = await queries.reply(session, shown, reply_id, lock=False)
    if row is None:
        raise NotFound("There is no such saved reply.")
    return row


async def create_reply(
    session: AsyncSession, principal: Principal, *, title: str, body: str, scope: ReplyScope
) -> SavedReply:
    """Raises `PermissionRequired` for a reply of the organization unless the principal is an administrator, `Forbidden`
    for an API key's own, and `Conflict` for a title that is taken and for too many."""
    owner_id = principal.staff_member_id if scope is ReplyScope.OWN else None
    if scope is ReplyScope.OWN and owner_id is None:
        raise Forbidden("An API key has no replies of its own.")
    _require_may_change(principal, owner_id)
    most = MAX_OF_ORGANIZATION if owner_id is None else MAX_OF_PERSON
    if await queries.count(session, principal.organization_id, owner_id) >= most:
        raise Conflict(f"There are {most} saved replies already. Delete one first.")
    row = SavedReply(
        organization_id=principal.organization_id,
        id=new_id(),
        staff_member_id=owner_id,
        title=title,
        body=body,
        key=fold_name(title),
        search=_search(title, body),
        uses=0,
    )
    session.add(row)
    await _flush(session, row)
    await _record(session, principal, Action.SAVED_REPLY_CREATED, row, {"body": body})
    return row


async def change_reply(session: AsyncSession, principal: Principal, reply_id: UUID, change: ReplyChange) -> SavedReply:
    """Raises `NotFound`, also for a colleague's own, and what `create_reply` raises."""
    row = await _own_or_shared(session, principal, reply_id)
    given = {"title": change.title, "body": change.body}
    changes = {
        name: {"from": getattr(row, name), "to": value}
        for name, value in given.items()
        if value is not None and value != getattr(row, name)
    }
    if not changes:
        return row
    # Asked for first: a statement after the change would flush it, outside of `_flush`.
    row.updated_at = await database_time(session)
    for name, value in changes.items():
        setattr(row, name, value["to"])
    row.key, row.search = fold_name(row.title), _search(row.title, row.body)
    await _flush(session, row)
    await _record(session, principal, Action.SAVED_REPLY_UPDATED, row, {"changes": changes})
    return row


async def delete_reply(session: AsyncSession, principal: Principal, reply_id: UUID) -> None:
    """Raises `NotFound` and `PermissionRequired`."""
    row = await _own_or_shared(session, principal, reply_id)
    await session.delete(row)
    await session.flush()
    await _record(session, principal, Action.SAVED_REPLY_DELETED, row, {"body": row.body})


async def fill_reply(
    session: AsyncSession,
    principal: Principal,
    reply_id: UUID,
    *,
    conversation_id: UUID | None = None,
    phone_number: str | None = None,
) -> Filled:
    """The reply for a conversation, or for a number that has none yet, and its use counted.

    Raises `NotFound`, and `Invalid` for what is no number.
    """
    organization_id = principal.organization_id
    row = await require_reply(session, principal, reply_id)
    holders: Sequence[Holder] = ()
    if conversation_id is not None:
        number: PhoneNumber | None = (await require_conversation(session, organization_id, conversation_id)).number
    else:
        named = await named_number(session, organization_id, phone_number or "", pointer="/phone_number")
        number = await directory.phone_number(session, organization_id, named)
    if number is not None:
        holders = (await directory.holders(session, organization_id, [number.id]))[number.id]
    values = values_of(
        await _people(session, organization_id, [each for each in holders if not each.archived]),
        business=await queries.business_name(session, organization_id),
        my_name=principal.name if principal.staff_member_id else None,
    )
    filled = fill(row.body, values)
    await queries.count_use(session, organization_id, reply_id)
    return filled


async def _people(session: AsyncSession, organization_id: UUID, holders: Sequence[Holder]) -> list[Person]:
    family_ids = {each.id for each in holders if each.kind is OwnerKind.FAMILY}
    read = directory.FAMILY.read
    families: dict[UUID, StoredFamily] = {}
    if family_ids:
        families = {each.id: each for each in await read(session, organization_id, list(family_ids))}
    people: list[Person] = []
    for holder in holders:
        family = families.get(holder.id) if holder.kind is OwnerKind.FAMILY else None
        students = family.students if family else ()
        people.append(
            Person(
                name=holder.contact_name or holder.name,
                family=family.name if family else None,
                students=[each.name for each in students],
                classes=[each.name for student in students for each in student.classes],
            )
        )
    return people


async def _own_or_shared(session: AsyncSession, principal: Principal, reply_id: UUID) -> SavedReply:
    """Locked, and the principal may change it."""
    shown = queries.visible(principal.organization_id, principal.staff_member_id)
    row = await queries.reply(session, shown, reply_id, lock=True)
    if row is None:
        raise NotFound("There is no such saved reply.")
    _require_may_change(principal, row.staff_member_id)
    await require_unchanged(session)
    return row


def _require_may_change(principal: Principal, owner_id: UUID | None) -> None:
    """A reply of the organization speaks for the business, so it is a setting of the business (PERM-ADMIN)."""
    if owner_id is None and not principal.is_admin:
        raise PermissionRequired(None)


async def _flush(session: AsyncSession, row: SavedReply) -> None:
    organization_id, owner_id, key = row.organization_id, row.staff_member_id, row.key
    try:
        await session.flush()
    except IntegrityError as error:
        await session.rollback()
        existing_id = await queries.id_of_title(session, organization_id, owner_id, key)
        raise AlreadyExists(TAKEN, existing_id=existing_id, conflicting=["/title"]) from error


def _search(title: str, body: str) -> str:
    return fold_name(f"{title} {body}")


async def _record(
    session: AsyncSession, principal: Principal, action: Action, row: SavedReply, details: dict[str, object]
) -> None:
    scope = ReplyScope.ORGANIZATION if row.staff_member_id is None else ReplyScope.OWN
    said = {"saved_reply_id": str(row.id), "title": row.title, "scope": scope.value, **details}
    await audit.record(session, row.organization_id, NewEntry(action, principal.actor, details=said))
