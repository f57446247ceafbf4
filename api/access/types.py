"""Wire models that other slices embed."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from api.access.rules import MAX_PASSWORD, MIN_PASSWORD, PERMISSIONS_OF_PEOPLE, Permission

Password = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
"""A new password."""


def _of_people(permission: Permission) -> Permission:
    if permission not in PERMISSIONS_OF_PEOPLE:
        raise ValueError("this is for API keys: make the person an administrator with is_admin")
    return permission


StaffPermission = Annotated[
    Permission,
    AfterValidator(_of_people),
    WithJsonSchema({"type": "string", "enum": [each.value for each in PERMISSIONS_OF_PEOPLE]}),
]
"""A permission of a staff member. An administrator has all of them, and `is_admin`."""
