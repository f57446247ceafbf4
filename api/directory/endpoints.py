"""Routes of families and staff members. `importing/endpoints.py` has those of imports."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.dependencies import Administrator, CanKeepDirectory, CanReadDirectory, SignedIn, guarded
from api.access.passwords import hash_outside
from api.access.preconditions import if_match
from api.access.rules import Principal
from api.directory import service
from api.directory.fields import ExternalId, LocationName, Tag
from api.directory.rules import ImportOutcome, WantedRecord
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
from api.directory.service import FAMILY, STAFF_MEMBER, Kind, Stored
from api.directory.types import AudienceFilter
from api.directory.wanted import NumbersNotRead, wanted_record
from api.kit.changes import Changes
from api.kit.database import Session
from api.kit.errors import AlreadyExists, Conflict, Invalid, NotFound
from api.kit.idempotency import GivenKey, IdempotencyKeyHeader, once
from api.kit.metadata import change_of
from api.kit.metadata_filter import MetadataFilter
from api.kit.paging import Page, Paging
from api.kit.text import Body

router = APIRouter(tags=["directory"])

ExternalIdPath = Annotated[
    ExternalId,
    Path(
        description="The record's id in another system. It may hold any character: percent-encode it, slashes too.",
    ),
]


async def country_of(principal: SignedIn, session: Session) -> str:
    """How numbers in national form are read: ISO 3166 alpha-2."""
    return await access.country_of_organization(session, principal.organization_id)


Country = Annotated[str, Depends(country_of)]


def _filtered_by(field: str) -> Any:
    """The query parameter of a field of `AudienceFilter`."""
    described = AudienceFilter.model_fields[field]
    return Query(description=described.description)


Search = Annotated[
    Body | None, Query(max_length=MAX_QUERY_CHARACTERS, description=AudienceFilter.model_fields["q"].description)
]
TagFilter = Annotated[Tag | None, _filtered_by("tag")]
LocationFilter = Annotated[LocationName | None, _filtered_by("location")]
Archived = Annotated[bool, _filtered_by("archived")]


def audience_filter(
    q: Search = None, tag: TagFilter = None, location: LocationFilter = None, archived: Archived = False
) -> AudienceFilter:
    return AudienceFilter(q=q, tag=tag, location=location, archived=archived)


def listing(
    principal: SignedIn,
    paging: Paging,
    changes: Changes,
    wanted: Annotated[AudienceFilter, Depends(audience_filter)],
    metadata: MetadataFilter,
    external_id: Annotated[
        ExternalId | None, Query(description="The record with exactly this id in another system.")
    ] = None,
) -> Listed:
    return Listed(
        principal.organization_id, wanted, paging, external_id=external_id, metadata=metadata, changes=changes
    )


Listings = Annotated[Listed, Depends(listing)]


def family_listing(listing: Listings, class_id: Annotated[UUID | None, _filtered_by("class_id")] = None) -> Listed:
    return replace(listing, filter=listing.filter.model_copy(update={"class_id": class_id}))


FamilyListings = Annotated[Listed, Depends(family_listing)]

Out = TypeVar("Out", FamilyOut, StaffMemberOut)


@dataclass(frozen=True)
class Records(Generic[Stored, Out]):
    """What the routes of families and those of staff members do alike."""

    kind: Kind[Stored]
    shown: Callable[[Stored], Out]

    async def list(self, session: AsyncSession, listing: Listed) -> Page[Out]:
        records, next_cursor = await service.list_records(session, self.kind, listing)
        return Page(items=[self.shown(each) for each in records], next_cursor=next_cursor)

    async def get(self, session: AsyncSession, principal: Principal, record_id: UUID) -> Out:
        return self.shown(await service.require(session, self.kind, principal.organization_id, record_id))

    async def get_by_external_id(self, session: AsyncSession, principal: Principal, external_id: str) -> Out:
        found = await service.require_by_external_id(session, self.kind, principal.organization_id, external_id)
        return self.shown(found)

    def wanted(self, body: BaseModel, country: str, **fields: Any) -> WantedRecord:
        """`fields`: those of the address. Raises `Invalid` for unreadable numbers, and for another external id."""
        given, named = getattr(body, "external_id", None), fields.get("external_id")
        if named is not None and given not in (None, named):
            raise Invalid(
                [("/external_id", "Leave it out: the address names the record. PATCH changes its external id.")]
            )
        try:
            read = wanted_record(self.kind.owner, body, country=country)
        except NumbersNotRead as error:
            raise Invalid([(place.pointer, detail) for place, detail in error.problems]) from error
        return replace(read, metadata=change_of(body), **fields)

    async def create(
        self,
        session: AsyncSession,
        principal: Principal,
        wanted: WantedRecord,
        *,
        key: GivenKey | None,
        body: BaseModel,
    ) -> Response:
        async def create() -> tuple[int, Out]:
            created = await service.change(session, principal, wanted)
            return 201, await self.get(session, principal, created.id)

        operation = f"create-{self.kind.owner.value.replace('_', '-')}"
        return await once(session, create, key=key, asked_by=principal, operation=operation, request=body)

    async def change(self, session: AsyncSession, principal: Principal, wanted: WantedRecord) -> Out:
        changed = await service.change(session, principal, wanted)
        return await self.get(session, principal, changed.id)

    async def put(self, session: AsyncSession, principal: Principal, wanted: WantedRecord, response: Response) -> Out:
        """`change`, with a status of 201 if the record is new."""
        put = await service.change(session, principal, wanted)
        response.status_code = 201 if put.outcome is ImportOutcome.CREATED else 200
        return await self.get(session, principal, put.id)

    async def archive(self, session: AsyncSession, principal: Principal, record_id: UUID) -> Out:
        return await self.change(session, principal, WantedRecord(self.kind.owner, record_id, archived=True))


FAMILIES = Records(FAMILY, FamilyOut.model_validate)
STAFF_MEMBERS = Records(STAFF_MEMBER, StaffMemberOut.of)


@router.get("/families", responses=guarded(Invalid))
async def list_families(principal: CanReadDirectory, session: Session, listing: FamilyListings) -> Page[FamilyOut]:
    """Families by name; with `updated_since`, by time of change."""
    return await FAMILIES.list(session, listing)


@router.post(
    "/families", status_code=201, response_model=FamilyOut, responses=guarded(AlreadyExists, Conflict, Invalid)
)
async def create_family(
    body: FamilyIn,
    principal: CanKeepDirectory,
    session: Session,
    country: Country,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Add a family with its contacts, students and phone records."""
    wanted = FAMILIES.wanted(body, country)
    return await FAMILIES.create(session, principal, wanted, key=idempotency_key, body=body)


