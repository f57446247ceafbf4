"""Permissions, principals and the delay of sign-ins, as pure rules."""

import hashlib
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.audit.rules import Actor, ActorKind


class Permission(StrEnum):
    """Every permission: its name in the API and the database, and its label for people."""

    # A new permission is a line here and a migration that widens the CHECKs of `HoldsPermissions`.
    _value_: str
    label: str

    SMS_LOGS = "sms_logs", "SMS Logs"
    MASS_TEXT = "mass_text", "Mass Text"
    MASS_TEXT_ANY_HOUR = "mass_text_any_hour", "Mass Text Availability Override"
    DIRECTORY = "directory", "Families and Staff"
    ADMINISTRATION = "administration", "Administration"

    def __new__(cls, value: str, label: str = "") -> "Permission":
        permission = str.__new__(cls, value)
        permission._value_, permission.label = value, label
        return permission


PERMISSIONS_OF_PEOPLE = tuple(each for each in Permission if each is not Permission.ADMINISTRATION)
"""`administration` is of API keys: what an administrator may. Of a person, `is_admin` says it."""

LEGACY_SPELLINGS = {"family_sms_logs": Permission.SMS_LOGS, "staff_sms_logs": Permission.SMS_LOGS}
"""Names that imports accept and nothing emits (PERM-LEGACY)."""


class PrincipalKind(StrEnum):
    STAFF_MEMBER = "staff_member"
    API_KEY = "api_key"


@dataclass(frozen=True)
class Principal:
    """The caller of a request. Its permissions are as stored at this request (PERM-NOW)."""

    kind: PrincipalKind
    organization_id: UUID
    id: UUID
    name: str
    permissions: frozenset[Permission]
    is_admin: bool
    credential_id: UUID
    """The id of the session or API key."""

    @property
    def actor(self) -> Actor:
        return Actor(kind=ActorKind(self.kind.value), id=self.id, name=self.name)

    @property
    def staff_member_id(self) -> UUID | None:
        return self.id if self.kind is PrincipalKind.STAFF_MEMBER else None


def effective_permissions(stored: Iterable[str], *, is_admin: bool) -> frozenset[Permission]:
    """A person's permissions in force: an administrator has all (PERM-ADMIN). Unknown stored values are ignored."""
    of_people = frozenset(PERMISSIONS_OF_PEOPLE)
    return of_people if is_admin else of_people & frozenset(stored)


def permissions_of_key(stored: Iterable[str]) -> frozenset[Permission]:
    """A key's permissions in force: `administration` gives all. Unknown stored values are ignored."""
    given = frozenset(Permission) & frozenset(stored)
    return frozenset(Permission) if Permission.ADMINISTRATION in given else given


def in_order(permissions: Collection[Permission]) -> list[Permission]:
    return [each for each in Permission if each in permissions]


def first_missing(permissions: Collection[Permission], required: Iterable[Permission]) -> Permission | None:
    """The first of `required` that is not among the permissions."""
    return next((each for each in required if each not in permissions), None)


MIN_PASSWORD = 10
MAX_PASSWORD = 1024
"""Characters. A longer one would only cost time to hash."""


def password_problem(password: str) -> str | None:
    """Why this cannot be a new password, in a sentence; None if it can."""
    if len(password) < MIN_PASSWORD:
        return f"The password needs at least {MIN_PASSWORD} characters."
    if len(password) > MAX_PASSWORD:
        return f"The password may have at most {MAX_PASSWORD} characters."
    return None


ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 50
FAILURE_WINDOW_SECONDS = 15 * 60

AUDITED_PER_PERSON = 5
"""Refused sign-ins of one staff member in a window that get an audit entry each; the others are summarised."""

AUDITED_OF_STRANGERS = 10
"""The same for all unknown email addresses of an organization together."""


def account_key(organization_slug: str, email: str) -> bytes:
    """The key that attempts are counted by: organization and email as given, whether or not there is such an account.

    `email` is in the database's lower case, so that every spelling that finds an account has that account's key.
    """
    return hashlib.sha256(f"{organization_slug}\n{email}".encode()).digest()


def own_password_key(organization_id: UUID, staff_member_id: UUID) -> bytes:
    """The key that a signed-in person's tries of their current password are counted by, in every session of theirs.

    It is none of `account_key`: strangers who guess at the account do not keep its owner from changing the password.
    """
    return hashlib.sha256(b"own-password/" + organization_id.bytes + staff_member_id.bytes).digest()


def sign_in_delay(*, account_failures: list[datetime], address_failures: list[datetime], now: datetime) -> int | None:
    """Seconds to wait before the next attempt, or None if it may proceed.

    After five failures of one account (or fifty from one address) within 15 minutes, each further attempt waits
    twice as long as the one before: 1, 2, 4 … up to 300 seconds since the last failure. An attempt whose password is
    still being checked counts as a failure.
    """
    delays = [
        _remaining(failures, allowed=allowed, now=now)
        for failures, allowed in ((account_failures, ACCOUNT_FAILURES), (address_failures, ADDRESS_FAILURES))
    ]
    longest = max(delays)
    return longest if longest > 0 else None


def _remaining(failures: list[datetime], *, allowed: int, now: datetime) -> int:
    beyond = len(failures) - allowed
    if beyond < 0:
        return 0
    wait = min(2.0 ** min(beyond, 10), 300.0)
    return max(0, math.ceil(wait - (now - max(failures)).total_seconds()))
