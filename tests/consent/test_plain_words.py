"""OPTIN-PLAIN-WORDS: a text that asks in other words to stop is flagged, and never applied without a person."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.consent import wishes
from api.consent.keywords import keyword
from api.consent.wishes import MAX_CHARACTERS, asks_to_stop
from tests.support.work import calls_of
from tests.support.world import World

PARENT = "+13125550101"

WISHES = [
    "I have no children there please stop",
    "You have the wrong number stop",
    "who is this? pls stop thanks",
    "Stop right now",
    "Yes, stop",
    "Reply STOP",
    "stop w the texts",
    "stop blowing up my phone",
    "I want out",
    "I hereby opt out",
    "I choose to opt out of texts",
    "Opt out of text messages",
    "I tried to unsubscribe twice",
    "let me unsubscribe",
    "How do I get off this list?",
    "Please opt me out of your texts",
    "cease all communications",
    "do not contact us again",
    "stop emailing and texting me",
    "quit spamming us",
    "We would rather not get your reminders",
    "Please don\u2019t text me any more!!",
    "do not message us again",
    "stop sending me these",
    "can you stop the messages",
    "Can you take my number off the list please",
    "remove me from this",
    "I don't want to receive these messages",
    "please don't text me any more",
    "Please stop texting me",
    "take me off your list",
    "Remove my number please",
    "No more texts!",
    "I don\u2019t want these messages",
    "do not text this number again",
    "STOP SENDING ME MESSAGES",
    "I want to unsubscribe from this",
    "leave me alone",
    "Can you stop all texts?",
    "Please remove us from the list",
    "Stop. Thank you",
    "Stop please",
    "please stop",
    "STOP!!! thanks",
    "Stop thx",
    "I opt out",
    "I opt out.",
    "unsubscribe me",
    "STOP STOP",
    "STOP STOP STOP",
    "Stop texting",
    "stop txting me",
    "dont txt me",
    "Pls stop msging me",
    "please unsubscribe",
    "Please unsubscribe me from this list",
    "how do I unsubscribe?",
    "How do I opt out of these texts?",
    "I'd like to opt out",
    "We would like to opt out please",
    "Opt me out",
    "Opt us out of text messages",
    "I want to opt out because there are too many",
    "Please cancel, thank you",
    "Quit!!! Thanks",
    "End. Thank you",
    "can you stop",
    "Can you please stop?",
    "Wrong number. Stop.",
    "Who is this? Stop texting!",
    "Wrong number, please stop",
    "stop it",
    "Stop this!",
    "I said stop",
    "I texted STOP twice already",
    "I asked you to stop.",
    "I told you guys to stop",
    "I would rather not receive these",
    "I no longer wish to receive messages",
    "I no longer want texts from you",
    "Do not want to be contacted",
    "Please do not contact",
    "do not text",
    "Don't text.",
    "stop with the texts",
    "Enough with the messages!",
    "enough texts",
    "Cease and desist",
    "Please discontinue these messages",
    "Turn off these text alerts",
    "how do I turn off notifications",
    "cancel my text alerts",
    "end these texts",
    "no more messages",
    "No texts please",
    "No further messages please",
    "no more texting",
    "Take me off this list",
    "take us off your mailing list",
    "get me off this list",
    "Take my number and name off your list",
    "remove me",
    "Please remove my phone number from your contact list",
    "Delete my number",
    "Erase my number please",
    "I want to be removed",
    "I want off this list",
    "I want my number removed",
    "Lose my number",
    "forget this number",
    "Leave us alone!!",
    "Go away",
    "fuck off",
    "I never signed up for these messages",
    "I did not sign up for text messages",
    "I revoke my consent",
    "I do not consent to these texts",
    "you do not have my permission to text me",
    "Never text this number again",
    "NO MORE TEXTS",
    "don\u2019t text me",
    "don\u00b4t message us",
    "don t text me",
    "\uff33\uff54\uff4f\uff50 \uff54\uff45\uff58\uff54\uff49\uff4e\uff47 \uff4d\uff45",
    "st\u00f3p",
    "S.T.O.P.",
    "stop contacting me",
    "stop bothering me",
    "stop harassing us",
    "stop spamming me",
    "stop sending me this stuff",
    "I don't want to hear from you",
    "We don't want any more of these messages",
    "I do not want you to text me anymore",
    "don't send me any more texts",
    "Don't send any more reminders",
    "Stop the reminders please",
    "make it stop",
    "not interested in receiving texts",
    "do not text anymore",
    "UNSUB",
    "Un-subscribe",
    "Remove",
    "remove please",
    "unsubscribed please",
    "STOP \U0001f64f texting me",
    "Please, stop, texting, me",
    "i opted out already",
    "Please stop \u2014 thank you",
    "Ok stop",
    "No, stop",
    "Yes. Stop!",
    "STOP. We moved away.",
]

EVERYDAY = [
    "Please stop by the desk",
    "Meet us at the bus stop please",
    "Did we get off the wait list?",
    "Please don't let it stop",
    "Stop and Shop is closed",
    "I want out of the Tuesday class",
    "Can I opt in?",
    "No, we can not make it",
    "Yes we will be there, thanks",
    "right now we are at the stop",
    "We need a text when it ends",
    "Is class on tonight?",
    "we have got to STOP this",
    "Can we stop by at 6?",
    "the bus stop",
    "The bus stop is closed",
    "don't stop",
    "Please don't stop!",
    "Don't stop texting me, I love it",
    "please don't stop texting us",
    "I don't want to stop getting texts",
    "Please do not remove me from the list",
    "Do not take me off the list",
    "can you stop by at 5?",
    "He won't stop talking about class",
    "Don't forget the leotard",
    "Can you text me the time",
    "please take Leo off the Tuesday roster",
    "END of term party?",
    "I got your message, no more questions!",
    "please cancel Mia's class",
    "Can you text me when she is done?",
    "don't forget to text me!",
    "I can't text you right now",
    "We will stop by the gym later",
    "remove my son from the Tuesday class",
    "No more classes for us this week",
    "She is off the trampoline list",
    "Thanks for the message!",
    "I want to opt out of the recital",
    "We opt out of the photo day",
    "How do we opt out of the picture package?",
    "When does class end?",
    "the end",
    "The End!",
    "At the end of class",
    "We can't stop thinking about it",
    "Non-stop rain here",
    "nonstop",
    "Next stop: the gym",
    "Next stop, ice cream",
    "Is there a bus stop near you?",
    "She would like to stop after June",
    "I asked him to stop by",
    "I asked you to stop by the desk",
    "I said stop by at six",
    "We want you to stop by",
    "Stop by anytime",
    "stop in the lobby",
    "Can't text now, sorry",
    "I can't text anymore today, driving",
    "I got no texts today",
    "I never get your texts",
    "We never received the message",
    "I don't have your number",
    "I can't see the messages",
    "I didn't get a text from you",
    "Can you remove the late fee?",
    "Please get me a spot on the wait list",
    "Can you get me on the list for Tuesday?",
    "Get me a spot off the wait list please",
    "who is on the drop off list",
    "Take me through the schedule please",
    "can you delete the duplicate charge",
    "no more gluten please",
    "She quit gymnastics",
    "We want to quit at the end of the season",
    "Can we cancel Tuesday?",
    "Cancel class?",
    "Please cancel my class, thanks",
    "Is class cancelled?",
    "Start",
    "When do I start?",
    "YES",
    "yes please",
    "ok thanks",
    "Thank you!",
    "No thank you",
    "No thanks",
    "Out now, thanks",
    "Help",
    "info please",
    "Mia can't stop laughing",
    "pit stop first, then class",
    "it is the last stop on line 5",
    "Stopwatch broke",
    "How much is the summer camp?",
    "Could you text us the address?",
    "Please text my husband instead",
    "Please message me when it opens",
    "Do you send texts for closures?",
    "Why did the reminders not come?",
    "I would like to receive texts",
    "I want to get your messages",
    "Please add me to the list",
    "We lost my number tag",
    "I forgot my number",
    "leave me a message",
    "Leave the bag alone please",
    "No more than two guests",
    "can he stop at the water fountain",
    "Please stop the car at the side door",
    "Stop the clock at ten",
    "stop sign at the corner",
    "Will you stop the class early?",
    "is the text about Friday right?",
    "You can remove the crash mat",
    "We can't make it, please take Leo off the Tuesday roster",
    "",
]


@pytest.mark.parametrize("body", WISHES)
def test_OPTIN_PLAIN_WORDS_a_wish_to_stop_is_flagged_and_stops_nothing(body: str) -> None:
    assert asks_to_stop(body)
    assert keyword(body) is None


@pytest.mark.parametrize("body", WISHES)
def test_OPTIN_PLAIN_WORDS_a_wish_is_seen_in_capitals_among_emoji_and_in_a_longer_text(body: str) -> None:
    assert asks_to_stop(body.upper())
    assert asks_to_stop(f"\U0001f620 {body} \u2764\ufe0f")
    if body not in WHOLE_TEXTS:
        assert asks_to_stop(f"{body}. We have moved to Leeds, and Mia goes to another gym there.")
        assert asks_to_stop("We have moved to Leeds, and Mia goes to another gym there. " * 500 + body)


WHOLE_TEXTS = {"Please cancel, thank you", "Quit!!! Thanks", "End. Thank you", "S.T.O.P."}
"""Everyday words. They are a wish only in a text without other words."""


@pytest.mark.parametrize("body", EVERYDAY)
def test_OPTIN_PLAIN_WORDS_everyday_texts_are_not_flagged(body: str) -> None:
    assert not asks_to_stop(body)


@pytest.mark.parametrize("body", ["STOP", "stop all", "Unsubscribe.", "Opt-out", "Stop\u203c\ufe0f", "HELP"])
def test_OPTIN_PLAIN_WORDS_a_keyword_takes_effect_by_itself_and_is_not_flagged(body: str) -> None:
    assert not asks_to_stop(body)


async def test_OPTIN_PLAIN_WORDS_the_message_is_flagged_and_nothing_else_changes(world: World) -> None:
    await world.family("Smith", PARENT)
    await world.text(PARENT, "Please don't text me any more")

    conversation = await world.conversation(PARENT)
    thread = (await world.daniel.get(f"/api/v1/conversations/{conversation['id']}/messages")).json()["items"]
    check = (await world.daniel.get("/api/v1/opt-in-checks", params={"phone_number": PARENT})).json()

    assert [message["asks_to_stop"] for message in thread] == [True]
    assert check["allowed"] is True


# The work is bounded for every text.


BOUND = 20 * 2 * MAX_CHARACTERS

VOCABULARY = sorted({word for run in wishes.Table.of(wishes.ANYWHERE).runs for word in run})
HOSTILE = ["stop the ", "take me ", "don't ", "x", " ", ".", "!", "\n", "\xa0", "\u2026", "\u0301", "\u200d", "\ufdfa"]
HOSTILE += ["\u3164", "\ufe0f", "\U0001f600", "\U000e0041", "\u4f53"]
PIECES = st.sampled_from([*VOCABULARY, *sorted(wishes.FILLERS), *sorted(wishes.COURTESIES), *HOSTILE])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(PIECES, min_size=1, max_size=6), st.integers(1, 20_000), st.sampled_from(["", " "]), st.text(max_size=9)
)
def test_RECV_NOTHING_LOST_any_text_is_decided_within_a_bound(
    pieces: list[str], length: int, between: str, ending: str
) -> None:
    pumped = (between.join(pieces) + between) * length
    assert calls_of(asks_to_stop, pumped[:length] + ending) <= BOUND


@pytest.mark.parametrize(
    "body",
    [
        "stop " + "all the " * 24 + "x",
        "stop " + "all the " * 60 + "x",
        "stop " + "all the " * 100_000 + "x",
        "do not want to get any " * 40_000,
        "take my number " * 60_000,
        "i want you to " * 60_000,
        "\ufdfa" * 300_000,
    ],
    ids=lambda body: f"{body[:12]} of {len(body)}",
)
def test_RECV_NOTHING_LOST_a_text_on_which_the_search_for_wishes_once_hung(body: str) -> None:
    assert calls_of(asks_to_stop, body) <= BOUND
    assert not asks_to_stop(body)
