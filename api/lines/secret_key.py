"""The service's secret key: a start with the wrong key is refused, and the key can be replaced while the service runs.

A check value derived from the key is in the database. A process starts if it is of its key or of its previous one.
"""

from dataclasses import dataclass, field
from uuid import UUID

import structlog

from api.directory.erased import forget_key, reseal_key
from api.kit.database import Database
from api.kit.secrets import SecretBox, UnreadableSecretError
from api.lines import queries
from api.notifications import keys as push_keys

BATCH = 100
SAMPLE = 50
"""Lines whose credentials a first start tries to open. Some may have been sealed with a key that is lost."""

_CHECKED = b"messenger-center"

log = structlog.get_logger(__name__)


class WrongSecretKeyError(Exception):
    """The service cannot start with its secret key. The message is one clear line."""


@dataclass
class Rotation:
    """The result of a rotation."""

    rotated: int = 0
    were_current: int = 0
    unreadable: list[UUID] = field(default_factory=list)
    """Lines whose credentials open with neither key. They must be entered again."""


async def check_secret_key(database: Database, secrets: SecretBox) -> None:
    """Raises `WrongSecretKeyError` unless the stored credentials open with the key or the previous one.

    The first start stores the check value of the key that opens the existing lines.
    """
    async with database.transaction() as session:
        if not await queries.has_secret_key_check(session):
            return  # The schema is of an earlier version: `messenger migrate` has not run yet.
        stored = await queries.secret_key_check(session)
        if stored is None:
            sealed = [each for _, each in await queries.sealed_credentials(session, after=None, limit=SAMPLE)]
            in_use = [
                value
                for value, box in zip(check_values(secrets), secrets.each_key(), strict=True)
                if not sealed or any(box.is_current(each) for each in sealed)
            ]
            if not in_use:
                raise _wrong(secrets)
            stored = await queries.set_secret_key_check(session, in_use[0], replace=False)
        if stored not in check_values(secrets):
            raise _wrong(secrets)


@dataclass(frozen=True)
class KeyVerification:
    """Whether the secret key is the database's, and how many lines' credentials it opens."""

    is_right: bool
    """Also if no process has stored a check value yet."""
    opened: int
    unreadable: int


async def verify_secret_key(database: Database, secrets: SecretBox) -> KeyVerification:
    """Opens the credentials of every line. Stores nothing."""
    async with database.transaction() as session:
        stored = await queries.secret_key_check(session)
    opened = unreadable = 0
    after: UUID | None = None
    while True:
        async with database.transaction() as session:
            batch = await queries.sealed_credentials(session, after=after, limit=BATCH)
        for line_id, sealed in batch:
            after = line_id
            try:
                secrets.open(sealed)
                opened += 1
            except UnreadableSecretError:
                unreadable += 1
        if len(batch) < BATCH:
            return KeyVerification(stored is None or stored in check_values(secrets), opened, unreadable)


async def rotate_secret_key(database: Database, secrets: SecretBox) -> Rotation:
    """Encrypt every line's credentials anew under the current key, a batch in a transaction, and store its check value.

    It can be interrupted and repeated. A line that is changed meanwhile keeps that change. Raises `WrongSecretKeyError`
    without a previous key, or if neither key is the one in use.
    """
    if not secrets.has_previous:
        raise WrongSecretKeyError(
            "To replace the secret key, set MESSENGER_SECRET_KEY to the new one and MESSENGER_SECRET_KEY_PREVIOUS"
            " to the one in use."
        )
    await check_secret_key(database, secrets)
    rotation = Rotation()
    after: UUID | None = None
    while True:
        async with database.transaction() as session:
            batch = await queries.sealed_credentials(session, after=after, limit=BATCH)
            for line_id, sealed in batch:
                after = line_id
                if secrets.is_current(sealed):
                    rotation.were_current += 1
                    continue
                try:
                    opened = secrets.open(sealed)
                except UnreadableSecretError:
                    rotation.unreadable.append(line_id)
                    continue
                await queries.reseal(session, line_id, before=sealed, after=secrets.seal(opened))
                rotation.rotated += 1
        if len(batch) < BATCH:
            break
    async with database.transaction() as session:
        await reseal_key(session, secrets)
        await push_keys.reseal_key(session, secrets)
    await _store_check(database, secrets)
    log.info("secret_key.rotated", rotated=rotation.rotated, unreadable=len(rotation.unreadable))
    return rotation


async def replace_lost_secret_key(database: Database, secrets: SecretBox) -> None:
    """Start with this key although no credentials open with it: those of every line must be entered again."""
    async with database.transaction() as session:
        refusals_lost = await forget_key(session)
        await push_keys.forget_key(session)
    await _store_check(database, secrets)
    log.warning("secret_key.replaced", refusals_of_erased_numbers_lost=refusals_lost)


async def _store_check(database: Database, secrets: SecretBox) -> None:
    async with database.transaction() as session:
        await queries.set_secret_key_check(session, check_values(secrets)[0], replace=True)


def check_values(secrets: SecretBox) -> list[bytes]:
    """The check value of each key, the current one's first."""
    return secrets.fingerprints("check", _CHECKED)


def _wrong(secrets: SecretBox) -> WrongSecretKeyError:
    is_not = "MESSENGER_SECRET_KEY is not"
    if secrets.has_previous:
        is_not = "Neither MESSENGER_SECRET_KEY nor MESSENGER_SECRET_KEY_PREVIOUS is"
    return WrongSecretKeyError(f"{is_not} the key that the secrets in this database are encrypted with.")
