"""No regular expression takes more than linear time on any text: one text would block the process.

The tests collect every expression of the code, make texts from its structure that are hard on it, and time them.
"""

from pathlib import Path

import pytest

from tests.support.regexes import NotCollectedError, Regex, collect, slow_texts

PACKAGES = ("api", "simulator")

SUPER_LINEAR = [
    # The wishes to stop of former versions: exponential.
    r"\b(stop|quit|cease|enough of) (with )?(the |all |all the |these |those |your |sending )*(me |us )?"
    r"(text|texts|texting|message|messages|messaging|sms|spam|spamming|contacting)\b",
    r"(a|aa)+$",
    r"^(\w+\s?)*$",
    r"^([a-z]|[a-m]x?)*!$",
    # Quadratic.
    r"\s+$",
    r"<.*>",
    r"[^@]+@",
    r"^\s*(.*?)\s*=\s*x",
]

LINEAR = [r"[^\W_]+", r"\s+", r"a|b|cd", r"^[^@\s]+@[^@\s]+$", r"\+[1-9]\d{6,14}", r"^(a|b)*$", r"#\w+:"]

METHODS = {"match": False, "fullmatch": False, "search": True, "sub": True, "split": True}
"""Whether it is slow to apply an expression with it that may begin anywhere in a run of spaces."""


def searched(pattern: str) -> Regex:
    return Regex(pattern, flags=0, method="search", place="")


def test_RECV_NOTHING_LOST_no_regular_expression_of_the_code_is_super_linear() -> None:
    regexes = collect(PACKAGES)
    slow = slow_texts(regexes)
    assert {f"{regexes[number].place} {regexes[number].method}": text for number, text in slow.items()} == {}
    assert {"api/kit/text.py", "api/consent/keywords.py"} <= {each.place.split(":")[0] for each in regexes}


def test_exactly_the_super_linear_expressions_are_detected() -> None:
    by_method = [Regex(r"\s+x", flags=0, method=method, place="") for method in METHODS]
    slow = slow_texts([*by_method, *map(searched, SUPER_LINEAR), *map(searched, LINEAR)])
    expected = [*METHODS.values(), *(True for _ in SUPER_LINEAR), *(False for _ in LINEAR)]
    assert [number in slow for number in range(len(expected))] == expected


@pytest.mark.parametrize(
    "source",
    [
        "import re\n\ndef found(word, text):\n    return re.search(rf'{word}+', text)\n",
        "import re\n\nALL = [re.compile(each) for each in ('a', 'b')]\n",
        "from re import search\n",
    ],
)
def test_an_expression_that_cannot_be_collected_is_refused(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"outside_{abs(hash(source))}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "rules.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NotCollectedError):
        collect([package], root=tmp_path)
