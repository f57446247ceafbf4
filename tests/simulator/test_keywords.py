"""STOP, START and HELP: what the network does by itself, and what it leaves to the application."""

import pytest

from simulator.keywords import Keyword, answer, recognise
from simulator.model import LineKind
from tests.simulator.conftest import ACCOUNT, LINE, PARENT, Answer, Business, Simulator

STOPPED = "You have successfully been unsubscribed."
BACK = "You have successfully been re-subscribed"


def test_stop_is_confirmed_reported_and_blocks_the_line_until_start(simulator: Simulator, business: Business) -> None:
    simulator.text("stop")
    simulator.settle()
    assert simulator.texts()[1].startswith(STOPPED)
    refusal = simulator.send()
    assert (refusal.status_code, refusal.json()["code"]) == (400, 21610)

    simulator.text("START")
    simulator.settle()
    assert simulator.texts()[3].startswith(BACK)
    assert simulator.send().status_code == 201
    assert [report.fields["Body"] for report in business.inbound()] == ["stop", "START"]


def test_the_networks_own_words_are_in_no_accounts_list(simulator: Simulator) -> None:
    simulator.text("HELP")
    simulator.settle()
    assert simulator.texts() == ["HELP", "Reply STOP to unsubscribe. Msg&Data Rates May Apply."]
    assert [m["body"] for m in simulator.get("/Messages.json").json()["messages"]] == ["HELP"]


def test_stop_blocks_only_the_line_that_was_told(simulator: Simulator) -> None:
    simulator.control("PUT", "/lines/+13125550101", account_sid=ACCOUNT)
    simulator.text("STOP")
    assert simulator.send().json()["code"] == 21610
    assert simulator.send(From="+13125550101").status_code == 201


def test_stop_to_one_number_of_a_service_blocks_all_of_them(simulator: Simulator) -> None:
    service = "MG" + "5" * 32
    for number in (LINE, "+13125550101"):
        simulator.control("PUT", f"/lines/{number}", account_sid=ACCOUNT, messaging_service_sid=service)
    simulator.text("STOP")
    assert simulator.send(From="+13125550101").json()["code"] == 21610
    assert simulator.send(From="", MessagingServiceSid=service).json()["code"] == 21610


def test_a_line_that_answers_for_itself_gets_the_word_and_no_help(simulator: Simulator, business: Business) -> None:
    simulator.control(
        "PUT",
        f"/lines/{LINE}",
        account_sid=ACCOUNT,
        inbound_url=f"{business.url}/inbound",
        keywords="app",
    )
    simulator.text("STOP")
    simulator.settle()
    assert simulator.texts() == ["STOP"]
    assert len(business.inbound()) == 1
    assert simulator.send().status_code == 201


def test_a_short_code_answers_for_itself_unless_told_otherwise(simulator: Simulator) -> None:
    simulator.control("PUT", "/lines/4402", account_sid=ACCOUNT, kind="short_code", country="NZ")
    simulator.control("POST", "/handsets/+6421555014/texts", to="4402", body="STOP")
    simulator.settle()
    assert simulator.texts("+6421555014") == ["STOP"]


def test_an_answer_to_the_word_stop_is_not_texted_to_somebody_who_has_just_stopped(
    simulator: Simulator, business: Business
) -> None:
    business.answers = [Answer(body=b"<Response><Message>Sorry to see you go</Message></Response>")]
    simulator.text("STOP")
    simulator.settle()
    assert len(simulator.texts()) == 2
    assert "unsubscribed" in simulator.control("GET", "/webhooks")["alerts"][0]["detail"]


def test_a_text_accepted_before_stop_still_arrives(simulator: Simulator) -> None:
    simulator.control("PATCH", "/settings", delivered_after=0.3)
    simulator.send(Body="on its way")
    simulator.text("STOP")
    simulator.settle()
    assert "on its way" in simulator.texts(PARENT)


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        ("STOP", Keyword.STOP),
        (" stopall\n", Keyword.STOP),
        ("Unsubscribe", Keyword.STOP),
        ("OptOut", Keyword.STOP),
        ("yes", Keyword.START),
        ("UNSTOP", Keyword.START),
        ("info", Keyword.HELP),
        ("Yes please", None),
        ("STOP please", None),
        ("STOP!", None),
        ("", None),
    ],
)
def test_only_a_lone_word_is_a_keyword(body: str, keyword: Keyword | None) -> None:
    assert recognise(body, kind=LineKind.LONG_CODE) is keyword


def test_a_toll_free_network_does_not_take_yes_for_start() -> None:
    assert recognise("yes", kind=LineKind.TOLL_FREE) is None
    assert recognise("unstop", kind=LineKind.TOLL_FREE) is Keyword.START


def test_toll_free_networks_have_words_of_their_own() -> None:
    words = answer(Keyword.STOP, kind=LineKind.TOLL_FREE, was_stopped=False)
    assert words is not None
    assert words.startswith("NETWORK MSG")


@pytest.mark.parametrize(
    ("keyword", "was_stopped", "answered"),
    [
        (Keyword.STOP, False, True),
        (Keyword.STOP, True, False),
        (Keyword.HELP, False, True),
        (Keyword.HELP, True, False),
        (Keyword.START, True, True),
        (Keyword.START, False, False),
    ],
)
def test_a_stopped_number_hears_only_that_it_is_back(keyword: Keyword, was_stopped: bool, answered: bool) -> None:
    words = answer(keyword, kind=LineKind.LONG_CODE, was_stopped=was_stopped)
    assert (words is not None) is answered
