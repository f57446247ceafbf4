"""Every misbehaviour in every provider's dialect: the carrier underneath is the same."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.simulator.conftest import ACCOUNT, LINE, PARENT, TOKEN, Business, Received, Simulator, wait_for


@dataclass(frozen=True)
class Dialect:
    """How one provider's line is set up, sends, and is told of texts."""

    name: str
    line: str
    account: dict[str, str]
    request: Callable[[str], dict[str, Any]]
    """What httpx posts to send this text."""
    accepted: int
    """The HTTP status of a success."""
    sid: Callable[[Any], str]
    text_of: Callable[[Received], str]
    """Of the report of a text."""
    status_of: Callable[[Received], str]
    last_status: str


TWILIO = Dialect(
    name="twilio",
    line=LINE,
    account={"auth_token": TOKEN},
    request=lambda body: {
        "url": f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
        "data": {"From": LINE, "To": PARENT, "Body": body},
        "auth": (ACCOUNT, TOKEN),
    },
    accepted=201,
    sid=lambda answer: answer["sid"],
    text_of=lambda report: report.fields["Body"],
    status_of=lambda report: report.fields["MessageStatus"],
    last_status="delivered",
)
TELNYX = Dialect(
    name="telnyx",
    line="+13125550110",
    account={"auth_token": "KEY"},
    request=lambda body: {
        "url": "/v2/messages",
        "json": {"from": "+13125550110", "to": PARENT, "text": body},
        "headers": {"Authorization": "Bearer KEY"},
    },
    accepted=200,
    sid=lambda answer: answer["data"]["id"],
    text_of=lambda report: report.json["data"]["payload"]["text"],
    status_of=lambda report: report.json["data"]["payload"]["to"][0]["status"],
    last_status="delivered",
)
BANDWIDTH = Dialect(
    name="bandwidth",
    line="+13125550120",
    account={"auth_token": "password"},
    request=lambda body: {
        "url": "/api/v2/users/bandwidth/messages",
        "json": {"applicationId": "a", "from": "+13125550120", "to": [PARENT], "text": body},
        "auth": ("bandwidth", "password"),
    },
    accepted=202,
    sid=lambda answer: answer["id"],
    text_of=lambda report: report.json[0]["message"]["text"],
    status_of=lambda report: report.json[0]["type"],
    last_status="message-delivered",
)


PLIVO = Dialect(
    name="plivo",
    line="+13125550130",
    account={"auth_token": "token"},
    request=lambda body: {
        "url": "/v1/Account/plivo/Message/",
        "json": {"src": "+13125550130", "dst": PARENT, "text": body},
        "auth": ("plivo", "token"),
    },
    accepted=202,
    sid=lambda answer: answer["message_uuid"][0],
    text_of=lambda report: report.fields["Text"],
    status_of=lambda report: report.fields["Status"],
    last_status="delivered",
)


@pytest.fixture(params=[TWILIO, TELNYX, BANDWIDTH, PLIVO], ids=lambda dialect: dialect.name)
def dialect(request: pytest.FixtureRequest, simulator: Simulator, business: Business) -> Dialect:
    dialect: Dialect = request.param
    account = ACCOUNT if dialect is TWILIO else dialect.name
    simulator.control("PUT", f"/accounts/{account}", wire=dialect.name, **dialect.account)
    simulator.control(
        "PUT",
        f"/lines/{dialect.line}",
        account_sid=account,
        inbound_url=f"{business.url}/inbound",
        status_url=f"{business.url}/status",
    )
    return dialect


def send(simulator: Simulator, dialect: Dialect, body: str = "See you", timeout: float = 10) -> httpx.Response:
    return simulator.http.post(timeout=timeout, **dialect.request(body))


def accepted(simulator: Simulator) -> int:
    count: int = simulator.messages()["counts"]["sends_accepted"]
    return count


def texts_told(business: Business, dialect: Dialect) -> list[str]:
    return [dialect.text_of(report) for report in business.inbound()]


def statuses_told(business: Business, dialect: Dialect) -> list[str]:
    return [dialect.status_of(report) for report in business.received if "/status" in report.url]


