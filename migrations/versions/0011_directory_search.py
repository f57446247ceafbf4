"""Directory search: the words of names and the digits of numbers, of every family and staff member, in an index

Triggers keep them, so every way in does: the service, imports, earlier versions running beside this one. Existing rows
are taken apart in batches that commit by themselves; a run that is interrupted goes on where it stopped.
Decision 0021 says why the folding is a table.
"""

import json
import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from api.kit.folding import FOLD, folding_ranges

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 500

FOLDING_ROWS = sa.text(
    "INSERT INTO text_folding (first, last, text, is_alone)"
    " SELECT * FROM json_to_recordset(CAST(:rows AS json))"
    " AS given(first integer, last integer, text text, is_alone boolean) ON CONFLICT DO NOTHING"
)

# What most names are made of folds by one call: ASCII, accents that are there in one character or two, spaces and quotes.
SIMPLE = [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x300, 0x370), *range(0x1E00, 0x1F00), *range(0x2000, 0x2070)]

# Their plans are kept, and may be made while a table is small: without `enable_seqscan = off` an import into an empty
# database would scan all that it has written for each record.
FUNCTIONS = [
    """
CREATE OR REPLACE FUNCTION folded_text(given text) RETURNS text LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    quick text := translate(given, {simple}, {simple_folded});
BEGIN
    IF quick COLLATE "C" ~ '^[a-z0-9 ]*$' THEN
        RETURN quick;
    END IF;
    RETURN (
        SELECT string_agg(
            CASE
                WHEN found.first IS NULL THEN ' '
                WHEN found.is_alone THEN ' ' || each.character || ' '
                ELSE coalesce(found.text, each.character)
            END, '' ORDER BY each.place)
        FROM string_to_table(given, NULL) WITH ORDINALITY AS each(character, place)
        LEFT JOIN LATERAL (
            SELECT nearest.* FROM (
                SELECT * FROM text_folding WHERE text_folding.first <= ascii(each.character)
                ORDER BY text_folding.first DESC LIMIT 1
            ) AS nearest WHERE nearest.last >= ascii(each.character)
        ) AS found ON true
    );
END $$
""",
    # What the lexemes of an organization start with: api.kit.folding.
    """
CREATE OR REPLACE FUNCTION organization_key(organization_id uuid) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT right(organization_id::text, 6)
$$
""",
    # Every end of every word: any part of a word is the beginning of one of them.
    """
CREATE OR REPLACE FUNCTION name_lexemes(key text, name text) RETURNS SETOF text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT key || substr(cut.word, place)
    FROM string_to_table(folded_text(name), ' ') AS folded(word),
        LATERAL (SELECT left(folded.word, 20) AS word) AS cut,
        LATERAL generate_series(1, length(cut.word)) AS place
$$
""",
    """
CREATE OR REPLACE FUNCTION number_lexemes(key text, number text) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT key || '#' || substr(digits.digits, place)
    FROM (SELECT ltrim(number, '+') AS digits) AS digits,
        LATERAL generate_series(1, greatest(length(digits.digits) - 2, 1)) AS place
$$
""",
    # No more than a tsvector can hold: 1,500 lexemes of at most 86 bytes, 30,000 of at most 22.
    """
CREATE OR REPLACE FUNCTION family_search(organization uuid, family uuid, family_name text) RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_to_tsvector(array_agg(DISTINCT lexeme)), '') FROM (
        (SELECT lexeme FROM (
            SELECT -1 AS position, family_name AS name
            UNION ALL
            SELECT contact.position, contact.name FROM contacts AS contact
            WHERE contact.organization_id = organization AND contact.family_id = family
            ORDER BY position
        ) AS named, LATERAL name_lexemes(organization_key(organization), named.name) AS lexeme LIMIT 1500)
        UNION ALL
        (SELECT lexeme FROM contacts AS contact
        JOIN phone_records AS record
            ON record.organization_id = contact.organization_id AND record.contact_id = contact.id
        JOIN phone_numbers AS number
            ON number.organization_id = record.organization_id AND number.id = record.phone_number_id,
            LATERAL number_lexemes(organization_key(organization), number.number) AS lexeme
        WHERE contact.organization_id = organization AND contact.family_id = family LIMIT 30000)
    ) AS lexemes
$$
""",
    """
CREATE OR REPLACE FUNCTION staff_member_search(organization uuid, staff_member uuid, staff_member_name text) RETURNS tsvector
LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_to_tsvector(array_agg(DISTINCT lexeme)), '') FROM (
        SELECT lexeme FROM name_lexemes(organization_key(organization), staff_member_name) AS lexeme
        UNION ALL
        (SELECT lexeme FROM phone_records AS record
        JOIN phone_numbers AS number
            ON number.organization_id = record.organization_id AND number.id = record.phone_number_id,
            LATERAL number_lexemes(organization_key(organization), number.number) AS lexeme
        WHERE record.organization_id = organization AND record.staff_member_id = staff_member LIMIT 30000)
    ) AS lexemes
$$
""",
    # NULL is a mark: whatever a transaction does to a record, it is taken apart once, when the transaction commits. The
    # row is locked by then, so everything that others have committed is seen.
    """
CREATE OR REPLACE FUNCTION search_committed_family() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    UPDATE families AS family SET search = family_search(family.organization_id, family.id, family.name)
    WHERE family.organization_id = NEW.organization_id AND family.id = NEW.id AND family.search IS NULL;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION search_committed_staff_member() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    UPDATE staff_members AS staff SET search = staff_member_search(staff.organization_id, staff.id, staff.name)
    WHERE staff.organization_id = NEW.organization_id AND staff.id = NEW.id AND staff.search IS NULL;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION search_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := NULL;
    RETURN NEW;
END $$
""",
    """
CREATE OR REPLACE FUNCTION mark_family_search(organization_ids uuid[], ids uuid[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    UPDATE families AS family SET search = NULL FROM (
        SELECT searched.organization_id, searched.id FROM families AS searched
        JOIN unnest(organization_ids, ids) AS wanted(organization_id, id)
            ON searched.organization_id = wanted.organization_id AND searched.id = wanted.id
        WHERE searched.search IS NOT NULL
        ORDER BY searched.organization_id, searched.id FOR NO KEY UPDATE OF searched
    ) AS locked WHERE family.organization_id = locked.organization_id AND family.id = locked.id;
END $$
""",
    """
CREATE OR REPLACE FUNCTION mark_staff_member_search(organization_ids uuid[], ids uuid[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    UPDATE staff_members AS staff SET search = NULL FROM (
        SELECT searched.organization_id, searched.id FROM staff_members AS searched
        JOIN unnest(organization_ids, ids) AS wanted(organization_id, id)
            ON searched.organization_id = wanted.organization_id AND searched.id = wanted.id
        WHERE searched.search IS NOT NULL
        ORDER BY searched.organization_id, searched.id FOR NO KEY UPDATE OF searched
    ) AS locked WHERE staff.organization_id = locked.organization_id AND staff.id = locked.id;
END $$
""",
    """
CREATE OR REPLACE FUNCTION search_changed_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    organization_ids uuid[];
    ids uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(organization_id), array_agg(family_id) INTO organization_ids, ids
        FROM (SELECT DISTINCT organization_id, family_id FROM new_rows) AS touched;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(organization_id), array_agg(family_id) INTO organization_ids, ids
        FROM (SELECT DISTINCT organization_id, family_id FROM old_rows) AS touched;
    ELSE
        SELECT array_agg(organization_id), array_agg(family_id) INTO organization_ids, ids FROM (
            SELECT DISTINCT changed.organization_id, each.family_id FROM old_rows AS earlier
            JOIN new_rows AS changed USING (organization_id, id),
                LATERAL (VALUES (earlier.family_id), (changed.family_id)) AS each(family_id)
            WHERE (earlier.name, earlier.family_id) IS DISTINCT FROM (changed.name, changed.family_id)
        ) AS touched;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM mark_family_search(organization_ids, ids);
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION search_changed_records() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    organization_ids uuid[];
    contact_ids uuid[];
    staff_member_ids uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(organization_id), array_agg(contact_id), array_agg(staff_member_id)
        INTO organization_ids, contact_ids, staff_member_ids
        FROM (SELECT DISTINCT organization_id, contact_id, staff_member_id FROM new_rows) AS touched;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(organization_id), array_agg(contact_id), array_agg(staff_member_id)
        INTO organization_ids, contact_ids, staff_member_ids
        FROM (SELECT DISTINCT organization_id, contact_id, staff_member_id FROM old_rows) AS touched;
    ELSE
        SELECT array_agg(organization_id), array_agg(contact_id), array_agg(staff_member_id)
        INTO organization_ids, contact_ids, staff_member_ids
        FROM (
            SELECT DISTINCT changed.organization_id, each.contact_id, each.staff_member_id FROM old_rows AS earlier
            JOIN new_rows AS changed USING (organization_id, id),
                LATERAL (VALUES (earlier.contact_id, earlier.staff_member_id),
                    (changed.contact_id, changed.staff_member_id)) AS each(contact_id, staff_member_id)
            WHERE (earlier.phone_number_id, earlier.contact_id, earlier.staff_member_id)
                IS DISTINCT FROM (changed.phone_number_id, changed.contact_id, changed.staff_member_id)
        ) AS touched;
    END IF;
    IF organization_ids IS NOT NULL THEN
        PERFORM mark_search_of_owners(organization_ids, contact_ids, staff_member_ids);
    END IF;
    RETURN NULL;
END $$
""",
    # Three arrays that belong together; of the two ids of an owner one is null.
    """
CREATE OR REPLACE FUNCTION mark_search_of_owners(organization_ids uuid[], contact_ids uuid[], staff_member_ids uuid[])
RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    businesses uuid[];
    ids uuid[];
BEGIN
    SELECT array_agg(touched.organization_id), array_agg(touched.family_id) INTO businesses, ids FROM (
        SELECT DISTINCT contact.organization_id, contact.family_id
        FROM unnest(organization_ids, contact_ids) AS wanted(organization_id, id)
        JOIN contacts AS contact ON contact.organization_id = wanted.organization_id AND contact.id = wanted.id
    ) AS touched;
    IF ids IS NOT NULL THEN
        PERFORM mark_family_search(businesses, ids);
    END IF;
    SELECT array_agg(touched.organization_id), array_agg(touched.id) INTO businesses, ids FROM (
        SELECT DISTINCT wanted.organization_id, wanted.id
        FROM unnest(organization_ids, staff_member_ids) AS wanted(organization_id, id) WHERE wanted.id IS NOT NULL
    ) AS touched;
    IF ids IS NOT NULL THEN
        PERFORM mark_staff_member_search(businesses, ids);
    END IF;
END $$
""",
    """
CREATE OR REPLACE FUNCTION search_changed_number() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    organization_ids uuid[];
    contact_ids uuid[];
    staff_member_ids uuid[];
BEGIN
    SELECT array_agg(organization_id), array_agg(contact_id), array_agg(staff_member_id)
    INTO organization_ids, contact_ids, staff_member_ids FROM phone_records
    WHERE organization_id = NEW.organization_id AND phone_number_id = NEW.id;
    IF organization_ids IS NOT NULL THEN
        PERFORM mark_search_of_owners(organization_ids, contact_ids, staff_member_ids);
    END IF;
    RETURN NULL;
END $$
""",
]

