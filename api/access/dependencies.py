"""`Require(...)`: the permissions that a route needs. Every route declares one, or `Public`."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service
from api.access.client_address import client_address
from api.access.errors import CrossOrigin, PermissionRequired
from api.access.rate_limits import RateLimits
from api.access.rules import Permission, Principal, PrincipalKind, first_missing
from api.kit.app_state import from_app
from api.kit.database import Session
from api.kit.errors import NotSignedIn, Problem, RateLimited, problem_responses
from api.kit.metrics import RATE_LIMITED
from api.kit.request_context import request_context
from api.kit.scope import RATE_LIMIT_HEADERS
from api.kit.strict_requests import known_parameters_only
from api.settings import Environment, Settings
from api.urls import Origin, parsed_origin

SESSION_COOKIE = "messenger_session"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
STAFF_MEMBER_HEADER = "Messenger-Staff-Member"
"""The staff member whose request it is. A tab of the app that still holds one person's unsent texts names them, so that
the texts do not leave in the name of the next person who signs in at that browser."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def signed_in(request: Request, session: Session) -> Principal:
    """The caller, by API key or cookie. The request counts against the caller's rate limit.

    Raises `NotSignedIn`, `CrossOrigin` for an unsafe request from another site, `RateLimited`, and `Invalid` for query
    parameters that the route does not know, or a body that it does not take.
    """
    principal = await _principal(request, session)
    context = request_context.get()
    if context is not None:
        context.made_by(principal.kind.value, principal.id, organization_id=principal.organization_id)
    quota = from_app(request, RateLimits).count(principal)
    if quota is not None:
        request.scope[RATE_LIMIT_HEADERS] = quota.headers
        if quota.is_exceeded:
            RATE_LIMITED.labels(quota.policy).inc()
            raise RateLimited(
                f"More than {quota.limit} requests in a minute. Try again in {quota.resets_in_seconds} seconds.",
                retry_after_seconds=quota.resets_in_seconds,
            )
    await known_parameters_only(request)
    return principal


async def _principal(request: Request, session: AsyncSession) -> Principal:
    key = _api_key(request)
    if key is not None:
        principal = await service.principal_of_api_key(session, key)
        if principal is None:
            raise NotSignedIn("The API key is not valid, was revoked or has expired.")
        return principal
    settings = from_app(request, Settings)
    token = request.cookies.get(session_cookie(settings))
    if token is None:
        raise NotSignedIn("Sign in, or send an API key as a bearer token.")
    lifetime = timedelta(hours=settings.session_hours)
    principal = await service.principal_of_cookie(session, token, lifetime=lifetime, address=client_address(request))
    if principal is None:
        raise NotSignedIn("The session has ended. Sign in again.")
    if request.method not in SAFE_METHODS:
        require_same_origin(request, may_be_absent=False)
    named = request.headers.get(STAFF_MEMBER_HEADER)
    if named is not None and named != str(principal.staff_member_id):
        raise NotSignedIn("Somebody else is signed in here now. Sign in again as the person who wrote it.")
    return principal


SignedIn = Annotated[Principal, Depends(signed_in)]


def _api_key(request: Request) -> str | None:
    """The bearer token; empty if there are several, None if there is none.

    Other schemes are ignored: a proxy may leave its own `Authorization: Basic …` on every request.
    """
    given = [value.strip().partition(" ") for value in request.headers.getlist("authorization")]
    keys = {key.strip() for scheme, _, key in given if scheme.lower() == "bearer"}
    if not keys:
        return None
    return keys.pop() if len(keys) == 1 else ""


def session_cookie(settings: Settings) -> str:
    """The cookie's name. Browsers accept a `__Host-` cookie only from this very host, over https."""
    return f"__Host-{SESSION_COOKIE}" if settings.secure_cookies else SESSION_COOKIE


def require_same_origin(request: Request, *, may_be_absent: bool) -> None:
    """Raises `CrossOrigin` unless the request comes from our own pages (CSRF)."""
    given = request.headers.getlist("origin")
    if not given and may_be_absent:
        return
    if len(given) != 1 or parsed_origin(given[0]) not in _own_origins(request):
        raise CrossOrigin(
            "Unsafe requests with a session cookie need the Origin of this service, which is that of "
            "MESSENGER_PUBLIC_URL."
        )


def _own_origins(request: Request) -> set[Origin]:
    """The configured address; in development also the address that the server listens on."""
    settings = from_app(request, Settings)
    own = {settings.public_origin}
    server = request.scope.get("server")
    if settings.environment is Environment.DEVELOPMENT and server is not None and server[1] is not None:
        own |= {Origin("http", host, server[1]) for host in (server[0], *LOOPBACK_HOSTS)}
    return own


class Require:
    """A dependency: the signed-in caller with these permissions (PERM-VIEW, PERM-SEND, PERM-ADMIN, PERM-DIRECTORY).

    The caller needs all of `permissions` and, if given, one of `any_of`; an API key also needs all of `of_keys`.
    """

    def __init__(
        self,
        *permissions: Permission,
        any_of: tuple[Permission, ...] = (),
        of_keys: tuple[Permission, ...] = (),
        admin: bool = False,
    ) -> None:
        self.permissions = permissions
        self.any_of = any_of
        self.of_keys = of_keys
        self.admin = admin

    async def __call__(self, principal: SignedIn) -> Principal:
        if self.admin and not principal.is_admin:
            raise PermissionRequired(None)
        is_key = principal.kind is PrincipalKind.API_KEY
        missing = first_missing(principal.permissions, (*self.permissions, *(self.of_keys if is_key else ())))
        if missing is None and self.any_of and principal.permissions.isdisjoint(self.any_of):
            missing = self.any_of[0]
        if missing is not None:
            raise PermissionRequired(missing)
        return principal


class Public:
    """A dependency of a route that is open to anybody, with the reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def __call__(self) -> None:
        return None


Anybody = Annotated[Principal, Depends(Require())]
CanView = Annotated[Principal, Depends(Require(Permission.SMS_LOGS))]
CanSend = Annotated[Principal, Depends(Require(Permission.SMS_LOGS, Permission.MASS_TEXT))]
CanReadDirectory = Annotated[Principal, Depends(Require(of_keys=(Permission.DIRECTORY,)))]
CanKeepDirectory = Annotated[Principal, Depends(Require(Permission.DIRECTORY))]
CanRefuse = Annotated[Principal, Depends(Require(any_of=(Permission.SMS_LOGS, Permission.DIRECTORY)))]
"""Who may record a refusal (OPTIN-WHO); consent needs more, which the service checks."""
CanReadEvents = Annotated[Principal, Depends(Require(any_of=(Permission.SMS_LOGS, Permission.DIRECTORY)))]
"""Who may read some events; each type needs one of the two, which the service checks."""
Administrator = Annotated[Principal, Depends(Require(admin=True))]

GUARDED: tuple[type[Problem], ...] = (NotSignedIn, PermissionRequired, RateLimited)


def guarded(*problems: type[Problem]) -> dict[int | str, dict[str, object]]:
    """The `responses=` of a route with a principal, with the further problems that it can raise."""
    return problem_responses(*GUARDED, *problems)
