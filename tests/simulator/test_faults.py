"""Each misbehaviour, as a client of the carrier and a business that it calls see it."""

import time
from typing import Any

import httpx
import pytest

from simulator.faults import Facts, Faults, Kind, Rule, Where
from tests.simulator.conftest import ACCOUNT, LINE, PARENT, TOKEN, Business, Simulator, wait_for

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def accepted(simulator: Simulator) -> int:
    count: int = simulator.messages()["counts"]["sends_accepted"]
    return count


# Handing a message over


def test_send_429_is_never_processed_and_says_when_to_come_again(simulator: Simulator) -> None:
    simulator.fault("send", "status_429", next_n=1, retry_after=3)
    refused = simulator.send()
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, 20429, "3")
    assert accepted(simulator) == 0
    assert simulator.send().status_code == 201


@pytest.mark.parametrize(("was_accepted", "status_code"), [(False, 503), (True, 500)])
def test_send_5xx_is_ambiguous(simulator: Simulator, was_accepted: bool, status_code: int) -> None:
    simulator.fault("send", "status_5xx", accepted=was_accepted, status_code=status_code)
    assert simulator.send().status_code == status_code
    assert accepted(simulator) == int(was_accepted)


def test_send_reject_gives_the_code_that_was_asked_for(simulator: Simulator) -> None:
    simulator.fault("send", "reject", code=21635, match={"to": PARENT})
    answer = simulator.send()
    assert (answer.status_code, answer.json()["code"]) == (400, 21635)
    assert simulator.send(To="+13125550188").status_code == 201
    assert accepted(simulator) == 1


def test_send_reject_under_another_status(simulator: Simulator) -> None:
    simulator.fault("send", "reject", code=21611, status_code=429, next_n=1)
    answer = simulator.send()
    assert (answer.status_code, answer.json()["code"]) == (429, 21611)
    assert accepted(simulator) == 0


def test_send_accept_failed_has_an_id_and_a_code_and_arrives_nowhere(simulator: Simulator) -> None:
    simulator.fault("send", "accept_failed", code=21610, next_n=1)
    answer = simulator.send()
    document = answer.json()
    assert (answer.status_code, document["status"], document["error_code"]) == (201, "undelivered", 21610)
    simulator.settle()
    assert simulator.texts() == []
    assert accepted(simulator) == 1
    assert simulator.get(f"/Messages/{document['sid']}.json").json()["error_code"] == 21610


def test_send_accept_then_disconnect_delivers_what_the_client_never_heard_of(simulator: Simulator) -> None:
    simulator.fault("send", "accept_then_disconnect", next_n=1)
    with pytest.raises(httpx.RemoteProtocolError):
        simulator.send(Body="did it go?")
    simulator.settle()
    assert simulator.texts() == ["did it go?"]
    [found] = simulator.get("/Messages.json", To=PARENT).json()["messages"]
    assert found["status"] == "delivered"


def test_send_drop_closes_the_connection_and_nothing_was_accepted(simulator: Simulator) -> None:
    simulator.fault("send", "drop", next_n=1)
    with pytest.raises(httpx.RemoteProtocolError):
        simulator.send()
    assert accepted(simulator) == 0


@pytest.mark.parametrize("was_accepted", [False, True])
def test_send_hang_never_answers(simulator: Simulator, was_accepted: bool) -> None:
    simulator.fault("send", "hang", next_n=1, accepted=was_accepted)
    with pytest.raises(httpx.ReadTimeout):
        simulator.http.post(
            MESSAGES,
            data={"From": LINE, "To": PARENT, "Body": "hello"},
            auth=(ACCOUNT, TOKEN),
            timeout=0.2,
        )
    wait_for(lambda: accepted(simulator) == int(was_accepted))


def test_a_hang_may_end_in_a_closed_connection(simulator: Simulator) -> None:
    simulator.fault("send", "hang", next_n=1, seconds=0.05)
    with pytest.raises(httpx.RemoteProtocolError):
        simulator.send()


@pytest.mark.parametrize("was_accepted", [False, True])
def test_send_delay_accepts_before_or_after_the_wait(simulator: Simulator, was_accepted: bool) -> None:
    simulator.fault("send", "delay", seconds=0.8, accepted=was_accepted)
    with pytest.raises(httpx.ReadTimeout):
        simulator.http.post(
            MESSAGES,
            data={"From": LINE, "To": PARENT, "Body": "hello"},
            auth=(ACCOUNT, TOKEN),
            timeout=0.2,
        )
    assert accepted(simulator) == int(was_accepted)
    # A client that has given up does not stop the carrier.
    wait_for(lambda: accepted(simulator) == 1)


def test_reading_may_be_slow_refused_or_cut_off(simulator: Simulator) -> None:
    simulator.fault("list", "status_429", next_n=1)
    assert simulator.get("/Messages.json").status_code == 429
    simulator.fault("list", "drop", next_n=1)
    with pytest.raises(httpx.RemoteProtocolError):
        simulator.get("/IncomingPhoneNumbers.json")
    simulator.fault("list", "status_5xx", next_n=1)
    assert simulator.get("/Messages.json").json()["code"] == 20503
    simulator.fault("list", "delay", seconds=0.1)
    start = time.monotonic()
    assert simulator.get("/Messages.json").status_code == 200
    assert time.monotonic() - start >= 0.1
    assert simulator.send().status_code == 201


# Reporting to a business


