"""The metadata of every table. Importing this module imports every model."""

from api.access import models as access
from api.audit import models as audit
from api.away import models as away
from api.broadcasts import models as broadcasts
from api.consent import models as consent
from api.conversations import models as conversations
from api.conversations import scheduled_models as scheduled
from api.delivery import models as delivery
from api.directory import models as directory
from api.directory import signups
from api.events import models as events
from api.inbound import models as inbound
from api.kit import idempotency
from api.kit.database import Base
from api.lines import models as lines
from api.media import models as media
from api.notes import models as notes
from api.notifications import models as notifications
from api.prices import models as prices
from api.retention import models as retention
from api.webhook_endpoints import models as webhook_endpoints

MODULES = (
    *(access, audit, away, broadcasts, consent, conversations, scheduled, delivery, directory, events, idempotency),
    *(inbound, lines, media, notes, notifications, prices, retention, signups, webhook_endpoints),
)

metadata = Base.metadata
