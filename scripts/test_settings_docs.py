"""docs/configuration.md and .env.example have every setting, as it is."""

import re
from pathlib import Path

import pytest

import settings_docs
from api.settings import Settings, load_settings
from tests.support.postgres import PROJECT


def test_the_stored_files_are_what_the_settings_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert settings_docs.main(["--check"]) == 0, capsys.readouterr().out


def test_every_setting_has_a_row_and_no_name_of_the_code_is_left_in_its_text() -> None:
    rows = re.findall(r"^\| `MESSENGER_([A-Z0-9_]+)` \|", settings_docs.configuration(), re.MULTILINE)
    assert [each.lower() for each in rows] == list(Settings.model_fields)
    assert not re.search(rf"`({'|'.join(Settings.model_fields)})`", settings_docs.configuration())
    assert set(settings_docs.SECTIONS) <= set(Settings.model_fields)


def test_a_stale_file_is_found_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings_docs, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    assert settings_docs.main(["--check"]) == 1
    assert settings_docs.main([]) == 0
    (tmp_path / ".env.example").write_text(settings_docs.example().replace("MESSENGER_PORT=8000", "MESSENGER_PORT=9"))
    capsys.readouterr()
    assert settings_docs.main(["--check"]) == 1
    assert "-#MESSENGER_PORT=9\n+#MESSENGER_PORT=8000" in capsys.readouterr().out


def test_the_example_with_every_default_taken_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MESSENGER_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    defaults = load_settings()
    lines = (PROJECT / ".env.example").read_text().splitlines()
    (tmp_path / ".env").write_text("\n".join(line[1:] for line in lines if re.match(r"#MESSENGER_\w+=.", line)))
    assert load_settings() == defaults
