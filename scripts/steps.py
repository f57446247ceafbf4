"""What every script of this folder stands on: where things are, how a step is run, shown and remembered.

The scripts use the standard library alone: they run before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
FRONTEND = ROOT / "frontend"

HEAD_LINES = 15
TAIL_LINES = 40


class SetupError(Exception):
    """Something that the person at the keyboard has to read: the message is the whole explanation."""


def say(line: str) -> None:
    print(line, flush=True)


def shell_line(command: Sequence[str | Path], *, cwd: Path = ROOT) -> str:
    """Return the command as it can be typed at the root of the project."""
    line = shlex.join(_from_root(part) for part in command)
    return line if cwd == ROOT else f"cd {shlex.quote(_from_root(cwd))} && {line}"


def _from_root(part: str | Path) -> str:
    return os.path.relpath(part, ROOT) if Path(part).is_relative_to(ROOT) else str(part)


def excerpt(output: str, *, tail_lines: int = TAIL_LINES) -> str:
    """Indent the beginning and the end of what a program printed: some say what is wrong first, some last."""
    lines = output.strip().splitlines()
    left_out = len(lines) - HEAD_LINES - tail_lines
    if left_out > 0:
        lines = [*lines[:HEAD_LINES], f"… {left_out} lines …", *lines[-tail_lines:]]
    return "\n".join(f"    {line}" for line in lines)


def run_quietly(
    title: str, command: Sequence[str | Path], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> str:
    """Run one step behind one line of progress and return what it printed.

    Raises SetupError, with the end of the output and the command to run again, when the step fails.
    """
    print(f"  {title} … ", end="", flush=True)
    started = time.monotonic()
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        say("failed")
        raise SetupError(f"{shell_line(command, cwd=cwd)}: {error}") from error
    seconds = time.monotonic() - started
    if done.returncode != 0:
        say(f"failed after {seconds:.1f} s")
        raise SetupError(
            f"{title}: exit status {done.returncode}\n\n{excerpt(done.stdout)}\n\n"
            f"To run this step alone:\n    {shell_line(command, cwd=cwd)}"
        )
    say(f"{seconds:.1f} s")
    return done.stdout


def digest(*parts: str | Path) -> str:
    """Hash texts and the contents of files; a path is hashed with its name, so that a renamed file counts."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            total.update(os.path.relpath(part, ROOT).encode() + b"\0" + part.read_bytes())
        else:
            total.update(part.encode())
        total.update(b"\0")
    return total.hexdigest()


def digest_tree(folder: Path, *, without: Iterable[str]) -> str:
    """Hash every file below a folder, leaving out the entries directly in it that are named in `without`."""
    skipped = set(without)
    files = [
        path
        for entry in sorted(folder.iterdir())
        if entry.name not in skipped
        for path in ([entry] if entry.is_file() else sorted(entry.rglob("*")))
        if path.is_file()
    ]
    return digest(*files)


def is_stamped(stamp: Path, value: str) -> bool:
    return stamp.is_file() and stamp.read_text() == value


def put_stamp(stamp: Path, value: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value)


@contextlib.contextmanager
def only_one_setup() -> Iterator[None]:
    """Let one set-up at a time change this checkout; a second one waits for the first."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  waiting for another set-up of this checkout …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def exit_with(main: Callable[[], int]) -> None:
    """Run a script's main; what a person caused or must act on ends it clearly, without a traceback."""
    # Said outright, because a shell starts what it puts in the background with Ctrl-C ignored.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _interrupt)
    try:
        sys.exit(main())
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        sys.exit(1)
    except PermissionError as error:
        print(
            f"\nCannot write {error.filename}: {error.strerror}. Another user probably set this checkout up: "
            "run the command as that user, or remove what they left with `make clean`.",
            file=sys.stderr,
        )
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        sys.exit(130)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
