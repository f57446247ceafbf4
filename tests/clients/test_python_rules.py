"""What the Python client decides without a service."""

import pickle
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from messenger_center_client import (
    FieldError,
    MessengerClient,
    NotAllowedToText,
    ProblemError,
    Retries,
    WebhookVerificationError,
    models,
    verify_webhook,
)
from messenger_center_client.errors import problem_error
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


def test_a_kind_of_event_that_is_new_does_not_hide_the_others() -> None:
    at, number = "2026-11-28T12:00:00Z", str(UUID(int=1))
    old = {"type": "opt_in.changed", "data": {}}
    new = {"type": "family.moved", "data": {"family_id": number}, "later": 1}
    ids = {"id": number, "created_at": at}
    page = models.EventPage.from_dict({"items": [ids | new, ids | old], "next_cursor": None})
    event, _ = page.items
    assert isinstance(event, models.UnknownEvent)
    assert (event.type_, event.id, event.data["family_id"]) == ("family.moved", UUID(int=1), number)
    assert event.created_at == datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert event.to_dict() == ids | new | {"created_at": "2026-11-28T12:00:00+00:00"}


def test_a_kind_of_thread_item_that_is_new_does_not_hide_the_others() -> None:
    call = {"kind": "call", "position": "p", "call": {"seconds": 9}}
    page = {"items": [call], "next_cursor": None, "has_before": False, "has_after": False}
    (item,) = models.ThreadPage.from_dict(page).items
    assert isinstance(item, models.UnknownThreadItem)
    assert (item.kind, item.position, item["call"]) == ("call", "p", {"seconds": 9})


def test_a_problem_that_is_new_is_an_error_with_its_fields() -> None:
    body = {"type": "/problems/quiet-hours", "title": "Quiet hours", "status": 409, "detail": "Later.", "until": "9:00"}
    error = problem_error(httpx.Response(409, json=body))
    assert type(error) is ProblemError
    assert (error.type, error.status, error.problem["until"]) == ("/problems/quiet-hours", 409, "9:00")


@pytest.mark.parametrize(
    "body",
    [
        {"text": "<html>502 Bad Gateway</html>"},
        {"content": b"\xff\xfe"},
        {"content": b""},
        {"json": None},
        {"json": ["no"]},
        {"json": {"message": "no healthy upstream", "errors": "many"}},
        {"json": {"type": None, "errors": [{"message": "timeout"}, "text", None]}},
    ],
)
def test_the_answer_of_a_proxy_is_an_error_with_its_status(body: dict[str, Any]) -> None:
    error = problem_error(httpx.Response(502, headers={"X-Request-ID": "r-1"}, **body))
    assert (error.status, error.type, error.title, error.request_id) == (502, "about:blank", "Status 502", "r-1")
    assert error.errors == []


def test_an_error_crosses_processes() -> None:
    """Task queues pickle what a task has raised."""
    body = {"type": "/problems/not-allowed-to-text", "errors": [{"pointer": "/body", "detail": "No."}]}
    error = problem_error(httpx.Response(409, json=body, headers={"X-Request-ID": "r-1"}))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) is NotAllowedToText
    assert (str(again), again.status, again.request_id) == (str(error), 409, "r-1")
    assert again.errors == [FieldError("/body", "No.")]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("sms.example.com", "mc_1"),
        ("", "mc_1"),
        ("https://sms.example.com/api/v1", "mc_1"),
        ("https://sms.example.com", ""),
        ("https://sms.example.com", "mc_1\n"),
    ],
)
def test_an_address_or_a_key_that_cannot_be_one_is_refused_at_once(address: str, key: str) -> None:
    with pytest.raises(ValueError, match=r"base_url|API key"):
        MessengerClient(address, key)


@pytest.mark.parametrize(
    ("method", "headers", "repeatable"),
    [
        ("GET", {}, True),
        ("PUT", {}, True),
        ("DELETE", {}, True),
        ("POST", {}, False),
        ("POST", {"Idempotency-Key": "k"}, True),
        ("PATCH", {"Idempotency-Key": "k"}, False),
    ],
)
def test_what_is_repeatable(method: str, headers: dict[str, str], repeatable: bool) -> None:
    assert is_repeatable(method, headers) is repeatable


def test_what_is_retried_and_when() -> None:
    statuses = (400, 404, 409, 422, 429, 500, 502, 503, 504)
    assert [status for status in statuses if is_retried(status, {})] == [429, 502, 503, 504]
    assert is_retried(409, {"Retry-After": "1"}), "The first request with this key still runs."
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert retry_after({"Retry-After": "7"}) == 7
    assert retry_after({"Retry-After": "Sat, 28 Nov 2026 12:00:09 GMT"}, now=now) == 9
    assert retry_after({"Retry-After": "Sat, 28 Nov 2026 11:00:00 GMT"}, now=now) == 0
    for unreadable in ("", "soon", "-1", "1.5", "²", "Sat, 99 Nov 2026 12:00:09 GMT", "Sat, 28 Nov 99999 12:00:09 GMT"):
        assert retry_after({"Retry-After": unreadable}) is None, unreadable
    assert retry_after({}) is None
    retries = Retries(most=3, first_wait=1, longest_wait=10)
    waits = [retries.wait(repetition) for repetition in (1, 2, 3)]
    for wait, longest in zip(waits, (1, 2, 4), strict=True):
        assert wait is not None
        assert longest / 2 <= wait <= longest
    assert retries.wait(4) is retries.wait(1, retry_after=11) is None
    assert Retries(within=60).wait(1, elapsed=60) is None
    assert Retries(within=60).wait(1, retry_after=10, elapsed=51) is None
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
