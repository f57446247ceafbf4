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


def test_the_carrier_imports_no_dialect_and_no_dialect_another() -> None:
    folder = Path(simulator.__file__).parent
    dialects = {package.parent.name for package in folder.glob("*/__init__.py")}
    assert dialects == {"twilio", "telnyx", "bandwidth", "plivo"}
    for file in folder.rglob("*.py"):
        imported = [
            node.module or "" for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)
        ]
        known = {dialect for dialect in dialects for name in imported if dialect in name}
        assert known <= {file.parent.name}, file