def test_inbound_drop_is_never_reported_but_is_in_the_list(simulator: Simulator, business: Business) -> None:
    simulator.fault("inbound", "drop", next_n=1)
    simulator.text("lost")
    simulator.text("found")
    simulator.settle()
    assert [report.fields["Body"] for report in business.inbound()] == ["found"]
    listed = simulator.get("/Messages.json", To=LINE).json()["messages"]
    assert [message["body"] for message in listed] == ["found", "lost"]


def test_inbound_duplicate_reports_one_text_twice(simulator: Simulator, business: Business) -> None:
    simulator.fault("inbound", "duplicate", match={"body_contains": "twice"})
    simulator.text("once")
    simulator.text("twice")
    simulator.settle()
    assert sorted(report.fields["Body"] for report in business.inbound()) == ["once", "twice", "twice"]
    assert len({report.fields["MessageSid"] for report in business.inbound()}) == 2


def test_inbound_reorder_lets_the_next_text_overtake(simulator: Simulator, business: Business) -> None:
    simulator.fault("inbound", "reorder", next_n=1, seconds=5)
    for body in ("first", "second", "third"):
        simulator.text(body)
    simulator.settle()
    bodies = [report.fields["Body"] for report in business.inbound()]
    assert bodies[0] == "second"
    assert sorted(bodies) == ["first", "second", "third"]


def test_a_text_that_nothing_overtakes_goes_when_its_time_is_up(simulator: Simulator, business: Business) -> None:
    simulator.fault("inbound", "reorder", seconds=0.1)
    simulator.text("alone")
    simulator.settle()
    assert len(business.inbound()) == 1


def test_inbound_delay_is_late(simulator: Simulator, business: Business) -> None:
    simulator.fault("inbound", "delay", next_n=1, seconds=0.2)
    simulator.text("late")
    simulator.text("early")
    simulator.settle()
    assert [report.fields["Body"] for report in business.inbound()] == ["early", "late"]


def test_inbound_accept_then_disconnect_is_received_and_repeated(simulator: Simulator, business: Business) -> None:
    simulator.control("PATCH", "/settings", retries=2, retry_on=["connect", "read"])
    simulator.fault("inbound", "accept_then_disconnect", next_n=1)
    simulator.text("hello")
    simulator.settle()
    assert [report.fields["Body"] for report in business.inbound()] == ["hello", "hello"]
    assert all(report.signed for report in business.inbound())
    assert len({report.token for report in business.inbound()}) == 1


def test_inbound_hang_sends_half_a_request(simulator: Simulator, business: Business) -> None:
    simulator.control("PATCH", "/settings", retries=2, retry_on=["connect", "read"])
    simulator.fault("inbound", "hang", next_n=1, seconds=0.1)
    simulator.text("hello")
    simulator.settle()
    assert len(business.inbound()) == 1
    assert simulator.control("GET", "/webhooks")["posted"] == 2


def test_status_faults_are_matched_by_status(simulator: Simulator, business: Business) -> None:
    simulator.control(
        "PUT",
        "/faults",
        rules=[
            {"where": "status", "kind": "drop", "match": {"status": "sending"}},
            {"where": "status", "kind": "reorder", "seconds": 5, "match": {"status": "sent"}},
            {"where": "status", "kind": "duplicate", "copies": 3, "match": {"status": "queued"}},
        ],
    )
    simulator.send(StatusCallback=f"{business.url}/status")
    simulator.settle()
    statuses = business.statuses()
    assert sorted(statuses) == ["delivered", "queued", "queued", "queued", "sent"]
    assert statuses.index("sent") > statuses.index("delivered")


def test_a_callback_can_arrive_before_the_answer_to_the_send(simulator: Simulator, business: Business) -> None:
    simulator.fault("send", "delay", seconds=0.5, accepted=True)
    before = len(business.statuses())
    simulator.send(StatusCallback=f"{business.url}/status")
    assert len(business.statuses()) > before


# Rules


@pytest.mark.parametrize(
    "rule",
    [
        {"where": "send", "kind": "reorder"},
        {"where": "inbound", "kind": "status_429"},
        {"where": "send", "kind": "reject"},
        {"where": "send", "kind": "delay", "probability": 2},
        {"where": "nowhere", "kind": "delay"},
        {"where": "send", "kind": "delay", "when": "now"},
    ],
)
def test_a_rule_without_a_meaning_is_refused(simulator: Simulator, rule: dict[str, Any]) -> None:
    assert simulator.http.put("/control/faults", json={"rules": [rule]}).status_code == 422


def test_rules_can_be_read_with_what_is_left_of_them_and_removed(simulator: Simulator) -> None:
    simulator.control("PUT", "/faults", seed=3, rules=[{"where": "send", "kind": "status_429", "next_n": 2}])
    simulator.send()
    faults = simulator.control("GET", "/faults")
    assert faults["seed"] == 3
    assert (faults["rules"][0]["hits"], faults["rules"][0]["next_n"]) == (1, 1)
    simulator.control("DELETE", "/faults")
    assert simulator.control("GET", "/faults")["rules"] == []
    assert simulator.send().status_code == 201


def strikes(seed: int) -> list[bool]:
    faults = Faults()
    faults.replace([Rule(where=Where.INBOUND, kind=Kind.DUPLICATE, probability=0.3)], seed=seed)
    return [faults.decide(Where.INBOUND, Facts()).copies == 2 for _ in range(1000)]


def test_a_seed_repeats_a_run_and_a_probability_is_about_kept() -> None:
    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
    assert 240 < sum(strikes(1)) < 360