TRIGGERS = [
    *(
        f"CREATE OR REPLACE TRIGGER {table}_search_named BEFORE UPDATE OF name ON {table}"
        " FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION search_named()"
        for table in ("families", "staff_members")
    ),
    "CREATE OR REPLACE TRIGGER phone_numbers_search AFTER UPDATE OF number ON phone_numbers"
    " FOR EACH ROW WHEN (OLD.number IS DISTINCT FROM NEW.number) EXECUTE FUNCTION search_changed_number()",
    *(
        f"CREATE OR REPLACE TRIGGER {table}_search_{event.lower()} AFTER {event} ON {table} REFERENCING {rows}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        for table, function in (("contacts", "search_changed_contacts"), ("phone_records", "search_changed_records"))
        for event, rows in (
            ("INSERT", "NEW TABLE AS new_rows"),
            ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("DELETE", "OLD TABLE AS old_rows"),
        )
    ),
]

# There is no CREATE OR REPLACE of these. They only make a row complete that has NULL, so a moment without them is harmless:
# a migration that is repeated takes the rows of that moment apart like all earlier ones.
CONSTRAINT_TRIGGERS = [
    f"CREATE CONSTRAINT TRIGGER {table}_search_committed AFTER INSERT OR UPDATE ON {table}"
    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.search IS NULL)"
    f" EXECUTE FUNCTION search_committed_{owner}()"
    for table, owner in (("families", "family"), ("staff_members", "staff_member"))
]

