"""How many parts a text is billed as, against a splitter that really cuts it up.

The alphabet is the table of 3GPP TS 23.038, typed from the standard: a row for each low nibble, its eight columns.
"""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.conversations.message_rules import Encoding, segments

ROWS = """
@ Δ SP 0 ¡ P ¿ p
£ _ ! 1 A Q a q
$ Φ " 2 B R b r
¥ Γ # 3 C S c s
è Λ ¤ 4 D T d t
é Ω % 5 E U e u
ù Π & 6 F V f v
ì Ψ ' 7 G W g w
ò Σ ( 8 H X h x
Ç Θ ) 9 I Y i y
LF Ξ * : J Z j z
Ø ESC + ; K Ä k ä
ø Æ , < L Ö l ö
CR æ - = M Ñ m ñ
Å ß . > N Ü n ü
å É / ? O § o à
"""
NAMED = {"SP": " ", "LF": "\n", "CR": "\r"}
BASIC = [NAMED.get(cell, cell) for cell in ROWS.split() if cell != "ESC"]
EXTENSION = ["^", "{", "}", "\\", "[", "~", "]", "|", "€", "\f"]
GSM = {*BASIC, *EXTENSION}


def parts(body: str) -> tuple[str, list[list[tuple[str, ...]]]]:
    """The encoding and the parts. A part is a list of characters as tuples of their units; no character is split."""
    characters: list[tuple[str, ...]]
    if all(character in GSM for character in body):
        encoding, single, part = "GSM-7", 160, 153
        characters = [("ESC", character) if character in EXTENSION else (character,) for character in body]
    else:
        encoding, single, part = "UCS-2", 70, 67
        characters = []
        for character in body:
            raw = character.encode("utf-16-be")
            characters.append(tuple(raw[index : index + 2].hex() for index in range(0, len(raw), 2)))
    if sum(map(len, characters)) <= single:
        return encoding, [characters]
    cut: list[list[tuple[str, ...]]] = [[]]
    left = part
    for units in characters:
        if len(units) > left:
            cut.append([])
            left = part
        cut[-1].append(units)
        left -= len(units)
    return encoding, cut


def test_the_table_is_whole() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127, "eight columns of sixteen, less the escape"


@pytest.mark.parametrize("character", BASIC)
def test_a_character_of_the_basic_alphabet_costs_one(character: str) -> None:
    assert (segments(character).encoding, segments(character).units) == (Encoding.GSM_7, 1)
    assert segments(character * 160).count == 1
    assert segments(character * 161).count == 2


@pytest.mark.parametrize("character", EXTENSION)
def test_a_character_of_the_extension_table_costs_two(character: str) -> None:
    assert (segments(character).encoding, segments(character).units) == (Encoding.GSM_7, 2)
    assert segments(character * 80).count == 1
    assert segments(character * 81).count == 2


def test_every_other_character_of_the_basic_plane_forces_ucs_2() -> None:
    for point in range(0x10000):
        character = chr(point)
        if not 0xD800 <= point <= 0xDFFF:
            expected = Encoding.GSM_7 if character in GSM else Encoding.UCS_2
            assert segments(character).encoding is expected, hex(point)


FANCY = ["\N{RIGHT SINGLE QUOTATION MARK}", "\N{LEFT DOUBLE QUOTATION MARK}", "\N{HORIZONTAL ELLIPSIS}", "\N{EM DASH}"]


@pytest.mark.parametrize("character", ["ç", "`", "\t", "\N{NO-BREAK SPACE}", *"āēīōūĀĒĪŌŪ", *FANCY])
def test_what_looks_ordinary_and_is_not(character: str) -> None:
    """Page 4: `ç`, backtick, tab and no-break space are not GSM-7; Māori macrons force UCS-2."""
    assert segments(f"Class at 6 {character}").encoding is Encoding.UCS_2


def test_the_capital_cedilla_is_gsm_7() -> None:
    assert segments("Ç").encoding is Encoding.GSM_7


@pytest.mark.parametrize(
    ("body", "encoding", "count", "units"),
    [
        ("", "GSM-7", 1, 0),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("a" * 459, "GSM-7", 3, 459),
        ("a" * 460, "GSM-7", 4, 460),
        ("ā" * 70, "UCS-2", 1, 70),
        ("ā" * 71, "UCS-2", 2, 71),
        ("ā" * 134, "UCS-2", 2, 134),
        ("ā" * 135, "UCS-2", 3, 135),
        ("a" * 70 + "ā", "UCS-2", 2, 71),
        ("€" * 153, "GSM-7", 3, 306),  # Page 4's own example: 76 of them fit a part.
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3, 306),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 2, 306),
        ("\N{GRINNING FACE}" * 35, "UCS-2", 1, 70),
        ("\N{GRINNING FACE}" * 36, "UCS-2", 2, 72),
        ("\N{GRINNING FACE}" * 67, "UCS-2", 3, 134),  # A surrogate pair is never split: 33 fit a part.
        ("a" * 66 + "\N{GRINNING FACE}" + "a" * 66, "UCS-2", 3, 134),
        ("\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}", "UCS-2", 1, 4),
        ("Kia ora! See you at the pool.", "GSM-7", 1, 29),
        ("Kia ora whānau", "UCS-2", 1, 14),
    ],
)
def test_known_texts(body: str, encoding: str, count: int, units: int) -> None:
    counted = segments(body)
    assert (counted.encoding, counted.count, counted.units) == (encoding, count, units)


ALPHABETS = st.sampled_from(
    [
        "".join(BASIC),
        "".join(BASIC[:40] + EXTENSION * 4),
        "".join(EXTENSION),
        "aāç`\t€^",
        "a\N{GRINNING FACE}\N{PILE OF POO}ā",
        "\N{GRINNING FACE}",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_text_is_billed_as_it_is_cut(data: st.DataObject) -> None:
    alphabet = data.draw(ALPHABETS)
    run = st.tuples(st.sampled_from(alphabet), st.integers(min_value=1, max_value=170))
    body = "".join(character * times for character, times in data.draw(st.lists(run, max_size=8)))

    encoding, cut = parts(body)
    counted = segments(body)

    assert (counted.encoding, counted.count) == (encoding, len(cut))
    assert counted.units == sum(len(units) for part in cut for units in part)
    limit = 153 if encoding == "GSM-7" else 67
    assert counted.count >= (math.ceil(counted.units / limit) if counted.count > 1 else 1)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_unicode_text_is_billed_as_it_is_cut(body: str) -> None:
    encoding, cut = parts(body)
    assert (segments(body).encoding, segments(body).count) == (encoding, len(cut))
