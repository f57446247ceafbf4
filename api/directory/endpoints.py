"""Routes of families and staff members. `importing/endpoints.py` has those of imports."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.dependencies import Administrator, CanKeepDirectory, CanReadDirectory, SignedIn, guarded
from api.access.passwords import hash_outside
from api.access.rules import Principal
from api.directory import service
from api.directory.fields import ExternalId
from api.directory.rules import ImportOutcome, OwnerKind, WantedRecord
from api.directory.schemas import (
    FamilyIn,
    FamilyOut,
    FamilyPatch,
    StaffMemberIn,
    StaffMemberOut,
    StaffMemberPatch,
)
from api.directory.search_queries import Listed
from api.directory.search_rules import MAX_QUERY_CHARACTERS
from api.kit.database import Session
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging, encode_cursor
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


async def country_of(principal: SignedIn, session: Session) -> str:
    """How numbers in national form are read: ISO 3166 alpha-2."""
    return await access.country_of_organization(session, principal.organization_id)


Country = Annotated[str, Depends(country_of)]


@dataclass(frozen=True)
class Listing:
    """What a list is asked for."""

    text: str | None
    page: Listed


def listing(principal: SignedIn, paging: Paging, search: Search = None, archived: Archived = False) -> Listing:
    return Listing(search, Listed(principal.organization_id, archived, paging.name_key(), paging.limit))


Listings = Annotated[Listing, Depends(listing)]


@router.get("/families", responses=guarded(Invalid))
async def list_families(principal: CanReadDirectory, session: Session, listing: Listings) -> Page[FamilyOut]:
    """Families by name."""
    families, has_more = await service.list_families(session, listing.page, text=listing.text)
    return Page(
        items=[FamilyOut.of(each) for each in families],
        next_cursor=encode_cursor(families[-1].name, families[-1].id) if has_more else None,
    )


async def _family(session: AsyncSession, principal: Principal, family_id: UUID) -> FamilyOut:
    return FamilyOut.of(await service.require_family(session, principal.organization_id, family_id))


@router.post("/families", status_code=201, response_model=FamilyOut, responses=guarded(Conflict, Invalid))
async def create_family(
    body: FamilyIn,
    principal: CanKeepDirectory,
    session: Session,
    country: Country,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    async def create() -> tuple[int, FamilyOut]:
        created = await service.change(session, principal, body.wanted(country=country))
        return 201, await _family(session, principal, created.id)

    return await once(session, create, key=idempotency_key, asked_by=principal, operation="create-family", request=body)


@router.get("/families/{family_id}", responses=guarded(NotFound, Invalid))
async def get_family(family_id: UUID, principal: CanReadDirectory, session: Session) -> FamilyOut:
    return await _family(session, principal, family_id)


@router.patch("/families/{family_id}", responses=guarded(NotFound, Conflict, Invalid))
async def update_family(
    family_id: UUID, body: FamilyPatch, principal: CanKeepDirectory, session: Session, country: Country
) -> FamilyOut:
    """Change a family. A record whose number changes starts with no opt-in (OPTIN-MOVE)."""
    await service.change(session, principal, body.wanted(family_id, country=country))
    return await _family(session, principal, family_id)


@router.put(
    "/families/by-external-id/{external_id}",
    responses={201: {"model": FamilyOut, "description": "Created"}, **guarded(Conflict, Invalid)},
)
async def put_family(
    external_id: ExternalIdPath,
    body: FamilyIn,
    principal: CanKeepDirectory,
    session: Session,
    country: Country,
    response: Response,
) -> FamilyOut:
    """Create the family with this external id, or make it as given. States that are not given stay."""
    wanted = replace(body.wanted(country=country), target=external_id, external_id=external_id)
    put = await service.change(session, principal, wanted)
    response.status_code = 201 if put.outcome is ImportOutcome.CREATED else 200
    return await _family(session, principal, put.id)


@router.post("/families/{family_id}/archive", responses=guarded(NotFound, Invalid))
async def archive_family(family_id: UUID, principal: CanKeepDirectory, session: Session) -> FamilyOut:
    """An archived record that is opted out still blocks its numbers (OPTIN-ARCHIVED)."""
    await service.change(session, principal, WantedRecord(OwnerKind.FAMILY, family_id, archived=True))
    return await _family(session, principal, family_id)


@router.get("/staff-members", responses=guarded(Invalid))
async def list_staff_members(principal: CanReadDirectory, session: Session, listing: Listings) -> Page[StaffMemberOut]:
    """Staff members by name."""
    people, has_more = await service.list_staff_members(session, listing.page, text=listing.text)
    return Page(
        items=[StaffMemberOut.of(each) for each in people],
        next_cursor=encode_cursor(people[-1].name, people[-1].id) if has_more else None,
    )


async def _staff_member(session: AsyncSession, principal: Principal, staff_member_id: UUID) -> StaffMemberOut:
    return StaffMemberOut.of(await service.require_staff_member(session, principal.organization_id, staff_member_id))


@router.post("/staff-members", status_code=201, response_model=StaffMemberOut, responses=guarded(Conflict, Invalid))
async def create_staff_member(
    body: StaffMemberIn,
    principal: Administrator,
    session: Session,
    country: Country,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    password_hash = await hash_outside(session, body.password)

    async def create() -> tuple[int, StaffMemberOut]:
        wanted = body.wanted(country=country, password_hash=password_hash)
        created = await service.change(session, principal, wanted)
        return 201, await _staff_member(session, principal, created.id)

    return await once(
        session, create, key=idempotency_key, asked_by=principal, operation="create-staff-member", request=body
    )


@router.get("/staff-members/{staff_member_id}", responses=guarded(NotFound, Invalid))
async def get_staff_member(staff_member_id: UUID, principal: CanReadDirectory, session: Session) -> StaffMemberOut:
    return await _staff_member(session, principal, staff_member_id)


@router.patch("/staff-members/{staff_member_id}", responses=guarded(NotFound, Conflict, Invalid))
async def update_staff_member(
    staff_member_id: UUID, body: StaffMemberPatch, principal: Administrator, session: Session, country: Country
) -> StaffMemberOut:
    """Change a staff member: permissions bite at the next request (PERM-NOW)."""
    password_hash = await hash_outside(session, body.password)
    wanted = body.wanted(staff_member_id, country=country, password_hash=password_hash)
    await service.change(session, principal, wanted)
    return await _staff_member(session, principal, staff_member_id)


@router.put(
    "/staff-members/by-external-id/{external_id}",
    responses={201: {"model": StaffMemberOut, "description": "Created"}, **guarded(Conflict, Invalid)},
)
async def put_staff_member(
    external_id: ExternalIdPath,
    body: StaffMemberIn,
    principal: Administrator,
    session: Session,
    country: Country,
    response: Response,
) -> StaffMemberOut:
    """Create the staff member with this external id, or make them as given."""
    wanted = body.wanted(country=country, password_hash=await hash_outside(session, body.password))
    put = await service.change(session, principal, replace(wanted, target=external_id, external_id=external_id))
    response.status_code = 201 if put.outcome is ImportOutcome.CREATED else 200
    return await _staff_member(session, principal, put.id)


@router.post("/staff-members/{staff_member_id}/archive", responses=guarded(NotFound, Conflict, Invalid))
async def archive_staff_member(staff_member_id: UUID, principal: Administrator, session: Session) -> StaffMemberOut:
    """The person is signed out everywhere and cannot sign in again."""
    await service.change(session, principal, WantedRecord(OwnerKind.STAFF_MEMBER, staff_member_id, archived=True))
    return await _staff_member(session, principal, staff_member_id)
