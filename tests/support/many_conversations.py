"""`python -m tests.support.many_conversations SLUG COUNT`: closed conversations of one text each, written by COPY.

For browser tests of long lists. The business has a line. Text n, of COUNT, is "Text n of the list": the newest is 1.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from api.database_urls import database_urls
from api.kit.connection import plain_url
from api.kit.ids import new_id
from api.kit.lexemes import search_vector
from api.settings import get_settings

APART = timedelta(minutes=7)
"""Between two texts: 10,000 of them are seven weeks."""

Rows = list[tuple[object, ...]]


def rows_of(organization_id: UUID, line_id: UUID, count: int) -> tuple[Rows, Rows, Rows]:
    """Phone numbers, conversations and messages."""
    now = datetime.now(UTC)
    numbers: Rows = []
    conversations: Rows = []
    messages: Rows = []
    for n in range(1, count + 1):
        number_id, conversation_id, at = new_id(), new_id(), now - n * APART
        body = f"Text {n} of the list"
        numbers.append((organization_id, number_id, f"+1312{2_000_000 + n}"))
        text = ("inbound", body, "received", at, at)
        conversations.append((organization_id, conversation_id, line_id, number_id, "closed", 1, 1, 1, *text))
        words = search_vector(body, organization_id=organization_id)
        texted = (line_id, 1, "inbound", body, "received", 1, "GSM-7", at, words)
        messages.append((organization_id, new_id(), conversation_id, *texted))
    return numbers, conversations, messages


COLUMNS = {
    "phone_numbers": ["organization_id", "id", "number"],
    "conversations": [
        *("organization_id", "id", "line_id", "phone_number_id", "status", "last_seq", "seen_seq", "counted_seq"),
        *("last_message_direction", "last_message_preview", "last_message_status"),
        *("last_message_created_at", "last_message_at"),
    ],
    "messages": [
        *("organization_id", "id", "conversation_id", "line_id", "seq", "direction", "body", "status", "segments"),
        *("encoding", "created_at", "search"),
    ],
}


async def write(url: str, slug: str, count: int) -> None:
    connection = await asyncpg.connect(plain_url(url))
    try:
        organization_id = await connection.fetchval("SELECT id FROM organizations WHERE slug = $1", slug)
        line_id = await connection.fetchval("SELECT id FROM lines WHERE organization_id = $1", organization_id)
        tables: Sequence[Rows] = rows_of(organization_id, line_id, count)
        async with connection.transaction():
            for (table, columns), rows in zip(COLUMNS.items(), tables, strict=True):
                if table == "messages":
                    # COPY in binary has no form of a tsvector: its text is cast.
                    await _insert_messages(connection, columns, rows)
                else:
                    await connection.copy_records_to_table(table, records=rows, columns=columns)
        # Without statistics PostgreSQL reads a page in seconds.
        await connection.execute("ANALYZE phone_numbers, conversations, messages")
    finally:
        await connection.close()


async def _insert_messages(
    connection: "asyncpg.Connection[asyncpg.Record]", columns: Sequence[str], rows: Rows
) -> None:
    named = ", ".join(columns)
    await connection.execute(f"CREATE TEMPORARY TABLE texts ON COMMIT DROP AS SELECT {named} FROM messages LIMIT 0")
    await connection.execute("ALTER TABLE texts ALTER COLUMN search TYPE text")
    await connection.copy_records_to_table("texts", records=rows, columns=columns)
    chosen = named.replace("search", "search::tsvector")
    await connection.execute(f"INSERT INTO messages ({named}) SELECT {chosen} FROM texts")


def main() -> None:
    slug, count = sys.argv[1], int(sys.argv[2])
    with database_urls(get_settings()) as urls:
        asyncio.run(write(urls.owner, slug, count))


if __name__ == "__main__":
    main()