DROPPED_FUNCTIONS = (
    *("search_changed_number()", "search_changed_records()", "search_changed_contacts()"),
    *("mark_search_of_owners(uuid[], uuid[], uuid[])", "mark_staff_member_search(uuid[], uuid[])"),
    *("mark_family_search(uuid[], uuid[])", "search_named()", "search_committed_staff_member()"),
    "search_committed_family()",
    *("staff_member_search(uuid, uuid, text)", "family_search(uuid, uuid, text)", "number_lexemes(text, text)"),
    *("name_lexemes(text, text)", "organization_key(uuid)", "folded_text(text)"),
)

TABLES = ("families", "staff_members")


def upgrade() -> None:
    # Outside of a transaction: each step can be repeated, and none holds a lock for longer than a batch takes.
    with op.get_context().autocommit_block():
        _create_folding()
        _create_search()
        for table in TABLES:
            _take_apart(table)
            # An index whose making was interrupted is there, and not valid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_{table}_search")
            op.create_index(
                f"ix_{table}_search",
                table,
                ["search"],
                postgresql_using="gin",
                postgresql_with={"gin_pending_list_limit": 256},
                postgresql_concurrently=True,
            )
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_{table}_archived")
            op.create_index(
                f"ix_{table}_archived",
                table,
                ["organization_id", "name", "id"],
                postgresql_where=sa.text("archived_at IS NOT NULL"),
                postgresql_concurrently=True,
            )


