"""Keywords: whole messages that stop, start or ask for help, and the answers to them."""

import string
import unicodedata
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.consent.keywords import Keyword, confirmation, keyword

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


EDGES = [
    "\N{VARIATION SELECTOR-16}",
    "\N{VARIATION SELECTOR-15}",
    "\N{DOUBLE EXCLAMATION MARK}\N{VARIATION SELECTOR-16}",
    "\N{ZERO WIDTH JOINER}",
    "\N{ZERO WIDTH NON-JOINER}",
    "\N{COMBINING GRAPHEME JOINER}",
    "\N{COMBINING ENCLOSING KEYCAP}",
    "\N{COMBINING ENCLOSING CIRCLE BACKSLASH}",
    "\N{COMBINING LONG STROKE OVERLAY}",
    "\N{SOFT HYPHEN}",
    "\N{LEFT-TO-RIGHT EMBEDDING}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{POP DIRECTIONAL FORMATTING}",
    "\N{FIRST STRONG ISOLATE}",
    "\N{POP DIRECTIONAL ISOLATE}",
    "\N{ARABIC LETTER MARK}",
    "\N{MONGOLIAN VOWEL SEPARATOR}",
    "\N{INVISIBLE SEPARATOR}",
    "\N{HANGUL FILLER}",
    "\N{HALFWIDTH HANGUL FILLER}",
    "\N{BRAILLE PATTERN BLANK}",
    "\N{TAG LATIN SMALL LETTER A}\N{CANCEL TAG}",
    "\N{BLACK FLAG}\N{TAG LATIN SMALL LETTER G}\N{TAG LATIN SMALL LETTER B}\N{CANCEL TAG}",
    "\N{OCTAGONAL SIGN}",
    "\N{PERSON WITH FOLDED HANDS}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}",
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}",
    "\N{REGIONAL INDICATOR SYMBOL LETTER U}\N{REGIONAL INDICATOR SYMBOL LETTER S}",
    "\N{TRADE MARK SIGN}",
    "\N{REPLACEMENT CHARACTER}",
    "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}",
    "\N{DOUBLE LOW-9 QUOTATION MARK}",
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
    "\N{LEFT CORNER BRACKET}",
    "\N{FULLWIDTH QUOTATION MARK}",
    "\N{PRIME}",
    "\N{ACUTE ACCENT}",
    "\N{INTERROBANG}",
    "\ue000",
    "\x08",
]
"""Characters that telephones, carriers and people put beside a word."""


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


@pytest.mark.parametrize("edge", EDGES, ids=ascii)
def test_OPTIN_STOP_and_START_ignore_invisible_and_meaningless_characters_around_them(edge: str) -> None:
    for word, meaning in EVERY:
        for body in (word + edge, edge + word, edge + word + edge, f"{edge} {word}! {edge}{edge}", f'"{word}{edge}."'):
            assert keyword(body) is meaning, body


