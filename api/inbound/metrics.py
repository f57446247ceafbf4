"""The journal's figures for Prometheus, over all organizations: they say nothing of any business."""

import math
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.inbound import queries
from api.kit.database import Database, database_time
from api.kit.database_unavailable import is_transient
from api.lines import service as lines

SAYS = {
    "quarantined": "Events quarantined because they could not be applied.",
    "pending": "Events that wait to be applied.",
    "oldest_pending_seconds": "How long the event that has waited longest has waited.",
    "missed": "Texts that no webhook brought and the comparison with the provider found.",
    "silent_lines": "Lines in service that have been silent for longer than usual.",
}


class JournalMetrics(Collector):
    """Read from the database when they are asked for, since every process changes them."""

    def __init__(self) -> None:
        self._values = dict.fromkeys(SAYS, math.nan)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, says in SAYS.items():
            yield GaugeMetricFamily(f"messenger_inbound_{name}", says, value=self._values[name])

    async def refresh(self, database: Database) -> None:
        """Without a database they are not known: NaN."""
        try:
            async with database.transaction() as session:
                figures = await queries.journal_figures(session, organization_id=None)
                silent = await lines.count_silent_lines(session)
                now = await database_time(session)
        except Exception as error:
            if not is_transient(error):
                raise
            self._values = dict.fromkeys(SAYS, math.nan)
            return
        since = figures.oldest_pending_at
        self._values = {
            "quarantined": figures.quarantined,
            "pending": figures.pending,
            "oldest_pending_seconds": max((now - since).total_seconds(), 0.0) if since is not None else 0.0,
            "missed": figures.missed,
            "silent_lines": silent,
        }
