"""Routes of the directory."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from api.access.dependencies import Administrator, Anybody, guarded
from api.directory import queries, service
from api.directory.schemas import (
    ExternalId,
    FamilyIn,
    FamilyOut,
    FamilyPatch,
    StaffMemberIn,
    StaffMemberOut,
    StaffMemberPatch,
)
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging, decode_name_cursor, encode_cursor
from api.kit.text import Line

router = APIRouter(tags=["directory"])

Search = Annotated[Line | None, Query(max_length=100, description="Part of a name, or of a phone number.", alias="q")]
ExternalIdPath = Annotated[ExternalId, Path(description="The record's id in another system.")]
Archived = Annotated[bool, Query(description="Archived records instead of living ones.")]


@router.get("/families", responses=guarded(Invalid))
async def list_families(
    principal: Anybody, session: Session, paging: Paging, search: Search = None, archived: Archived = False
) -> Page[FamilyOut]:
    """Families by name."""
    rows = await queries.families(
        session,
        principal.organization_id,
        search=search,
        archived=archived,
        after=decode_name_cursor(paging.cursor) if paging.cursor else None,
        limit=paging.limit + 1,
    )
    shown = list(rows[: paging.limit])
    return Page(
        items=await service.families_out(session, principal.organization_id, shown),
        next_cursor=encode_cursor(shown[-1].name, shown[-1].id) if len(rows) > paging.limit else None,
    )


@router.post("/families", status_code=201, response_model=FamilyOut, responses=guarded(Conflict, Invalid))
async def create_family(
    body: FamilyIn, principal: Anybody, session: Session, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    async def create() -> tuple[int, FamilyOut]:
        family = await service.create_family(
            session, organization_id=principal.organization_id, actor=principal.actor, new=body
        )
        (answer,) = await service.families_out(session, principal.organization_id, [family])
        return 201, answer

    return await once(
        session,
        create,
        key=idempotency_key,
        organization_id=principal.organization_id,
        principal_id=principal.id,
        operation="create-family",
        request=body,
    )


@router.get("/families/{family_id}", responses=guarded(NotFound, Invalid))
async def get_family(family_id: UUID, principal: Anybody, session: Session) -> FamilyOut:
    family = await service.require_family(session, principal.organization_id, family_id)
    (answer,) = await service.families_out(session, principal.organization_id, [family])
    return answer


@router.patch("/families/{family_id}", responses=guarded(NotFound, Conflict, Invalid))
async def update_family(family_id: UUID, body: FamilyPatch, principal: Anybody, session: Session) -> FamilyOut:
    """Change a family. A record whose number changes starts with no opt-in (OPTIN-MOVE)."""
    family = await service.update_family(
        session,
        organization_id=principal.organization_id,
        actor=principal.actor,
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
    external_id: ExternalIdPath, body: FamilyIn, principal: Anybody, session: Session, response: Response
) -> FamilyOut:
    """Create the family with this external id, or make it as given. States that are not given stay."""
    family, is_new = await service.put_family(
        session,
        organization_id=principal.organization_id,
        actor=principal.actor,
        external_id=external_id,
        family=body,
    )
    response.status_code = 201 if is_new else 200
    (answer,) = await service.families_out(session, principal.organization_id, [family])
    return answer


@router.post("/families/{family_id}/archive", responses=guarded(NotFound, Invalid))
async def archive_family(family_id: UUID, principal: Anybody, session: Session) -> FamilyOut:
    """An archived record that is opted out still blocks its numbers (OPTIN-ARCHIVED)."""
    family = await service.archive_family(session, principal.organization_id, principal.actor, family_id)
    (answer,) = await service.families_out(session, principal.organization_id, [family])
    return answer


@router.get("/staff-members", responses=guarded(Invalid))
async def list_staff_members(
    principal: Anybody, session: Session, paging: Paging, search: Search = None, archived: Archived = False
) -> Page[StaffMemberOut]:
    """Staff members by name."""
    rows = await queries.staff_members(
        session,
        principal.organization_id,
        search=search,
        archived=archived,
        after=decode_name_cursor(paging.cursor) if paging.cursor else None,
        limit=paging.limit + 1,
    )
    shown = list(rows[: paging.limit])
    return Page(
        items=await service.staff_members_out(session, principal.organization_id, shown),
        next_cursor=encode_cursor(shown[-1].name, shown[-1].id) if len(rows) > paging.limit else None,
    )


@router.post("/staff-members", status_code=201, response_model=StaffMemberOut, responses=guarded(Conflict, Invalid))
async def create_staff_member(
    body: StaffMemberIn,
    principal: Administrator,
    session: Session,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    async def create() -> tuple[int, StaffMemberOut]:
        staff_member = await service.create_staff_member(
            session, organization_id=principal.organization_id, actor=principal.actor, new=body
        )
        (answer,) = await service.staff_members_out(session, principal.organization_id, [staff_member])
        return 201, answer

    return await once(
        session,
        create,
        key=idempotency_key,
        organization_id=principal.organization_id,
        principal_id=principal.id,
        operation="create-staff-member",
        request=body,
    )


@router.get("/staff-members/{staff_member_id}", responses=guarded(NotFound, Invalid))
async def get_staff_member(staff_member_id: UUID, principal: Anybody, session: Session) -> StaffMemberOut:
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
        organization_id=principal.organization_id,
        actor=principal.actor,
        staff_member_id=staff_member_id,
        patch=body,
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
        organization_id=principal.organization_id,
        actor=principal.actor,
        external_id=external_id,
        staff_member=body,
    )
    response.status_code = 201 if is_new else 200
    (answer,) = await service.staff_members_out(session, principal.organization_id, [staff_member])
    return answer


@router.post("/staff-members/{staff_member_id}/archive", responses=guarded(NotFound, Conflict, Invalid))
async def archive_staff_member(staff_member_id: UUID, principal: Administrator, session: Session) -> StaffMemberOut:
    staff_member = await service.archive_staff_member(
        session, principal.organization_id, principal.actor, staff_member_id
    )
    (answer,) = await service.staff_members_out(session, principal.organization_id, [staff_member])
    return answer
