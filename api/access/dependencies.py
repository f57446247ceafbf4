"""`Require(...)`: what a route asks of its caller. Every route declares one, or says that it is public."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from api.access import service
from api.access.rules import LABELS, Permission, Principal, PrincipalKind, first_missing
from api.kit.database import Session
from api.kit.errors import Forbidden, NotSignedIn, Problem, problem_responses

SESSION_COOKIE = "messenger_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def permission_needed(permission: Permission | None) -> str:
    """What is missing, in words. None stands for the administrator role."""
    name = "the administrator role" if permission is None else f"the {LABELS[permission]} permission"
    return f"This needs {name}. Ask an administrator for it."


class PermissionRequired(Forbidden):
    """The caller lacks a permission; the answer names it."""

    type, title = "/problems/permission-required", "A permission is missing"

    def __init__(self, permission: Permission | None) -> None:
        super().__init__(
            permission_needed(permission),
            fields={"permission": "administrator" if permission is None else permission.value},
        )


class CrossOrigin(Forbidden):
    type, title = "/problems/cross-origin", "The request came from another site"


async def signed_in(request: Request, session: Session) -> Principal:
    """The caller, by API key or by cookie. Raises `NotSignedIn`, or `CrossOrigin` for a forged form."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        principal = await service.principal_of_api_key(session, key.strip()) if scheme.lower() == "bearer" else None
        if principal is None:
            raise NotSignedIn(
                "The API key is not valid, was revoked or has expired.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return principal
    token = request.cookies.get(SESSION_COOKIE)
    if token is None:
        raise NotSignedIn("Sign in, or send an API key as a bearer token.")
    lifetime = timedelta(hours=request.app.state.settings.session_hours)
    principal = await service.principal_of_cookie(session, token, lifetime=lifetime)
    if principal is None:
        raise NotSignedIn("The session has ended. Sign in again.")
    if request.method not in SAFE_METHODS:
        require_same_origin(request, may_be_absent=False)
    return principal


SignedIn = Annotated[Principal, Depends(signed_in)]


def require_same_origin(request: Request, *, may_be_absent: bool) -> None:
    """CSRF: an unsafe request with a cookie must come from our own pages."""
    origin = request.headers.get("origin")
    if origin is None and may_be_absent:
        return
    own = {request.headers.get("host"), urlsplit(request.app.state.settings.public_base_url).netloc}
    netloc = _netloc(origin) if origin is not None else None
    if netloc is None or netloc not in own:
        raise CrossOrigin("Unsafe requests with a session cookie need an Origin of this service's own.")


def _netloc(origin: str) -> str | None:
    """The host and port of an Origin; None for one that is none."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


class Require:
    """A dependency: the caller is signed in and has what is named (PERM-VIEW, PERM-SEND, PERM-ADMIN, PERM-DIRECTORY).

    That is every one of `permissions` and, where any are named, at least one of `any_of`; an API key also needs every
    one of `of_keys`.
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
        missing = first_missing(principal, (*self.permissions, *(self.of_keys if is_key else ())))
        if missing is None and self.any_of and principal.permissions.isdisjoint(self.any_of):
            missing = self.any_of[0]
        if missing is not None:
            raise PermissionRequired(missing)
        return principal


class Public:
    """A dependency that says a route is open to anybody, with the reason."""

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
Administrator = Annotated[Principal, Depends(Require(admin=True))]

GUARDED: tuple[type[Problem], ...] = (NotSignedIn, PermissionRequired)


def guarded(*problems: type[Problem]) -> dict[int | str, dict[str, object]]:
    """The `responses=` of a route that asks for a principal, with the further problems it can raise."""
    return problem_responses(*GUARDED, *problems)
