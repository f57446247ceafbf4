"""Parts of a text, as the GSM alphabet (3GPP TS 23.038) and UCS-2 make them."""

import pytest

from simulator.segments import count_segments


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 153, 3),  # An extension character is never split, so a part holds 76 of them.
        ("Ç" * 160, 1),
        ("ç" * 71, 2),
        ("`" * 71, 2),
        ("ā" * 70, 1),
        ("ā" * 135, 3),
        ("🤒" * 35, 1),
        ("🤒" * 36, 2),
        ("🤒" * 67, 3),  # A pair of surrogates is never split, so a part holds 33 of them.
    ],
)
def test_a_text_is_counted_in_parts(body: str, parts: int) -> None:
    assert count_segments(body) == parts
