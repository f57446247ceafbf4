"""Migrations: up, down and up again, and the models match the schema."""

import json
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from api.kit.lexemes import search_vector
from api.migrate import alembic_config
from tests.support import postgres
from tests.support.statements import execute, fetch_value


@pytest.fixture
def empty_database() -> Iterator[postgres.Database]:
    template = postgres.template_database(lambda owner_url: None, migrations=postgres.PROJECT / "tests" / "support")
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


def test_migrations_go_up_down_and_up_again_and_match_the_models(
    empty_database: postgres.Database,
) -> None:
    config = alembic_config(empty_database.owner_url)

    command.upgrade(config, "head")
    command.check(config)
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def lay_conversation(database: postgres.Database) -> tuple[UUID, str]:
    """A business with a line, a number and their conversation: its id, and the one, quoted, of the three others."""
    organization, row = uuid4(), f"'{uuid4()}'"
    key = f"'{organization}', {row}"
    execute(
        database.owner_url,
        "INSERT INTO organizations (id, slug, name, country, timezone)"
        f" VALUES ('{organization}', 'gym', 'Gym', 'US', 'UTC')",
        "INSERT INTO lines (organization_id, id, label, phone_number, kind, country, provider, sealed_credentials)"
        f" VALUES ({key}, 'Desk', '+13125550199', 'long_code', 'US', 'simulator', '')",
        f"INSERT INTO phone_numbers (organization_id, id, number) VALUES ({key}, '+13125550101')",
        "INSERT INTO conversations (organization_id, id, line_id, phone_number_id, status)"
        f" VALUES ({key}, {row}, {row}, 'open')",
    )
    return organization, row


@pytest.mark.parametrize("interrupted", [False, True])
def test_SEARCH_CONTENT_earlier_messages_are_indexed(empty_database: postgres.Database, interrupted: bool) -> None:
    config = alembic_config(empty_database.owner_url)
    command.upgrade(config, "0001")
    organization, row = lay_conversation(empty_database)
    execute(
        empty_database.owner_url,
        "INSERT INTO messages (organization_id, id, conversation_id, line_id, seq, direction, body, status, segments,"
        f" encoding) SELECT '{organization}', gen_random_uuid(), {row}, {row}, seq, 'inbound', 'Café ' || seq,"
        " 'received', 1, 'GSM-7' FROM generate_series(1, 2500) AS seq",
    )
    if interrupted:
        execute(
            empty_database.owner_url,
            "ALTER TABLE messages ADD COLUMN search tsvector",
            "CREATE INDEX ix_messages_search ON messages USING gin (search)",
            "ALTER TABLE messages ADD CONSTRAINT messages_have_words CHECK (search IS NOT NULL) NOT VALID",
        )

    command.upgrade(config, "head")

    words = search_vector("Café 2345", organization_id=organization)
    found = fetch_value(empty_database.owner_url, f"SELECT count(*) FROM messages WHERE search = $${words}$$::tsvector")
    assert found == 1
    assert fetch_value(empty_database.owner_url, "SELECT count(*) FROM messages WHERE search = ''") == 0


