"""Routes of the directory."""

from email.message import Message
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.requests import ClientDisconnect

from api.access.dependencies import Administrator, CanKeepDirectory, CanReadDirectory, guarded
from api.access.models import StaffMember
from api.access.passwords import hash_outside
from api.directory import search_queries, service
from api.directory.import_files import ReportResponse, spool, temporary_file
from api.directory.imports import FORMATS, MAX_BYTES, Format, import_directory
from api.directory.models import Family
from api.directory.schemas import (
    ExternalId,
    FamilyIn,
    FamilyOut,
    FamilyPatch,
    ImportRefused,
    ImportRefusedBody,
    ImportReport,
    StaffMemberIn,
    StaffMemberOut,
    StaffMemberPatch,
)
from api.directory.search_rules import MAX_QUERY_CHARACTERS
from api.kit.app_state import from_app
from api.kit.database import Database, Session, commit
from api.kit.errors import (
    PROBLEM_JSON,
    Conflict,
    Invalid,
    NotFound,
    TooLarge,
    Unreadable,
    UnsupportedMediaType,
)
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging, decode_name_cursor, encode_cursor
from api.kit.text import Body

router = APIRouter(tags=["directory"])

Search = Annotated[
    Body | None,
    Query(
        alias="q",
        max_length=MAX_QUERY_CHARACTERS,
        description="Words of names, in any order: a family's own and its contacts'. Or a phone number, or part of it. "
        "Case, accents and the way a number is written do not matter.",
    ),
]
ExternalIdPath = Annotated[ExternalId, Path(description="The record's id in another system.")]
Archived = Annotated[bool, Query(description="Archived records instead of living ones.")]


@router.get("/families", responses=guarded(Invalid))
async def list_families(
    principal: CanReadDirectory, session: Session, paging: Paging, search: Search = None, archived: Archived = False
) -> Page[FamilyOut]:
    """Families by name."""
    rows = await search_queries.records(
        session,
        principal.organization_id,
        Family,
        search=await service.parse_search(session, principal.organization_id, search),
        archived=archived,
        after=decode_name_cursor(paging.cursor) if paging.cursor else None,
        limit=paging.limit + 1,
    )
    shown = await search_queries.within_page(session, principal.organization_id, rows[: paging.limit])
    return Page(
        items=await service.families_out(session, principal.organization_id, list(shown)),
        next_cursor=encode_cursor(shown[-1].name, shown[-1].id) if len(shown) < len(rows) else None,
    )


