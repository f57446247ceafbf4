"""Which whole messages stop, start and ask for help, what answers them, and which only sound like it."""

import string
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.consent.keywords import Keyword, confirmation, keyword
from api.consent.wishes import asks_to_stop

STOP = ["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT"]
START = ["START", "UNSTOP"]
HELP = ["HELP", "INFO"]

EVERY = [(word, Keyword.STOP) for word in STOP] + [(word, Keyword.START) for word in START]
EVERY += [(word, Keyword.HELP) for word in HELP]

SPACES = [
    " ",
    "\t",
    "\n",
    "\r\n",
    "\N{NO-BREAK SPACE}",
    "\N{NARROW NO-BREAK SPACE}",
    "\N{EM SPACE}",
    "\N{IDEOGRAPHIC SPACE}",
    "\N{LINE SEPARATOR}",
    "\N{ZERO WIDTH SPACE}",
    "\N{ZERO WIDTH NO-BREAK SPACE}",
    "\N{WORD JOINER}",
    "\N{RIGHT-TO-LEFT MARK}",
]

PUNCTUATION = [
    *string.punctuation,
    "\N{HORIZONTAL ELLIPSIS}",
    "\N{EM DASH}",
    "\N{LEFT DOUBLE QUOTATION MARK}",
    "\N{RIGHT DOUBLE QUOTATION MARK}",
    "\N{RIGHT SINGLE QUOTATION MARK}",
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}",
    "\N{INVERTED EXCLAMATION MARK}",
    "\N{FULLWIDTH EXCLAMATION MARK}",
    "\N{IDEOGRAPHIC FULL STOP}",
]


def every_other(word: str) -> str:
    return "".join(letter.upper() if index % 2 else letter.lower() for index, letter in enumerate(word))


@pytest.mark.parametrize(("word", "meaning"), EVERY)
def test_OPTIN_STOP_and_START_ignore_case(word: str, meaning: Keyword) -> None:
    for spelling in (word.upper(), word.lower(), word.capitalize(), word.title(), every_other(word)):
        assert keyword(spelling) is meaning, spelling


@pytest.mark.parametrize(("word", "meaning"), EVERY)
def test_OPTIN_STOP_and_START_ignore_surrounding_punctuation_and_space(word: str, meaning: Keyword) -> None:
    around = SPACES + PUNCTUATION
    for before, after in [*product(around, [""]), *product([""], around), *zip(around, around, strict=True)]:
        assert keyword(before + word + after) is meaning, (before, after)
    assert keyword(f' \n "({word}!!!)" … \t') is meaning


def test_OPTIN_STOP_words_apart_by_any_space_are_the_same_two_words() -> None:
    for between in ("  ", "\t", "\n", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}"):
        assert keyword(f"stop{between}all") is Keyword.STOP
        assert keyword(f"opt{between}out") is Keyword.STOP


def test_OPTIN_STOP_no_amount_of_surrounding_space_hides_it() -> None:
    for padding in (" " * 200, "\n" * 200, "!" * 1000, " ." * 800):
        assert keyword(padding + "STOP") is Keyword.STOP
        assert keyword("STOP" + padding) is Keyword.STOP
    assert keyword("STOP" + " " * 200 + "ALL") is Keyword.STOP


@pytest.mark.parametrize(
    "body",
    [
        "we have got to STOP this",
        "please stop",
        "STOP it",
        "STOP STOP",
        "STOP, ALL of you",
        "stopped",
        "nonstop",
        "S T O P",
        "ST OP",
        "Can we cancel Tuesday?",
        "Cancel class?",
        "cancel my daughter's class",
        "When does it END today",
        "the end",
        "QUIT ALL",
        "OPT IN",
        "I want to opt out of the recital",
        "unsubscribe me",
        "START ALL",
        "start again",
        "When does it start?",
        "UNSTOP ME",
        "help!! we are locked out",
        "more info",
        "ST-OP",
        "STOP1",
        "1STOP",
    ],
)
def test_OPTIN_STOP_only_the_whole_message_counts(body: str) -> None:
    assert keyword(body) is None


@pytest.mark.parametrize("body", ["YES", "yes", "Yes!", " yes. ", "Y", "OK", "SUBSCRIBE", "JOIN", "IN"])
def test_OPTIN_START_yes_lifts_nothing(body: str) -> None:
    """Parents answer questions with it."""
    assert keyword(body) is None


@pytest.mark.parametrize("body", ["", " ", "\n\n", "...", "!", "\N{ZERO WIDTH SPACE}", "\N{THUMBS UP SIGN}"])
def test_what_holds_no_word_is_no_keyword(body: str) -> None:
    assert keyword(body) is None


