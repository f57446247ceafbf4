"""Client of Messenger Center: texting between a business and its families.

>>> with MessengerClient("https://sms.example.com", "mc_…") as client:
...     for conversation in iterate(client.list_conversations, status="unread"):
...         print(conversation.display_name)
"""

from .answers import etag
from .client import AsyncMessengerClient, MessengerClient
from .errors import (
    Conflict,
    FieldError,
    IdempotencyConflict,
    MessengerError,
    NewMessages,
    NotAllowedToText,
    NotFound,
    NotModified,
    NotSignedIn,
    PermissionRequired,
    PreconditionFailed,
    PreconditionRequired,
    ProblemError,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
    ValidationError,
)
from .generated import models
from .generated.types import UNSET, File, Unset
from .generated.version import VERSION
from .paging import Page, aiterate, apages, iterate, pages
from .retrying import Retries
from .webhooks import WebhookEvent, WebhookVerificationError, verify_webhook

__all__ = [
    "UNSET",
    "VERSION",
    "AsyncMessengerClient",
    "Conflict",
    "FieldError",
    "File",
    "IdempotencyConflict",
    "MessengerClient",
    "MessengerError",
    "NewMessages",
    "NotAllowedToText",
    "NotFound",
    "NotModified",
    "NotSignedIn",
    "Page",
    "PermissionRequired",
    "PreconditionFailed",
    "PreconditionRequired",
    "ProblemError",
    "RateLimited",
    "Retries",
    "Unavailable",
    "UnexpectedAnswer",
    "Unset",
    "ValidationError",
    "WebhookEvent",
    "WebhookVerificationError",
    "aiterate",
    "apages",
    "etag",
    "iterate",
    "models",
    "pages",
    "verify_webhook",
]