def test_a_text_travels_both_ways(simulator: Simulator, business: Business, dialect: Dialect) -> None:
    answer = send(simulator, dialect)
    assert answer.status_code == dialect.accepted
    simulator.settle()
    simulator.text("Thanks!", to=dialect.line)
    simulator.settle()
    assert simulator.texts() == ["See you", "Thanks!"]
    assert texts_told(business, dialect) == ["Thanks!"]
    assert statuses_told(business, dialect)[-1] == dialect.last_status
    [item] = simulator.messages(direction="outbound-api")["items"]
    assert item["message_sid"] == dialect.sid(answer.json())
    assert simulator.messages()["repeated"] == []
    send(simulator, dialect)
    assert [repeated["times"] for repeated in simulator.messages()["repeated"]] == [2]


@pytest.mark.parametrize(
    ("kind", "status", "was_accepted"),
    [("status_429", 429, False), ("status_5xx", 503, False), ("status_5xx", 503, True), ("reject", 400, False)],
)
def test_a_send_is_refused(simulator: Simulator, dialect: Dialect, kind: str, status: int, was_accepted: bool) -> None:
    code = {"code": 21610} if kind == "reject" else {}
    simulator.fault("send", kind, next_n=1, accepted=was_accepted, **code)
    assert send(simulator, dialect).status_code == status
    assert accepted(simulator) == int(was_accepted)
    assert send(simulator, dialect).status_code == dialect.accepted


@pytest.mark.parametrize(
    ("kind", "was_accepted"),
    [("drop", False), ("accept_then_disconnect", True), ("hang", False), ("hang", True), ("delay", True)],
)
def test_a_send_is_not_answered_in_time(simulator: Simulator, dialect: Dialect, kind: str, was_accepted: bool) -> None:
    seconds = {"seconds": 0.5} if kind == "delay" else {}
    given = {"accepted": was_accepted} if kind in ("hang", "delay") else {}
    simulator.fault("send", kind, next_n=1, match={"to": PARENT}, **seconds, **given)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadTimeout)):
        send(simulator, dialect, timeout=0.15)
    wait_for(lambda: accepted(simulator) == int(was_accepted))


def test_a_report_can_come_before_the_answer_to_the_send(
    simulator: Simulator, business: Business, dialect: Dialect
) -> None:
    simulator.fault("send", "delay", seconds=0.3, accepted=True)
    send(simulator, dialect)
    assert statuses_told(business, dialect)[-1] == dialect.last_status


def test_a_report_of_a_text_is_lost_doubled_late_or_out_of_order(
    simulator: Simulator, business: Business, dialect: Dialect
) -> None:
    rules: list[dict[str, Any]] = [
        {"kind": "drop", "match": {"body_contains": "lost"}},
        {"kind": "duplicate", "match": {"body_contains": "twice"}},
        {"kind": "delay", "seconds": 0.2, "match": {"body_contains": "late"}},
        {"kind": "reorder", "seconds": 5, "match": {"body_contains": "behind"}},
        {"kind": "accept_then_disconnect", "next_n": 1, "match": {"body_contains": "hung up"}},
        {"kind": "hang", "seconds": 0.05, "next_n": 1, "match": {"body_contains": "stalled"}},
    ]
    simulator.control("PATCH", "/settings", retry_on=["connect", "read"])
    simulator.control("PUT", "/faults", rules=[{"where": "inbound", **rule} for rule in rules])
    for body in ("lost", "twice", "late", "behind", "on time", "hung up", "stalled"):
        simulator.text(body, to=dialect.line)
    simulator.settle()
    told = texts_told(business, dialect)
    assert sorted(told) == ["behind", "hung up", "hung up", "late", "on time", "stalled", "twice", "twice"]
    assert told.index("behind") > told.index("on time")
    assert told.index("late") > told.index("on time")


def test_a_report_of_a_fate_can_be_lost(simulator: Simulator, business: Business, dialect: Dialect) -> None:
    simulator.fault("status", "drop", match={"status": "delivered"})
    send(simulator, dialect)
    simulator.settle()
    assert dialect.last_status not in statuses_told(business, dialect)
    assert simulator.texts() == ["See you"]
