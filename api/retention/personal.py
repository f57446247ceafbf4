"""Which columns may hold data of the person at a number, and what an erasure does with each (ERASE).

A test fails for a column that is in neither table, so a new column has to be decided on.
"""

from collections.abc import Mapping

ROW, EMPTY, MARK, HASH, SCAN = (
    "deleted with its row",
    "emptied",
    "becomes a mark",
    "a keyed hash",
    "emptied if it matches",
)

ERASED: Mapping[str, Mapping[str, str]] = {
    "phone_numbers": {"number": MARK, "stop_source": EMPTY},
    "phone_records": {
        "label": ROW,
        "opt_in_state": ROW,
        "opt_in_source": ROW,
        "opt_in_changed_by": ROW,
        "opt_in_wording": ROW,
        "opt_in_note": ROW,
    },
    "refusals": {
        "kind": ROW,
        "owner_name": ROW,
        "contact_name": ROW,
        "changed_by": ROW,
        "source": ROW,
        "cause": ROW,
        "removed_by": ROW,
        "lifted_by": ROW,
        "lift_reason": ROW,
    },
    # A contact that holds another number stays; a family stays while it has a contact.
    "contacts": {"name": ROW, "relation": ROW},
    "families": {
        "external_id": EMPTY,
        "name": MARK,
        "search": MARK,
        "location": EMPTY,
        "notes": SCAN,
        "metadata": SCAN,
    },
    # They go when nobody is left on their family. Until then they are its other contacts' too.
    "students": {"name": ROW},
    "record_tags": {"name": ROW, "key": ROW},
    "conversations": {"last_message_preview": EMPTY, "metadata": EMPTY},
    "messages": {
        "body": EMPTY,
        "media": EMPTY,
        "reactions": EMPTY,
        "error_title": EMPTY,
        "opt_in_check": "without the number and the names",
        "search": EMPTY,
        "metadata": EMPTY,
    },
    "message_events": {"detail": EMPTY},
    "message_media": {
        "provider_url": ROW,
        "declared_type": ROW,
        "state": ROW,
        "reason": ROW,
        "content_type": ROW,
        "content": ROW,
        "sha256": ROW,
    },
    "notes": {"body": EMPTY, "search": EMPTY},
    "note_versions": {"body": ROW},
    "broadcast_recipients": {"fields": EMPTY},
    # The numbers that are given one by one; the filters are the business's.
    "broadcasts": {"audience": SCAN},
    "audiences": {"audience": SCAN},
    "outbox": {"state": ROW, "request_id": ROW},
    "scheduled_texts": {
        "body": ROW,
        "media_urls": ROW,
        "state": ROW,
        "held_type": ROW,
        "held_reason": ROW,
        "metadata": ROW,
    },
    "staff_members": {"search": "rebuilt without the number", "notes": SCAN, "metadata": SCAN},
    "inbound_events": {"phone_number": SCAN, "body": SCAN, "error": SCAN},
    "audit_entries": {"actor_name": SCAN, "phone_number": SCAN, "details": SCAN},
    # An answer of an integration may repeat what it read about the person.
    "webhook_deliveries": {"attempts": SCAN},
    "events": {"phone_number": EMPTY},
    "idempotency_keys": {"answer": SCAN},
    "import_records": {"external_id": SCAN, "wanted": SCAN, "errors": SCAN},
    # Deleted with every other part of its file, if the file may hold the number.
    "export_chunks": {"content": ROW},
    "erased_refusals": {"number_hash": HASH},
    "erasures": {"number_hash": HASH, "numbers": "emptied when it is done", "needles": "emptied when it is done"},
}

