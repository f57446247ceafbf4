"""What a worker runs of this slice: fetching the files of received messages, deleting files that were not sent."""

from api.kit.claims import Claims
from api.kit.database import Database
from api.kit.loop import POLL_SECONDS, Loop
from api.kit.secrets import SecretBox
from api.live.bus import Bus
from api.media import queries, service, uploads
from api.media.service import Claim
from api.providers.registry import Providers

FETCHES = 12
"""Files that a worker fetches at the same time."""

FETCHES_PER_ORGANIZATION = 4
"""A provider that does not answer delays only the files of its own organization."""

DELETE_SECONDS = 300.0


def uploads_loop(database: Database) -> Loop:
    return Loop("delete-unsent-files", lambda: uploads.delete_expired(database), interval=DELETE_SECONDS)


class MediaLoop:
    """Claims due files and fetches them. Stopping releases the claims of unfinished fetches."""

    def __init__(self, database: Database, bus: Bus, providers: Providers, secrets: SecretBox) -> None:
        self._database = database
        self._providers = providers
        self._secrets = secrets
        self._loop = Loop("fetch-media", self._step, interval=POLL_SECONDS)
        self._claims = Claims[Claim](
            "fetch-media",
            self._fetch,
            release=self._release,
            done=self._loop.wake,
            about=lambda claim: {"organization_id": str(claim.organization_id)},
        )
        bus.subscribe(service.CHANNEL, lambda _: self._loop.wake(), on_gap=self._loop.wake)

    def start(self) -> None:
        self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()
        await self._claims.stop()

    async def _step(self) -> bool:
        async with self._database.transaction() as session:
            unadopted = await queries.organizations_with_unadopted_media(session)
        for organization_id in unadopted:
            await service.adopt(self._database, organization_id)
        async with self._database.transaction() as session:
            organizations = await queries.organizations_with_due_media(session)
        claimed = 0
        for organization_id in organizations:
            held = sum(claim.organization_id == organization_id for claim in self._claims)
            free = min(FETCHES - len(self._claims), FETCHES_PER_ORGANIZATION - held)
            if free <= 0:
                continue
            for claim in await service.claim(self._database, organization_id, secrets=self._secrets, limit=free):
                self._claims.start(claim)
                claimed += 1
        return claimed > 0

    async def _fetch(self, claim: Claim) -> None:
        outcome = await service.fetch(claim, providers=self._providers)
        await service.settle(self._database, claim, outcome)

    async def _release(self, claim: Claim) -> None:
        await service.release(self._database, claim)
