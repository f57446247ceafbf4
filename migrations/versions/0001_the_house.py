"""The house"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


REFUSE_CHANGES = """
CREATE FUNCTION refuse_changes_of_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'messenger_app') THEN
        GRANT USAGE ON SCHEMA public TO messenger_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO messenger_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM messenger_app;
        REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM messenger_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO messenger_app;
    END IF;
END
$$
"""
"""The application's own role, where there is one apart from the owner (AUDIT-APPEND): it may only add entries."""


def upgrade() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("ck_organizations_slug")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
    )
    op.create_table(
        "api_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "permissions <@ ARRAY['sms_logs', 'mass_text']::text[]", name=op.f("ck_api_keys_permissions")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_api_keys_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("organization_id", "key_hash", name=op.f("uq_api_keys_organization_id_key_hash")),
    )
    op.create_table(
        "audit_chains",
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_audit_chains_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_audit_chains")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("chain_subject", sa.Uuid(), nullable=False),
        sa.Column("chain_number", sa.BigInteger(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('staff_member', 'api_key', 'phone_number', 'system')",
            name=op.f("ck_audit_entries_actor_kind"),
        ),
        sa.CheckConstraint("chain_number >= 1", name=op.f("ck_audit_entries_chain_number")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_audit_entries_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint(
            "organization_id",
            "chain_subject",
            "chain_number",
            name=op.f("uq_audit_entries_organization_id_chain_subject_chain_number"),
        ),
    )
    op.create_index(
        "ix_audit_entries_organization_id_actor_id",
        "audit_entries",
        ["organization_id", "actor_id", "at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_audit_entries_organization_id_at", "audit_entries", ["organization_id", "at", "id"], unique=False
    )
    op.create_index(
        "ix_audit_entries_organization_id_conversation_id",
        "audit_entries",
        ["organization_id", "conversation_id", "at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_audit_entries_organization_id_phone_number",
        "audit_entries",
        ["organization_id", "phone_number", "at", "id"],
        unique=False,
    )
    op.create_table(
        "families",
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_families_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_families")),
        sa.UniqueConstraint("organization_id", "external_id", name=op.f("uq_families_organization_id_external_id")),
    )
    op.create_index("ix_families_organization_id_name", "families", ["organization_id", "name", "id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_idempotency_keys_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint(
            "organization_id",
            "principal_id",
            "key",
            name=op.f("uq_idempotency_keys_organization_id_principal_id_key"),
        ),
    )
    op.create_table(
        "lines",
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sealed_credentials", sa.LargeBinary(), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("next_send_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("health", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('long_code', 'toll_free', 'short_code')", name=op.f("ck_lines_kind")),
        sa.CheckConstraint(
            "provider IN ('twilio', 'telnyx', 'bandwidth', 'simulator')", name=op.f("ck_lines_provider")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_lines_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_lines")),
        sa.UniqueConstraint("id", name=op.f("uq_lines_id")),
        sa.UniqueConstraint("organization_id", "phone_number", name=op.f("uq_lines_organization_id_phone_number")),
    )
    op.create_table(
        "phone_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_source", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_phone_numbers_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_phone_numbers")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_phone_numbers_organization_id_number")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_sign_in_failures_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(
        "ix_sign_in_failures_account", "sign_in_failures", ["organization_id", "account", "at"], unique=False
    )
    op.create_index(
        "ix_sign_in_failures_address", "sign_in_failures", ["organization_id", "address", "at"], unique=False
    )
    op.create_table(
        "staff_members",
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("permissions", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "permissions <@ ARRAY['sms_logs', 'mass_text']::text[]", name=op.f("ck_staff_members_permissions")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_staff_members_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_staff_members")),
        sa.UniqueConstraint(
            "organization_id", "external_id", name=op.f("uq_staff_members_organization_id_external_id")
        ),
    )
    op.create_index(
        "ix_staff_members_organization_id_name",
        "staff_members",
        ["organization_id", "name", "id"],
        unique=False,
    )
    op.create_index(
        "uq_staff_members_organization_id_email",
        "staff_members",
        ["organization_id", sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.create_table(
        "consumer_initiations",
        sa.Column("phone_number_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_consumer_initiations_organization_id_line_id_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "phone_number_id"],
            ["phone_numbers.organization_id", "phone_numbers.id"],
            name=op.f("fk_consumer_initiations_organization_id_phone_number_id_phone_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_consumer_initiations_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_consumer_initiations")),
        sa.UniqueConstraint(
            "organization_id",
            "phone_number_id",
            "line_id",
            name=op.f("uq_consumer_initiations_organization_id_phone_number_id_line_id"),
        ),
    )
    op.create_table(
        "contacts",
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "family_id"],
            ["families.organization_id", "families.id"],
            name=op.f("fk_contacts_organization_id_family_id_families"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_contacts_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_contacts")),
    )
    op.create_index(
        "ix_contacts_organization_id_family_id",
        "contacts",
        ["organization_id", "family_id", "position"],
        unique=False,
    )
    op.create_table(
        "conversations",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("phone_number_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unread_messages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_message_direction", sa.Text(), nullable=True),
        sa.Column("last_message_preview", sa.Text(), nullable=True),
        sa.Column("last_message_status", sa.Text(), nullable=True),
        sa.Column("last_message_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_message_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(seen_deadline IS NULL) OR (status = 'open')", name=op.f("ck_conversations_seen_deadline")),
        sa.CheckConstraint(
            "status <> 'unread' OR unread_messages > 0", name=op.f("ck_conversations_unread_has_messages")
        ),
        sa.CheckConstraint("status IN ('unread', 'open', 'closed')", name=op.f("ck_conversations_status")),
        sa.CheckConstraint("0 <= seen_seq AND seen_seq <= last_seq", name=op.f("ck_conversations_seen_seq")),
        sa.CheckConstraint("unread_messages >= 0", name=op.f("ck_conversations_unread_messages")),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_conversations_organization_id_line_id_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "phone_number_id"],
            ["phone_numbers.organization_id", "phone_numbers.id"],
            name=op.f("fk_conversations_organization_id_phone_number_id_phone_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_conversations_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_conversations")),
        sa.UniqueConstraint(
            "organization_id",
            "line_id",
            "phone_number_id",
            name=op.f("uq_conversations_organization_id_line_id_phone_number_id"),
        ),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_vacuum_threshold": "200"},
    )
    op.create_index(
        "ix_conversations_list", "conversations", ["organization_id", "last_message_at", "id"], unique=False
    )
    op.create_index(
        "ix_conversations_list_by_status",
        "conversations",
        ["organization_id", "status", "last_message_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_conversations_open",
        "conversations",
        ["organization_id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_conversations_phone_number", "conversations", ["organization_id", "phone_number_id"], unique=False
    )
    op.create_index(
        "ix_conversations_seen_deadline",
        "conversations",
        ["organization_id", "seen_deadline"],
        unique=False,
        postgresql_where=sa.text("seen_deadline IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_unread",
        "conversations",
        ["organization_id"],
        unique=False,
        postgresql_include=["unread_messages"],
        postgresql_where=sa.text("status = 'unread'"),
    )
    op.create_table(
        "inbound_events",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("message_ref", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('message', 'status', 'unreadable')", name=op.f("ck_inbound_events_kind")),
        sa.CheckConstraint("state IN ('pending', 'applied', 'quarantined')", name=op.f("ck_inbound_events_state")),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_inbound_events_organization_id_line_id_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_inbound_events_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_inbound_events")),
        sa.UniqueConstraint(
            "organization_id",
            "provider",
            "event_id",
            name=op.f("uq_inbound_events_organization_id_provider_event_id"),
        ),
    )
    op.create_index(
        "ix_inbound_events_pending",
        "inbound_events",
        ["organization_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_inbound_events_quarantined",
        "inbound_events",
        ["organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'quarantined'"),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("staff_member_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "staff_member_id"],
            ["staff_members.organization_id", "staff_members.id"],
            name=op.f("fk_staff_sessions_organization_id_staff_member_id_staff_members"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_staff_sessions_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("organization_id", "token_hash", name=op.f("uq_staff_sessions_organization_id_token_hash")),
    )
    op.create_index(
        "ix_staff_sessions_organization_id_staff_member_id",
        "staff_sessions",
        ["organization_id", "staff_member_id"],
        unique=False,
    )
    op.create_table(
        "messages",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "media",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sent_by_staff_member_id", sa.Uuid(), nullable=True),
        sa.Column("sent_by_api_key_id", sa.Uuid(), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("provider_message_id", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_title", sa.Text(), nullable=True),
        sa.Column("provider_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opt_in_check", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("asks_to_stop", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("retry_of_message_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(direction = 'inbound') = (status = 'received')", name=op.f("ck_messages_direction_status")
        ),
        sa.CheckConstraint("direction IN ('inbound', 'outbound')", name=op.f("ck_messages_direction")),
        sa.CheckConstraint("encoding IN ('GSM-7', 'UCS-2')", name=op.f("ck_messages_encoding")),
        sa.CheckConstraint(
            "status IN ('received', 'queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'unknown')",
            name=op.f("ck_messages_status"),
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_messages_seq")),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_messages_organization_id_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_messages_organization_id_line_id_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "retry_of_message_id"],
            ["messages.organization_id", "messages.id"],
            name=op.f("fk_messages_organization_id_retry_of_message_id_messages"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "sent_by_api_key_id"],
            ["api_keys.organization_id", "api_keys.id"],
            name=op.f("fk_messages_organization_id_sent_by_api_key_id_api_keys"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "sent_by_staff_member_id"],
            ["staff_members.organization_id", "staff_members.id"],
            name=op.f("fk_messages_organization_id_sent_by_staff_member_id_staff_members"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_messages_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "organization_id",
            "conversation_id",
            "seq",
            name=op.f("uq_messages_organization_id_conversation_id_seq"),
        ),
        sa.UniqueConstraint(
            "organization_id",
            "line_id",
            "provider_message_id",
            name=op.f("uq_messages_organization_id_line_id_provider_message_id"),
        ),
        sa.UniqueConstraint(
            "organization_id",
            "retry_of_message_id",
            name=op.f("uq_messages_organization_id_retry_of_message_id"),
        ),
    )
    op.create_table(
        "phone_records",
        sa.Column("phone_number_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("staff_member_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("opt_in_state", sa.Text(), server_default=sa.text("'unknown'"), nullable=False),
        sa.Column("opt_in_source", sa.Text(), nullable=True),
        sa.Column("opt_in_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opt_in_changed_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("opt_in_wording", sa.Text(), nullable=True),
        sa.Column("opt_in_note", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(opt_in_state = 'unknown') = (opt_in_source IS NULL)",
            name=op.f("ck_phone_records_opt_in_evidence"),
        ),
        sa.CheckConstraint(
            "opt_in_source IN ('portal', 'staff', 'verbal', 'import', 'keyword', 'provider')",
            name=op.f("ck_phone_records_opt_in_source"),
        ),
        sa.CheckConstraint(
            "opt_in_state IN ('opted_in', 'opted_out', 'unknown')", name=op.f("ck_phone_records_opt_in_state")
        ),
        sa.CheckConstraint("num_nonnulls(contact_id, staff_member_id) = 1", name=op.f("ck_phone_records_one_owner")),
        sa.ForeignKeyConstraint(
            ["organization_id", "contact_id"],
            ["contacts.organization_id", "contacts.id"],
            name=op.f("fk_phone_records_organization_id_contact_id_contacts"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "phone_number_id"],
            ["phone_numbers.organization_id", "phone_numbers.id"],
            name=op.f("fk_phone_records_organization_id_phone_number_id_phone_numbers"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "staff_member_id"],
            ["staff_members.organization_id", "staff_members.id"],
            name=op.f("fk_phone_records_organization_id_staff_member_id_staff_members"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_phone_records_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_phone_records")),
        sa.UniqueConstraint(
            "organization_id",
            "contact_id",
            "phone_number_id",
            name=op.f("uq_phone_records_organization_id_contact_id_phone_number_id"),
        ),
        sa.UniqueConstraint(
            "organization_id",
            "staff_member_id",
            "phone_number_id",
            name=op.f("uq_phone_records_organization_id_staff_member_id_phone_number_id"),
        ),
    )
    op.create_index(
        "ix_phone_records_organization_id_phone_number_id",
        "phone_records",
        ["organization_id", "phone_number_id"],
        unique=False,
    )
    op.create_table(
        "viewers",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("staff_member_id", sa.Uuid(), nullable=False),
        sa.Column("viewer_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_viewers_organization_id_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "staff_member_id"],
            ["staff_members.organization_id", "staff_members.id"],
            name=op.f("fk_viewers_organization_id_staff_member_id_staff_members"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_viewers_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_viewers")),
        sa.UniqueConstraint(
            "organization_id",
            "conversation_id",
            "staff_member_id",
            "viewer_id",
            name=op.f("uq_viewers_organization_id_conversation_id_staff_member_id_viewer_id"),
        ),
    )
    op.create_index("ix_viewers_expires_at", "viewers", ["organization_id", "expires_at"], unique=False)
    op.create_table(
        "message_events",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("inbound_event_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "source IN ('staff', 'worker', 'provider', 'reconciliation')",
            name=op.f("ck_message_events_source"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "message_id"],
            ["messages.organization_id", "messages.id"],
            name=op.f("fk_message_events_organization_id_message_id_messages"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_message_events_organization_id_organizations"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_message_events")),
    )
    op.create_index(
        "ix_message_events_organization_id_message_id",
        "message_events",
        ["organization_id", "message_id", "at", "id"],
        unique=False,
    )
    op.create_table(
        "outbox",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("past_gate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name=op.f("ck_outbox_lease")),
        sa.CheckConstraint("state IN ('queued', 'sending', 'unknown')", name=op.f("ck_outbox_state")),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_outbox_organization_id_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "id"],
            ["messages.organization_id", "messages.id"],
            name=op.f("fk_outbox_organization_id_id_messages"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "line_id"],
            ["lines.organization_id", "lines.id"],
            name=op.f("fk_outbox_organization_id_line_id_lines"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_outbox_organization_id_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "organization_id",
            "conversation_id",
            "seq",
            name=op.f("uq_outbox_organization_id_conversation_id_seq"),
        ),
    )
    op.create_index("ix_outbox_due", "outbox", ["organization_id", "state", "due_at"], unique=False)
    op.execute(REFUSE_CHANGES)
    op.execute(
        "CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries"
        " FOR EACH ROW EXECUTE FUNCTION refuse_changes_of_audit_entries()"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_changes_of_audit_entries()"
    )
    op.execute(GRANTS)


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_entries_no_truncate ON audit_entries")
    op.execute("DROP TRIGGER audit_entries_append_only ON audit_entries")
    op.drop_index("ix_outbox_due", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_message_events_organization_id_message_id", table_name="message_events")
    op.drop_table("message_events")
    op.drop_index("ix_viewers_expires_at", table_name="viewers")
    op.drop_table("viewers")
    op.drop_index("ix_phone_records_organization_id_phone_number_id", table_name="phone_records")
    op.drop_table("phone_records")
    op.drop_table("messages")
    op.drop_index("ix_staff_sessions_organization_id_staff_member_id", table_name="staff_sessions")
    op.drop_table("staff_sessions")
    op.drop_index(
        "ix_inbound_events_quarantined",
        table_name="inbound_events",
        postgresql_where=sa.text("state = 'quarantined'"),
    )
    op.drop_index(
        "ix_inbound_events_pending",
        table_name="inbound_events",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_table("inbound_events")
    op.drop_index(
        "ix_conversations_unread",
        table_name="conversations",
        postgresql_include=["unread_messages"],
        postgresql_where=sa.text("status = 'unread'"),
    )
    op.drop_index(
        "ix_conversations_seen_deadline",
        table_name="conversations",
        postgresql_where=sa.text("seen_deadline IS NOT NULL"),
    )
    op.drop_index("ix_conversations_phone_number", table_name="conversations")
    op.drop_index("ix_conversations_open", table_name="conversations", postgresql_where=sa.text("status = 'open'"))
    op.drop_index("ix_conversations_list_by_status", table_name="conversations")
    op.drop_index("ix_conversations_list", table_name="conversations")
    op.drop_table("conversations")
    op.drop_index("ix_contacts_organization_id_family_id", table_name="contacts")
    op.drop_table("contacts")
    op.drop_table("consumer_initiations")
    op.drop_index(
        "uq_staff_members_organization_id_email",
        table_name="staff_members",
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.drop_index("ix_staff_members_organization_id_name", table_name="staff_members")
    op.drop_table("staff_members")
    op.drop_index("ix_sign_in_failures_address", table_name="sign_in_failures")
    op.drop_index("ix_sign_in_failures_account", table_name="sign_in_failures")
    op.drop_table("sign_in_failures")
    op.drop_table("phone_numbers")
    op.drop_table("lines")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_families_organization_id_name", table_name="families")
    op.drop_table("families")
    op.drop_index("ix_audit_entries_organization_id_phone_number", table_name="audit_entries")
    op.drop_index("ix_audit_entries_organization_id_conversation_id", table_name="audit_entries")
    op.drop_index("ix_audit_entries_organization_id_at", table_name="audit_entries")
    op.drop_index("ix_audit_entries_organization_id_actor_id", table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_table("audit_chains")
    op.drop_table("api_keys")
    op.drop_table("organizations")
    op.execute("DROP FUNCTION refuse_changes_of_audit_entries()")
