"""Routes of classes, tags and locations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.access.dependencies import CanKeepDirectory, CanReadDirectory, guarded
from api.directory import classes
from api.directory.class_schemas import ClassIn, ClassPatch, ListedClassOut, LocationOut, TagOut
from api.directory.classes import ClassQuery
from api.directory.fields import LocationName
from api.directory.search_rules import MAX_QUERY_CHARACTERS
from api.directory.student_rules import Weekday
from api.directory.types import ClassOut
from api.kit.changes import Changes
from api.kit.database import Session
from api.kit.errors import AlreadyExists, Conflict, Invalid, NotFound
from api.kit.folding import fold_name
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging, decode_cursor
from api.kit.text import Body, storable

router = APIRouter(tags=["directory"])

Search = Annotated[
    Body | None,
    Query(alias="q", max_length=MAX_QUERY_CHARACTERS, description="Words of its name, days, room and coach."),
]


def class_query(
    search: Search = None,
    weekday: Annotated[Weekday | None, Query(description="Classes on this day.")] = None,
    location: Annotated[LocationName | None, Query(description="Classes there. Case does not matter.")] = None,
    archived: Annotated[bool, Query(description="Archived classes instead of living ones.")] = False,
) -> ClassQuery:
    return ClassQuery(fold_name(search or "").split(), weekday, location, archived)


@router.get("/classes", responses=guarded(Invalid))
async def list_classes(
    principal: CanReadDirectory,
    session: Session,
    paging: Paging,
    changes: Changes,
    wanted: Annotated[ClassQuery, Depends(class_query)],
) -> Page[ListedClassOut]:
    """Classes by name, each with the number of its students and of their families.

    With `updated_since`, by time of change. The two numbers change without it.
    """
    if changes is not None:
        changes = await changes.begun(session)
        changed = await classes.list_changed_classes(session, principal.organization_id, changes, wanted)
        shown, next_cursor = changes.cut(changed, lambda row: (row.updated_at, row.stored.id))
        return Page(items=[ListedClassOut.of(each) for each in shown], next_cursor=next_cursor)
    rows = await classes.list_classes(session, principal.organization_id, paging, wanted)
    shown, next_cursor = paging.cut(rows, lambda row: (row.stored.name, row.stored.id))
    return Page(items=[ListedClassOut.of(each) for each in shown], next_cursor=next_cursor)


@router.post("/classes", status_code=201, response_model=ClassOut, responses=guarded(AlreadyExists, Conflict, Invalid))
async def create_class(
    body: ClassIn, principal: CanKeepDirectory, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """A class is told apart by its name, days, time and location."""

    async def create() -> tuple[int, ClassOut]:
        made = await classes.create_class(session, principal, dict(body))
        return 201, ClassOut.model_validate(made)

    return await once(session, create, key=idempotency_key, asked_by=principal, operation="create-class", request=body)


@router.get("/classes/{class_id}", responses=guarded(NotFound, Invalid))
async def get_class(class_id: UUID, principal: CanReadDirectory, session: Session) -> ListedClassOut:
    """A class. `GET /families?class_id=` lists the families of its students."""
    return ListedClassOut.of(await classes.get_class(session, principal.organization_id, class_id))


@router.patch("/classes/{class_id}", responses=guarded(NotFound, AlreadyExists, Conflict, Invalid))
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


@router.get("/locations", responses=guarded(Invalid))
async def list_locations(principal: CanReadDirectory, session: Session, paging: Paging) -> Page[LocationOut]:
    """The locations of families, staff and classes by name. Locations that differ only in case are one."""
    after = storable_key(paging.cursor) if paging.cursor else None
    rows = await classes.list_locations(session, principal.organization_id, after=after, limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(rows, lambda row: (row.key,))
    return Page(items=[LocationOut.of(each) for each in shown], next_cursor=next_cursor)


def storable_key(cursor: str) -> str:
    """The key in a cursor. Raises `Invalid`."""
    (key,) = decode_cursor(cursor, str)
    try:
        return storable(key)
    except ValueError as error:
        raise Invalid([("/query/cursor", "This is not a cursor of this list.")]) from error
