"""P11: a mass text to 100,000 recipients from confirmed to all queued.

In the time count freezing the audience and expanding it: conversations, messages, timelines, audit entries, recipients
and outbox entries. The line has no rate limit, so all are queued at once, and nothing is sent. Beside it PostgreSQL
takes in the same rows by COPY, into tables with the same columns and indexes.

How long a reply waits that is typed meanwhile is a test: `tests/system/test_mass_texts.py` (MASS-FAIR).
"""

import io
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop

from api.access.rules import Permission, Principal, PrincipalKind
from api.broadcasts import drafts, service
from api.broadcasts.drafts import Draft
from api.broadcasts.loop import Counting, run_broadcasts
from api.broadcasts.service import Confirmation
from api.broadcasts.types import AudienceDescription
from api.directory.types import AudienceFilter
from api.embedded_postgres.run import EmbeddedPostgres
from api.kit.connection import plain_url
from api.kit.database import Database
from api.providers.registry import Providers
from benchmarks import place
from benchmarks.harness import Result, benchmark
from tests.support.broadcasts import store_families
from tests.support.business import Business, create_business

REACH = 0.25
RECIPIENTS = 100_000

TABLES = ("broadcast_recipients", "conversations", "messages", "message_events", "outbox", "audit_entries")


async def nobody_held(_: Database) -> frozenset[UUID]:
    return frozenset()


def sender_of(business: Business) -> Principal:
    return Principal(
        kind=PrincipalKind.STAFF_MEMBER,
        organization_id=business.organization_id,
        id=business.staff_ids["admin"],
        name="Ada",
        permissions=frozenset(Permission),
        is_admin=True,
        credential_id=business.staff_ids["admin"],
    )


async def confirm_and_queue(database: Database, business: Business) -> float:
    """The seconds from confirming to all queued."""
    sender = sender_of(business)
    given = {"name": "Snow", "body": "Closed for snow, {first_name}. See you tomorrow."}
    audience = AudienceDescription(families=AudienceFilter())
    async with database.transaction() as session:
        row = await drafts.create_broadcast(session, sender, Draft(given=given, audience=audience))
        broadcast_id = row.id
    started = time.perf_counter()
    async with database.transaction() as session:
        confirmation = Confirmation(RECIPIENTS, "A benchmark at any time of day.")
        await service.send_broadcast(session, sender, broadcast_id, confirmation)
    counting = Counting()
    while await run_broadcasts(database, nobody_held, counting):
        pass
    return time.perf_counter() - started


async def copied(connection: "asyncpg.Connection[asyncpg.Record]") -> float:
    """The seconds that COPY takes for the same rows."""
    seconds = 0.0
    for table in TABLES:
        rows = io.BytesIO()
        await connection.copy_from_table(table, output=rows, format="binary")
        rows.seek(0)
        await connection.execute(f"CREATE TABLE copied_{table} (LIKE {table} INCLUDING ALL)")
        started = time.perf_counter()
        await connection.copy_to_table(f"copied_{table}", source=rows, format="binary")
        seconds += time.perf_counter() - started
    return seconds


async def measure(server: EmbeddedPostgres, folder: Path) -> Result:
    settings = place.settings(server, folder)
    database = Database(server.url, pool_size=2)
    providers = Providers(settings)
    business = await create_business(database, providers=providers, secrets=place.secrets())
    await providers.close()
    numbers = [f"+1312{2_000_000 + index:07}" for index in range(RECIPIENTS)]
    await store_families(database, business.organization_id, numbers)
    connection = await asyncpg.connect(plain_url(server.owner_url))
    await connection.execute("ANALYZE")
    seconds = await confirm_and_queue(database, business)
    queued = await connection.fetchval("SELECT count(*) FROM outbox WHERE state = 'queued'")
    if queued != RECIPIENTS:
        raise RuntimeError(f"{queued} of {RECIPIENTS} texts were queued.")
    floor = await copied(connection)
    await connection.close()
    await database.close()
    return Result(
        name="P11",
        value=RECIPIENTS / seconds,
        unit="recipients/s",
        floor=RECIPIENTS / floor,
        ratio=floor / seconds,
        reach=REACH,
        detail={"recipients": RECIPIENTS, "seconds": round(seconds, 1), "copy_seconds": round(floor, 1)},
    )


@benchmark("P11")
def mass_text() -> Sequence[Result]:
    with place.database() as (server, folder):
        return [uvloop.run(measure(server, folder))]
