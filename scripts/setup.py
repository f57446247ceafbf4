"""Make files of the set-up: `setup.py COMMAND…`, where the command is make and its targets.

One set-up at a time changes this checkout. An environment of another Python, or of another folder, is made again.
"""

import fcntl
import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    os.chdir(ROOT)
    python = str(Path(sys.executable).resolve())  # Outside of an active environment, which may be the one to make.
    identity = f"{python} {platform.python_version()} in {ROOT}"
    os.environ |= {"PYTHON": python, "IDENTITY": identity}
    try:
        Path(".cache").mkdir(exist_ok=True)
        lock = os.open(".cache/setup.lock", os.O_CREAT | os.O_RDWR, 0o666)
        os.set_inheritable(lock, True)  # The lock lasts as long as the command.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  waiting for another set-up of this checkout …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        for stamp in (Path(".cache/uv/.ready"), Path(".venv/.packages")):
            is_whole = stamp.exists() and (stamp.parent / "bin/python").exists()
            if not is_whole or stamp.read_text().strip() != identity:
                stamp.unlink(missing_ok=True)
    except PermissionError as error:
        sys.exit(
            f"Cannot write {error.filename}: another user set this checkout up. "
            "Run this as that user, or `make clean` first."
        )
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606


if __name__ == "__main__":
    main()
