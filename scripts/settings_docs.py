"""Write docs/configuration.md and .env.example from api/settings.py; with --check only compare them.

A setting is documented by its docstring. It is listed in the section of the setting above it, and for all processes
unless `READ_BY` says otherwise.
"""

import ast
import difflib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, SecretStr
from pydantic.fields import FieldInfo

from api.settings import BaseUrl, Settings

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "MESSENGER_"
WIDTH = 118

SECTIONS = {
    "environment": "Where it runs",
    "secret_key": "Secrets and trust",
    "workers": "Processes and logs",
    "demo": "A first look",
    "twilio_api_url": "Addresses of the providers",
    "viewer_lease_seconds": "Conversations and people",
    "raw_event_days": "Receiving and keeping",
    "database_pool_size": "Connections and ports",
    "request_deadline_seconds": "Limits of the API",
    "crash_at": "For tests of this project",
}
"""By the first setting of each, in the order of the class."""

READ_BY = {
    "serve": {
        *("workers", "metrics_port", "session_hours", "security_contact", "request_deadline_seconds", "drain_seconds"),
        *("open_requests", "open_webhooks", "streams_per_person"),
        *("requests_per_minute_per_person", "requests_per_minute_per_key"),
    },
    "worker": {"worker_port", "send_lease_seconds", "raw_event_days", "watch_lines_seconds"},
    "up": {"demo"},
}
"""Settings that one command alone reads. `messenger up` starts the others, and hands on its environment."""

INTRODUCTION = """\
# Configuration

Generated from `api/settings.py` by `make generate`; edit the docstrings there. `.env.example` has the same as a file.

A setting is an environment variable, or a line of the file `.env` in the folder where a process starts; the environment
comes first. A wrong value stops the start with one line that names the variable. Settings are read once, when a process
starts. Give every process the same ones: the column *read by* says which command uses a setting, and `messenger up`
starts them all. [production.md](production.md) says which of them a server needs.
"""

EXAMPLE_INTRODUCTION = """\
# Settings of Messenger Center with their defaults. Copy this file to `.env`, and remove the # of those that you change.
# Generated from api/settings.py by `make generate`. docs/configuration.md has the same as a page.
"""


@dataclass(frozen=True)
class Setting:
    name: str
    field: FieldInfo
    text: str
    section: str

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def read_by(self) -> str:
        return next((f"`{process}`" for process, names in READ_BY.items() if self.name in names), "all")

    @property
    def default(self) -> str:
        """As it would be written in the environment; empty if it is unset."""
        match self.field.default:
            case None | ():
                return ""
            case bool() as value:
                return str(int(value))
            case float() as value:
                return f"{value:g}"
            case value:
                return str(value)

    @property
    def values(self) -> str:
        """What can be written, in words."""
        kind: Any = self.field.annotation
        if get_origin(kind) in (Union, UnionType):
            kind = next(each for each in get_args(kind) if each is not NoneType)
        marks = [*self.field.metadata, *getattr(kind, "__metadata__", ())]
        return _values(kind.__origin__ if hasattr(kind, "__metadata__") else kind, marks)


def _values(kind: Any, marks: Sequence[object]) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(kind))
    if get_origin(kind) is tuple:
        return "list, separated by commas"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(f"`{each}`" for each in kind)
    if kind is bool:
        return "`1` or `0`"
    if kind in (int, float):
        return _number("whole number" if kind is int else "number", marks)
    if _is_address(marks):
        return "http(s) address"
    return {Path: "folder", SecretStr: "secret"}.get(kind, "text")


def _is_address(marks: Sequence[object]) -> bool:
    (validator,) = (each for each in get_args(BaseUrl) if isinstance(each, AfterValidator))
    return validator in marks


def _number(noun: str, marks: Sequence[object]) -> str:
    words = [noun]
    for mark in marks:
        match mark:
            case Ge(ge=bound):
                words.append(f"from {bound:,}")
            case Gt(gt=bound):
                words.append(f"above {bound:,}")
            case Le(le=bound):
                words.append(f"to {bound:,}")
    return " ".join(words)


def settings() -> Iterator[Setting]:
    section = ""
    texts = docstrings()
    for name, field in Settings.model_fields.items():
        section = SECTIONS.get(name, section)
        if name not in texts:
            sys.exit(f"api/settings.py: `{name}` has no docstring for operators.")
        yield Setting(name, field, with_variables(texts[name]), section)


def docstrings() -> dict[str, str]:
    """The text below each field of the class, as one line."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(Settings))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    found[field.target.id] = " ".join(text.split())
    return found


def with_variables(text: str) -> str:
    """`secret_key` is a name in the code; an operator knows `MESSENGER_SECRET_KEY`."""
    names = "|".join(Settings.model_fields)
    return re.sub(rf"`({names})`", lambda found: f"`{PREFIX}{found[1].upper()}`", text)


def configuration() -> str:
    lines = [INTRODUCTION]
    section = ""
    for each in settings():
        if each.section != section:
            section = each.section
            lines += [
                "",
                f"## {section}",
                "",
                "| setting | values | default | read by | for |",
                "| --- | --- | --- | --- | --- |",
            ]
        default = f"`{each.default}`" if each.default else "unset"
        cells = f"`{each.variable}`", each.values, default, each.read_by, each.text.replace("|", "\\|")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def example() -> str:
    lines = [EXAMPLE_INTRODUCTION.rstrip()]
    section = ""
    for each in settings():
        if each.section != section:
            section = each.section
            lines += ["", f"## {section}"]
        values = each.values.replace("`", "")
        words = (
            f"{each.text.replace('`', '')} ({values}{'' if each.read_by == 'all' else '; ' + each.read_by.strip('`')})"
        )
        lines += ["", *(f"# {line}" for line in textwrap.wrap(words, WIDTH)), f"#{each.variable}={each.default}"]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    is_fresh = True
    for name, text in (("docs/configuration.md", configuration()), (".env.example", example())):
        file = ROOT / name
        if arguments != ["--check"]:
            file.write_text(text)
            continue
        stored = file.read_text() if file.exists() else ""
        difference = difflib.unified_diff(stored.splitlines(), text.splitlines(), name, "generated", lineterm="")
        is_fresh = stored == text and is_fresh
        print(*difference, sep="\n", end="")
    if not is_fresh:
        print("\nRun `make generate`.")
    return 0 if is_fresh else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