AROUND = st.lists(st.sampled_from(SPACES + PUNCTUATION), max_size=30).map("".join)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(EVERY), AROUND, AROUND)
def test_any_dressing_of_a_keyword_is_the_keyword(word: tuple[str, Keyword], before: str, after: str) -> None:
    assert keyword(before + word[0] + after) is word[1]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(EVERY),
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12).filter(lambda w: w.upper() != "ALL"),
    st.sampled_from(["", " ", ", ", "\n"]),
    st.booleans(),
)
def test_any_further_word_makes_it_an_ordinary_message(
    word: tuple[str, Keyword], other: str, between: str, before: bool
) -> None:
    body = other + between + word[0] if before else word[0] + between + other
    if body.upper() not in {known for known, _ in EVERY}:
        assert keyword(body) is None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_an_answer(body: str) -> None:
    assert keyword(body) in {None, *Keyword}


def test_a_hostile_text_is_judged_in_one_pass() -> None:
    """Anything worse than linear would not come back from a million characters."""
    for body in ("x" * 1_000_000, "x " * 500_000, " " * 1_000_000, "STOP " * 200_000):
        assert keyword(body) is None


# What a line that answers keywords itself says.


def confirmed(word: Keyword, *, help_text: str | None = None) -> str:
    return confirmation(word, business_name="Bright Star Gym", contact="(312) 555-0100", help_text=help_text)


def test_OPTIN_CONFIRM_a_stop_is_confirmed_with_the_way_back() -> None:
    assert confirmed(Keyword.STOP) == (
        "Bright Star Gym: You will get no more texts from us. Reply START to get them again."
    )


def test_OPTIN_CONFIRM_a_start_is_confirmed_with_the_way_out() -> None:
    assert "Bright Star Gym" in confirmed(Keyword.START)
    assert "STOP" in confirmed(Keyword.START)


def test_OPTIN_CONFIRM_help_tells_who_how_to_reach_them_and_how_to_stop() -> None:
    for part in ("Bright Star Gym", "(312) 555-0100", "STOP"):
        assert part in confirmed(Keyword.HELP)
    for part in ("Bright Star Gym", "Write to desk@example.com.", "STOP"):
        assert part in confirmed(Keyword.HELP, help_text="Write to desk@example.com.")


@pytest.mark.parametrize("word", list(Keyword))
def test_OPTIN_CONFIRM_no_confirmation_is_a_keyword_itself(word: Keyword) -> None:
    """Two services that answer each other's confirmations would never stop."""
    assert keyword(confirmed(word)) is None
    assert len(confirmed(word)) <= 160


# Asking in other words.


@pytest.mark.parametrize(
    "body",
    [
        "please don't text me any more",
        "Please don\N{RIGHT SINGLE QUOTATION MARK}t text me any more!!",
        "PLEASE DO NOT TEXT ME ANY MORE",
        "do not message us again",
        "never text this number",
        "Stop texting me",
        "stop sending me these",
        "can you stop the messages",
        "no more texts please",
        "take me off your list",
        "Can you take my number off the list please",
        "remove me from this",
        "I don't want to receive these messages",
        "I want to unsubscribe",
        "leave me alone",
        "lose my number",
    ],
)
def test_OPTIN_PLAIN_WORDS_a_wish_to_be_left_in_peace_is_noticed_and_stops_nothing_by_itself(body: str) -> None:
    assert asks_to_stop(body)
    assert keyword(body) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Is class on tonight?",
        "we have got to STOP this",
        "Can you text me when she is done?",
        "don't forget to text me!",
        "I can't text you right now",
        "We will stop by the gym later",
        "remove my son from the Tuesday class",
        "No more classes for us this week",
        "She is off the trampoline list",
        "Thanks for the message!",
    ],
)
def test_OPTIN_PLAIN_WORDS_an_ordinary_message_is_left_alone(body: str) -> None:
    assert not asks_to_stop(body)


@pytest.mark.parametrize(("word", "_meaning"), EVERY)
def test_OPTIN_PLAIN_WORDS_a_keyword_needs_no_flag_for_it_takes_effect_by_itself(word: str, _meaning: Keyword) -> None:
    assert not asks_to_stop(word)


@pytest.mark.parametrize("piece", ["get me ", "take my number ", "stop the ", "do not want to get any ", "the ", "x"])
def test_OPTIN_PLAIN_WORDS_a_hostile_text_is_judged_in_one_pass(piece: str) -> None:
    """Half of the most that a webhook carries; anything worse than linear would take minutes."""
    assert not asks_to_stop(piece * (128 * 1024 // len(piece)))
