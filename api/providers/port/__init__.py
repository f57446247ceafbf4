"""The contract of an adapter: the protocols it implements and the values that cross them.

`adapter.py` holds the protocols, `description.py` what an adapter says of its provider, and the other modules the
values. Callers import all of them from here.
"""

from api.providers.port.adapter import (
    ChecksWebhooks,
    FetchesMedia,
    ListsReceived,
    SmsProvider,
)
from api.providers.port.checking import (
    CredentialsState,
    ProviderUnreachable,
    WebhookAddresses,
    WebhookCheck,
    WebhookFinding,
    WebhookState,
)
from api.providers.port.description import (
    NO_COLON,
    SENT_WITH_EVERY_TEXT,
    UUID_PATTERN,
    WHILE_ROTATED,
    Alternative,
    CredentialField,
    ProviderDescription,
)
from api.providers.port.line import (
    LineAccess,
)
from api.providers.port.media import (
    MAX_MEDIA_BYTES,
    FetchedMedia,
    MediaOutcome,
    MediaRefusal,
    MediaRefused,
    MediaUnavailable,
)
from api.providers.port.receiving import (
    EventKind,
    ListedMessage,
    MediaItem,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
    WebhookAnswer,
    WebhookEvent,
    WebhookRequest,
)
from api.providers.port.sending import (
    Accepted,
    CannotTell,
    Found,
    NotFoundAtProvider,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    ReconcileOutcome,
    Rejected,
    SendLimits,
    SendOutcome,
    UnknownMessage,
    refused_destination,
)
from api.providers.port.status import (
    MessageStatus,
    OptOutSignal,
)

__all__ = [
    "MAX_MEDIA_BYTES",
    "NO_COLON",
    "SENT_WITH_EVERY_TEXT",
    "UUID_PATTERN",
    "WHILE_ROTATED",
    "Accepted",
    "Alternative",
    "CannotTell",
    "ChecksWebhooks",
    "CredentialField",
    "CredentialsState",
    "EventKind",
    "FetchedMedia",
    "FetchesMedia",
    "Found",
    "LineAccess",
    "ListedMessage",
    "ListsReceived",
    "MediaItem",
    "MediaOutcome",
    "MediaRefusal",
    "MediaRefused",
    "MediaUnavailable",
    "MessageStatus",
    "NotFoundAtProvider",
    "NotProcessed",
    "OptOutSignal",
    "OutcomeUnknown",
    "OutgoingMessage",
    "ProviderDescription",
    "ProviderUnreachable",
    "ReceivedMessage",
    "ReconcileOutcome",
    "Rejected",
    "SendLimits",
    "SendOutcome",
    "SmsProvider",
    "StatusReport",
    "UnknownMessage",
    "UnreadableEventError",
    "WebhookAddresses",
    "WebhookAnswer",
    "WebhookCheck",
    "WebhookEvent",
    "WebhookFinding",
    "WebhookRequest",
    "WebhookState",
    "refused_destination",
]