def _create_folding() -> None:
    op.create_table(
        "text_folding",
        sa.Column("first", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("is_alone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_text_folding")),
        if_not_exists=True,
    )
    rows = [each._asdict() for each in folding_ranges()]
    op.get_bind().execute(FOLDING_ROWS, {"rows": json.dumps(rows)})


def _create_search() -> None:
    folded = {character: FOLD[ord(character)] for character in map(chr, SIMPLE)}
    kept = {character: to for character, to in folded.items() if re.fullmatch("[a-z0-9 ]", to)}
    gone = [character for character, to in folded.items() if not to]
    connection = op.get_bind()
    for function in FUNCTIONS:
        connection.exec_driver_sql(
            function.replace("{simple}", _literal("".join([*kept, *gone]))).replace(
                "{simple_folded}", _literal("".join(kept.values()))
            )
        )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS search tsvector")
    for table, trigger in zip(TABLES, CONSTRAINT_TRIGGERS, strict=True):
        op.execute(f"DROP TRIGGER IF EXISTS {table}_search_committed ON {table}")
        op.execute(trigger)
    for trigger in TRIGGERS:
        op.execute(trigger)


def _literal(text: str) -> str:
    """As a constant of SQL. `text` has no backslash that would be read as one: it stands for itself in it."""
    return "'" + text.replace("'", "''") + "'"


def _take_apart(table: str) -> None:
    """Rows are written again as they are, and the trigger does it."""
    to_do = sa.text(
        f"SELECT organization_id, id FROM {table}"  # noqa: S608  # One of two names.
        " WHERE search IS NULL AND (organization_id, id) > (:organization_id, :id)"
        " ORDER BY organization_id, id LIMIT :batch"
    ).columns(organization_id=sa.Uuid(), id=sa.Uuid())
    done = sa.text(
        f"UPDATE {table} AS owner SET search = NULL"  # noqa: S608  # One of two names.
        " FROM unnest(CAST(:organization_ids AS uuid[]), CAST(:ids AS uuid[])) AS given(organization_id, id)"
        " WHERE owner.organization_id = given.organization_id AND owner.id = given.id AND owner.search IS NULL"
    )
    connection = op.get_bind()
    after: tuple[object, object] = ("00000000-0000-0000-0000-000000000000",) * 2
    while True:
        rows = connection.execute(to_do, {"organization_id": after[0], "id": after[1], "batch": BATCH}).all()
        if not rows:
            return
        connection.execute(
            done, {"organization_ids": [row.organization_id for row in rows], "ids": [row.id for row in rows]}
        )
        after = (rows[-1].organization_id, rows[-1].id)


def downgrade() -> None:
    for trigger in (*TRIGGERS, *CONSTRAINT_TRIGGERS):
        made = re.match(r"CREATE .*TRIGGER (\w+) .* ON (\w+) ", trigger)
        assert made is not None
        op.execute(f"DROP TRIGGER {made[1]} ON {made[2]}")
    for function in DROPPED_FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in TABLES:
        op.drop_index(f"ix_{table}_archived", table_name=table)
        op.drop_index(f"ix_{table}_search", table_name=table)
        op.drop_column(table, "search")
    op.drop_table("text_folding")
