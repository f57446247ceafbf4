"""What a query for families and staff members means (page 3: `q` is a name or a number)."""

import re
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.directory.search_rules import (
    INDEXED_WORDS,
    MAX_WORD,
    condition,
    digits_of,
    indexed_condition,
    parse_query,
    words_of,
)

ORGANIZATION = UUID("0190f5fe-7c00-7a00-8000-000000abcdef")


@pytest.mark.parametrize(
    ("query", "digits"),
    [
        ("312", "312"),
        ("(312) 555-0147", "3125550147"),
        ("+1 312.555.0147", "13125550147"),
        (" 555/0147 ", "5550147"),
        ("tel:+1-312-555-0147", "13125550147"),
        ("TEL: 312 555 0147", "3125550147"),
        ("sms://+13125550147", "13125550147"),
        ("312\u2011555\u20110147", "3125550147"),
        ("312\u2013555\u22120147", "3125550147"),
        ("312\u00a0555\u20070147", "3125550147"),
        ("\u202a+1\u200b312\u00ad555\u20600147\u202c\ufeff", "13125550147"),
        ("\uff0b\uff11\uff13\uff11\uff12", "1312"),
        ("\u0663\u0661\u0662", "312"),
        ("+44 (0)7911 123456", "447911123456"),
        ("+44 (\u200b0 ) 7911 123456", "447911123456"),
        ("(0) 7911 123456", "7911123456"),
        ("31", None),
        ("", None),
        ("   ", None),
        ("()-+", None),
        ("(0)", None),
        ("Okafor", None),
        ("Okafor 312", None),
        ("312x", None),
    ],
)
def test_a_search_means_a_number_when_it_is_written_like_one(query: str, digits: str | None) -> None:
    assert digits_of(query) == digits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Rivera Ana", ("rivera", "ana")),
        ("M\u0101ia  O\u2019Brien", ("maia", "obrien")),
        ("Smith-Jones", ("smith", "jones")),
        ("\u00c6r\u00f8 Stra\u00dfe", ("aero", "strasse")),
        ("ana Ana \u00c1NA", ("ana",)),
        ("\u738b\u5c0f\u660e", ("\u738b", "\u5c0f", "\u660e")),
        ("x" * 50, ("x" * MAX_WORD,)),
        ("?!", ()),
    ],
)
def test_names_are_folded_as_messages_are(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


def test_every_word_has_to_be_found_and_a_number_is_an_alternative() -> None:
    assert condition(parse_query("Rivera ana"), organization_id=ORGANIZATION) == "('abcdefrivera':* & 'abcdefana':*)"
    assert condition(parse_query("555-0142"), organization_id=ORGANIZATION) == (
        "('abcdef555':* & 'abcdef0142':*) | 'abcdef#5550142':*"
    )
    assert condition(parse_query("rivera 0142"), organization_id=ORGANIZATION) == (
        "('abcdefrivera':* & ('abcdef0142':* | 'abcdef#142':*))"
    )
    assert condition(parse_query("..."), organization_id=ORGANIZATION) == ""


def test_the_index_looks_up_only_a_few_words() -> None:
    """Bounded work: a query of fifty letters would otherwise read the index fifty times."""
    query = parse_query(" ".join("abcdefghijklmnopqrstuvwxyz"))
    assert condition(query, organization_id=ORGANIZATION).count("&") == 25
    assert indexed_condition(query, organization_id=ORGANIZATION).count("&") == INDEXED_WORDS - 1


@given(st.text(max_size=100))
@example("'; DROP TABLE families --")
@example("\\' | & ! ( ) : * <->")
@example("\u2460\u00bd\U00010107")
def test_any_text_makes_a_condition_without_anything_to_escape(text: str) -> None:
    made = condition(parse_query(text), organization_id=ORGANIZATION)
    lexemes = re.sub(r"'abcdef#?[^'\\\s]+':\*", "x", made)
    assert set(lexemes) <= set("x&|() ")
