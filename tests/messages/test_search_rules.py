"""SEARCH-HOW: words, queries, highlights and snippets, without a database."""

import sys
import unicodedata
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.kit.folding import FOLD
from api.messages.search_rules import (
    MAX_TEXT,
    MAX_WORD,
    MAX_WORDS,
    SNIPPET_CHARACTERS,
    NothingToSearchError,
    SearchQuery,
    Span,
    Term,
    in_utf16,
    matches_in,
    parse_query,
    search_condition,
    search_vector,
    snippet_of,
    words_of,
)

ORGANIZATION = UUID("0190f5fe-7c00-7a00-8000-000000abcdef")

WORDS = {
    "Is the CLASS on?": ["is", "the", "class", "on"],
    "caf\u00e9 cafe\u0301 CAFÉ": ["cafe", "cafe", "cafe"],
    "Māori whānau": ["maori", "whanau"],
    "Straße STRASSE": ["strasse", "strasse"],
    "Ærø, Łódź, Þór, Đặng": ["aero", "lodz", "thor", "dang"],
    "İstanbul \u0131rmak": ["istanbul", "irmak"],
    "don't don\u2019t DONT don\u02bct": ["dont"] * 4,
    "Mom's 'class' rock 'n' roll": ["moms", "class", "rock", "n", "roll"],
    "5:30pm $1,250.00 #4": ["5", "30pm", "1", "250", "00", "4"],
    "check-in e-mail maya@gym.test": ["check", "in", "e", "mail", "maya", "gym", "test"],
    "\u0663\u0664 \u0967": ["34", "1"],
    "½ x² ﬁne Ⅷ": ["1", "2", "x2", "fine", "viii"],
    "great\U0001f44d\U0001f3fd job": ["great", "\U0001f44d", "job"],
    "\u2764\ufe0f 1\ufe0f\u20e3": ["\u2764", "1"],
    "体操教室": ["体", "操", "教", "室"],
    "ｶﾞ が か": ["カ", "か", "か"],
    "\u0915\u093f \u0915\u093e": ["\u0915\u093f", "\u0915\u093e"],
    "so\u00adft zero\u200dwidth": ["soft", "zerowidth"],
    "one\ntwo\tthree\u00a0four": ["one", "two", "three", "four"],
    "\"quoted\" <b>bold</b> & 'co' \\ :* | !": ["quoted", "b", "bold", "b", "co"],
    "": [],
    "?! … — \u200b": [],
}


@pytest.mark.parametrize(("text", "words"), WORDS.items())
def test_a_text_is_taken_apart_into_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_of_a_huge_text_the_first_part_is_searched() -> None:
    assert len(words_of("a " * MAX_TEXT)) == MAX_TEXT // 2
    assert len(words_of("体" * MAX_TEXT)) == MAX_WORDS
    assert words_of("x" * 500) == ["x" * MAX_WORD]


def test_no_character_can_break_out_of_a_lexeme() -> None:
    # Beyond the first two planes there are Han characters, selectors and private use.
    everything = [*range(0x20000), 0x20000, 0xE0001, 0xE0100, sys.maxunicode]
    assert not any(set(FOLD[code]) & set("'\\\"\x00\t\n\r\v\f&|!:*<>()") for code in everything)


