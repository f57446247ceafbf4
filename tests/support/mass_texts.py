"""Mass texts in the outbox, as the expansion of a broadcast leaves them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.outbox import NewEntry, Priority, enqueue_many
from api.kit.ids import new_id
from api.kit.lexemes import search_vector
from tests.support.world import World


def recipient(index: int) -> str:
    return f"+1312{5600000 + index:07}"


async def queue_mass_text(world: World, recipients: range, *, not_after: datetime | None = None) -> UUID:
    """Queue one text to each recipient, who has texted the line before. Returns the id of the mass text."""
    async with world.service.database.transaction() as session:
        return await store_mass_text(session, world.organization_id, world.line_id, recipients, not_after=not_after)


async def store_mass_text(
    session: AsyncSession,
    organization_id: UUID,
    line_id: UUID,
    recipients: range,
    *,
    not_after: datetime | None = None,
) -> UUID:
    broadcast_id = new_id()
    entries = [
        NewEntry(
            message_id=new_id(),
            conversation_id=conversation_id,
            line_id=line_id,
            seq=seq,
            priority=Priority.MASS_TEXT,
            broadcast_id=broadcast_id,
            not_after=not_after,
        )
        for conversation_id, seq in await _conversations(session, organization_id, line_id, recipients)
    ]
    await _store_messages(session, organization_id, entries, body=f"Mass text {broadcast_id}")
    await enqueue_many(session, organization_id, entries)
    return broadcast_id


async def _conversations(
    session: AsyncSession, organization_id: UUID, line_id: UUID, recipients: range
) -> list[tuple[UUID, int]]:
    """Each recipient's conversation on the line, and the `seq` of its next message."""
    owner = {"organization_id": organization_id, "line_id": line_id}
    await session.execute(
        text(
            "INSERT INTO phone_numbers (organization_id, id, number)"
            " SELECT :organization_id, gen_random_uuid(), * FROM unnest(CAST(:numbers AS text[]))"
            " ON CONFLICT DO NOTHING"
        ),
        {**owner, "numbers": [recipient(index) for index in recipients]},
    )
    numbers = (
        "SELECT id FROM phone_numbers WHERE organization_id = :organization_id"
        " AND number = ANY(CAST(:numbers AS text[]))"
    )
    given = {**owner, "numbers": [recipient(index) for index in recipients]}
    await session.execute(
        text(
            "INSERT INTO consumer_initiations (organization_id, line_id, id, phone_number_id)"  # Our own.
            f" SELECT :organization_id, :line_id, gen_random_uuid(), id FROM ({numbers}) AS number"
            " ON CONFLICT DO NOTHING"
        ),
        given,
    )
    await session.execute(
        text(
            "INSERT INTO conversations (organization_id, line_id, id, phone_number_id, status)"  # Our own.
            f" SELECT :organization_id, :line_id, gen_random_uuid(), id, 'closed' FROM ({numbers}) AS number"
            " ON CONFLICT DO NOTHING"
        ),
        given,
    )
    rows = await session.execute(
        text(
            "UPDATE conversations SET last_seq = last_seq + 1, seen_seq = last_seq + 1"  # Our own.
            " FROM phone_numbers WHERE conversations.organization_id = :organization_id AND line_id = :line_id"
            " AND phone_numbers.organization_id = :organization_id AND phone_numbers.id = phone_number_id"
            f" AND phone_number_id IN ({numbers}) RETURNING conversations.id, last_seq, number"
        ),
        given,
    )
    return [(row[0], row[1]) for row in sorted(rows, key=lambda row: str(row[2]))]


async def _store_messages(session: AsyncSession, organization_id: UUID, entries: list[NewEntry], *, body: str) -> None:
    await session.execute(
        text(
            "INSERT INTO messages (organization_id, line_id, id, conversation_id, seq, body, search, direction, status,"
            " segments, encoding) SELECT :organization_id, line_id, id, conversation_id, seq, :body,"
            " CAST(:search AS tsvector), 'outbound', 'queued', 1, 'GSM-7' FROM unnest(CAST(:line_ids AS uuid[]),"
            " CAST(:ids AS uuid[]), CAST(:conversation_ids AS uuid[]), CAST(:seqs AS int[]))"
            " AS new(line_id, id, conversation_id, seq)"
        ),
        {
            "organization_id": organization_id,
            "body": body,
            "search": search_vector(body, organization_id=organization_id),
            "line_ids": [each.line_id for each in entries],
            "ids": [each.message_id for each in entries],
            "conversation_ids": [each.conversation_id for each in entries],
            "seqs": [each.seq for each in entries],
        },
    )
