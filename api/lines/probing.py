"""Checks of every line for the operator: its credentials open, and its provider has our addresses. Changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

from api.kit.database import Database
from api.kit.secrets import SecretBox, UnreadableSecretError
from api.lines import queries
from api.lines.models import Line
from api.lines.rules import LineState, verdict, webhook_addresses
from api.lines.service import open_line
from api.providers.port import ChecksWebhooks
from api.providers.registry import Providers

AT_ONCE = 10


class LineProbe(NamedTuple):
    line_id: UUID
    label: str
    phone_number: str
    state: LineState | None
    """None: the line is out of service, or cannot be checked from here."""
    detail: str


async def probe_lines(
    database: Database, *, providers: Providers, secrets: SecretBox, public_base_url: str
) -> AsyncIterator[LineProbe]:
    """Asks the providers about the lines of every organization, some at a time, with no transaction open."""
    after: UUID | None = None
    while True:
        async with database.transaction() as session:
            batch = await queries.all_lines(session, after=after, limit=AT_ONCE)
        for probe in await asyncio.gather(
            *(_probe(line, providers=providers, secrets=secrets, public_base_url=public_base_url) for line in batch)
        ):
            yield probe
        if len(batch) < AT_ONCE:
            return
        after = batch[-1].id


async def _probe(line: Line, *, providers: Providers, secrets: SecretBox, public_base_url: str) -> LineProbe:
    def found(state: LineState | None, detail: str) -> LineProbe:
        return LineProbe(line.id, line.label, line.phone_number, state, detail)

    if not line.enabled:
        return found(None, "It is out of service.")
    adapter = providers.get(line.provider)
    if adapter is None:
        return found(LineState.NEEDS_ATTENTION, providers.why_missing(line.provider))
    try:
        access = open_line(line, secrets)
    except UnreadableSecretError:
        return found(LineState.NEEDS_ATTENTION, "Its credentials do not open with the secret key.")
    if not isinstance(adapter, ChecksWebhooks):
        return found(None, f"{adapter.description.label} does not say what is set there.")
    expected = webhook_addresses(line.provider, line.id, public_base_url=public_base_url)
    return found(*verdict(await adapter.check_webhooks(access, expected)))
