"""Running PostgreSQL's programs: their output in pieces, their errors in one line, their end with ours."""

import asyncio
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from api.backup.errors import BackupError

CHUNK = 256 * 1024
KEPT_LINES = 50
MAX_LINE = 64 * 1024

_ERROR = re.compile(r"^\S+: (?:error|fatal): (.+)")

Result = TypeVar("Result")


def run_to_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs the work in a new loop. SIGTERM cancels it, so that it cleans up. Raises SystemExit then."""

    async def run() -> Result:
        task = asyncio.ensure_future(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None


class Running:
    """A program that is running. `errors` are its error messages, at most some dozens."""

    def __init__(self, process: Process, on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self.errors: list[str] = []
        self._listening = asyncio.create_task(self._listen())

    async def output(self) -> AsyncIterator[bytes]:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(CHUNK):
            yield data

    async def ended(self) -> int:
        """Waits for its end. Returns the exit code."""
        await self._listening
        return await self._process.wait()

    async def ended_well(self, *, what: str) -> None:
        """Raises BackupError with the program's first error unless it ends well."""
        code = await self.ended()
        if code != 0:
            said = self.errors[0] if self.errors else f"exit code {code}"
            raise BackupError(f"{what} failed: {said.rstrip('.')}.")

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        async for raw in self._process.stderr:
            line = raw.decode(errors="replace").rstrip()
            if (found := _ERROR.match(line)) is not None:
                if len(self.errors) < KEPT_LINES:
                    self.errors.append(found[1])
            else:
                self._on_line(line)


@asynccontextmanager
async def running(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    on_line: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[Running]:
    """A program whose standard error goes to `on_line`. It is killed if the block does not wait for its end."""
    process = await asyncio.create_subprocess_exec(
        *command, env=dict(environment), stdin=DEVNULL, stdout=PIPE, stderr=PIPE, limit=MAX_LINE
    )
    program = Running(process, on_line)
    try:
        yield program
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.gather(program.ended(), return_exceptions=True)
