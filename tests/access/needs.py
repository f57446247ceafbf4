"""Who may do what: the table of page 1, for every route."""

from dataclasses import dataclass

from api.access.rules import Permission


@dataclass(frozen=True)
class Need:
    """What page 1 asks of the caller of a route."""

    permissions: frozenset[Permission] = frozenset()
    any_of: frozenset[Permission] = frozenset()
    of_keys: frozenset[Permission] = frozenset()
    admin: bool = False
    public: bool = False


PUBLIC = Need(public=True)
ANYBODY = Need()
VIEW = Need(permissions=frozenset({Permission.SMS_LOGS}))
SEND = Need(permissions=frozenset({Permission.SMS_LOGS, Permission.MASS_TEXT}))
ADMIN = Need(admin=True)
KEEP = Need(permissions=frozenset({Permission.DIRECTORY}))
READ = Need(of_keys=frozenset({Permission.DIRECTORY}))
REFUSE = Need(any_of=frozenset({Permission.SMS_LOGS, Permission.DIRECTORY}))

API = "/api/v1"
CONVERSATION = f"{API}/conversations/{{conversation_id}}"
ENDPOINT = f"{API}/webhook-endpoints/{{webhook_endpoint_id}}"
BROADCAST = f"{API}/broadcasts/{{broadcast_id}}"

