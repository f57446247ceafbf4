"""Errors of sign-in and permissions."""

from api.access.rules import Permission
from api.kit.errors import Forbidden, NotFound, NotSignedIn, ProblemBody


def permission_needed(permission: Permission | None) -> str:
    """The sentence that names the missing permission; None stands for the administrator role."""
    if permission is None:
        return "This needs the administrator role, or an API key with the Administration permission."
    name = f"the {permission.label} permission"
    return f"This needs {name}. Ask an administrator for it."


class PermissionRequiredBody(ProblemBody):
    permission: Permission
    """The permission that is missing. `administration`: of a person, the administrator role."""


class PermissionRequired(Forbidden):
    """The caller lacks a permission; the answer names it."""

    type, title = "/problems/permission-required", "A permission is missing"
    body_model = PermissionRequiredBody

    def __init__(self, permission: Permission | None) -> None:
        super().__init__(
            permission_needed(permission),
            fields={"permission": (permission or Permission.ADMINISTRATION).value},
        )


class CrossOrigin(Forbidden):
    type, title = "/problems/cross-origin", "The request came from another site"


class SignInRefused(NotSignedIn):
    title = "Sign-in refused"

    def __init__(self) -> None:
        super().__init__("The business, email address or password is not right.")


class NotAPerson(Forbidden):
    """The caller is an API key, which has neither a password nor sessions."""

    def __init__(self) -> None:
        super().__init__("An API key has no account: only a signed-in staff member has a password and sessions.")


class GateFull(Exception):
    """The sign-in queue is full, or a sign-in waited for `gate.WAIT_SECONDS`."""


def no_such_organization(slug: str) -> NotFound:
    return NotFound(f"There is no organization “{slug}”.")