@given(st.text())
def test_how_accents_are_encoded_makes_no_difference(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert words_of(unicodedata.normalize(form, text)) == words_of(text)


@given(st.text())
def test_the_words_of_the_words_are_the_same_words(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words


@given(st.text(min_size=1).filter(lambda text: not set(text) & set('"\u201c\u201d\u201e\u201f\uff02')))
def test_whatever_a_text_says_finds_it_and_is_marked_in_it(text: str) -> None:
    try:
        query = parse_query(f'"{text}"')
    except NothingToSearchError:
        assert words_of(text) == []
        return
    (span,) = matches_in(text, query)
    assert words_of(text[span.start : span.end]) == words_of(text)


QUERIES = {
    "cla": [Term(("cla",), is_prefix=True)],
    "class ": [Term(("class",))],
    "class?": [Term(("class",))],
    "is class": [Term(("is",)), Term(("class",), is_prefix=True)],
    '"see you" fri': [Term(("see", "you")), Term(("fri",), is_prefix=True)],
    '"see you"': [Term(("see", "you"))],
    '"see you on fri': [Term(("see", "you", "on", "fri"), is_prefix=True)],
    "\u201csee you\u201d": [Term(("see", "you"))],
    'fri "see you" "': [Term(("fri",)), Term(("see", "you"))],
    'a"b c"d': [Term(("a",)), Term(("b", "c")), Term(("d",), is_prefix=True)],
    "5:30": [Term(("5", "30"), is_prefix=True)],
    "check-in desk": [Term(("check", "in")), Term(("desk",), is_prefix=True)],
    "体操": [Term(("体", "操"))],
    "don\u2019": [Term(("don",), is_prefix=True)],
    "on on on ": [Term(("on",))],
    "-- class --": [Term(("class",))],
    "a & !b | c:*": [Term(("a",)), Term(("b",)), Term(("c",))],
}


@pytest.mark.parametrize(("text", "terms"), QUERIES.items())
def test_a_query_is_words_phrases_and_the_beginning_of_a_word(text: str, terms: list[Term]) -> None:
    assert parse_query(text) == SearchQuery(tuple(terms))


@pytest.mark.parametrize("text", ["", " ", "?!", '""', '" "', "\u200d", "'"])
def test_a_query_without_a_word_is_refused(text: str) -> None:
    with pytest.raises(NothingToSearchError):
        parse_query(text)


def test_vector_and_condition_name_the_organization_in_every_lexeme() -> None:
    vector = search_vector("To be, or not to be", organization_id=ORGANIZATION)
    assert vector == "'abcdefto':1,5 'abcdefbe':2,6 'abcdefor':3 'abcdefnot':4"
    condition = search_condition(parse_query('"to be" no'), organization_id=ORGANIZATION)
    assert condition == "('abcdefto' <-> 'abcdefbe') & ('abcdefno':*)"


MATCHES = [
    ("Is the 5:30 class on?", "class", ["class"]),
    ("Classes and CLASSY class", "class ", ["class"]),
    ("Classes and CLASSY class", "class", ["Classes", "CLASSY", "class"]),
    ("See you. See me, see you", '"see you"', ["See you", "see you"]),
    ("at 5:30, room 5", "5:30", ["5:30"]),
    ("cafe\u0301 time", "cafe", ["cafe\u0301"]),
    ("Don\u2019t worry", "dont", ["Don\u2019t"]),
    ("'class'", "class", ["class"]),
    ("ok \U0001f44d\U0001f3fd!", "\U0001f44d", ["\U0001f44d\U0001f3fd"]),
    ("体操教室", "操教", ["操教"]),
    ("ab ab ab", '"ab ab"', ["ab ab ab"]),
    ("nothing here", "class", []),
]


@pytest.mark.parametrize(("body", "query", "marked"), MATCHES)
def test_what_matches_is_marked_and_nothing_else(body: str, query: str, marked: list[str]) -> None:
    assert [body[span.start : span.end] for span in matches_in(body, parse_query(query))] == marked


@given(st.text(), st.data())
def test_spans_are_counted_as_javascript_counts(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    (span,) = in_utf16(text, [Span(start, end)])
    units = text.encode("utf-16-le")
    assert units[2 * span.start : 2 * span.end].decode("utf-16-le") == text[start:end]


def test_a_short_text_is_its_own_snippet() -> None:
    snippet = snippet_of("Is class on?", [Span(3, 8)])
    assert (snippet.text, snippet.matches) == ("Is class on?", [Span(3, 8)])
    assert not snippet.cut_before
    assert not snippet.cut_after


@given(st.text(alphabet="ab é\n\U0001f44d", max_size=600), st.data())
def test_a_snippet_is_a_piece_around_the_first_match(body: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(body) - 1)))
    match = Span(start, min(len(body), start + 10))
    snippet = snippet_of(body, [match])
    assert len(snippet.text) <= max(SNIPPET_CHARACTERS, 0)
    at = body.find(snippet.text, 0 if not snippet.cut_before else 1)
    assert at >= 0
    assert snippet.cut_before or body.startswith(snippet.text)
    assert snippet.cut_after or body.endswith(snippet.text)
    if match.end > match.start:
        (inside,) = snippet.matches
        assert body[match.start : match.end].startswith(snippet.text[inside.start : inside.end])
        assert inside.end > inside.start
