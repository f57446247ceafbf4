"""Refusals of records that were removed or renumbered before refusals were kept

The rows are gone; the audit log says which numbers they were on. A number that somebody opted in since is left alone:
that consent was given, with its evidence, after the refusal.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0007b"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RESTORE = """
INSERT INTO refusals (organization_id, id, phone_number_id, phone_record_id, owner_name, cause, removed_at, removed_by)
SELECT DISTINCT ON (number.organization_id, number.id)
    number.organization_id, gen_random_uuid(), number.id, CAST(gone.details ->> 'phone_record_id' AS uuid),
    'a record removed earlier', CASE WHEN gone.action = 'phone_record.removed' THEN 'removed' ELSE 'renumbered' END,
    gone.at, jsonb_build_object('kind', gone.actor_kind, 'id', gone.actor_id, 'name', gone.actor_name)
FROM organizations
CROSS JOIN LATERAL (
    SELECT entry.* FROM audit_entries AS entry
    WHERE entry.organization_id = organizations.id AND entry.action = 'phone_record.removed'
    AND entry.details ->> 'opt_in_state' = 'opted_out'
    UNION ALL
    SELECT entry.* FROM audit_entries AS entry
    WHERE entry.organization_id = organizations.id AND entry.action = 'opt_in.changed'
    AND entry.details ->> 'from' = 'opted_out' AND entry.details ->> 'moved_from' = entry.phone_number
) AS gone
JOIN phone_numbers AS number ON number.organization_id = organizations.id AND number.number = gone.phone_number
WHERE NOT EXISTS (
    SELECT FROM audit_entries AS consent
    WHERE consent.organization_id = organizations.id AND consent.phone_number = gone.phone_number
    AND consent.action = 'opt_in.changed' AND consent.details ->> 'to' = 'opted_in'
    AND consent.details ->> 'source' IS NOT NULL AND consent.at > gone.at
)
ORDER BY number.organization_id, number.id, gone.at DESC
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.execute(RESTORE)


def downgrade() -> None:
    """The refusals go with their table."""
