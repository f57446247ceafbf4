"""The size of functions and files: no function over 60 lines or 7 parameters, no file over 500 lines."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MEASURED = ("api", "demo", "simulator", "benchmarks", "scripts")

MAX_LINES = 60
MAX_PARAMETERS = 7
MAX_FILE_LINES = 500


def measured_files() -> list[Path]:
    return [path for folder in MEASURED for path in sorted((ROOT / folder).rglob("*.py"))]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many parameters a caller may give: keyword-only ones count, `self` and `cls` do not."""
    given = function.args
    named = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    variable = [each for each in (given.vararg, given.kwarg) if each is not None]
    return len([name for name in named if name not in {"self", "cls"}]) + len(variable)


def excesses() -> Iterator[str]:
    for path in measured_files():
        text, name = path.read_text(), path.relative_to(ROOT).as_posix()
        if len(text.splitlines()) > MAX_FILE_LINES:
            yield name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 > MAX_LINES or parameters(node) > MAX_PARAMETERS:
                    yield f"{name} {node.name}"


def test_functions_and_files_stay_small() -> None:
    assert list(excesses()) == [], "split these, or give their arguments as one value"
