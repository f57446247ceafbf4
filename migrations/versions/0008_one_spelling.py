"""One spelling for every number

Numbers that an earlier version stored with a trunk prefix or a dropped mobile prefix get their one spelling (NUMBER-ONE). Where
that is on a row already, both stay: the opt-in check reads every spelling of a number, and no conversation is lost.

An earlier version took some short codes and names for phone numbers. Whoever's number that was has not texted, so nobody may answer
there (RECV-SENDER).
"""

from collections.abc import Sequence

import phonenumbers
import sqlalchemy as sa
from alembic import op

from api.kit.phone import E164, one_spelling

revision: str = "0008"
down_revision: str | None = "0007b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 2_000

NUMBERS = sa.text(
    "SELECT organization_id, id, number FROM phone_numbers"
    r" WHERE number LIKE '+%' AND number !~ '^\+1[0-9]{10}$' AND (organization_id, id) > (:organization_id, :id)"
    " ORDER BY organization_id, id LIMIT :batch"
).columns(organization_id=sa.Uuid(), id=sa.Uuid())

RENAME = sa.text(
    "UPDATE phone_numbers SET number = :number WHERE organization_id = :organization_id AND id = :id AND NOT EXISTS ("
    " SELECT FROM phone_numbers AS known WHERE known.organization_id = :organization_id AND known.number = :number)"
)

GUESSED = sa.text(
    "SELECT DISTINCT event.organization_id, event.line_id, line.country, event.phone_number"
    " FROM inbound_events AS event JOIN lines AS line"
    " ON line.organization_id = event.organization_id AND line.id = event.line_id"
    r" WHERE event.kind = 'message' AND event.phone_number !~ '^\+[1-9][0-9]{6,14}$'"
)

FORGET = sa.text(
    "DELETE FROM consumer_initiations AS initiation USING phone_numbers AS number"
    " WHERE initiation.organization_id = :organization_id AND initiation.line_id = :line_id"
    " AND number.organization_id = :organization_id AND number.id = initiation.phone_number_id"
    " AND number.number = :number AND NOT EXISTS (SELECT FROM inbound_events AS event"
    "  WHERE event.organization_id = :organization_id AND event.line_id = :line_id AND event.kind = 'message'"
    "  AND event.phone_number = :number)"
)


def upgrade() -> None:
    # Outside of a transaction: each statement can be repeated, and none holds a lock for long.
    with op.get_context().autocommit_block():
        _forget_guesses()
        _rename()


def _forget_guesses() -> None:
    connection = op.get_bind()
    for row in connection.execute(GUESSED).all():
        number = _earlier_guess(row.phone_number, row.country)
        if number is not None:
            asked = {"organization_id": row.organization_id, "line_id": row.line_id, "number": number}
            connection.execute(FORGET, asked)


def _earlier_guess(sender: str, country: str) -> str | None:
    """What the version before made of a sender."""
    try:
        parsed = phonenumbers.parse(sender, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    formatted: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return formatted if E164.match(formatted) else None


def _rename() -> None:
    connection = op.get_bind()
    after: tuple[object, object] = ("00000000-0000-0000-0000-000000000000",) * 2
    while True:
        rows = connection.execute(NUMBERS, {"organization_id": after[0], "id": after[1], "batch": BATCH}).all()
        if not rows:
            return
        for row in rows:
            number = one_spelling(row.number)
            if number is None or number == row.number:
                continue
            try:
                connection.execute(RENAME, {"organization_id": row.organization_id, "id": row.id, "number": number})
            except sa.exc.IntegrityError:
                # Somebody has just made the row of that spelling: then both stay.
                continue
        after = (rows[-1].organization_id, rows[-1].id)


def downgrade() -> None:
    """The earlier version reads the one spelling as well."""
