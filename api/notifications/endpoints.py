"""Routes of a person's notifications."""

from uuid import UUID

from fastapi import APIRouter, Request

from api.access.dependencies import CanView, guarded
from api.access.errors import NotAPerson
from api.access.sessions import require_person
from api.access.user_agents import device_name
from api.kit.app_state import from_app
from api.kit.database import Session, database_time
from api.kit.errors import Conflict, Invalid, NotFound
from api.kit.secrets import SecretBox
from api.notifications import keys, service
from api.notifications.queries import subscriptions_of
from api.notifications.schemas import (
    NotificationSettingsIn,
    NotificationSettingsOut,
    PushSubscriptionIn,
    PushSubscriptionOut,
    from_base64url,
)
from api.notifications.service import NewSubscription
from api.settings import Settings

router = APIRouter(tags=["notifications"])


@router.get("/me/notifications", responses=guarded(NotAPerson))
async def notification_settings(principal: CanView, session: Session, request: Request) -> NotificationSettingsOut:
    """What one wants to be told of, and the key with which a browser subscribes. An API key has none: 403."""
    chosen = await service.settings_of(session, principal)
    key = await keys.ensure_key(session, from_app(request, SecretBox))
    return NotificationSettingsOut.of(chosen, push_public_key=key)


@router.put("/me/notifications", responses=guarded(NotAPerson, Invalid))
async def change_notification_settings(
    body: NotificationSettingsIn, principal: CanView, session: Session, request: Request
) -> NotificationSettingsOut:
    """Change what one wants to be told of, in every browser. An API key has none: 403."""
    await service.change_settings(session, principal, body.chosen())
    key = await keys.ensure_key(session, from_app(request, SecretBox))
    return NotificationSettingsOut.of(body.chosen(), push_public_key=key)


@router.get("/me/push-subscriptions", responses=guarded(NotAPerson))
async def list_push_subscriptions(principal: CanView, session: Session) -> list[PushSubscriptionOut]:
    """One's browsers that show notifications, at most 20, the newest first. An API key has none: 403."""
    person_id = require_person(principal)
    rows = await subscriptions_of(session, principal.organization_id, person_id)
    return [PushSubscriptionOut.of(row, session_id=principal.credential_id) for row in rows]


@router.post("/me/push-subscriptions", status_code=201, responses=guarded(NotAPerson, Invalid))
async def subscribe(
    body: PushSubscriptionIn, principal: CanView, session: Session, request: Request
) -> PushSubscriptionOut:
    """Have this browser show notifications, until this session ends. A browser that has done so is one row still."""
    new = NewSubscription(
        endpoint=body.endpoint,
        public_key=from_base64url(body.keys.p256dh),
        auth_secret=from_base64url(body.keys.auth),
        device=device_name(request.headers.get("user-agent")) or "A browser",
    )
    await keys.ensure_key(session, from_app(request, SecretBox))
    stored = await service.subscribe(session, principal, new, origins=from_app(request, Settings).push_services)
    return PushSubscriptionOut.of(stored, session_id=principal.credential_id)


@router.get("/me/push-subscriptions/{subscription_id}", responses=guarded(NotAPerson, NotFound, Invalid))
async def get_push_subscription(subscription_id: UUID, principal: CanView, session: Session) -> PushSubscriptionOut:
    """A browser of one's own that shows notifications."""
    found = await service.own_subscription(session, principal, subscription_id)
    return PushSubscriptionOut.of(found, session_id=principal.credential_id)


@router.delete(
    "/me/push-subscriptions/{subscription_id}", status_code=204, responses=guarded(NotAPerson, NotFound, Invalid)
)
async def unsubscribe(subscription_id: UUID, principal: CanView, session: Session) -> None:
    """Have a browser of one's own show no more notifications."""
    await service.unsubscribe(session, principal, subscription_id)


@router.post(
    "/me/push-subscriptions/{subscription_id}/test",
    status_code=202,
    responses=guarded(NotAPerson, NotFound, Conflict, Invalid),
)
async def test_push(subscription_id: UUID, principal: CanView, session: Session) -> None:
    """Post a notification to a browser of one's own, within seconds, whatever one's settings are."""
    await service.push_a_test(session, principal, subscription_id, at=await database_time(session))
