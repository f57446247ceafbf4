"""What staff must know before they text from a line."""

import pytest

from api.lines.rules import NZ_NOTICE, LineKind, recipient_pays


@pytest.mark.parametrize(
    ("kind", "country", "pays"),
    [
        ("short_code", "NZ", True),
        ("short_code", "US", False),
        ("short_code", "AU", False),
        ("short_code", None, False),
        ("long_code", "NZ", False),
        ("long_code", "US", False),
        ("long_code", None, False),
        ("toll_free", "NZ", False),
        ("toll_free", "US", False),
        ("toll_free", None, False),
    ],
)
def test_NZ_NOTICE_only_new_zealand_numbers_pay_and_only_for_a_short_code(
    kind: str, country: str | None, pays: bool
) -> None:
    assert recipient_pays(line_kind=kind, recipient_country=country) is pays


def test_NZ_NOTICE_is_in_the_words_of_the_specification() -> None:
    assert NZ_NOTICE == (
        "Carriers serving New Zealand apply a standard fee for receiving SMS messages from a short code, "
        "billed at the same rate as sending a message."
    )


def test_a_line_is_one_of_three_kinds() -> None:
    assert {kind.value for kind in LineKind} == {"long_code", "toll_free", "short_code"}
