"""The journal's figures for Prometheus, over all organizations: they say nothing of any business."""

import math

from prometheus_client import CollectorRegistry, Gauge

from api.inbound import queries
from api.kit.database import Database, database_time
from api.kit.database_trouble import may_pass
from api.lines import queries as lines


class JournalMetrics:
    """Read from the database when they are asked for: a worker may have changed them, and has no `/metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, says: str) -> Gauge:
            return Gauge(f"messenger_inbound_{name}", says, registry=registry)

        self._quarantined = gauge("quarantined", "Events held back because they could not be applied.")
        self._pending = gauge("pending", "Events that wait to be applied.")
        self._oldest = gauge("oldest_pending_seconds", "How long the event that has waited longest has waited.")
        self._missed = gauge("missed", "Texts that no webhook brought and the comparison with the provider found.")
        self._silent = gauge("silent_lines", "Lines in service that have been silent for longer than usual.")

    async def refresh(self, database: Database) -> None:
        """Without a database they are not known: NaN."""
        try:
            async with database.transaction() as session:
                figures = await queries.journal_figures(session, organization_id=None)
                silent = await lines.count_silent_lines(session)
                now = await database_time(session)
        except Exception as error:
            if not may_pass(error):
                raise
            for each in (self._quarantined, self._pending, self._oldest, self._missed, self._silent):
                each.set(math.nan)
            return
        since = figures.oldest_pending_at
        self._quarantined.set(figures.quarantined)
        self._pending.set(figures.pending)
        self._oldest.set(max((now - since).total_seconds(), 0.0) if since is not None else 0.0)
        self._missed.set(figures.missed)
        self._silent.set(silent)
