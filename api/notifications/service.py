"""What each person wants to be told of, and the browsers that tell them."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.access.sessions import require_person
from api.kit.database import notify
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.ids import new_id
from api.notifications import queries
from api.notifications.models import NotificationSettings, PushSubscription
from api.notifications.rules import (
    MAX_SUBSCRIPTIONS,
    Kind,
    NewNotice,
    QuietHours,
    Scope,
    Wishes,
    is_push_service,
)

CHANNEL = "messenger_notices"
"""NOTIFY that somebody is to be told of something. Polling guarantees progress without it."""


@dataclass(frozen=True)
class Chosen:
    """A person's settings. `sound` concerns an open page; the rest holds everywhere."""

    wishes: Wishes
    sound: bool


async def tell(
    session: AsyncSession,
    organization_id: UUID,
    kind: Kind,
    conversation_id: UUID,
    *,
    staff_member_id: UUID | None = None,
    by: str | None = None,
) -> None:
    """Tell one person, or everyone who wants it, once the transaction has committed."""
    await tell_all(session, organization_id, [NewNotice(new_id(), kind, conversation_id, staff_member_id, by)])


async def tell_all(session: AsyncSession, organization_id: UUID, notices: list[NewNotice]) -> None:
    if notices and await queries.add_notices(session, organization_id, notices):
        notify(session, CHANNEL, {})


def wishes_of(settings: NotificationSettings | None) -> Wishes:
    if settings is None:
        return Wishes()
    quiet = None
    if settings.quiet_since is not None and settings.quiet_until is not None:
        quiet = QuietHours(settings.quiet_since, settings.quiet_until)
    return Wishes(Scope(settings.scope), quiet, settings.shows_text)


async def settings_of(session: AsyncSession, principal: Principal) -> Chosen:
    """Raises `NotAPerson` for an API key."""
    person_id = require_person(principal)
    stored = await queries.settings_of(session, principal.organization_id, person_id)
    return Chosen(wishes_of(stored), sound=stored.sound if stored else True)


async def change_settings(session: AsyncSession, principal: Principal, chosen: Chosen) -> None:
    """Raises `NotAPerson` for an API key."""
    person_id = require_person(principal)
    quiet = chosen.wishes.quiet_hours
    since: time | None = quiet.since if quiet else None
    until: time | None = quiet.until if quiet else None
    await queries.store_settings(
        session,
        {
            "organization_id": principal.organization_id,
            "id": person_id,
            "scope": chosen.wishes.scope.value,
            "sound": chosen.sound,
            "shows_text": chosen.wishes.shows_text,
            "quiet_since": since,
            "quiet_until": until,
        },
    )


@dataclass(frozen=True)
class NewSubscription:
    endpoint: str
    public_key: bytes
    auth_secret: bytes
    device: str


async def subscribe(
    session: AsyncSession, principal: Principal, new: NewSubscription, *, origins: tuple[str, ...]
) -> PushSubscription:
    """Store the browser. `origins`: what the operator allows beside the known push services.

    Raises `NotAPerson` for an API key, and `Invalid` for an address that is not a push service's.
    """
    person_id = require_person(principal)
    if not is_push_service(new.endpoint, origins=origins):
        raise Invalid([("/endpoint", "Use the address of a push service that the browser has given.")])
    stored = await queries.store_subscription(
        session,
        {
            "organization_id": principal.organization_id,
            "id": new_id(),
            "staff_member_id": person_id,
            "session_id": principal.credential_id,
            "endpoint": new.endpoint,
            "public_key": new.public_key,
            "auth_secret": new.auth_secret,
            "device": new.device,
        },
    )
    own = await queries.subscriptions_of(session, principal.organization_id, person_id)
    if len(own) > MAX_SUBSCRIPTIONS:
        others = [each for each in own if each.id != stored.id]
        oldest = min(others, key=lambda each: (each.pushed_at or each.created_at, each.id))
        await queries.delete_subscriptions(session, principal.organization_id, [oldest.id])
    return stored


async def own_subscription(session: AsyncSession, principal: Principal, subscription_id: UUID) -> PushSubscription:
    """Raises `NotAPerson` for an API key, and `NotFound`."""
    person_id = require_person(principal)
    own = await queries.subscriptions_of(session, principal.organization_id, person_id)
    found = next((each for each in own if each.id == subscription_id), None)
    if found is None:
        raise NotFound("There is no such browser of yours.")
    return found


async def unsubscribe(session: AsyncSession, principal: Principal, subscription_id: UUID) -> None:
    """Raises `NotAPerson` for an API key, and `NotFound`."""
    found = await own_subscription(session, principal, subscription_id)
    await queries.delete_subscriptions(session, principal.organization_id, [found.id])


async def push_a_test(session: AsyncSession, principal: Principal, subscription_id: UUID, *, at: datetime) -> None:
    """Post a notification to the browser, whatever its person wishes.

    Raises `NotAPerson` for an API key, `NotFound`, and `Conflict` while an earlier test is still to be posted.
    """
    found = await own_subscription(session, principal, subscription_id)
    if not await queries.add_test(session, found, at=at):
        raise Conflict("A test for this browser is on its way.")
    notify(session, CHANNEL, {})
