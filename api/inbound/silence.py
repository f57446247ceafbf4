"""Reporting a line that has been silent for longer than its past makes likely (`rules.silent_since`)."""

from zoneinfo import ZoneInfo

import structlog

from api.access import service as access
from api.inbound import backfill_queries as queries
from api.inbound.rules import HISTORY, silent_since
from api.kit.database import Database, database_time
from api.lines import service as lines
from api.lines.models import Line

log = structlog.get_logger(__name__)


async def check_silence(database: Database, line: Line) -> None:
    """Store and log when the line falls silent, and when it is heard again. A sandbox line has no habits."""
    if line.is_sandbox:
        return
    async with database.transaction() as session:
        now = await database_time(session)
        organization = await access.organization(session, line.organization_id)
        arrivals = await queries.arrivals(session, line.organization_id, line.id, since=now - 2 * HISTORY)
        silent = None
        if arrivals.last is not None:
            silent = silent_since(
                arrivals.hours,
                last=arrivals.last,
                known_since=line.created_at,
                now=now,
                zone=ZoneInfo(organization.timezone),
            )
        if silent == line.silent_since:
            return
        await lines.set_silent_since(session, line.organization_id, line.id, silent)
    known = {"organization_id": str(line.organization_id), "line_id": str(line.id)}
    if silent is None:
        log.info("inbound.line_heard_again", **known)
    else:
        log.error("inbound.line_silent", since=silent.isoformat(), **known)
