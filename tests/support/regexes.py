"""Finds the regular expressions of the code, and texts on which one takes more than linear time.

Run as a program it reads regular expressions from standard input and tells which text each is slow on; it can be killed
where a search holds on to the interpreter.
"""

import ast
import importlib
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from re import _constants as op
from re import _parser as parser
from typing import Any, TypeGuard

ROOT = Path(__file__).parents[2]

METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")

SHORT, LONG = 10_000, 40_000
"""Characters of a text, and of one that is four times as long."""

QUICK_S = 0.003
"""Processor time within which a short text is certainly not searched in quadratic time: that takes 30 ms and more."""

GROWTH = 8.0
"""How much longer four times the text may take: 4 is linear, 16 is quadratic."""

LIMIT_S = 0.25
"""Processor time after which a search is given up. A linear one takes a tenth of it over a long text."""

Tree = Any
"""A parsed regular expression, or a part of one: pairs of an operation and its argument."""


@dataclass(frozen=True)
class Regex:
    pattern: str
    flags: int
    method: str
    """The method that it is applied with. What begins at every position again takes longer."""
    place: str


class NotCollectedError(AssertionError):
    """A regular expression that the test cannot see. It has to be a constant of its module."""


def collect(packages: Sequence[str], *, root: Path = ROOT) -> list[Regex]:
    """Every regular expression of some packages, once for each method that it is applied with.

    Raises `NotCollectedError`.
    """
    modules = {
        path.relative_to(root): ast.parse(path.read_text(encoding="utf-8"))
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
    }
    methods: defaultdict[str, set[str]] = defaultdict(set)
    """Name of an expression → the methods that are called on it, in whatever module."""
    for tree in modules.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in METHODS:
                methods[node.value.id].add(node.attr)
    return [regex for path, tree in modules.items() for regex in _of_module(path, tree, methods)]


def _of_module(path: Path, tree: ast.Module, methods: Mapping[str, set[str]]) -> Iterator[Regex]:
    names = {
        id(node.value): target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        place = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ImportFrom) and node.module == "re":
            raise NotCollectedError(f"{place}: import re, not names of it.")
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if _is_of_re(node.func) else None
        if called in METHODS:
            yield Regex(_value(node.args[0], path, place), 0, called, place)
        elif called == "compile":
            flags = int(_value(node.args[1], path, place)) if len(node.args) > 1 else 0
            # One that has no name, or is applied elsewhere under another, is searched for: that takes longest.
            for method in sorted(methods.get(names.get(id(node), ""), {"search"})):
                yield Regex(_value(node.args[0], path, place), flags, method, place)
        for given in node.keywords:
            pattern = _value(given.value, path, place) if given.arg == "pattern" else None
            if isinstance(pattern, str):  # A compiled one is collected where it is compiled.
                yield Regex(pattern, 0, "search", place)


def _is_of_re(function: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re"


def _value(node: ast.expr, path: Path, place: str) -> Any:
    module = importlib.import_module(".".join(path.with_suffix("").parts))
    try:
        return eval(compile(ast.Expression(node), place, "eval"), dict(vars(module)))
    except NameError as error:
        raise NotCollectedError(f"{place}: {error}; make the expression a constant of the module.") from error


def slow_texts(regexes: Sequence[Regex], *, limit_s: float = 300) -> dict[int, str]:
    """Number of an expression → a text that it takes more than linear time on. Judged by another process.

    Raises `subprocess.TimeoutExpired` when it does not come back, which a slow expression can cause.
    """
    answer = subprocess.run(
        [sys.executable, "-m", "tests.support.regexes"],
        input=json.dumps([asdict(each) for each in regexes]),
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
        timeout=limit_s,
    )
    return {int(number): text for number, text in json.loads(answer.stdout).items()}


def attacks(regex: Regex) -> Iterator[tuple[str, str, str]]:
    """Beginnings, pieces to repeat and endings, made from the structure of the expression."""
    tree = parser.parse(regex.pattern, regex.flags)
    chosen = random.Random(regex.pattern)
    alphabet = sorted(_characters(tree) | set("aA0_ \n.!-\xa0\u0301"))
    whole = {_sample(tree, alphabet, chosen) for _ in range(8)}
    repeated = {("", piece) for piece in whole | set(alphabet)}
    for before, body in _repeats(tree, alphabet, chosen, before=""):
        for piece in {_sample(body, alphabet, chosen) for _ in range(12)}:
            repeated |= {("", piece), (before, piece)}
    for before, piece in sorted(repeated):
        if piece:
            yield from ((before, piece, ending) for ending in ("", "\x01", "!a"))


def _characters(tree: Tree) -> set[str]:
    """The characters that an expression names."""
    found: set[str] = set()
    for operation, argument in tree:
        if operation in {op.LITERAL, op.NOT_LITERAL}:
            found.add(chr(argument))
        elif operation is op.RANGE:
            found |= {chr(argument[0]), chr(argument[1])}
        elif operation is op.IN:
            found |= _characters(argument)
        else:
            for part in _parts(operation, argument):
                found |= _characters(part)
    return found


def _parts(operation: Any, argument: Any) -> list[Tree]:
    """The expressions within an operation."""
    if operation is op.BRANCH:
        return list(argument[1])
    if operation in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}:
        return [argument[2]]
    if operation is op.SUBPATTERN:
        return [argument[3]]
    if operation is op.ATOMIC_GROUP:
        return [argument]
    return []


