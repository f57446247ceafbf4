"""The secrets of endpoints when the service's secret key is replaced."""

from sqlalchemy import select

from api.kit.database import Database
from api.kit.secrets import SecretBox, UnreadableSecretError
from api.webhook_endpoints.models import WebhookEndpoint

BATCH = 100


async def reseal_secrets(database: Database, secrets: SecretBox) -> int:
    """Seal every endpoint's secrets under the current secret key, a batch in a transaction. Returns how many it sealed.

    Those that neither key opens stay: their endpoints fail until an administrator rotates them.
    """
    resealed = 0
    after = None
    while True:
        async with database.transaction() as session:
            statement = (
                select(WebhookEndpoint)
                .where(WebhookEndpoint.deleted_at.is_(None))
                .order_by(WebhookEndpoint.id)
                .limit(BATCH)
            )
            if after is not None:
                statement = statement.where(WebhookEndpoint.id > after)
            rows = (await session.scalars(statement.with_for_update(key_share=True))).all()
            for row in rows:
                after = row.id
                if secrets.is_current(row.sealed_secret):
                    continue
                try:
                    row.sealed_secret = secrets.seal(secrets.open(row.sealed_secret))
                except UnreadableSecretError:
                    continue
                resealed += 1
        if len(rows) < BATCH:
            return resealed
