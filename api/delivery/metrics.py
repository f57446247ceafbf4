"""The figures of sending for Prometheus, over all organizations: the outbox, and the workers' heartbeats."""

import math
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.delivery import claim_queries, hold_queries, queries
from api.delivery.rules import HEARTBEAT_FRESH_FOR
from api.kit.database import Database
from api.kit.database_unavailable import is_transient

STATES = ("queued", "sending", "unknown")


class SendingMetrics(Collector):
    """Read from the database when they are asked for. While it is unavailable they are NaN."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._age = self._workers = self._oldest = self._held = math.nan
        self._outbox = dict.fromkeys(STATES, math.nan)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        says = "How long ago the outbox loop of any worker last turned. Infinite without a worker."
        yield GaugeMetricFamily("messenger_worker_heartbeat_age_seconds", says, value=self._age)
        says = "Workers whose outbox loop has turned lately."
        yield GaugeMetricFamily("messenger_workers", says, value=self._workers)
        says = "Messages in the outbox, by state."
        outbox = GaugeMetricFamily("messenger_outbox_messages", says, labels=["state"])
        for state, count in self._outbox.items():
            outbox.add_metric([state], count)
        yield outbox
        says = "How long a reply has been due, and its line free to send it, without being claimed: the longest."
        yield GaugeMetricFamily("messenger_outbox_oldest_due_seconds", says, value=self._oldest)
        says = "Organizations whose texts do not leave, as after a restore."
        yield GaugeMetricFamily("messenger_outbox_held_organizations", says, value=self._held)

    async def refresh(self, database: Database) -> None:
        try:
            async with database.transaction() as session:
                last = await queries.last_heartbeat(session)
                self._workers = await queries.count_workers(session, within=HEARTBEAT_FRESH_FOR)
                counts = await queries.count_states(session)
                await claim_queries.plan_by_index(session)
                waiting = await claim_queries.lanes(session)
                self._held = len(await hold_queries.open_holds(session))
        except Exception as error:
            if not is_transient(error):
                raise
            self._forget()
            return
        self._age = math.inf if last is None else max(last.age.total_seconds(), 0.0)
        self._outbox = {state: counts.get(state, 0) for state in STATES}
        # The texts of a long mass text wait for each other.
        replies = [-each.ready_in for each in waiting if each.broadcast_id is None]
        self._oldest = max([*replies, 0.0])
