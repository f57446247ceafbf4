"""Expands every mass text of a database, as a worker does, and sends nothing: `python -m benchmarks.expanding`."""

import os

import uvloop

from api.broadcasts.loop import Counting, run_broadcasts
from api.kit.database import Database
from benchmarks.p11_mass_text import nobody_held


async def expand() -> None:
    counting = Counting()
    async with Database(os.environ["MESSENGER_DATABASE_URL"], pool_size=2) as database:
        while await run_broadcasts(database, nobody_held, counting):
            pass


if __name__ == "__main__":
    uvloop.run(expand())
