"""Text in requests: unstorable text is refused with a clear error, or made storable (R9)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.kit.folding import fold_name
from api.kit.text import Body, SingleLine, made_storable, one_line, storable

RTL = "\N{RIGHT-TO-LEFT OVERRIDE}שלום"


@pytest.mark.parametrize("text", ["", "Hi", "a\nb\tc", RTL, "\N{GRINNING FACE}", "<b>&</b>", "=1+1", "x" * 10_000])
def test_storable_text_is_unchanged(text: str) -> None:
    assert storable(text) == text
    assert made_storable(text) == text


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a\udfff", "\udc00\ud800"])
def test_unstorable_text_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match=r"^remove the "):
        storable(text)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\x00b", "a\N{REPLACEMENT CHARACTER}b"),
        ("\x00\x00", "\N{REPLACEMENT CHARACTER}" * 2),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ("\udc00\ud800", "\N{REPLACEMENT CHARACTER}" * 2),
        ("What?\ud800", "What?\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_RECV_NOTHING_LOST_unstorable_characters_from_outside_are_replaced(text: str, stored: str) -> None:
    assert made_storable(text) == stored


ANY_TEXT = st.text(st.characters(), max_size=50) | st.text(st.sampled_from("a\x00\ud800\udfff?\n"), max_size=10)


@given(ANY_TEXT)
def test_anything_made_storable_can_be_stored_and_keeps_its_length(text: str) -> None:
    made = made_storable(text)
    assert storable(made) == made
    assert len(made) == len(text)
    assert made_storable(made) == made


@given(ANY_TEXT)
def test_storable_agrees_with_what_can_be_encoded(text: str) -> None:
    try:
        holds = b"\x00" not in text.encode()
    except UnicodeEncodeError:
        holds = False
    if holds:
        assert storable(text) == text
    else:
        with pytest.raises(ValueError, match="remove"):
            storable(text)


@pytest.mark.parametrize(("text", "line"), [("Okafor", "Okafor"), ("  Okafor \n", "Okafor"), ("", ""), (RTL, RTL)])
def test_a_line_loses_its_surrounding_space(text: str, line: str) -> None:
    assert one_line(text) == line


BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}"]


@pytest.mark.parametrize("inside", [*BREAKS, "\t", "\x01", "\x1b", "\x7f", "\x9b"])
def test_line_breaks_and_control_characters_are_refused_in_a_line(inside: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        one_line(f"Oka{inside}for")


@given(ANY_TEXT)
def test_every_accepted_text_is_one_line(text: str) -> None:
    try:
        line = one_line(text)
    except ValueError:
        return
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert not any(unicodedata.category(character) == "Cc" for character in line)


def test_wire_types_apply_the_checks() -> None:
    assert TypeAdapter[str](SingleLine).validate_python(" Okafor ") == "Okafor"
    assert TypeAdapter[str](Body).validate_python(" a\nb ") == " a\nb "
    for adapter, text in ((TypeAdapter[str](SingleLine), "a\nb"), (TypeAdapter[str](Body), "a\x00")):
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


@pytest.mark.parametrize(
    ("spelling", "folded"),
    [
        ("Ana  Rivera", "ana rivera"),
        (" Ana\u00a0Rivera\u2009", "ana rivera"),
        ("A\u200bna\u2060 Ri\u00advera\ufeff", "ana rivera"),
        ("\u202aAna Rivera\u202c\ufe0f", "ana rivera"),
        ("\u00c1na Rivera", "ana rivera"),
        ("A\u0301na Rivera", "ana rivera"),
        ("\uff21na RIVERA", "ana rivera"),
        ("Stra\u00dfe", "strasse"),
        ("\u0130pek", "ipek"),
        ("O\u2019Brien", "o'brien"),
        ("O\u02bcBrien", "o'brien"),
        ("O\u00b4Brien", "o'brien"),
        ("O`Brien", "o'brien"),
        ("Ana\u2011Maria", "ana-maria"),
        ("Ana\u2013Maria", "ana-maria"),
        ("Ana\u2212Maria", "ana-maria"),
        ("M\u0101ia", "maia"),
        ("\u0915\u093f", "\u0915\u093f"),
    ],
)
def test_names_that_differ_only_in_how_they_were_typed_fold_alike(spelling: str, folded: str) -> None:
    assert fold_name(spelling) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana Rivera", "Ana Rivero"),
        ("AnaRivera", "Ana Rivera"),
        ("OBrien", "O'Brien"),
        ("\u0915\u093f", "\u0915\u0940"),
    ],
)
def test_different_names_fold_apart(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


@given(ANY_TEXT)
def test_folding_is_stable_and_the_same_for_every_unicode_form(text: str) -> None:
    folded = fold_name(text)
    assert fold_name(folded) == folded
    for form in ("NFC", "NFD"):
        assert fold_name(unicodedata.normalize(form, text)) == folded
    assert fold_name(f" {text}\u00a0 ") == folded
