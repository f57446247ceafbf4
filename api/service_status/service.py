"""Whether the service does its work: its workers and versions, and the queues and lines of one organization."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.errors import PermissionRequired
from api.access.rules import Principal
from api.delivery import outbox_figures
from api.delivery.heartbeat import SendingStatus, WorkerStatus, sending_status, workers
from api.delivery.outbox_figures import OutboxFigures
from api.inbound.service import JournalFigures, journal_figures
from api.kit.database import database_time
from api.lines import service as lines
from api.lines.models import Line
from api.migrate import expected_revision
from api.version import VERSION
from api.webhook_endpoints.models import WebhookEndpoint
from api.webhook_endpoints.service import switched_off_endpoints

MAX_WORKERS = 50
MAX_LINES = 100


@dataclass(frozen=True)
class Versions:
    product: str
    database_schema: str
    """The database's revision."""
    expected_database_schema: str
    """The newest revision that this version of the product knows."""
    postgresql: str


@dataclass(frozen=True)
class ServiceStatus:
    at: datetime
    versions: Versions
    sending: SendingStatus
    workers: Sequence[WorkerStatus]
    outbox: OutboxFigures
    journal: JournalFigures
    lines: Sequence[Line]
    has_more_lines: bool
    switched_off_webhook_endpoints: Sequence[WebhookEndpoint]


async def service_status(session: AsyncSession, principal: Principal) -> ServiceStatus:
    """Raises `PermissionRequired` unless the principal is an administrator (PERM-ADMIN)."""
    if not principal.is_admin:
        raise PermissionRequired(None)
    organization_id: UUID = principal.organization_id
    found = await lines.list_lines(session, principal, after=None, limit=MAX_LINES + 1)
    return ServiceStatus(
        at=await database_time(session),
        versions=await _versions(session),
        sending=await sending_status(session, organization_id),
        workers=await workers(session, limit=MAX_WORKERS),
        outbox=await outbox_figures.outbox_figures(session, organization_id),
        journal=await journal_figures(session, organization_id=organization_id),
        lines=found[:MAX_LINES],
        has_more_lines=len(found) > MAX_LINES,
        switched_off_webhook_endpoints=await switched_off_endpoints(session, organization_id),
    )


async def _versions(session: AsyncSession) -> Versions:
    row = (
        await session.execute(text("SELECT version_num, current_setting('server_version') FROM alembic_version"))
    ).one()
    return Versions(VERSION, row[0], expected_revision(), row[1])
