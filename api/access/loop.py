"""What a worker runs of this slice: deleting ended sessions, old sign-in attempts and old idempotent answers."""

from datetime import timedelta

from api.access.clean_up import clean_up
from api.kit.database import Database
from api.kit.idempotency import forget_answers
from api.kit.loop import Loop
from api.settings import Settings

CLEAN_UP_SECONDS = 60.0


def clean_up_loop(database: Database, settings: Settings) -> Loop:
    keep = timedelta(hours=settings.idempotency_hours)

    async def step() -> bool:
        more_answers = await forget_answers(database, keep=keep)
        return await clean_up(database) or more_answers

    return Loop("clean-up", step, interval=CLEAN_UP_SECONDS)