@pytest.mark.parametrize("interrupted", [False, True])
def test_media_of_earlier_messages_are_fetched_and_a_downgrade_restores_their_addresses(
    empty_database: postgres.Database, interrupted: bool
) -> None:
    config = alembic_config(empty_database.owner_url)
    command.upgrade(config, "0004")
    organization, row = lay_conversation(empty_database)
    media = "jsonb_build_array(" + ", ".join(
        f"jsonb_build_object('url', 'https://api.twilio.com/' || seq || '/{n}', 'content_type', 'image/png')"
        for n in range(2)
    )
    execute(
        empty_database.owner_url,
        "INSERT INTO messages (organization_id, id, conversation_id, line_id, seq, direction, body, media, status,"
        f" segments, encoding, search) SELECT '{organization}', gen_random_uuid(), {row}, {row}, seq,"
        " CASE WHEN seq % 3 = 0 THEN 'outbound' ELSE 'inbound' END, '',"
        f" CASE WHEN seq % 2 = 0 THEN '[]' ELSE {media}) END,"
        " CASE WHEN seq % 3 = 0 THEN 'sent' ELSE 'received' END, 1, 'GSM-7', '' FROM generate_series(1, 2400) AS seq",
    )
    before = fetch_value(empty_database.owner_url, "SELECT jsonb_agg(media ORDER BY seq)::text FROM messages")

    command.upgrade(config, "0005")
    if interrupted:
        execute(
            empty_database.owner_url,
            "UPDATE alembic_version SET version_num = '0004'",
            "UPDATE messages SET media = earlier.media FROM (SELECT message_id, jsonb_agg(jsonb_build_object("
            "'url', provider_url, 'content_type', declared_type) ORDER BY position) AS media FROM message_media"
            " GROUP BY message_id) AS earlier WHERE id = message_id AND seq > 1200",
            "DELETE FROM message_media USING messages WHERE messages.id = message_id AND seq > 1200",
        )
        command.upgrade(config, "0005")
    received = 2 * 2400 // 2 * 2 // 3
    asserted = {
        "SELECT count(*) FROM message_media WHERE state = 'waiting' AND due_at <= now()": received,
        "SELECT count(*) FROM message_media JOIN messages ON messages.id = message_id WHERE direction = 'outbound'": 0,
        "SELECT count(*) FROM messages WHERE direction = 'inbound' AND media::text LIKE '%https%'": 0,
        "SELECT count(*) FROM messages CROSS JOIN jsonb_array_elements(media) WITH ORDINALITY AS file(value, number)"
        " JOIN message_media ON message_media.id::text = value ->> 'id' AND position = number - 1"
        " AND provider_url = 'https://api.twilio.com/' || seq || '/' || position"
        " WHERE messages.id = message_id AND value ->> 'state' = 'waiting'": received,
    }
    for question, answer in asserted.items():
        assert fetch_value(empty_database.owner_url, question) == answer, question

    command.downgrade(config, "0004")
    after = fetch_value(empty_database.owner_url, "SELECT jsonb_agg(media ORDER BY seq)::text FROM messages")
    assert after == before


def test_NUMBER_ONE_earlier_numbers_get_their_one_spelling_unless_it_is_taken(
    empty_database: postgres.Database,
) -> None:
    config = alembic_config(empty_database.owner_url)
    command.upgrade(config, "0005")
    organization, row = lay_conversation(empty_database)
    before = {
        "+5215512345678": "+525512345678",
        "+4407911123456": "+447911123456",
        "+5218112345678": "+5218112345678",  # Its one spelling is the next row's.
        "+528112345678": "+528112345678",
        "+390612345678": "+390612345678",
        "+5491123456789": "+5491123456789",
        "312GYMTEAM": "312GYMTEAM",
        "24680": "24680",
    }
    execute(
        empty_database.owner_url,
        f"UPDATE phone_numbers SET number = '+5215512345678', stopped_at = now() WHERE id = {row}",
        *(
            "INSERT INTO phone_numbers (organization_id, id, number)"
            f" VALUES ('{organization}', gen_random_uuid(), '{number}')"
            for number in list(before)[1:]
        ),
    )

    command.upgrade(config, "0008")
    command.downgrade(config, "0005")
    command.upgrade(config, "0008")

    numbers = fetch_value(empty_database.owner_url, "SELECT string_agg(number, ' ') FROM phone_numbers")
    assert sorted(str(numbers).split()) == sorted(before.values())
    kept = "SELECT number FROM conversations JOIN phone_numbers AS n ON n.id = phone_number_id WHERE stopped_at < now()"
    assert fetch_value(empty_database.owner_url, kept) == "+525512345678"


