"""The contract of an adapter: the protocols it implements and the values that cross them.

`adapter.py` holds the protocols, `description.py` what an adapter says of its provider, and the other modules the
values. Callers import all of them from here.
"""

from api.providers.port.adapter import ChecksWebhooks as ChecksWebhooks
from api.providers.port.adapter import FetchesMedia as FetchesMedia
from api.providers.port.adapter import ListsPrices as ListsPrices
from api.providers.port.adapter import ListsReceived as ListsReceived
from api.providers.port.adapter import SmsProvider as SmsProvider
from api.providers.port.checking import CredentialsState as CredentialsState
from api.providers.port.checking import ProviderUnreachable as ProviderUnreachable
from api.providers.port.checking import WebhookAddresses as WebhookAddresses
from api.providers.port.checking import WebhookCheck as WebhookCheck
from api.providers.port.checking import WebhookFinding as WebhookFinding
from api.providers.port.checking import WebhookState as WebhookState
from api.providers.port.description import NO_COLON as NO_COLON
from api.providers.port.description import SENT_WITH_EVERY_TEXT as SENT_WITH_EVERY_TEXT
from api.providers.port.description import UUID_PATTERN as UUID_PATTERN
from api.providers.port.description import WHILE_ROTATED as WHILE_ROTATED
from api.providers.port.description import Alternative as Alternative
from api.providers.port.description import CredentialField as CredentialField
from api.providers.port.description import ProviderDescription as ProviderDescription
from api.providers.port.description import SandboxNumber as SandboxNumber
from api.providers.port.line import LineAccess as LineAccess
from api.providers.port.media import MAX_MEDIA_BYTES as MAX_MEDIA_BYTES
from api.providers.port.media import FetchedMedia as FetchedMedia
from api.providers.port.media import MediaOutcome as MediaOutcome
from api.providers.port.media import MediaRefusal as MediaRefusal
from api.providers.port.media import MediaRefused as MediaRefused
from api.providers.port.media import MediaUnavailable as MediaUnavailable
from api.providers.port.receiving import EventKind as EventKind
from api.providers.port.receiving import LaterEvent as LaterEvent
from api.providers.port.receiving import ListedMessage as ListedMessage
from api.providers.port.receiving import ListedPrice as ListedPrice
from api.providers.port.receiving import MediaItem as MediaItem
from api.providers.port.receiving import ReceivedMessage as ReceivedMessage
from api.providers.port.receiving import StatusReport as StatusReport
from api.providers.port.receiving import UnreadableEventError as UnreadableEventError
from api.providers.port.receiving import WebhookAnswer as WebhookAnswer
from api.providers.port.receiving import WebhookEvent as WebhookEvent
from api.providers.port.receiving import WebhookRequest as WebhookRequest
from api.providers.port.receiving import id_by_content as id_by_content
from api.providers.port.sending import Accepted as Accepted
from api.providers.port.sending import CannotTell as CannotTell
from api.providers.port.sending import Found as Found
from api.providers.port.sending import MediaLimits as MediaLimits
from api.providers.port.sending import NotFoundAtProvider as NotFoundAtProvider
from api.providers.port.sending import NotProcessed as NotProcessed
from api.providers.port.sending import OutcomeUnknown as OutcomeUnknown
from api.providers.port.sending import OutgoingMessage as OutgoingMessage
from api.providers.port.sending import ReconcileOutcome as ReconcileOutcome
from api.providers.port.sending import Rejected as Rejected
from api.providers.port.sending import SendLimits as SendLimits
from api.providers.port.sending import SendOutcome as SendOutcome
from api.providers.port.sending import UnknownMessage as UnknownMessage
from api.providers.port.sending import refused_destination as refused_destination
from api.providers.port.status import MessageStatus as MessageStatus
from api.providers.port.status import OptOutSignal as OptOutSignal