@pytest.mark.parametrize(
    "body",
    [
        "\uff33\uff34\uff2f\uff30",
        "\uff53\uff54\uff4f\uff50\uff01",
        "\U0001d412\U0001d413\U0001d40e\U0001d40f",
        "\u24c8\u24e3\u24de\u24df",
        "\U0001f142\U0001f143\U0001f13e\U0001f13f",
        "S\N{ZERO WIDTH SPACE}T\N{ZERO WIDTH SPACE}O\N{ZERO WIDTH SPACE}P",
        "\N{RIGHT-TO-LEFT OVERRIDE}STOP\N{POP DIRECTIONAL FORMATTING}",
        "\u017ftop",
        "Opt-out",
        "opt\N{NON-BREAKING HYPHEN}out",
        "Opt\N{EN DASH}out.",
        "OPT \N{EM DASH} OUT",
        "opt\N{MINUS SIGN}out",
        "opt\N{HYPHEN}out",
        "opt\N{SMALL HYPHEN-MINUS}out",
        "opt\N{SOFT HYPHEN}out",
        "Optout",
        "Stop-all",
        "stop\n\nall",
    ],
    ids=ascii,
)
def test_OPTIN_STOP_letters_and_hyphens_of_other_forms_are_the_same(body: str) -> None:
    assert keyword(body) is Keyword.STOP


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
        "STOP 1\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}",
        "STOP\N{SUPERSCRIPT TWO}",
        "st\N{LATIN SMALL LETTER O WITH ACUTE}p",
        "STO\N{COMBINING ACUTE ACCENT}P",
        "STOP'S",
        "STOP. Thank you",
        "Stop please",
        "Stop thx",
        "I opt out",
        "OPT. OUT",
        "OPT, OUT",
        "opt/out",
        "STOP\N{HEAVY BLACK HEART}IT",
        "START\N{FULLWIDTH COMMA}\N{FULLWIDTH LATIN CAPITAL LETTER A}",
        "restart",
        "head start",
        "START over",
        "START please",
        "UN-STOP",
        "\N{CYRILLIC CAPITAL LETTER ES}\N{CYRILLIC CAPITAL LETTER TE}\N{CYRILLIC CAPITAL LETTER O}"
        "\N{CYRILLIC CAPITAL LETTER PE}",
    ],
)
def test_OPTIN_STOP_only_the_whole_message_counts(body: str) -> None:
    assert keyword(body) is None


@pytest.mark.parametrize(
    "body", ["YES", "yes", "Yes!", " yes. ", "YES\ufe0f", "\uff39\uff25\uff33", "Y", "OK", "SUBSCRIBE", "JOIN", "IN"]
)
def test_OPTIN_START_yes_lifts_nothing(body: str) -> None:
    """Parents answer questions with it."""
    assert keyword(body) is None


@pytest.mark.parametrize("body", ["", " ", "\n\n", "...", "!", "\N{ZERO WIDTH SPACE}", "\N{THUMBS UP SIGN}"])
def test_a_text_without_a_word_is_not_a_keyword(body: str) -> None:
    assert keyword(body) is None


AROUND = st.lists(st.sampled_from(SPACES + PUNCTUATION + EDGES), max_size=30).map("".join)


def is_seen(word: str) -> bool:
    """Whether a word has letters of its own. Some that Unicode calls letters are blank, or accents apart."""
    return any(each.isalnum() and each not in "\u115f\u1160" for each in unicodedata.normalize("NFKC", word))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(EVERY), AROUND, AROUND)
def test_anything_but_words_may_surround_a_keyword(word: tuple[str, Keyword], before: str, after: str) -> None:
    assert keyword(before + word[0] + after) is word[1]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(EVERY),
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12).filter(is_seen),
    st.sampled_from(["", " ", ", ", "\n"]),
    st.booleans(),
)
def test_a_further_word_makes_an_ordinary_message(
    word: tuple[str, Keyword], other: str, between: str, before: bool
) -> None:
    body = other + between + word[0] if before else word[0] + between + other
    if unicodedata.normalize("NFKC", body).upper() not in {known for known, _ in EVERY}:
        assert keyword(body) is None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_decided(body: str) -> None:
    assert keyword(body) in {None, *Keyword}


@pytest.mark.parametrize(
    "piece", ["x", "x ", " ", "STOP ", "!", "\u0301", "\u0301\u0323", "\u200d", "\ufdfa", "\u3164"]
)
def test_RECV_NOTHING_LOST_a_hostile_text_is_no_keyword_and_is_judged_in_one_pass(piece: str) -> None:
    """With a million characters, an algorithm worse than linear does not end."""
    assert keyword(piece * (1_000_000 // len(piece))) is None
    assert keyword("STOP" + piece * 1_000_000 + "?") is None


def test_OPTIN_STOP_as_many_spaces_as_a_webhook_carries_hide_no_keyword() -> None:
    assert keyword(" " * 500_000 + "STOP" + "\n" * 500_000) is Keyword.STOP


# Answers of a line that confirms keywords itself.


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
