"""Routes of API keys."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.access import api_keys
from api.access.dependencies import Administrator, guarded
from api.access.key_schemas import ApiKeyCreated, ApiKeyIn, ApiKeyOut, ApiKeyPatch, ApiKeyRotation
from api.access.preconditions import if_match
from api.kit.database import Session
from api.kit.errors import Conflict, Forbidden, Invalid, NotFound
from api.kit.idempotency import IdempotencyKeyHeader, once
from api.kit.paging import Page, Paging

router = APIRouter(tags=["access"])

SECRET_FIELD = "key"  # noqa: S105  # The name of a field.


@router.get("/api-keys", responses=guarded(Invalid))
async def list_api_keys(principal: Administrator, session: Session, paging: Paging) -> Page[ApiKeyOut]:
    """The organization's keys, newest first, ended ones included."""
    keys = await api_keys.api_keys(session, principal.organization_id, after=paging.id_key(), limit=paging.rows_to_read)
    shown, next_cursor = paging.cut(keys, lambda listed: (listed.key.id,))
    return Page(items=[ApiKeyOut.of(each) for each in shown], next_cursor=next_cursor)


@router.post(
    "/api-keys",
    status_code=201,
    response_model=ApiKeyCreated,
    responses=guarded(Conflict, Forbidden, Invalid),
)
async def create_api_key(
    body: ApiKeyIn,
    principal: Administrator,
    session: Session,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Create a key. This answer shows it, and for ten minutes so does a repeat under the same `Idempotency-Key`."""

    async def create() -> tuple[int, ApiKeyCreated]:
        return 201, ApiKeyCreated.created(*await api_keys.create_api_key(session, principal, body.new_key()))

    return await once(
        session,
        create,
        key=idempotency_key,
        asked_by=principal,
        operation="create-api-key",
        request=body,
        secret_field=SECRET_FIELD,
    )


@router.get("/api-keys/{api_key_id}", responses=guarded(NotFound, Invalid))
async def get_api_key(api_key_id: UUID, principal: Administrator, session: Session) -> ApiKeyOut:
    """One key, valid or not. The key itself is not shown again."""
    return ApiKeyOut.of(await api_keys.require_api_key(session, principal, api_key_id))


@router.patch(
    "/api-keys/{api_key_id}",
    dependencies=[if_match(get_api_key)],
    responses=guarded(NotFound, Conflict, Forbidden, Invalid),
)
async def update_api_key(api_key_id: UUID, body: ApiKeyPatch, principal: Administrator, session: Session) -> ApiKeyOut:
    """Rename a key, or change what it may do and how long it is valid. One that has ended stays ended."""
    return ApiKeyOut.of(await api_keys.change_api_key(session, principal, api_key_id, body.changes()))


@router.post(
    "/api-keys/{api_key_id}/rotate",
    dependencies=[if_match(get_api_key)],
    status_code=201,
    response_model=ApiKeyCreated,
    responses=guarded(NotFound, Conflict, Forbidden, Invalid),
)
async def rotate_api_key(
    api_key_id: UUID,
    body: ApiKeyRotation,
    principal: Administrator,
    session: Session,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Make a new key in place of this one, with the same name and permissions and as long a life. This answer shows it.

    The old key is valid until `old_key_valid_until`, so that every system can change over without a gap.
    """

    async def rotate() -> tuple[int, ApiKeyCreated]:
        until = body.old_key_valid_until
        rotated = await api_keys.rotate_api_key(session, principal, api_key_id, old_key_valid_until=until)
        return 201, ApiKeyCreated.created(*rotated)

    return await once(
        session,
        rotate,
        key=idempotency_key,
        asked_by=principal,
        operation=f"rotate-api-key/{api_key_id}",
        request=body,
        secret_field=SECRET_FIELD,
    )


@router.delete(
    "/api-keys/{api_key_id}",
    status_code=204,
    dependencies=[if_match(get_api_key)],
    responses=guarded(NotFound, Invalid),
)
async def revoke_api_key(api_key_id: UUID, principal: Administrator, session: Session) -> None:
    """The key is not accepted any more. It stays in the list."""
    await api_keys.revoke_api_key(session, principal, api_key_id)
