"""Routes of the session, the caller and the API keys."""

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response

from api.access import queries, service
from api.access.client_address import client_address
from api.access.dependencies import (
    Anybody,
    Public,
    guarded,
    require_same_origin,
    session_cookie,
)
from api.access.devices import LIFETIME_SECONDS, cookie_value, known_devices
from api.access.errors import CrossOrigin, SignInRefused
from api.access.gate import SignInGate
from api.access.rules import in_order
from api.access.schemas import (
    Me,
    MeStaffMember,
    OrganizationOut,
    SignInIn,
)
from api.access.sign_in import Credentials
from api.access.sign_in import sign_in as start_by_password
from api.kit.app_state import from_app
from api.kit.database import Database, Session
from api.kit.errors import Invalid, RateLimited, problem_responses
from api.kit.secrets import SecretBox
from api.kit.strict_requests import known_parameters_only
from api.settings import Settings

router = APIRouter(tags=["access"])


def device_cookie_name(settings: Settings) -> str:
    """The cookie's name; over https with `__Host-`, so that no other host of the domain can set it."""
    return "__Host-messenger_device" if settings.secure_cookies else "messenger_device"


@router.post(
    "/session",
    dependencies=[Depends(Public("Signing in is how a person becomes a principal.")), Depends(known_parameters_only)],
    responses=problem_responses(SignInRefused, CrossOrigin, Invalid, RateLimited),
)
async def sign_in(body: SignInIn, request: Request, response: Response) -> Me:
    """Start a session. Its token is set as an HttpOnly cookie; a second cookie recognises the device."""
    require_same_origin(request, may_be_absent=True)
    settings, secrets = from_app(request, Settings), from_app(request, SecretBox)
    lifetime = timedelta(hours=settings.session_hours)
    signed_in = await start_by_password(
        from_app(request, Database),
        from_app(request, SignInGate),
        Credentials(
            organization_slug=body.organization,
            email=body.email,
            password=body.password,
            address=client_address(request),
            devices=known_devices(request.cookies.get(device_cookie_name(settings)), secrets),
            user_agent=request.headers.get("user-agent"),
        ),
        lifetime=lifetime,
    )
    response.set_cookie(
        device_cookie_name(settings),
        cookie_value(signed_in.devices, secrets),
        max_age=LIFETIME_SECONDS,
        httponly=True,
        samesite="strict",
        secure=settings.secure_cookies,
        path="/",
    )
    response.set_cookie(
        session_cookie(settings),
        signed_in.token,
        max_age=int(lifetime.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
        path="/",
    )
    principal = service.staff_principal(signed_in.staff_member, credential_id=signed_in.staff_member.id)
    return Me(
        staff_member=MeStaffMember.model_validate(signed_in.staff_member),
        organization=OrganizationOut.model_validate(signed_in.organization),
        permissions=in_order(principal.permissions),
        is_admin=principal.is_admin,
    )


@router.delete("/session", status_code=204, responses=guarded())
async def sign_out(principal: Anybody, request: Request, response: Response, session: Session) -> None:
    """End the session. An API key has none: nothing happens."""
    if principal.staff_member_id is not None:
        await service.sign_out(session, principal)
        settings = from_app(request, Settings)
        # Browsers ignore a `__Host-` cookie that is not secure, also where it ends the one they have.
        response.delete_cookie(
            session_cookie(settings), path="/", httponly=True, samesite="lax", secure=settings.secure_cookies
        )


@router.get("/me", responses=guarded())
async def me(principal: Anybody, session: Session) -> Me:
    """Who asks, of which organization, and what they may do."""
    organization = await queries.organization(session, principal.organization_id)
    staff_member = None
    if principal.staff_member_id is not None:
        staff_member = await queries.staff_member(session, principal.organization_id, principal.staff_member_id)
    return Me(
        staff_member=MeStaffMember.model_validate(staff_member) if staff_member else None,
        organization=OrganizationOut.model_validate(organization),
        permissions=in_order(principal.permissions),
        is_admin=principal.is_admin,
    )
