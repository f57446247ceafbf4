"""What a worker runs of mass texts: a batch of each in turn, and the counts of those that were sent lately."""

from collections.abc import Awaitable, Callable, Collection
from time import monotonic
from uuid import UUID

import structlog

from api.broadcasts import queries, signups
from api.broadcasts.expansion import work_on
from api.broadcasts.service import CHANNEL
from api.kit.database import Database
from api.kit.database_unavailable import is_database_unavailable
from api.kit.loop import POLL_SECONDS, Loop
from api.live.bus import Bus

HeldOrganizations = Callable[[Database], Awaitable[Collection[UUID]]]
"""The organizations whose outbox is held. The first call marks restored data (decision 0031)."""

COUNT_EVERY_SECONDS = 1.0

log = structlog.get_logger(__name__)


def broadcasts_loop(database: Database, bus: Bus, *, held: HeldOrganizations) -> Loop:
    counting = Counting()
    loop = Loop("broadcasts", lambda: run_broadcasts(database, held, counting), interval=POLL_SECONDS)
    bus.subscribe(CHANNEL, lambda _: loop.wake(), on_gap=loop.wake)
    return loop


def signups_loop(database: Database, *, held: HeldOrganizations) -> Loop:
    """MASS-SIGNUP, of every organization."""
    return Loop("signups", lambda: run_signups(database, held), interval=POLL_SECONDS)


class Counting:
    """When this process counted each mass text last. Counting reads all recipients, so it is done once in a while."""

    def __init__(self) -> None:
        self._counted: dict[UUID, float] = {}

    def is_due(self, broadcast_id: UUID) -> bool:
        now = monotonic()
        if now - self._counted.get(broadcast_id, -COUNT_EVERY_SECONDS) < COUNT_EVERY_SECONDS:
            return False
        self._counted[broadcast_id] = now
        return True

    def keep(self, broadcast_ids: Collection[UUID]) -> None:
        """Forget the others."""
        self._counted = {each: at for each, at in self._counted.items() if each in broadcast_ids}


async def run_broadcasts(database: Database, held: HeldOrganizations, counting: Counting | None = None) -> bool:
    """One round: a batch of each active mass text. Whether there is more to do at once.

    A mass text whose batch fails does not stop others. It is tried again at the next round. `counting`: None counts
    each time.
    """
    async with database.transaction() as session:
        active = await queries.active(session)
    if not active:
        return False
    waiting = await held(database)
    if counting is not None:
        counting.keep({each.broadcast_id for each in active})
    more = False
    for each in active:
        if each.organization_id in waiting:
            continue
        try:
            counts = counting is None or counting.is_due(each.broadcast_id)
            more |= await work_on(database, each.organization_id, each.broadcast_id, counts=counts)
        except Exception as error:  # It must not keep others from going on.
            if is_database_unavailable(error):
                raise
            log.exception("broadcasts.batch_failed", broadcast_id=str(each.broadcast_id))
    return more


async def run_signups(database: Database, held: HeldOrganizations) -> bool:
    """A batch of each organization's sign-up messages. Whether there is more to do at once."""
    async with database.transaction() as session:
        organizations = await signups.organizations_with_due(session)
    if not organizations:
        return False
    waiting = await held(database)
    more = False
    for organization_id in organizations:
        if organization_id not in waiting:
            async with database.transaction() as session:
                more |= await signups.send_due(session, organization_id)
    return more
