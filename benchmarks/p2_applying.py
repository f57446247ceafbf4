"""P2: messages applied per second, journal → conversation, message, status, audit, events.

Beside it pgbench runs the equivalent as one prepared statement a transaction, with 8 clients: the journal row is
marked, the conversation's row is changed, message (with its search vector) and timeline are inserted, one notification
leaves; it writes no audit entry. Both sync to disk, on tables that were warmed up with as many messages and analyzed.
"""

import asyncio
import re
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import uvloop

from api.embedded_postgres.binaries import binary
from api.embedded_postgres.run import EmbeddedPostgres
from api.inbound.attempts import apply_due_events
from api.inbound.queries import JournalRow, add_to_journal
from api.kit.connection import plain_url
from api.kit.database import Database
from api.providers.port import EventKind, WebhookEvent
from api.providers.registry import Providers
from api.serve import freeze
from benchmarks import place
from benchmarks.harness import Result, benchmark
from tests.support.business import LINE_NUMBER, create_business

REACH = 1.3
WARM_UP = 2_000
"""Messages in the tables before the statistics are taken. Without statistics each foreign key is checked by a scan."""
ROUNDS = 4
MESSAGES = 5_000
"""Of one round."""
PARENTS = 500
FLOOR_SECONDS = 3
FLOOR_CLIENTS = 8

FLOOR = """\
\\set conversation random(1, {parents})
\\set event random(1, {messages})
WITH marked AS (
  UPDATE inbound_events SET state = 'applied', applied_at = now(), error = NULL
  WHERE organization_id = '{organization}' AND id = (SELECT id FROM floor_events WHERE n = :event)
  RETURNING id
), numbered AS (
  UPDATE conversations SET status = 'unread', last_seq = last_seq + 1, unread_messages = unread_messages + 1,
    last_message_direction = 'inbound', last_message_preview = 'Is the five o''clock class on today?',
    last_message_status = 'received', last_message_created_at = now(), last_message_at = now(), updated_at = now()
  WHERE organization_id = '{organization}' AND id = (SELECT id FROM floor_conversations WHERE n = :conversation)
  RETURNING id, line_id, last_seq
), arrived AS (
  INSERT INTO messages (organization_id, id, conversation_id, line_id, seq, direction, body, status, segments,
    encoding, provider_message_id, search)
  SELECT '{organization}', gen_random_uuid(), id, line_id, last_seq, 'inbound',
    'Is the five o''clock class on today?', 'received', 1, 'GSM-7', gen_random_uuid()::text,
    to_tsvector('simple', 'Is the five o''clock class on today?') FROM numbered
  RETURNING id, conversation_id
), shown AS (
  INSERT INTO message_events (organization_id, id, message_id, status, source)
  SELECT '{organization}', gen_random_uuid(), id, 'received', 'provider' FROM arrived
)
SELECT pg_notify('floor', conversation_id::text) FROM arrived;
"""


def texts(organization_id: UUID, line_id: UUID, *, first: int, count: int) -> Sequence[JournalRow]:
    def one(number: int) -> JournalRow:
        sid, sender = f"SM{number:032}", f"+1312{5500000 + number % PARENTS:07}"
        fields = {"MessageSid": sid, "From": sender, "To": LINE_NUMBER, "NumMedia": "0"}
        event = WebhookEvent(
            kind=EventKind.MESSAGE,
            event_id=sid,
            phone_number=sender,
            body=urlencode({**fields, "Body": f"Is the five o'clock class on today? ({number})"}).encode(),
            content_type="application/x-www-form-urlencoded",
        )
        return JournalRow(organization_id, line_id, "simulator", event, message_ref=None)

    return [one(number) for number in range(first, first + count)]


async def measure(server: EmbeddedPostgres, folder: Path, *, rounds: int = ROUNDS) -> tuple[float, float]:
    """Messages applied per second by one process, and the floor: they take turns."""
    settings = place.settings(server, folder)
    database = Database(server.url, pool_size=4)
    providers = Providers(settings)
    business = await create_business(database, providers=providers, secrets=place.secrets())

    async def applied(first: int, count: int) -> float:
        rows = texts(business.organization_id, business.line_id, first=first, count=count)
        for start in range(0, len(rows), 1_000):
            async with database.transaction() as session:
                await add_to_journal(session, rows[start : start + 1_000])
        done = 0
        started = time.perf_counter()
        while taken := await apply_due_events(
            database, business.organization_id, providers=providers, confirm_within=timedelta(seconds=20)
        ):
            done += taken
        seconds = time.perf_counter() - started
        if done != count:
            raise RuntimeError(f"{done} of {count} events were applied.")
        return seconds

    await applied(0, WARM_UP)
    connection = await asyncpg.connect(plain_url(server.owner_url))
    await connection.execute("ANALYZE")
    await connection.close()
    script = folder / "floor.sql"
    await lay_floor(server, business.organization_id, script)
    # As a worker does once it has started.
    freeze()
    seconds, floors = 0.0, []
    for number in range(rounds):
        floors.append(await asyncio.to_thread(pgbench, server, script))
        seconds += await applied(WARM_UP + number * MESSAGES, MESSAGES)
    await providers.close()
    await database.close()
    return rounds * MESSAGES / seconds, sum(floors) / rounds


async def lay_floor(server: EmbeddedPostgres, organization_id: UUID, script: Path) -> None:
    connection = await asyncpg.connect(plain_url(server.owner_url))
    try:
        for table, source in (("floor_events", "inbound_events"), ("floor_conversations", "conversations")):
            await connection.execute(
                f"CREATE TABLE {table} AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM {source}"
                f" WHERE organization_id = '{organization_id}'"
            )
            await connection.execute(f"CREATE UNIQUE INDEX ON {table} (n)")
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    script.write_text(FLOOR.format(parents=PARENTS, messages=WARM_UP, organization=organization_id))


def pgbench(server: EmbeddedPostgres, script: Path) -> float:
    """Transactions per second of `FLOOR_CLIENTS` clients."""
    command = [str(binary("pgbench")), "--no-vacuum", "--protocol=prepared", f"--client={FLOOR_CLIENTS}", "--jobs=1"]
    command += [f"--time={FLOOR_SECONDS}", f"--file={script}", plain_url(server.owner_url)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"tps = ([0-9.]+)", answer)
    if found is None:
        raise RuntimeError(f"pgbench said: {answer}")
    return float(found[1])


@benchmark("P2")
def applying() -> Sequence[Result]:
    with place.database() as (server, folder):
        reached, floor = uvloop.run(measure(server, folder))
    return [
        Result(
            name="P2",
            value=reached,
            unit="messages/s",
            floor=floor,
            ratio=reached / floor,
            reach=REACH,
            detail={"messages": ROUNDS * MESSAGES, "parents": PARENTS, "floor_clients": FLOOR_CLIENTS},
        )
    ]
