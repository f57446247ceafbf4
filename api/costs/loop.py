"""What a worker runs of costs: the providers' own figures of each line, in turn."""

from datetime import timedelta

import structlog

from api.costs.figures import fetch_figures, take_due_lines
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.kit.loop import Loop
from api.kit.secrets import SecretBox
from api.providers.registry import Providers
from api.settings import Settings

MAX_POLL_SECONDS = 60.0

log = structlog.get_logger(__name__)


class FiguresLoop:
    """As often as lines are compared with their providers' lists. An interval of 0 turns it off."""

    def __init__(self, database: Database, providers: Providers, secrets: SecretBox, settings: Settings) -> None:
        self._database = database
        self._providers = providers
        self._secrets = secrets
        self._interval = timedelta(seconds=settings.watch_lines_seconds)
        poll = min(settings.watch_lines_seconds / 4, MAX_POLL_SECONDS)
        self._loop = Loop("figures", self._step, interval=poll) if self._interval else None

    def start(self) -> None:
        if self._loop is not None:
            self._loop.start()

    async def stop(self) -> None:
        if self._loop is not None:
            await self._loop.cancel()

    async def _step(self) -> bool:
        due = await take_due_lines(self._database, self._providers, interval=self._interval)
        for line in due:
            try:
                await fetch_figures(self._database, line, providers=self._providers, secrets=self._secrets)
            except Exception as error:  # A failing line must not keep others from their figures.
                if is_database_unavailable(error):
                    raise
                log.exception("costs.figures_failed", line_id=str(line.id))
        return bool(due)
