"""The order of message statuses, and which messages may be sent again."""

from itertools import chain, permutations

import pytest

from api.conversations.message_rules import MAX_BODY_CHARACTERS, MAX_MEDIA, RETRYABLE, Direction, Encoding, advances
from api.providers.port import MessageStatus

OUTBOUND = ["queued", "sending", "unknown", "sent", "undelivered", "failed", "delivered"]

FORWARD = {
    # the status shown: the reports that move it
    "queued": {"sending", "unknown", "sent", "undelivered", "failed", "delivered"},
    "sending": {"sent", "undelivered", "failed", "delivered"},
    "unknown": {"sent", "undelivered", "failed", "delivered"},
    "sent": {"undelivered", "failed", "delivered"},
    "undelivered": {"delivered"},
    "failed": {"delivered"},
    "delivered": set(),
    "received": set(),
}


@pytest.mark.parametrize("reported", OUTBOUND)
@pytest.mark.parametrize("current", FORWARD)
def test_SEND_STATUS_which_report_moves_which_status(current: str, reported: str) -> None:
    assert advances(MessageStatus(current), MessageStatus(reported)) is (reported in FORWARD[current])


def shown_after(reports: tuple[str, ...]) -> str:
    shown = MessageStatus.SENDING
    for report in map(MessageStatus, reports):
        shown = report if advances(shown, report) else shown
    return shown.value


@pytest.mark.parametrize(
    ("reports", "final"),
    [
        (("sent",), "sent"),
        (("sent", "delivered"), "delivered"),
        (("queued", "sent", "delivered"), "delivered"),
        (("sent", "undelivered"), "undelivered"),
        (("sent", "failed"), "failed"),
        (("sent", "sent", "delivered", "delivered"), "delivered"),
        (("sent", "failed", "delivered"), "delivered"),
        (("queued", "sending", "sent", "undelivered"), "undelivered"),
    ],
)
def test_SEND_STATUS_the_order_in_which_callbacks_arrive_makes_no_difference(
    reports: tuple[str, ...], final: str
) -> None:
    assert {shown_after(order) for order in permutations(reports)} == {final}


def test_SEND_STATUS_no_two_statuses_replace_each_other() -> None:
    statuses = list(map(MessageStatus, OUTBOUND))
    for here in statuses:
        assert not advances(here, here)
        for there in statuses:
            assert not (advances(here, there) and advances(there, here))


def test_SEND_STATUS_every_accepted_message_can_reach_a_final_status() -> None:
    """From every status that is not final, a final one can be reached: sent, failed with a reason, or delivered."""
    for status in ("queued", "sending", "unknown"):
        assert {"sent", "failed"} <= {end for end in OUTBOUND if advances(MessageStatus(status), MessageStatus(end))}


def test_SEND_NEVER_TWICE_only_what_certainly_failed_may_be_sent_again() -> None:
    assert {status.value for status in RETRYABLE} == {"failed", "undelivered"}


def test_the_statuses_on_the_wire() -> None:
    assert {status.value for status in MessageStatus} == set(chain(OUTBOUND, ["received"]))
    assert {direction.value for direction in Direction} == {"inbound", "outbound"}
    assert {encoding.value for encoding in Encoding} == {"GSM-7", "UCS-2"}


def test_the_limits_are_those_every_provider_takes() -> None:
    assert MAX_BODY_CHARACTERS == 1600
    assert MAX_MEDIA == 10
