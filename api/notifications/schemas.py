"""What crosses the wire of notifications."""

import base64
from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from api.kit.added_fields import added
from api.kit.request_models import RequestModel
from api.notifications.models import PushSubscription
from api.notifications.rules import QuietHours, Scope, Wishes
from api.notifications.service import Chosen

LocalTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class QuietHoursModel(RequestModel):
    """Hours of the day, `HH:MM` in the organization's time zone. `since` after `until` means over midnight."""

    model_config = ConfigDict(title="QuietHours")

    since: LocalTime
    """From when on nothing is pushed."""
    until: LocalTime
    """Until when nothing is pushed."""

    @model_validator(mode="after")
    def _has_length(self) -> "QuietHoursModel":
        if self.since == self.until:
            raise ValueError("use two different times")
        return self


class NotificationSettingsIn(RequestModel):
    """What one wants to be told of. `mine`: conversations assigned to one, mentions, and one's own reminders."""

    scope: Scope
    """Of what one is told."""
    sound: bool
    """Whether an open page plays a sound."""
    shows_text: bool
    """Whether a notification shows the first words of a text."""
    quiet_hours: QuietHoursModel | None
    """When nothing is pushed; null for never."""

    def chosen(self) -> Chosen:
        quiet = None
        if self.quiet_hours is not None:
            quiet = QuietHours(time.fromisoformat(self.quiet_hours.since), time.fromisoformat(self.quiet_hours.until))
        return Chosen(Wishes(self.scope, quiet, self.shows_text), self.sound)


class NotificationSettingsOut(NotificationSettingsIn):
    model_config = ConfigDict(title="NotificationSettings")

    push_public_key: str
    """The key with which a browser subscribes (`applicationServerKey`), base64url without padding."""

    @classmethod
    def of(cls, chosen: Chosen, *, push_public_key: bytes) -> "NotificationSettingsOut":
        quiet = chosen.wishes.quiet_hours
        return cls(
            scope=chosen.wishes.scope,
            sound=chosen.sound,
            shows_text=chosen.wishes.shows_text,
            quiet_hours=(
                QuietHoursModel(since=quiet.since.strftime("%H:%M"), until=quiet.until.strftime("%H:%M"))
                if quiet
                else None
            ),
            push_public_key=base64.urlsafe_b64encode(push_public_key).rstrip(b"=").decode(),
        )


def from_base64url(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


class PushKeys(RequestModel):
    """The keys of the browser's `PushSubscription`, base64url."""

    p256dh: Annotated[str, StringConstraints(pattern=r"^B[A-Za-z0-9_-]{86}$")]
    """A point of 65 bytes."""
    auth: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{21}[AQgw]$")]
    """16 bytes."""


class PushSubscriptionIn(RequestModel):
    """What the browser's `PushSubscription.toJSON()` gives."""

    endpoint: Annotated[str, StringConstraints(max_length=1000)]
    """The address of the browser's push service."""
    keys: PushKeys
    """The keys with which pushes are encrypted."""
    expirationTime: float | None = added(None)  # noqa: N815  # The browser's spelling.
    """When the browser's push service drops it, if it says so. It is told by refusing the next push."""


class PushSubscriptionOut(BaseModel):
    """A browser that shows notifications."""

    model_config = ConfigDict(title="PushSubscription")

    id: UUID
    device: str
    """The browser and system, for people."""
    current: bool
    """It is the browser of this session."""
    created_at: datetime
    """When the browser subscribed."""
    pushed_at: datetime | None
    """When something was last pushed to it; null if nothing was."""

    @classmethod
    def of(cls, row: PushSubscription, *, session_id: UUID) -> "PushSubscriptionOut":
        return cls(
            id=row.id,
            device=row.device,
            current=row.session_id == session_id,
            created_at=row.created_at,
            pushed_at=row.pushed_at,
        )
