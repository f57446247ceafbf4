"""The check of retired words finds them in prose and in names, and nothing else."""

from pathlib import Path

import pytest

from words import is_checked, problems, retired_in


@pytest.mark.parametrize(
    "line",
    [
        "A room of its own",
        "ROOM_BYTES = 1",
        "class WebhookDoor:",
        "class DoorProtocol:",
        "the event is held back",
        "if held_back:",
        "await self.give_back()",
        "The database is away.",
        "from api.kit.text import Line",
        "from api.delivery.settler import start",
    ],
)
def test_a_retired_word_is_found(line: str) -> None:
    assert len(retired_in(line)) == 1


@pytest.mark.parametrize(
    "line", ["A roomy classroom", "right away", "outdoors", "line_watches", "put it off", "SingleLine"]
)
def test_another_word_is_not(line: str) -> None:
    assert retired_in(line) == []


def test_quoted_texts_and_applied_migrations_are_exempt(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("The door is open.\nThis is held back.\n")
    assert len(list(problems("api/app.py", tmp_path / "file"))) == 2
    assert len(list(problems("demo/threads_now.py", tmp_path / "file"))) == 1
    assert not is_checked("migrations/versions/0013_limits.py")
    assert is_checked("migrations/versions/0014_next.py")
