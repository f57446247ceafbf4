"""`messenger serve` and `messenger worker` as systemd starts them, with its sockets."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from tests.support.processes import is_alive

PATIENCE_SECONDS = 60.0

ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Gives the program the socket as descriptor 3, and keeps the process id."""


class Unit:
    """A process, and what it tells systemd."""

    def __init__(self, folder: Path, name: str) -> None:
        self._notifications = folder / f"{name}.notify"
        self._receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._receiver.bind(str(self._notifications))
        self._receiver.setblocking(False)
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.told: list[str] = []
        self._messages: asyncio.Queue[list[str]] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(self._receiver, self._receive)

    @classmethod
    @asynccontextmanager
    async def of(cls, folder: Path, name: str) -> AsyncIterator[Self]:
        unit = cls(folder, name)
        try:
            yield unit
        finally:
            if unit.process is not None and unit.process.poll() is None:
                unit.process.terminate()
                try:
                    await asyncio.to_thread(unit.process.wait, 20)
                except subprocess.TimeoutExpired:
                    unit.process.kill()
                    unit.process.wait()
            asyncio.get_running_loop().remove_reader(unit._receiver)
            unit._receiver.close()

    def _receive(self) -> None:
        """Reads at once, as systemd does: the kernel keeps only few messages."""
        message = self._receiver.recv(65536).decode().splitlines()
        self.told += message
        self._messages.put_nowait(message)

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], *, listening: socket.socket | None = None
    ) -> None:
        """Returns when it is ready."""
        await self.launch(command, environment, listening=listening)
        await self.tells("READY=1")

    async def launch(
        self, command: Sequence[str], environment: Mapping[str, str], *, listening: socket.socket | None = None
    ) -> None:
        variables = {**environment, "NOTIFY_SOCKET": str(self._notifications), "WATCHDOG_USEC": "30000000"}
        if listening is not None:
            command = [sys.executable, "-c", ACTIVATE, str(listening.fileno()), *command]
        with self.log.open("ab") as log:
            self.process = await asyncio.to_thread(
                subprocess.Popen,
                command,
                env=variables,
                cwd=self.log.parent,
                pass_fds=[] if listening is None else [listening.fileno()],
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text()

    async def tells(self, assignment: str) -> list[str]:
        """Waits for a message to systemd with the assignment. Returns its lines."""
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                message = await asyncio.wait_for(self._messages.get(), 1)
                if assignment in message:
                    return message
                continue
            assert self.process is not None
            assert self.process.poll() is None, self.said()
            assert asyncio.get_running_loop().time() < until, f"it did not tell {assignment}: {self.said()}"

    async def reload(self) -> str:
        """Sends SIGHUP and waits for the end of the reload. Returns its status."""
        os.kill(self.pid, signal.SIGHUP)
        reloading = await self.tells("RELOADING=1")
        assert any(line.startswith("MONOTONIC_USEC=") for line in reloading)
        ready = await self.tells("READY=1")
        return next(line for line in ready if line.startswith("STATUS=")).removeprefix("STATUS=")

    async def stop(self) -> int:
        """Sends SIGTERM and returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, PATIENCE_SECONDS)

    def children(self) -> set[int]:
        """The process ids of its living children."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return {int(each) for each in listed if is_alive(int(each))}
