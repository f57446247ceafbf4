"""Who may do what, and how fast a password can be guessed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access.rules import (
    LEGACY_SPELLINGS,
    Permission,
    Principal,
    PrincipalKind,
    effective_permissions,
    first_missing,
    sign_in_delay,
)

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SMS_LOGS, MASS_TEXT = Permission("sms_logs"), Permission("mass_text")


def principal(*permissions: Permission, kind: PrincipalKind = PrincipalKind.STAFF_MEMBER) -> Principal:
    return Principal(
        kind=kind,
        organization_id=uuid4(),
        id=UUID(int=7),
        name="Maria",
        permissions=frozenset(permissions),
        is_admin=False,
        credential_id=uuid4(),
    )


def test_PERM_DIRECTORY_there_are_the_permissions_of_the_specification_under_its_names_and_directory() -> None:
    assert {permission.value: permission.label for permission in Permission} == {
        "sms_logs": "SMS Logs",
        "mass_text": "Mass Text",
        "mass_text_any_hour": "Mass Text Availability Override",
        "directory": "Families and Staff",
        "administration": "Administration",
    }


def test_PERM_LEGACY_both_former_permissions_are_spellings_of_sms_logs_and_are_none_themselves() -> None:
    assert LEGACY_SPELLINGS == {"family_sms_logs": "sms_logs", "staff_sms_logs": "sms_logs"}
    assert not set(LEGACY_SPELLINGS) & {permission.value for permission in Permission}


@pytest.mark.parametrize("stored", [[], ["sms_logs"], ["directory"], ["directory", "mass_text", "sms_logs"]])
def test_PERM_ADMIN_an_administrator_has_all_and_others_have_what_is_stored(stored: list[str]) -> None:
    assert effective_permissions(stored, is_admin=True) == {"sms_logs", "mass_text", "mass_text_any_hour", "directory"}
    assert effective_permissions(stored, is_admin=False) == set(stored)


def test_R16_a_permission_of_a_later_version_gives_nothing_and_breaks_nothing() -> None:
    assert effective_permissions(["sms_logs", "of_tomorrow"], is_admin=False) == {"sms_logs"}


@pytest.mark.parametrize(
    ("held", "missing_to_view", "missing_to_send"),
    [
        ([], "sms_logs", "sms_logs"),
        ([SMS_LOGS], None, "mass_text"),
        ([MASS_TEXT], "sms_logs", "sms_logs"),
        ([SMS_LOGS, MASS_TEXT], None, None),
    ],
)
def test_PERM_VIEW_and_PERM_SEND_name_the_first_permission_that_is_missing(
    held: list[Permission], missing_to_view: str | None, missing_to_send: str | None
) -> None:
    assert first_missing(principal(*held).permissions, [SMS_LOGS]) == missing_to_view
    assert first_missing(principal(*held).permissions, [SMS_LOGS, MASS_TEXT]) == missing_to_send
    assert first_missing(principal(*held).permissions, []) is None


def test_an_api_key_acts_in_its_own_name_and_is_no_staff_member() -> None:
    staff, key = principal(), principal(kind=PrincipalKind.API_KEY)
    assert (staff.actor.kind, staff.actor.id, staff.actor.name) == ("staff_member", UUID(int=7), "Maria")
    assert (key.actor.kind, key.actor.id) == ("api_key", UUID(int=7))
    assert staff.staff_member_id == UUID(int=7)
    assert key.staff_member_id is None


# Guessing passwords.


def failures(count: int, *, seconds_ago: float = 0) -> list[datetime]:
    """That many, the latest that long ago, the others a minute apart before it."""
    return [NOW - timedelta(seconds=seconds_ago, minutes=index) for index in range(count)]


def delay(*, account: list[datetime] | None = None, address: list[datetime] | None = None) -> int | None:
    return sign_in_delay(account_failures=account or [], address_failures=address or [], now=NOW)


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(0, None), (1, None), (4, None), (5, 1), (6, 2), (7, 4), (8, 8), (9, 16), (13, 256), (14, 300), (40, 300)],
)
def test_after_five_failures_of_one_account_each_try_waits_twice_as_long(count: int, seconds: int | None) -> None:
    assert delay(account=failures(count)) == seconds


@pytest.mark.parametrize(("count", "seconds"), [(49, None), (50, 1), (51, 2), (59, 300), (5000, 300)])
def test_after_fifty_failures_from_one_address_each_try_waits_twice_as_long(count: int, seconds: int | None) -> None:
    assert delay(address=failures(count)) == seconds


def test_the_longer_of_the_two_waits_counts() -> None:
    assert delay(account=failures(6), address=failures(52)) == 4
    assert delay(account=failures(8), address=failures(50)) == 8


def test_the_wait_runs_from_the_last_failure_in_whatever_order_they_come() -> None:
    assert delay(account=failures(8, seconds_ago=5.5)) == 3
    assert delay(account=list(reversed(failures(8, seconds_ago=5.5)))) == 3
    assert delay(account=failures(8, seconds_ago=7.999)) == 1
    assert delay(account=failures(8, seconds_ago=8)) is None


@given(st.integers(min_value=0, max_value=2000), st.floats(min_value=0, max_value=400))
def test_the_wait_said_is_enough_and_never_a_second_too_long(count: int, seconds_ago: float) -> None:
    said = delay(account=failures(count, seconds_ago=seconds_ago))
    if said is None:
        assert count < 5 or seconds_ago >= min(2 ** min(count - 5, 20), 300) - 0.000001
        return
    after = NOW + timedelta(seconds=said)
    recorded = failures(count, seconds_ago=seconds_ago)
    assert sign_in_delay(account_failures=recorded, address_failures=[], now=after) is None
    just_before = after - timedelta(seconds=1)
    assert sign_in_delay(account_failures=recorded, address_failures=[], now=just_before) is not None
