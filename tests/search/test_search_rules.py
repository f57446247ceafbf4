"""SEARCH-HOW: words, queries, highlights and snippets, without a database."""

import sys
import time
import unicodedata
from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.kit.folding import APOSTROPHES, FOLD
from api.kit.lexemes import MAX_TEXT, MAX_WORD, MAX_WORDS, search_vector, words_of
from api.search.rules import (
    MAX_MATCHES,
    MAX_QUERY_CHARACTERS,
    SNIPPET_CHARACTERS,
    Span,
    Term,
    in_utf16,
    matches_in,
    parse_query,
    search_condition,
    snippet_of,
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
def test_any_text_finds_itself_and_is_highlighted(text: str) -> None:
    query = parse_query(f'"{text}"')
    if not query:
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
    assert parse_query(text) == terms


@pytest.mark.parametrize("text", ["", " ", "?!", '""', '" "', "\u200d", "'"])
def test_a_query_without_a_word_has_no_terms(text: str) -> None:
    assert parse_query(text) == []


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
def test_only_matches_are_highlighted(body: str, query: str, marked: list[str]) -> None:
    assert [body[span.start : span.end] for span in matches_in(body, parse_query(query))] == marked


def plainly_matched(body: str, query: Sequence[Term]) -> list[Span]:
    """Every match, character by character, written from the definition."""
    words: list[str] = []
    spans: list[Span] = []
    is_open = False
    for index, character in enumerate(body):
        folded = FOLD[ord(character)]
        if not folded and character not in APOSTROPHES:
            # A combining mark belongs to all words of the character before it: "½" is two words.
            spans = [Span(span.start, index + 1) if span.end == index else span for span in spans]
        for letter in folded:
            if letter == " ":
                is_open = False
            elif is_open:
                words[-1] += letter
                spans[-1] = Span(spans[-1].start, index + 1)
            else:
                words.append(letter)
                spans.append(Span(index, index + 1))
                is_open = True
    words = [word[:MAX_WORD] for word in words]
    found: list[Span] = []
    for term in query:
        *before, last = term.words
        for index in range(len(words) - len(before)):
            word = words[index + len(before)]
            if words[index : index + len(before)] == before and (
                word.startswith(last) if term.is_prefix else word == last
            ):
                found.append(Span(spans[index].start, spans[index + len(before)].end))
    merged: list[Span] = []
    for span in sorted(found):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


LETTERS = st.text(alphabet="ab \u00e9e\u0301'\u2019\u200d\u00df\u00bd\u4f53\U0001f44d\U0001f3fd1.\n", max_size=60)


@settings(max_examples=400)
@given(LETTERS, st.text(alphabet="ab \u00e9'\u4f531.\U0001f44d\"", max_size=8))
@example("\u00bd\u0301", "1")
@example("x" * 150, "x" * 100 + " ")
@example("x" * 150 + " b", '"' + "x" * 120 + ' b"')
def test_highlights_are_those_of_a_plain_scan(body: str, typed: str) -> None:
    query = parse_query(typed)
    if query:
        assert matches_in(body, query) == plainly_matched(body, query)


HOSTILE = {
    "one word": "x" * MAX_TEXT,
    "the word again and again": "a " * (MAX_TEXT // 2),
    "almost the phrase": "a a b " * (MAX_TEXT // 6),
    "accents": "a\u0301\u0302 " * (MAX_TEXT // 4),
    "apostrophes": "a'" * (MAX_TEXT // 2),
    "characters that are words": "\u4f53" * MAX_TEXT,
    "ligatures": "\ufdfa" * MAX_TEXT,
    "emoji": "\U0001f44d\U0001f3fd" * (MAX_TEXT // 2),
    "nothing": " " * MAX_TEXT,
}
QUERIES_OF_MANY_WORDS = [
    "a",
    '"' + "a " * 149,
    "a " * 150,
    " ".join("abcdefghijklmnopqrstuvwxyz") + " x",
    "\u4f53" * 300,
]


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_highlighting_is_bounded_whatever_text_and_query_are(body: str) -> None:
    """In proportion to the text: a hundred times the text takes about a hundred times as long, not ten thousand."""

    def seconds(text: str, query: Sequence[Term], *, repeat: int) -> float:
        def once() -> float:
            started = time.perf_counter()
            for _ in range(repeat):
                matches_in(text, query)
            return time.perf_counter() - started

        return min(once() for _ in range(3))

    for typed in QUERIES_OF_MANY_WORDS:
        query = parse_query(typed[:MAX_QUERY_CHARACTERS])
        found = matches_in(body, query)
        assert len(found) <= max(MAX_MATCHES, len(query))
        assert seconds(body, query, repeat=1) < 10 * seconds(body[: MAX_TEXT // 100], query, repeat=100), typed


def test_a_snippet_shows_the_match_wherever_it_is_within_what_is_searched() -> None:
    for place in (0, 1, 5_000, 19_000, MAX_TEXT - 5):
        for filler in ("b ", "b", "\u00e9 ", "\U0001f44d"):
            body = (filler * MAX_TEXT)[: max(0, place - 1)] + " hello" + " and more" * 100
            query = parse_query("hello")
            snippet = snippet_of(body, matches_in(body, query))
            assert [snippet.text[span.start : span.end] for span in snippet.matches] == ["hello"], (place, filler)


def test_every_word_of_a_query_is_highlighted_though_one_is_everywhere() -> None:
    body = "a " * 5_000 + "hello"
    marked = {body[span.start : span.end] for span in matches_in(body, parse_query("a hello"))}
    assert marked == {"a", "hello"}


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