@router.get("/families/{family_id}", responses=guarded(NotFound, Invalid))
async def get_family(family_id: UUID, principal: CanReadDirectory, session: Session) -> FamilyOut:
    """One family with its contacts, students and phone records."""
    return await FAMILIES.get(session, principal, family_id)


@router.get("/families/by-external-id/{external_id:path}", responses=guarded(NotFound, Invalid))
async def get_family_by_external_id(
    external_id: ExternalIdPath, principal: CanReadDirectory, session: Session
) -> FamilyOut:
    """The family with this external id, archived or not."""
    return await FAMILIES.get_by_external_id(session, principal, external_id)


@router.patch(
    "/families/{family_id}",
    dependencies=[if_match(get_family)],
    responses=guarded(NotFound, AlreadyExists, Conflict, Invalid),
)
async def update_family(
    family_id: UUID, body: FamilyPatch, principal: CanKeepDirectory, session: Session, country: Country
) -> FamilyOut:
    """Change a family. A record whose number changes starts with no opt-in (OPTIN-MOVE)."""
    return await FAMILIES.change(session, principal, FAMILIES.wanted(body, country, target=family_id))


@router.put(
    "/families/by-external-id/{external_id:path}",
    dependencies=[if_match(get_family_by_external_id)],
    responses={201: {"model": FamilyOut, "description": "Created"}, **guarded(AlreadyExists, Conflict, Invalid)},
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
    wanted = FAMILIES.wanted(body, country, target=external_id, external_id=external_id)
    return await FAMILIES.put(session, principal, wanted, response)


@router.post("/families/{family_id}/archive", dependencies=[if_match(get_family)], responses=guarded(NotFound, Invalid))
async def archive_family(family_id: UUID, principal: CanKeepDirectory, session: Session) -> FamilyOut:
    """An archived record that is opted out still blocks its numbers (OPTIN-ARCHIVED)."""
    return await FAMILIES.archive(session, principal, family_id)


@router.get("/staff-members", responses=guarded(Invalid))
async def list_staff_members(principal: CanReadDirectory, session: Session, listing: Listings) -> Page[StaffMemberOut]:
    """Staff members by name; with `updated_since`, by time of change."""
    return await STAFF_MEMBERS.list(session, listing)


@router.post(
    "/staff-members",
    status_code=201,
    response_model=StaffMemberOut,
    responses=guarded(AlreadyExists, Conflict, Invalid),
)
async def create_staff_member(
    body: StaffMemberIn,
    principal: Administrator,
    session: Session,
    country: Country,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Add a staff member. With a password they can sign in."""
    wanted = STAFF_MEMBERS.wanted(body, country, password_hash=await hash_outside(session, body.password))
    return await STAFF_MEMBERS.create(session, principal, wanted, key=idempotency_key, body=body)


@router.get("/staff-members/{staff_member_id}", responses=guarded(NotFound, Invalid))
async def get_staff_member(staff_member_id: UUID, principal: CanReadDirectory, session: Session) -> StaffMemberOut:
    """One staff member with their phone records."""
    return await STAFF_MEMBERS.get(session, principal, staff_member_id)


@router.get("/staff-members/by-external-id/{external_id:path}", responses=guarded(NotFound, Invalid))
async def get_staff_member_by_external_id(
    external_id: ExternalIdPath, principal: CanReadDirectory, session: Session
) -> StaffMemberOut:
    """The staff member with this external id, archived or not."""
    return await STAFF_MEMBERS.get_by_external_id(session, principal, external_id)


@router.patch(
    "/staff-members/{staff_member_id}",
    dependencies=[if_match(get_staff_member)],
    responses=guarded(NotFound, AlreadyExists, Conflict, Invalid),
)
async def update_staff_member(
    staff_member_id: UUID, body: StaffMemberPatch, principal: Administrator, session: Session, country: Country
) -> StaffMemberOut:
    """Change a staff member: permissions bite at the next request (PERM-NOW)."""
    password_hash = await hash_outside(session, body.password)
    wanted = STAFF_MEMBERS.wanted(body, country, target=staff_member_id, password_hash=password_hash)
    return await STAFF_MEMBERS.change(session, principal, wanted)


@router.put(
    "/staff-members/by-external-id/{external_id:path}",
    dependencies=[if_match(get_staff_member_by_external_id)],
    responses={201: {"model": StaffMemberOut, "description": "Created"}, **guarded(AlreadyExists, Conflict, Invalid)},
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
    password_hash = await hash_outside(session, body.password)
    named = {"target": external_id, "external_id": external_id}
    wanted = STAFF_MEMBERS.wanted(body, country, **named, password_hash=password_hash)
    return await STAFF_MEMBERS.put(session, principal, wanted, response)


@router.post(
    "/staff-members/{staff_member_id}/archive",
    dependencies=[if_match(get_staff_member)],
    responses=guarded(NotFound, AlreadyExists, Conflict, Invalid),
)
async def archive_staff_member(staff_member_id: UUID, principal: Administrator, session: Session) -> StaffMemberOut:
    """The person is signed out everywhere and cannot sign in again."""
    return await STAFF_MEMBERS.archive(session, principal, staff_member_id)