def test_RECV_SENDER_earlier_guessed_numbers_are_not_textable(empty_database: postgres.Database) -> None:
    config = alembic_config(empty_database.owner_url)
    command.upgrade(config, "0005")
    organization, line = lay_conversation(empty_database)
    senders = ["312GYMTEAM", "3125550102", "+13125550103"]
    numbers = ["+13124968326", "+13125550102", "+13125550103"]
    execute(
        empty_database.owner_url,
        *(
            "INSERT INTO inbound_events (organization_id, id, line_id, provider, kind, event_id, phone_number, body,"
            f" content_type) VALUES ('{organization}', gen_random_uuid(), {line}, 'simulator', 'message', '{sender}',"
            f" '{sender}', '', '')"
            for sender in [*senders, numbers[1]]
        ),
        *(
            "WITH n AS (INSERT INTO phone_numbers (organization_id, id, number)"
            f" VALUES ('{organization}', gen_random_uuid(), '{number}') RETURNING id)"
            " INSERT INTO consumer_initiations (organization_id, id, phone_number_id, line_id)"
            f" SELECT '{organization}', gen_random_uuid(), n.id, {line} FROM n"
            for number in numbers
        ),
    )

    command.upgrade(config, "0008")

    left = fetch_value(
        empty_database.owner_url,
        "SELECT string_agg(number, ' ' ORDER BY number) FROM consumer_initiations"
        " JOIN phone_numbers AS n ON n.id = phone_number_id",
    )
    assert left == "+13125550102 +13125550103", "these have texted under their own number"


def test_PERM_DIRECTORY_earlier_staff_keep_the_permission_and_new_staff_start_without(
    empty_database: postgres.Database,
) -> None:
    config = alembic_config(empty_database.owner_url)
    command.upgrade(config, "0005")
    organization, row = lay_conversation(empty_database)
    key = f"'{organization}'"
    execute(
        empty_database.owner_url,
        f"INSERT INTO staff_members (organization_id, id, name) VALUES ({key}, {row}, 'Maria')",
        "INSERT INTO api_keys (organization_id, id, name, prefix, key_hash)"
        f" VALUES ({key}, {row}, 'Portal', 'mc_', '')",
    )

    command.upgrade(config, "head")
    # As a process of the version before does it, which does not know the permission.
    execute(
        empty_database.owner_url,
        f"INSERT INTO staff_members (organization_id, id, name) VALUES ({key}, gen_random_uuid(), 'Noah')",
    )

    for table, held in (("staff_members", {"Maria": True, "Noah": False}), ("api_keys", {"Portal": True})):
        for name, directory in held.items():
            asked = f"SELECT directory FROM {table} WHERE name = '{name}'"
            assert (name, fetch_value(empty_database.owner_url, asked)) == (name, directory)
    assert fetch_value(empty_database.owner_url, "SELECT count(*) FROM staff_members WHERE permissions <> '{}'") == 0


OPTED_OUT = "+13125550101"

AUDITED = {
    "removed": [("phone_record.removed", {"opt_in_state": "opted_out"})],
    "renumbered": [("opt_in.changed", {"from": "opted_out", "to": "unknown", "moved_from": OPTED_OUT})],
    "removed twice": [("phone_record.removed", {"opt_in_state": "opted_out"})] * 2,
    "opted in before": [
        ("opt_in.changed", {"from": "unknown", "to": "opted_in", "source": "portal"}),
        ("phone_record.removed", {"opt_in_state": "opted_out"}),
    ],
    "not opted out": [("phone_record.removed", {"opt_in_state": "opted_in"})],
    "moved here": [("opt_in.changed", {"from": "opted_out", "to": "unknown", "moved_from": "+13125550102"})],
    "opted in since": [
        ("phone_record.removed", {"opt_in_state": "opted_out"}),
        ("opt_in.changed", {"from": "unknown", "to": "opted_in", "source": "verbal"}),
    ],
}