def _repeats(tree: Tree, alphabet: Sequence[str], chosen: random.Random, *, before: str) -> Iterator[tuple[str, Tree]]:
    """Everything that may be repeated, each with a text that leads there."""
    for operation, argument in tree:
        for part in _parts(operation, argument):
            if operation in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT} and argument[1] > 2:
                yield before, part
            yield from _repeats(part, alphabet, chosen, before=before)
        before += _sample([(operation, argument)], alphabet, chosen)


def _sample(tree: Tree, alphabet: Sequence[str], chosen: random.Random) -> str:
    """A text that the expression matches, positions and references apart."""
    text = ""
    for operation, argument in tree:
        if operation is op.LITERAL:
            text += chr(argument)
        elif operation in {op.NOT_LITERAL, op.ANY, op.IN}:
            fitting = [each for each in alphabet if _fits(operation, argument, each)]
            text += chosen.choice(fitting or [""])
        elif operation is op.BRANCH:
            text += _sample(chosen.choice(argument[1]), alphabet, chosen)
        elif parts := _parts(operation, argument):
            times = argument[0] + chosen.randrange(2) if "REPEAT" in str(operation) else 1
            text += "".join(
                _sample(parts[0], alphabet, chosen) for _ in range(min(times, argument[1]) if times > 1 else times)
            )
    return text


def _fits(operation: Any, argument: Any, character: str) -> bool:
    if operation is op.ANY:
        return character != "\n"
    if operation is op.NOT_LITERAL:
        return bool(ord(character) != argument)
    return re.match(_class(argument), character) is not None


def _class(items: Tree) -> str:
    """A character class as it is written."""
    written = ""
    for operation, argument in items:
        if operation is op.NEGATE:
            written += "^"
        elif operation is op.LITERAL:
            written += re.escape(chr(argument))
        elif operation is op.RANGE:
            written += f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
        else:
            written += CATEGORIES[argument]
    return f"[{written}]"


CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


class _TooLong(Exception):
    pass


def _give_up(signal_number: int, frame: object) -> None:
    raise _TooLong


def _processor_time(regex: Regex, text: str) -> float:
    """Seconds of processor time to apply the expression to a text; raises `_TooLong`."""
    compiled = re.compile(regex.pattern, regex.flags)
    method = getattr(compiled, "finditer" if regex.method in {"sub", "subn", "split", "findall"} else regex.method)
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        found = method(text)
        if regex.method not in {"match", "fullmatch", "search"}:
            for _ in found:
                pass
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return time.process_time() - started


def _is_slow(regex: Regex, before: str, piece: str, ending: str) -> bool:
    short, long = (before + piece * (length // len(piece)) + ending for length in (SHORT, LONG))
    try:
        if _processor_time(regex, short) <= QUICK_S:
            return False
        # Long first: it tells at once where it is given up.
        longest, shortest = (min(_processor_time(regex, text) for _ in range(3)) for text in (long, short))
    except _TooLong:
        return True
    return bool(shortest > QUICK_S and longest > GROWTH * shortest)


def main() -> None:
    signal.signal(signal.SIGVTALRM, _give_up)
    slow: dict[int, str] = {}
    for number, fields in enumerate(json.load(sys.stdin)):
        regex = Regex(**fields)
        for before, piece, ending in attacks(regex):
            if _is_slow(regex, before, piece, ending):
                slow[number] = f"{before!r} + {piece!r} * n + {ending!r}"
                break
    json.dump(slow, sys.stdout)


if __name__ == "__main__":
    main()
