"""Every table of the service, for migrations and for whoever needs the metadata whole."""

from api.access import models as access
from api.audit import models as audit
from api.consent import models as consent
from api.conversations import models as conversations
from api.delivery import models as delivery
from api.directory import models as directory
from api.inbound import models as inbound
from api.kit import idempotency
from api.kit.database import Base
from api.lines import models as lines
from api.media import models as media

metadata = Base.metadata

__all__ = [
    "access",
    "audit",
    "consent",
    "conversations",
    "delivery",
    "directory",
    "idempotency",
    "inbound",
    "lines",
    "media",
    "metadata",
]
