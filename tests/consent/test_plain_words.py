"""OPTIN-PLAIN-WORDS: a text that asks in other words to stop is flagged, and never applied without a person."""

import pytest

from api.consent.wishes import asks_to_stop
from tests.support.world import World

PARENT = "+13125550101"


@pytest.mark.parametrize(
    "body",
    [
        "please don't text me any more",
        "Please stop texting me",
        "take me off your list",
        "Remove my number please",
        "No more texts!",
        "I don\N{RIGHT SINGLE QUOTATION MARK}t want these messages",
        "do not text this number again",
        "STOP SENDING ME MESSAGES",
        "I want to unsubscribe from this",
        "leave me alone",
        "Can you stop all texts?",
        "Please remove us from the list",
    ],
)
def test_a_wish_to_be_left_in_peace_is_seen(body: str) -> None:
    assert asks_to_stop(body)


@pytest.mark.parametrize(
    "body",
    [
        "we have got to STOP this",
        "can you stop by at 5?",
        "Don't forget the leotard",
        "Can you text me the time",
        "He won't stop talking about class",
        "We can't make it, please take Leo off the Tuesday roster",
        "the bus stop is closed",
        "END of term party?",
        "I got your message, no more questions!",
        "please cancel Mia's class",
        "",
    ],
)
def test_everyday_words_are_not_taken_for_it(body: str) -> None:
    assert not asks_to_stop(body)


@pytest.mark.parametrize("body", ["STOP", "stop all", "Unsubscribe.", "HELP"])
def test_a_keyword_takes_effect_by_itself_and_is_not_flagged(body: str) -> None:
    assert not asks_to_stop(body)


async def test_the_message_is_flagged_and_nothing_else_changes(world: World) -> None:
    await world.family("Smith", PARENT)
    await world.text(PARENT, "Please don't text me any more")

    conversation = await world.conversation(PARENT)
    thread = (await world.daniel.get(f"/api/v1/conversations/{conversation['id']}/messages")).json()["items"]
    check = (await world.daniel.get("/api/v1/opt-in-checks", params={"phone_number": PARENT})).json()

    assert [message["asks_to_stop"] for message in thread] == [True]
    assert check["allowed"] is True