@router.post("/families", status_code=201, response_model=FamilyOut, responses=guarded(Conflict, Invalid))
async def create_family(
    body: FamilyIn, principal: CanKeepDirectory, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    async def create() -> tuple[int, FamilyOut]:
        family = await service.create_family(session, principal=principal, new=body)
        (answer,) = await service.families_out(session, principal.organization_id, [family])
        return 201, answer

    return await once(
        session,
        create,
        key=idempotency_key,
        asked_by=principal,
        operation="create-family",
        request=body,
    )


@router.get("/families/{family_id}", responses=guarded(NotFound, Invalid))
async def get_family(family_id: UUID, principal: CanReadDirectory, session: Session) -> FamilyOut:
    family = await service.require_family(session, principal.organization_id, family_id)
    (answer,) = await service.families_out(session, principal.organization_id, [family])
    return answer


@router.patch("/families/{family_id}", responses=guarded(NotFound, Conflict, Invalid))
async def update_family(family_id: UUID, body: FamilyPatch, principal: CanKeepDirectory, session: Session) -> FamilyOut:
    """Change a family. A record whose number changes starts with no opt-in (OPTIN-MOVE)."""
    family = await service.update_family(
        session,
        principal=principal,
        family_id=family_id,
        patch=body,
    )
    (answer,) = await service.families_out(session, principal.organization_id, [family])
    return answer


@router.put(
    "/families/by-external-id/{external_id}",
    responses={201: {"model": FamilyOut, "description": "Created"}, **guarded(Conflict, Invalid)},
)
async def put_family(
    external_id: ExternalIdPath, body: FamilyIn, principal: CanKeepDirectory, session: Session, response: Response
) -> FamilyOut:
    """Create the family with this external id, or make it as given. States that are not given stay."""
    family, is_new = await service.put_family(
        session,
        principal=principal,
        external_id=external_id,
        family=body,
    )
    response.status_code = 201 if is_new else 200
    (answer,) = await service.families_out(session, principal.organization_id, [family])
    return answer


@router.post("/families/{family_id}/archive", responses=guarded(NotFound, Invalid))
async def archive_family(family_id: UUID, principal: CanKeepDirectory, session: Session) -> FamilyOut:
    """An archived record that is opted out still blocks its numbers (OPTIN-ARCHIVED)."""
    family = await service.archive_family(session, principal, family_id)
    (answer,) = await service.families_out(session, principal.organization_id, [family])
    return answer


@router.get("/staff-members", responses=guarded(Invalid))
async def list_staff_members(
    principal: CanReadDirectory, session: Session, paging: Paging, search: Search = None, archived: Archived = False
) -> Page[StaffMemberOut]:
    """Staff members by name."""
    rows = await search_queries.records(
        session,
        principal.organization_id,
        StaffMember,
        search=await service.parse_search(session, principal.organization_id, search),
        archived=archived,
        after=decode_name_cursor(paging.cursor) if paging.cursor else None,
        limit=paging.limit + 1,
    )
    shown = await search_queries.within_page(session, principal.organization_id, rows[: paging.limit])
    return Page(
        items=await service.staff_members_out(session, principal.organization_id, list(shown)),
        next_cursor=encode_cursor(shown[-1].name, shown[-1].id) if len(shown) < len(rows) else None,
    )


@router.post("/staff-members", status_code=201, response_model=StaffMemberOut, responses=guarded(Conflict, Invalid))
async def create_staff_member(
    body: StaffMemberIn,
    principal: Administrator,
    session: Session,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    password_hash = await hash_outside(session, body.password)

    async def create() -> tuple[int, StaffMemberOut]:
        staff_member = await service.create_staff_member(
            session, principal=principal, new=body, password_hash=password_hash
        )
        (answer,) = await service.staff_members_out(session, principal.organization_id, [staff_member])
        return 201, answer

    return await once(
        session,
        create,
        key=idempotency_key,
        asked_by=principal,
        operation="create-staff-member",
        request=body,
    )


@router.get("/staff-members/{staff_member_id}", responses=guarded(NotFound, Invalid))
async def get_staff_member(staff_member_id: UUID, principal: CanReadDirectory, session: Session) -> StaffMemberOut:
    staff_member = await service.require_staff_member(session, principal.organization_id, staff_member_id)
    (answer,) = await service.staff_members_out(session, principal.organization_id, [staff_member])
    return answer


@router.patch("/staff-members/{staff_member_id}", responses=guarded(NotFound, Conflict, Invalid))
async def update_staff_member(
    staff_member_id: UUID, body: StaffMemberPatch, principal: Administrator, session: Session
) -> StaffMemberOut:
    """Change a staff member: permissions bite at the next request (PERM-NOW)."""
    staff_member = await service.update_staff_member(
        session,
        principal=principal,
        staff_member_id=staff_member_id,
        patch=body,
        password_hash=await hash_outside(session, body.password),
    )
    (answer,) = await service.staff_members_out(session, principal.organization_id, [staff_member])
    return answer


@router.put(
    "/staff-members/by-external-id/{external_id}",
    responses={201: {"model": StaffMemberOut, "description": "Created"}, **guarded(Conflict, Invalid)},
)
async def put_staff_member(
    external_id: ExternalIdPath,
    body: StaffMemberIn,
    principal: Administrator,
    session: Session,
    response: Response,
) -> StaffMemberOut:
    """Create the staff member with this external id, or make them as given."""
    staff_member, is_new = await service.put_staff_member(
        session,
        principal=principal,
        external_id=external_id,
        staff_member=body,
        password_hash=await hash_outside(session, body.password),
    )
    response.status_code = 201 if is_new else 200
    (answer,) = await service.staff_members_out(session, principal.organization_id, [staff_member])
    return answer


@router.post("/staff-members/{staff_member_id}/archive", responses=guarded(NotFound, Conflict, Invalid))
async def archive_staff_member(staff_member_id: UUID, principal: Administrator, session: Session) -> StaffMemberOut:
    staff_member = await service.archive_staff_member(session, principal, staff_member_id)
    (answer,) = await service.staff_members_out(session, principal.organization_id, [staff_member])
    return answer


IMPORT_EXAMPLES = {
    "text/csv": "kind,external_id,name,contact_name,phone_number,opt_in_state\n"
    "family,F-1,Rivera family,Ana Rivera,312-555-0142,opted_in\n",
    "application/x-ndjson": '{"kind": "family", "external_id": "F-1", "name": "Rivera family", "contacts": '
    '[{"name": "Ana Rivera", "phone_records": [{"phone_number": "312-555-0142"}]}]}\n',
}


VALIDATION_PROBLEM = {"$ref": "#/components/schemas/ValidationProblem"}
IMPORT_REFUSED_SCHEMA = ImportRefusedBody.model_json_schema(
    mode="serialization", ref_template="#/components/schemas/{model}"
)
IMPORT_REFUSED_SCHEMA.pop("$defs")


@router.post(
    "/directory/import",
    response_model=ImportReport,
    max_body_size=MAX_BYTES,
    responses={
        **guarded(Conflict, Unreadable, TooLarge, UnsupportedMediaType),
        422: {
            "description": f"{Invalid.title}; {ImportRefused.title}",
            "content": {PROBLEM_JSON: {"schema": {"anyOf": [VALIDATION_PROBLEM, IMPORT_REFUSED_SCHEMA]}}},
        },
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": {"type": "string"}, "example": example}
                for media_type, example in IMPORT_EXAMPLES.items()
            },
        }
    },
)
async def import_families_and_staff_members(
    request: Request,
    principal: CanKeepDirectory,
    session: Session,
    partial: Annotated[bool, Query(description="Store what is good, whatever else the file holds.")] = False,
    import_id: Annotated[UUID | None, Query(description="What the live events of its progress call it.")] = None,
) -> Response:
    """Import families and, for administrators, staff members: the whole file or, unless `partial`, nothing of it.

    A row that changes consent fails without the permissions for it (OPTIN-WHO).

    A record whose external id is known is made as given, and what the file leaves out stays. The answer has an item for
    each row. While it runs, `import` events `{import_id, done, total}` tell how far it is.
    """
    form = _format(request)
    # No transaction is open while the client sends.
    await commit(session)
    with temporary_file() as file:
        try:
            await spool(request.stream(), file)
        except ClientDisconnect:
            raise Unreadable("The upload ended before the file did.") from None
        report = await import_directory(
            from_app(request, Database),
            principal,
            file,
            form,
            partial=partial,
            import_id=import_id or uuid4(),
        )
    return ReportResponse(report, instance=request.url.path)


def _format(request: Request) -> Format:
    """Raises `UnsupportedMediaType`, which names what is taken."""
    declared = Message()
    declared["content-type"] = request.headers.get("content-type", "")
    form = FORMATS.get(declared.get_content_type())
    if form is None or declared.get_content_charset("utf-8") not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(f"Send UTF-8 with a Content-Type of {', '.join(FORMATS)}.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the file as it is, without a Content-Encoding.")
    return form
