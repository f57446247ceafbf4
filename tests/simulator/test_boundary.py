"""The simulator stands outside the application."""

import ast
from pathlib import Path

import simulator

OUTSIDE = {"api", "migrations", "tests"}


def test_nothing_of_the_application_is_imported() -> None:
    files = list(Path(simulator.__file__).parent.rglob("*.py"))
    assert len(files) > 20
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert OUTSIDE.isdisjoint(name.partition(".")[0] for name in names), file


def test_only_the_twilio_module_knows_twilio() -> None:
    folder = Path(simulator.__file__).parent
    for file in folder.glob("*.py"):
        imported = [
            node.module or "" for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)
        ]
        names = {name for name in imported if "twilio" in name}
        assert names <= ({"simulator.twilio"} if file.name == "app.py" else set()), file