NEEDS = {
    "GET /docs": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /{path}": PUBLIC,
    "GET /robots.txt": PUBLIC,
    "GET /problems": PUBLIC,
    "GET /problems/{word}": PUBLIC,
    "GET /.well-known/security.txt": PUBLIC,
    "GET /.well-known/change-password": PUBLIC,
    # Its address is signed: tests/media/test_carrier_media.py.
    "GET /carrier-media/{token}/{name}": PUBLIC,
    "POST /webhooks/{provider}/{line_id}/inbound": PUBLIC,
    "POST /webhooks/{provider}/{line_id}/status": PUBLIC,
    f"POST {API}/session": PUBLIC,
    f"DELETE {API}/session": ANYBODY,
    f"GET {API}/me": ANYBODY,
    # ACCOUNT-SESSIONS: of the person alone. They refuse API keys, which have neither.
    f"PUT {API}/me/password": ANYBODY,
    f"GET {API}/me/sessions": ANYBODY,
    f"DELETE {API}/me/sessions": ANYBODY,
    f"DELETE {API}/me/sessions/{{session_id}}": ANYBODY,
    # PERM-VIEW
    f"GET {API}/indicator": VIEW,
    # As a stream it needs SMS Logs; the log shows changes of consent to either: tests/events/test_list.py.
    f"GET {API}/events": REFUSE,
    f"GET {API}/conversations": VIEW,
    f"GET {CONVERSATION}": VIEW,
    f"POST {CONVERSATION}/close": VIEW,
    f"POST {CONVERSATION}/reopen": VIEW,
    f"PUT {CONVERSATION}/viewers/{{viewer_id}}": VIEW,
    f"DELETE {CONVERSATION}/viewers/{{viewer_id}}": VIEW,
    f"PUT {CONVERSATION}/assignee": VIEW,
    f"PUT {CONVERSATION}/reminder": VIEW,
    f"DELETE {CONVERSATION}/reminder": VIEW,
    f"POST {CONVERSATION}/not-sent/dismiss": VIEW,
    f"POST {CONVERSATION}/typing": VIEW,
    f"POST {API}/conversations/bulk": VIEW,
    f"POST {API}/conversations/bulk/{{undo_id}}/undo": VIEW,
    f"GET {API}/views": VIEW,
    f"POST {API}/views": VIEW,
    f"GET {API}/views/{{view_id}}": VIEW,
    f"PATCH {API}/views/{{view_id}}": VIEW,
    f"DELETE {API}/views/{{view_id}}": VIEW,
    f"GET {CONVERSATION}/messages": VIEW,
    f"GET {CONVERSATION}/scheduled": VIEW,
    f"GET {CONVERSATION}/audit-entries": VIEW,
    # EXPORT: of a conversation. A number and a range need an administrator: tests/exports.
    f"GET {API}/exports": VIEW,
    f"POST {API}/exports": VIEW,
    f"GET {API}/exports/{{export_id}}": VIEW,
    f"DELETE {API}/exports/{{export_id}}": VIEW,
    f"GET {API}/exports/{{export_id}}/file": VIEW,
    f"GET {API}/recipients": VIEW,
    f"GET {API}/recipients/{{number}}": VIEW,
    f"GET {API}/organization/away": VIEW,
    f"PATCH {CONVERSATION}": VIEW,
    f"GET {CONVERSATION}/thread": VIEW,
    f"POST {CONVERSATION}/notes": VIEW,
    f"GET {API}/notes/search": VIEW,
    f"GET {API}/notes/{{note_id}}": VIEW,
    # NOTE: of its author; an administrator may remove it.
    f"PATCH {API}/notes/{{note_id}}": VIEW,
    f"DELETE {API}/notes/{{note_id}}": VIEW,
    f"POST {API}/notes/{{note_id}}/restore": VIEW,
    f"GET {API}/mentions": VIEW,
    f"GET {API}/mentions/count": VIEW,
    f"POST {API}/mentions/read": VIEW,
    f"GET {API}/messages/search": VIEW,
    f"GET {API}/messages/{{message_id}}": VIEW,
    f"GET {API}/messages/{{message_id}}/media/{{media_id}}": VIEW,
    f"GET {API}/opt-in-checks": VIEW,
    f"POST {API}/opt-in-checks": VIEW,
    f"GET {API}/phone-numbers/{{number}}": VIEW,
    f"POST {API}/phone-numbers/{{number}}/refusals/{{refusal_id}}/lift": VIEW,
    f"GET {API}/lines": VIEW,
    f"GET {API}/providers": VIEW,
    f"GET {API}/lines/{{line_id}}": VIEW,
    f"GET {API}/me/notifications": VIEW,
    f"PUT {API}/me/notifications": VIEW,
    f"GET {API}/me/push-subscriptions": VIEW,
    f"POST {API}/me/push-subscriptions": VIEW,
    f"GET {API}/me/push-subscriptions/{{subscription_id}}": VIEW,
    f"DELETE {API}/me/push-subscriptions/{{subscription_id}}": VIEW,
    f"POST {API}/me/push-subscriptions/{{subscription_id}}/test": VIEW,
    # PERM-SEND
    f"POST {API}/lines/{{line_id}}/sandbox-texts": SEND,
    f"POST {API}/conversations": SEND,
    f"POST {CONVERSATION}/messages": SEND,
    f"GET {API}/messages": VIEW,
    f"POST {API}/messages": SEND,
    f"POST {API}/messages/{{message_id}}/retry": SEND,
    f"POST {API}/messages/{{message_id}}/send": SEND,
    f"PATCH {API}/messages/{{message_id}}": SEND,
    f"DELETE {API}/messages/{{message_id}}": SEND,
    # Of the caller's own files.
    f"POST {API}/media": SEND,
    f"GET {API}/media/{{upload_id}}": SEND,
    f"GET {API}/media/{{upload_id}}/content": SEND,
    f"DELETE {API}/media/{{upload_id}}": SEND,
    f"GET {API}/sending-status": SEND,
    f"GET {API}/organization/mass-text": SEND,
    f"GET {API}/broadcasts": SEND,
    f"POST {API}/broadcasts": SEND,
    f"GET {BROADCAST}": SEND,
    f"PATCH {BROADCAST}": SEND,
    f"POST {BROADCAST}/preview": SEND,
    f"GET {BROADCAST}/preview/left-out": SEND,
    f"POST {BROADCAST}/approve": ADMIN,
    f"POST {BROADCAST}/send": SEND,
    f"POST {BROADCAST}/pause": SEND,
    f"POST {BROADCAST}/resume": SEND,
    f"POST {BROADCAST}/cancel": SEND,
    f"POST {BROADCAST}/retry": SEND,
    f"GET {BROADCAST}/recipients": SEND,
    f"GET {BROADCAST}/export.csv": SEND,
    f"GET {BROADCAST}/cost": SEND,
    f"POST {API}/cost-estimates": SEND,
    f"GET {API}/audiences": SEND,
    f"POST {API}/audiences": SEND,
    f"GET {API}/audiences/{{audience_id}}": SEND,
    f"PATCH {API}/audiences/{{audience_id}}": SEND,
    f"DELETE {API}/audiences/{{audience_id}}": SEND,
    # PERM-ADMIN
    f"POST {API}/lines": ADMIN,
    f"PATCH {API}/lines/{{line_id}}": ADMIN,
    f"POST {API}/lines/{{line_id}}/check": ADMIN,
    f"GET {API}/lines/{{line_id}}/prices": ADMIN,
    f"PUT {API}/lines/{{line_id}}/prices": ADMIN,
    f"GET {API}/credits": ADMIN,
    f"PUT {API}/credits": ADMIN,
    f"POST {API}/credits/additions": ADMIN,
    f"GET {API}/usage": ADMIN,
    f"GET {API}/usage/export.csv": ADMIN,
    f"PUT {API}/organization/away": ADMIN,
    f"GET {API}/api-keys": ADMIN,
    f"POST {API}/api-keys": ADMIN,
    f"GET {API}/api-keys/{{api_key_id}}": ADMIN,
    f"PATCH {API}/api-keys/{{api_key_id}}": ADMIN,
    f"POST {API}/api-keys/{{api_key_id}}/rotate": ADMIN,
    f"DELETE {API}/api-keys/{{api_key_id}}": ADMIN,
    f"GET {API}/webhook-endpoints": ADMIN,
    f"POST {API}/webhook-endpoints": ADMIN,
    f"GET {ENDPOINT}": ADMIN,
    f"PATCH {ENDPOINT}": ADMIN,
    f"DELETE {ENDPOINT}": ADMIN,
    f"POST {ENDPOINT}/rotate": ADMIN,
    f"POST {ENDPOINT}/test": ADMIN,
    f"GET {ENDPOINT}/deliveries": ADMIN,
    f"GET {ENDPOINT}/deliveries/{{delivery_id}}": ADMIN,
    f"POST {ENDPOINT}/deliveries/{{delivery_id}}/replay": ADMIN,
    f"GET {API}/audit-entries": ADMIN,
    f"GET {API}/audit-entries/export.csv": ADMIN,
    f"GET {API}/audit-entries/verification": ADMIN,
    f"POST {API}/phone-numbers/{{number}}/erase": ADMIN,
    f"GET {API}/erasures/{{erasure_id}}": ADMIN,
    f"GET {API}/inbound-events": ADMIN,
    f"GET {API}/inbound-events/{{event_id}}": ADMIN,
    f"POST {API}/inbound-replays": ADMIN,
    f"POST {API}/inbound-events/{{event_id}}/replay": ADMIN,
    f"GET {API}/inbound-health": ADMIN,
    f"POST {API}/staff-members": ADMIN,
    f"PATCH {API}/staff-members/{{staff_member_id}}": ADMIN,
    f"GET {API}/staff-members/by-external-id/{{external_id}}": READ,
    f"PUT {API}/staff-members/by-external-id/{{external_id}}": ADMIN,
    f"POST {API}/staff-members/{{staff_member_id}}/archive": ADMIN,
    f"DELETE {API}/staff-members/{{staff_member_id}}/sessions": ADMIN,
    f"GET {API}/service-status": ADMIN,
    f"GET {API}/organization/settings": ADMIN,
    f"PATCH {API}/organization/settings": ADMIN,
    f"PATCH {API}/organization/mass-text": ADMIN,
    # PERM-DIRECTORY
    f"GET {API}/staff-members": READ,
    f"GET {API}/staff-members/{{staff_member_id}}": READ,
    f"GET {API}/families": READ,
    f"POST {API}/families": KEEP,
    f"GET {API}/families/{{family_id}}": READ,
    f"PATCH {API}/families/{{family_id}}": KEEP,
    f"GET {API}/families/by-external-id/{{external_id}}": READ,
    f"PUT {API}/families/by-external-id/{{external_id}}": KEEP,
    f"POST {API}/families/{{family_id}}/archive": KEEP,
    f"POST {API}/directory/import": KEEP,
    f"GET {API}/imports/{{import_id}}": KEEP,
    f"GET {API}/classes": READ,
    f"POST {API}/classes": KEEP,
    f"PATCH {API}/classes/{{class_id}}": KEEP,
    f"GET {API}/classes/{{class_id}}": READ,
    f"GET {API}/locations": READ,
    f"GET {API}/tags": READ,
    # CONTEXT: an API key needs what it needs to read the records themselves.
    f"GET {CONVERSATION}/context": Need(
        permissions=frozenset({Permission.SMS_LOGS}), of_keys=frozenset({Permission.DIRECTORY})
    ),
    f"GET {API}/organization/links": VIEW,
    f"PUT {API}/organization/links": ADMIN,
    # SAVED: one's own; those of the business are an administrator's to change.
    f"GET {API}/saved-replies": VIEW,
    f"POST {API}/saved-replies": VIEW,
    f"GET {API}/saved-replies/{{saved_reply_id}}": VIEW,
    f"PATCH {API}/saved-replies/{{saved_reply_id}}": VIEW,
    f"DELETE {API}/saved-replies/{{saved_reply_id}}": VIEW,
    f"POST {API}/saved-replies/{{saved_reply_id}}/fill": VIEW,
    # OPTIN-WHO: a refusal; consent needs more, and tests/consent/test_who.py tries it.
    f"PUT {API}/phone-records/{{phone_record_id}}/opt-in": REFUSE,
}
"""A new route fails R5 until it stands here."""


STREAMS = {f"GET {API}/events"}
"""It answers for as long as it is asked; tests/live asks it for its permission through a real server."""

RETRY = f"POST {API}/messages/{{message_id}}/retry"
