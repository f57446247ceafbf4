"""docs/sandbox.md has every test number, as it behaves."""

from pathlib import Path

import pytest

import sandbox_docs


def test_the_stored_table_is_what_the_code_says() -> None:
    assert sandbox_docs.main(["--check"]) == 0


def test_a_stale_table_is_found_and_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "sandbox.md"
    page.write_text(f"Before\n{sandbox_docs.BEGIN}\nold\n{sandbox_docs.END}\nAfter\n")
    monkeypatch.setattr(sandbox_docs, "FILE", page)
    assert sandbox_docs.main(["--check"]) == 1
    assert sandbox_docs.main([]) == 0
    assert sandbox_docs.main(["--check"]) == 0
    assert page.read_text().startswith("Before\n")
    assert page.read_text().endswith("\nAfter\n")