@pytest.mark.parametrize("story", AUDITED)
def test_OPTIN_REMOVED_earlier_lost_refusals_are_restored_from_the_audit_log(
    empty_database: postgres.Database, story: str
) -> None:
    config = alembic_config(empty_database.owner_url)
    command.upgrade(config, "0007")
    organization, row = lay_conversation(empty_database)
    for number, (action, details) in enumerate(AUDITED[story], start=1):
        told = json.dumps(details | {"phone_record_id": str(uuid4())})
        execute(
            empty_database.owner_url,
            "INSERT INTO audit_entries (organization_id, id, at, action, actor_kind, actor_id, actor_name,"
            " phone_number, details, chain_subject, chain_number, previous_hash, hash)"
            f" VALUES ('{organization}', gen_random_uuid(), '2026-03-0{number}', '{action}', 'staff_member', {row},"
            f" 'Noah', '{OPTED_OUT}', '{told}', '{organization}', {number}, '', '')",
        )

    command.upgrade(config, "0007b")

    restored = "SELECT string_agg(cause || ' by ' || (removed_by->>'name'), ', ') FROM refusals WHERE lifted_at IS NULL"
    expected = {
        "removed": "removed by Noah",
        "renumbered": "renumbered by Noah",
        "removed twice": "removed by Noah",
        "opted in before": "removed by Noah",
    }.get(story)
    assert fetch_value(empty_database.owner_url, restored) == expected


@pytest.mark.parametrize("interrupted", [False, True])
def test_earlier_families_and_staff_are_indexed(empty_database: postgres.Database, interrupted: bool) -> None:
    config = alembic_config(empty_database.owner_url)
    before = ScriptDirectory.from_config(config).get_revision("0011").down_revision
    assert isinstance(before, str)
    command.upgrade(config, before)
    organization, row = lay_conversation(empty_database)
    key = f"'{organization}'"
    execute(
        empty_database.owner_url,
        f"INSERT INTO families (organization_id, id, name) SELECT {key}, md5(n::text)::uuid, 'Rivera ' || n"
        " FROM generate_series(1, 1200) AS n",
        "INSERT INTO contacts (organization_id, id, family_id, name, position)"
        f" SELECT {key}, md5('c' || n)::uuid, md5(n::text)::uuid, 'Zo\u00eb' || n, 0"
        " FROM generate_series(1, 1200) AS n",
        "INSERT INTO phone_records (organization_id, id, phone_number_id, contact_id, position)"
        f" VALUES ({key}, {row}, {row}, md5('c1100')::uuid, 0)",
        f"INSERT INTO staff_members (organization_id, id, name) VALUES ({key}, {row}, 'D\u2019Angelo')",
    )

    command.upgrade(config, "0011")
    if interrupted:
        execute(
            empty_database.owner_url,
            f"UPDATE alembic_version SET version_num = '{before}'",
            "ALTER TABLE families DISABLE TRIGGER USER",
            "UPDATE families SET search = NULL WHERE id > md5('600')::uuid",
            "ALTER TABLE families ENABLE TRIGGER USER",
            "DROP INDEX ix_staff_members_search",
        )
        command.upgrade(config, "0011")

    lexemes = organization.hex[-6:]
    for table, words, count in (
        ("families", f"''{lexemes}rivera''", 1200),
        ("families", f"''{lexemes}zoe1100'' & ''{lexemes}#0101''", 1),
        ("staff_members", f"''{lexemes}dangelo''", 1),
    ):
        found = fetch_value(
            empty_database.owner_url, f"SELECT count(*) FROM {table} WHERE search @@ '{words}'::tsquery"
        )
        assert found == count, words


def test_there_is_one_history() -> None:
    script = ScriptDirectory.from_config(alembic_config("postgresql+asyncpg://unused"))
    assert len(script.get_heads()) == 1
