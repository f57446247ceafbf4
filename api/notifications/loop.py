"""What a worker runs of this slice: a push of each notice for each browser, and the posting of pushes."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.kit.bulk import insert_together
from api.kit.database import Database, database_time
from api.kit.ids import new_id
from api.kit.loop import POLL_SECONDS, Loop
from api.kit.metrics import PUSHES
from api.kit.secrets import SecretBox
from api.live.bus import Bus
from api.notifications import keys, queries
from api.notifications.models import Notice, Push
from api.notifications.posting import Outcome, Posted, PushClient, Target
from api.notifications.queries import Browser, Claimed
from api.notifications.rules import MAX_ATTEMPTS, TIME_TO_LIVE, Kind, Subjects, Told, next_attempt, wants, wording
from api.notifications.service import CHANNEL, wishes_of
from api.settings import Settings

NOTICES = 200
PUSHES_AT_ONCE = 20

Describe = Callable[[AsyncSession, UUID, Collection[UUID]], Awaitable[Subjects]]
"""The conversations of an organization as notifications show them."""

HeldOrganizations = Callable[[Database], Awaitable[Collection[UUID]]]
"""The organizations whose outbox is held. The first call marks restored data (decision 0031)."""

log = structlog.get_logger(__name__)


class PushLoop:
    """Posts what people want to be told of, of every organization.

    While an organization's outbox is held, what there is to tell is dropped: its data is restored, so that it has been
    told before, and a copy of the data must not reach people's telephones.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        secrets: SecretBox,
        settings: Settings,
        *,
        describe: Describe,
        held: HeldOrganizations,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._describe = describe
        self._held = held
        self._client = PushClient(contact=settings.push_contact)
        self._loop = Loop("push", self._step, interval=POLL_SECONDS)
        bus.subscribe(CHANNEL, lambda _: self._loop.wake(), on_gap=self._loop.wake)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()
        await self._client.close()

    async def _step(self) -> bool:
        async with self._database.transaction() as session:
            organizations = await queries.organizations_with_work(session)
        if not organizations:
            return False
        held = await self._held(self._database)
        more = False
        for organization_id in organizations:
            if organization_id in held:
                async with self._database.transaction() as session:
                    await queries.discard(session, organization_id)
                continue
            async with self._database.transaction() as session:
                more |= await expand(session, organization_id, self._describe)
            more |= await self._post_due(organization_id)
        return more

    async def _post_due(self, organization_id: UUID) -> bool:
        async with self._database.transaction() as session:
            claimed = await queries.claim_pushes(session, organization_id, limit=PUSHES_AT_ONCE)
            now = await database_time(session)
            ids = {each.push.conversation_id for each in claimed if each.push.conversation_id is not None}
            subjects = await self._describe(session, organization_id, ids) if ids else {}
            key = await keys.signing_key(session, self._secrets) if claimed else None
        if not claimed or key is None:
            return False
        posted = await asyncio.gather(
            *(
                self._client.post(payload_of(each.push, subjects), target_of(each), key, topic=topic_of(each.push))
                for each in claimed
            )
        )
        async with self._database.transaction() as session:
            await settle(session, organization_id, list(zip(claimed, posted, strict=True)), now=now)
        return len(claimed) == PUSHES_AT_ONCE


async def expand(session: AsyncSession, organization_id: UUID, describe: Describe) -> bool:
    """Make a push of each notice for each browser whose person wants it. Returns whether more notices may wait.

    Several notices of one conversation and kind are one push: each replaces the one before it on the screen.
    """
    notices = await queries.take_notices(session, organization_id, limit=NOTICES)
    if not notices:
        return False
    ended = await queries.ended_subscriptions(session, organization_id)
    if ended:
        await queries.delete_subscriptions(session, organization_id, ended)
    now = await database_time(session)
    browsers = await queries.browsers(session, organization_id)
    subjects = await describe(session, organization_id, {notice.conversation_id for notice in notices})
    organization = await access.organization(session, organization_id)
    pushes = {
        (browser.subscription.id, notice.kind, notice.conversation_id): _push(notice, browser, now=now)
        for notice in notices
        if now - notice.at < TIME_TO_LIVE
        for browser in browsers
        if _wants(browser, notice, subjects, now=now, zone=organization.timezone)
    }
    await insert_together(session, Push, list(pushes.values()))
    return len(notices) == NOTICES


def _wants(browser: Browser, notice: Notice, subjects: Subjects, *, now: datetime, zone: str) -> bool:
    person_id = browser.subscription.staff_member_id
    subject = subjects.get(notice.conversation_id)
    if subject is None or (notice.staff_member_id is not None and notice.staff_member_id != person_id):
        return False
    told = Told(
        Kind(notice.kind),
        is_addressed=notice.staff_member_id == person_id,
        is_assignee=subject.assignee_id == person_id,
        is_viewing=person_id in subject.viewer_ids,
    )
    return wants(wishes_of(browser.settings), told, at=now, zone=zone)


def _push(notice: Notice, browser: Browser, *, now: datetime) -> dict[str, object]:
    return {
        "organization_id": notice.organization_id,
        "id": new_id(),
        "subscription_id": browser.subscription.id,
        "kind": notice.kind,
        "conversation_id": notice.conversation_id,
        "by": notice.by,
        "shows_text": wishes_of(browser.settings).shows_text,
        "at": notice.at,
        "due_at": now,
    }


def payload_of(push: Push, subjects: Subjects) -> dict[str, object]:
    """What the service worker gets: {kind, title, body, path, tag}. A newer one with the same tag replaces it."""
    if push.conversation_id is None:
        return {
            "kind": push.kind,
            "title": "Notifications work",
            "body": "This browser shows them from now on.",
            "path": "/account",
            "tag": "test",
        }
    subject = subjects[push.conversation_id]
    title, body = wording(Kind(push.kind), subject, by=push.by, shows_text=push.shows_text)
    return {
        "kind": push.kind,
        "title": title,
        "body": body,
        "path": f"/messenger/{push.conversation_id}",
        "tag": f"{push.kind}-{push.conversation_id}",
    }


def target_of(claimed: Claimed) -> Target:
    subscription = claimed.subscription
    return Target(subscription.endpoint, subscription.public_key, subscription.auth_secret)


def topic_of(push: Push) -> str:
    """RFC 8030: at most 32 characters of base64url."""
    return (push.conversation_id or push.id).hex


async def settle(
    session: AsyncSession, organization_id: UUID, posted: Sequence[tuple[Claimed, Posted]], *, now: datetime
) -> None:
    """Delete what was posted or given up, defer what failed, and forget browsers that have gone."""
    done: dict[Outcome, set[UUID]] = defaultdict(set)
    finished: set[UUID] = set()
    for claimed, result in posted:
        PUSHES.labels(result.outcome.value).inc()
        push = claimed.push
        done[result.outcome].add(claimed.subscription.id)
        if result.outcome is not Outcome.FAILED or push.attempts >= MAX_ATTEMPTS or now - push.at >= TIME_TO_LIVE:
            finished.add(push.id)
        else:
            wait = next_attempt(push.attempts, retry_after=result.retry_after)
            await queries.defer(session, organization_id, push.id, wait=wait)
    await queries.delete_pushes(session, organization_id, finished)
    if done[Outcome.POSTED]:
        await queries.note_pushed(session, organization_id, done[Outcome.POSTED])
    if done[Outcome.GONE]:
        log.info("push.subscriptions_gone", organization_id=str(organization_id), count=len(done[Outcome.GONE]))
        await queries.delete_subscriptions(session, organization_id, done[Outcome.GONE])
