"""What the Python client decides without a service."""

from datetime import UTC, datetime

import pytest
from messenger_center_client import ProblemError, Retries, WebhookVerificationError, models, verify_webhook
from messenger_center_client.retrying import is_repeatable, is_retried, retry_after
from standardwebhooks import Webhook

import api.app  # noqa: F401  # Every slice, with its problems.
from api.kit.errors import Problem

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def types(problem: type[Problem]) -> set[str]:
    return {problem.type}.union(*(types(each) for each in problem.__subclasses__()))


def test_each_class_of_errors_is_of_a_problem_of_the_service() -> None:
    assert set(ProblemError.known) <= types(Problem)


def test_a_value_of_a_newer_service_is_kept() -> None:
    """docs/compatibility.md: new values and new fields come without notice."""
    error = models.MessageError.from_dict({"code": "new-code", "title": "New", "later": 1})
    assert error.additional_properties == {"later": 1}
    line = models.LastMessage.from_dict(
        {"seq": 1, "direction": "inbound", "preview": "", "created_at": "2026-11-28T00:00:00Z", "status": "answered"}
        | {name: None for name in models.LastMessage.__annotations__ if name not in KNOWN}
    )
    assert line.status == "answered"


KNOWN = {"seq", "direction", "preview", "created_at", "status", "additional_properties"}


@pytest.mark.parametrize(
    ("method", "headers", "query", "repeatable"),
    [
        ("GET", {}, {}, True),
        ("PUT", {}, {}, True),
        ("DELETE", {}, {}, True),
        ("POST", {}, {}, False),
        ("POST", {"Idempotency-Key": "k"}, {}, True),
        ("POST", {}, {"import_id": "i"}, True),
        ("PATCH", {}, {"import_id": "i"}, False),
    ],
)
def test_what_is_repeatable(method: str, headers: dict[str, str], query: dict[str, str], repeatable: bool) -> None:
    assert is_repeatable(method, headers, query) is repeatable


def test_what_is_retried_and_when() -> None:
    assert [status for status in (400, 404, 409, 422, 429, 500, 502, 503) if is_retried(status, {})] == [429, 503]
    assert is_retried(409, {"Retry-After": "1"}), "The first request with this key still runs."
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert retry_after({"Retry-After": "7"}) == 7
    assert retry_after({"Retry-After": "Sat, 28 Nov 2026 12:00:09 GMT"}, now=now) == 9
    assert retry_after({"Retry-After": "Sat, 28 Nov 2026 11:00:00 GMT"}, now=now) == 0
    assert retry_after({}) is retry_after({"Retry-After": "soon"}) is None
    retries = Retries(most=3, first_wait=1, longest_wait=10)
    waits = [retries.wait(repetition) for repetition in (1, 2, 3)]
    for wait, longest in zip(waits, (1, 2, 4), strict=True):
        assert wait is not None
        assert longest / 2 <= wait <= longest
    assert retries.wait(4) is retries.wait(1, retry_after=11) is None
    told = retries.wait(1, retry_after=5)
    assert told is not None
    assert 5 <= told <= 5.25


def test_a_webhook_is_verified() -> None:
    at = datetime.now(UTC)
    body = '{"type": "message.received", "timestamp": "2026-11-28T12:00:00Z", "data": {"seq": 3}}'
    headers = {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(SECRET).sign("evt_1", at, body),
    }
    event = verify_webhook(body.encode(), headers, SECRET)
    assert (event.id, event.type, event.data) == ("evt_1", "message.received", {"seq": 3})
    assert event.timestamp == datetime(2026, 11, 28, 12, tzinfo=UTC)
    for wrong in (
        {"Webhook-Id": "evt_2"},
        {"Webhook-Timestamp": str(int(at.timestamp()) - 3600)},
        {"Webhook-Signature": "v1,AAAA"},
    ):
        with pytest.raises(WebhookVerificationError):
            verify_webhook(body, headers | wrong, SECRET)
    with pytest.raises(WebhookVerificationError):
        verify_webhook(body.replace("3}", "4}"), headers, SECRET)
