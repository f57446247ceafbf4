"""Routes of classes and tags."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.access.dependencies import CanKeepDirectory, CanReadDirectory, guarded
from api.directory import classes
from api.directory.class_schemas import ClassIn, ClassPatch, ListedClassOut, TagOut
from api.directory.search_rules import MAX_QUERY_CHARACTERS
from api.directory.types import ClassOut
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.folding import fold_name
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging, decode_cursor
from api.kit.text import Body, storable

router = APIRouter(tags=["directory"])

Search = Annotated[
    Body | None,
    Query(alias="q", max_length=MAX_QUERY_CHARACTERS, description="Words of its name, days, room and coach."),
]


@router.get("/classes", responses=guarded(Invalid))
async def list_classes(
    principal: CanReadDirectory,
    session: Session,
    paging: Paging,
    search: Search = None,
    archived: Annotated[bool, Query(description="Archived classes instead of living ones.")] = False,
) -> Page[ListedClassOut]:
    """Classes by name, each with the number of its students."""
    rows = await classes.list_classes(
        session, principal.organization_id, paging, words=fold_name(search or "").split(), archived=archived
    )
    shown, next_cursor = paging.cut(rows, lambda row: (row.stored.name, row.stored.id))
    return Page(items=[ListedClassOut.of(each) for each in shown], next_cursor=next_cursor)


@router.post("/classes", status_code=201, response_model=ClassOut, responses=guarded(Conflict, Invalid))
async def create_class(
    body: ClassIn, principal: CanKeepDirectory, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """A class is told apart by its name, days, time and location."""

    async def create() -> tuple[int, ClassOut]:
        made = await classes.create_class(session, principal, dict(body))
        return 201, ClassOut.model_validate(made)

    return await once(session, create, key=idempotency_key, asked_by=principal, operation="create-class", request=body)


@router.patch("/classes/{class_id}", responses=guarded(NotFound, Conflict, Invalid))
async def update_class(class_id: UUID, body: ClassPatch, principal: CanKeepDirectory, session: Session) -> ClassOut:
    """Change, archive or bring back a class. An archived class is shown with no student."""
    return ClassOut.model_validate(await classes.change_class(session, principal, class_id, body.changes()))


@router.get("/tags", responses=guarded(Invalid))
async def list_tags(principal: CanReadDirectory, session: Session, paging: Paging) -> Page[TagOut]:
    """The tags of families and staff by name. Tags that differ only in case and accents are one."""
    after = storable_key(paging.cursor) if paging.cursor else None
    rows = await classes.list_tags(session, principal.organization_id, after=after, limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(rows, lambda row: (row.key,))
    return Page(items=[TagOut.of(each) for each in shown], next_cursor=next_cursor)


def storable_key(cursor: str) -> str:
    """The key in a cursor. Raises `Invalid`."""
    (key,) = decode_cursor(cursor, str)
    try:
        return storable(key)
    except ValueError as error:
        raise Invalid([("/query/cursor", "This is not a cursor of this list.")]) from error