FREE: Mapping[str, frozenset[str]] = {
    # Of the business, its staff and its lines.
    "organizations": frozenset(
        {
            "slug",
            "name",
            "country",
            "timezone",
            "mass_text_header",
            "mass_text_footer",
            "mass_text_hours",
            "mass_text_signup",
        }
    ),
    "deleted_organizations": frozenset({"slug", "rows", "audit_head"}),
    "staff_members": frozenset({"external_id", "name", "email", "password_hash", "permissions", "location"}),
    "classes": frozenset({"name", "weekdays", "time", "room", "coach", "location", "key", "search"}),
    "organization_links": frozenset({"label", "url_template"}),
    "saved_replies": frozenset({"title", "body", "key", "search"}),
    "staff_sessions": frozenset({"token_hash", "device", "address"}),
    "api_keys": frozenset({"name", "prefix", "key_hash", "permissions"}),
    "sign_in_tries": frozenset({"account", "address", "device"}),
    "sign_in_failures": frozenset({"account", "address"}),
    "lines": frozenset(
        {
            "label",
            "phone_number",
            "kind",
            "country",
            "provider",
            "sealed_credentials",
            "settings",
            "countries",
            "health",
            "price_currency",
        }
    ),
    "line_defaults": frozenset({"country"}),
    "line_prices": frozenset({"country"}),
    "credits": frozenset({"currency"}),
    "away_messages": frozenset({"body", "hours"}),
    # Files that staff are about to send. They are deleted within a day, those of a scheduled text together with it; one
    # that is sent is the message's.
    "uploads": frozenset({"name", "content_type", "content", "sha256"}),
    "broadcast_files": frozenset({"name", "content_type", "content", "sha256"}),
    "signups": frozenset({"state"}),
    "imports": frozenset({"state", "author"}),
    "exports": frozenset({"kind", "format", "state", "place", "sha256", "error", "created_by"}),
    "erasures": frozenset({"conversation_ids", "stage", "cursor", "counts", "requested_by", "reason"}),
    "retention_runs": frozenset({"counts"}),
    "audiences": frozenset({"name", "key"}),
    # Mass texts, which go to many: what fills them in is the recipients'.
    "broadcasts": frozenset(
        {
            "name",
            "body",
            "header",
            "footer",
            "fallbacks",
            "media_urls",
            "files",
            "state",
            "pause_reason",
            "any_hour_reason",
            "author",
            "sender",
            "approvals",
            "left_out",
            "estimate",
            "counts",
        }
    ),
    "broadcast_recipients": frozenset({"owner_kind", "state", "reason"}),
    # Words and ids of ours or of the provider; hashes of rows.
    "audit_chains": frozenset({"last_hash"}),
    "audit_entries": frozenset({"action", "actor_kind", "previous_hash", "hash"}),
    "conversations": frozenset({"status", "last_message_direction", "last_message_status"}),
    "messages": frozenset(
        {
            *("direction", "status", "encoding", "provider_message_id", "error_code", "answers", "broadcast_name"),
            # What was spent stays, without the number (COST).
            *("cost_currency", "cost_source"),
        }
    ),
    "notes": frozenset({"author_kind", "author_name", "removed_by"}),
    "message_events": frozenset({"status", "source", "code"}),
    "inbound_events": frozenset({"provider", "event_id", "kind", "content_type", "source", "state"}),
    "events": frozenset({"type", "data"}),
    "inbound_attempts": frozenset({"event_ids"}),
    "idempotency_keys": frozenset({"key", "request_hash"}),
    "import_records": frozenset({"rows", "kind", "outcome"}),
    "erased_refusals": frozenset({"kind", "source"}),
    "erasure_key": frozenset({"sealed"}),
    "database_identity": frozenset({"value"}),
    "notices": frozenset({"kind", "by"}),
    "notification_settings": frozenset({"scope", "quiet_since", "quiet_until"}),
    "outbox_holds": frozenset({"reason"}),
    "push_key": frozenset({"public_key", "sealed"}),
    "push_subscriptions": frozenset({"endpoint", "public_key", "auth_secret", "device"}),
    "pushes": frozenset({"kind", "by"}),
    "conversation_undos": frozenset({"action", "before"}),
    "inbox_views": frozenset({"name", "filter"}),
    "secret_key_check": frozenset({"value"}),
    "webhook_endpoints": frozenset({"url", "description", "event_types", "disabled_reason", "sealed_secret"}),
    "webhook_deliveries": frozenset({"event_type", "state"}),
    "text_folding": frozenset({"text"}),
}
