"""What a worker runs of this slice: erasures that are not done."""

from api.kit.database import Database
from api.kit.loop import POLL_SECONDS, Loop
from api.retention.stages import work_off


def erasure_loop(database: Database) -> Loop:
    async def step() -> bool:
        return await work_off(database)

    return Loop("erasures", step, interval=5 * POLL_SECONDS)
