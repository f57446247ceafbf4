"""Start what `make run` starts, and Vite on :5173. Edited Python restarts the service; Vite reloads the app itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from bootstrap import BIN, install_frontend_packages, install_python_packages, node_environment
from steps import FRONTEND, ROOT, exit_with, only_one_setup, say

GRACE_SECONDS = 20.0


def main() -> int:
    with only_one_setup():
        install_python_packages("dev")
        install_frontend_packages()
        env = node_environment()
    service = f"http://127.0.0.1:{env.get('MESSENGER_PORT', '8000')}"
    up: list[str | Path] = [BIN / "messenger", "up"]
    programs = [
        start(up, cwd=ROOT, env=env),
        start(["npm", "run", "dev"], cwd=FRONTEND, env={"MESSENGER_API_URL": service, **env}),
    ]
    edited = newest_edit()
    try:
        while all(program.poll() is None for program in programs):
            time.sleep(0.5)
            if (now := newest_edit()) > edited:
                edited = now
                say("Python was edited: restarting the service")
                end(programs[0])
                programs[0] = start(up, cwd=ROOT, env=env)
    except KeyboardInterrupt:
        return 0
    finally:
        for program in programs:
            end(program)
    # One of the two has ended by itself, and alone the other is of no use.
    return next((program.returncode for program in programs if program.returncode > 0), 1)


def newest_edit(root: Path = ROOT) -> float:
    """When a Python file of the service, the demo or the simulator was last written, in seconds since the epoch."""
    files = [path for folder in ("api", "demo", "simulator") for path in (root / folder).rglob("*.py")]
    times = [path.stat().st_mtime for path in files if path.exists()]
    return max(times, default=0.0)


def start(command: list[str | Path], *, cwd: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own, so that Ctrl-C reaches it once, from here."""
    return subprocess.Popen([str(part) for part in command], cwd=cwd, env=env, start_new_session=True)


def end(program: subprocess.Popen[bytes]) -> None:
    for ask, patience in ((signal.SIGINT, GRACE_SECONDS), (signal.SIGKILL, None)):
        if program.poll() is not None:
            return
        os.killpg(program.pid, ask)
        try:
            program.wait(patience)
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    exit_with(main)
