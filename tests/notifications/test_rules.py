"""Who is told of what, as a table; which addresses are push services."""

from datetime import UTC, datetime, time
from itertools import product

import pytest

from api.notifications.rules import Kind, QuietHours, Scope, Told, Wishes, is_push_service, wants

NOON = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
"""12:00 in Chicago."""

ZONE = "America/Chicago"

WANTED = {
    # scope: (kind, addressed to this person, this person is the assignee)
    Scope.ALL: {
        *product([Kind.MESSAGE], [True, False], [True, False]),
        *product([Kind.MENTION, Kind.ASSIGNED, Kind.REMINDER, Kind.NOT_SENT], [True], [True, False]),
    },
    Scope.MINE: {
        *product([Kind.MESSAGE], [True, False], [True]),
        *product([Kind.MENTION, Kind.ASSIGNED, Kind.REMINDER, Kind.NOT_SENT], [True], [True, False]),
    },
    Scope.MENTIONS: {*product([Kind.MENTION], [True], [True, False])},
    Scope.NONE: set(),
}


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_wants_what_the_table_says(scope: Scope) -> None:
    for kind, is_addressed, is_assignee in product(Kind, [True, False], [True, False]):
        told = Told(kind, is_addressed=is_addressed, is_assignee=is_assignee, is_viewing=False)
        expected = (kind, is_addressed, is_assignee) in WANTED[scope]
        assert wants(Wishes(scope), told, at=NOON, zone=ZONE) is expected, (kind, is_addressed, is_assignee)


def test_who_views_the_conversation_is_not_told() -> None:
    told = Told(Kind.MESSAGE, is_addressed=False, is_assignee=True, is_viewing=True)
    assert not wants(Wishes(), told, at=NOON, zone=ZONE)


@pytest.mark.parametrize(
    ("since", "until", "is_quiet"),
    [("11:00", "13:00", True), ("12:00", "12:01", True), ("11:00", "12:00", False), ("20:00", "13:00", True)],
)
def test_quiet_hours_are_the_business_s_own_and_may_cross_midnight(since: str, until: str, is_quiet: bool) -> None:
    hours = QuietHours(time.fromisoformat(since), time.fromisoformat(until))
    told = Told(Kind.MESSAGE, is_addressed=False, is_assignee=False, is_viewing=False)
    assert wants(Wishes(quiet_hours=hours), told, at=NOON, zone=ZONE) is not is_quiet


@pytest.mark.parametrize(
    ("endpoint", "is_one"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("https://wns2-by3p.notify.windows.com/w/?token=abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://push.example.com:8443/abc", True),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com:8443/fcm/send/abc", False),
        ("https://user@fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com.evil.example/abc", False),
        ("https://evilpush.apple.com.example/abc", False),
        ("https://push.apple.com@169.254.169.254/abc", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://push.example.com/abc", False),
        ("https://[::1/abc", False),
        ("", False),
    ],
)
def test_only_push_services_are_posted_to(endpoint: str, is_one: bool) -> None:
    assert is_push_service(endpoint, origins=("https://push.example.com:8443",)) is is_one
