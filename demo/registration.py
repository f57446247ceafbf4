"""Registers the lines of provider `simulator`, with the people who text them, at the running simulator."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.message_rules import Direction
from api.conversations.models import Conversation, Message
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.directory.rules import Holder
from api.kit.database import Database
from api.kit.phone import E164
from api.kit.secrets import SecretBox, UnreadableSecretError, secret_box
from api.lines.models import Line
from api.lines.service import line_settings, open_line
from api.providers.port import LineAccess, MessageStatus
from api.providers.registry import ProviderName
from api.providers.simulator.control import (
    PastText,
    SimulatedAccount,
    SimulatedHandset,
    SimulatedLine,
    register_with_simulator,
)
from api.settings import Settings

MAX_HANDSETS = 500
"""Per organization. Handsets with a name, listed on the simulator's page; any other number has one without."""

MAX_TEXTS = 2_000
"""Per organization: the newest texts that handsets show."""

LANDLINE_ERRORS = ("21614", "21635", "30006")
"""Twilio's error codes for a number that cannot receive texts."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SimulatorRegistration:
    accounts: list[SimulatedAccount]
    lines: list[SimulatedLine]
    handsets: list[SimulatedHandset]
    texts: list[PastText]


async def register_lines(settings: Settings, database_url: str) -> None:
    """Idempotent. Raises `SimulatorError` if the simulator does not answer or refuses."""
    database = Database(database_url, pool_size=1)
    try:
        registration = await simulator_registration(database, secret_box(settings), settings)
    finally:
        await database.close()
    await register_with_simulator(
        simulator_url=settings.simulator_url,
        accounts=registration.accounts,
        lines=registration.lines,
        handsets=registration.handsets,
        texts=registration.texts,
    )


async def simulator_registration(database: Database, secrets: SecretBox, settings: Settings) -> SimulatorRegistration:
    """The accounts, lines, handsets and texts of every organization with a line at the simulator.

    A network has each number once: if two organizations have lines with the same number, the newer line gets it.
    """
    async with database.transaction() as session:
        found = await session.scalars(
            select(Line).where(Line.provider == ProviderName.SIMULATOR).order_by(Line.created_at, Line.id)
        )
        opened: dict[str, tuple[Line, LineAccess]] = {}
        for line in found:
            try:
                access = open_line(line, secrets)
            except UnreadableSecretError as error:
                log.error("simulator.line_not_registered", line_id=str(line.id), error=str(error))
                continue
            if line.phone_number in opened:
                log.warning("simulator.number_taken", line_id=str(opened[line.phone_number][0].id))
            opened[line.phone_number] = (line, access)
        handsets: dict[str, SimulatedHandset] = {}
        texts: list[PastText] = []
        for organization_id in dict.fromkeys(line.organization_id for line, _ in opened.values()):
            own = {line.id: line for line, _ in opened.values() if line.organization_id == organization_id}
            for handset in await _handsets(session, organization_id, own):
                handsets.setdefault(handset.phone_number, handset)
            texts += await _texts(session, organization_id, own)
    accounts = {access.credentials["account_sid"]: access.credentials["auth_token"] for _, access in opened.values()}
    return SimulatorRegistration(
        accounts=[SimulatedAccount(sid, token) for sid, token in accounts.items()],
        lines=[_line(line, access, settings) for line, access in opened.values()],
        handsets=list(handsets.values()),
        texts=texts,
    )


def _line(line: Line, access: LineAccess, settings: Settings) -> SimulatedLine:
    webhooks = f"{settings.public_base_url}/webhooks/{line.provider}/{line.id}"
    return SimulatedLine(
        phone_number=line.phone_number,
        account_sid=access.credentials["account_sid"],
        label=line.label,
        country=line.country,
        kind=line.kind,
        inbound_url=f"{webhooks}/inbound",
        status_url=f"{webhooks}/status",
        messaging_service_sid=access.credentials.get("messaging_service_sid"),
        answers_keywords=bool(line_settings(line).answers_keywords),
    )


async def _handsets(session: AsyncSession, organization_id: UUID, lines: Iterable[UUID]) -> list[SimulatedHandset]:
    """Numbers with a phone record or a conversation, the newest conversation first."""
    talked = (
        select(Conversation.phone_number_id, func.max(Conversation.last_message_at).label("last"))
        .where(Conversation.organization_id == organization_id, Conversation.line_id.in_(list(lines)))
        .group_by(Conversation.phone_number_id)
        .subquery()
    )
    numbers = (
        await session.execute(
            select(PhoneNumber, talked.c.last)
            .outerjoin(talked, talked.c.phone_number_id == PhoneNumber.id)
            .where(PhoneNumber.organization_id == organization_id)
            .order_by(talked.c.last.desc().nulls_last(), PhoneNumber.number)
            .limit(MAX_HANDSETS)
        )
    ).all()
    holders = await directory.holders(session, organization_id, [number.id for number, _ in numbers])
    landlines = set(
        await session.scalars(
            select(Conversation.phone_number_id)
            .join(
                Message,
                (Message.organization_id == Conversation.organization_id)
                & (Message.conversation_id == Conversation.id),
            )
            .where(Conversation.organization_id == organization_id, Message.error_code.in_(LANDLINE_ERRORS))
        )
    )
    return [
        SimulatedHandset(number.number, _name(holders[number.id]), is_landline=number.id in landlines)
        for number, last in numbers
        if E164.match(number.number) and (holders[number.id] or last is not None)
    ]


def _name(holders: list[Holder]) -> str:
    """The names of the contacts rather than of their families."""
    return " and ".join(dict.fromkeys(holder.contact_name or holder.name for holder in holders))


async def _texts(session: AsyncSession, organization_id: UUID, lines: dict[UUID, Line]) -> list[PastText]:
    """Texts that a handset has received or written, without those that have only pictures."""
    rows = await session.execute(
        select(Message, PhoneNumber.number)
        .join(
            Conversation,
            (Conversation.organization_id == Message.organization_id) & (Conversation.id == Message.conversation_id),
        )
        .join(
            PhoneNumber,
            (PhoneNumber.organization_id == Conversation.organization_id)
            & (PhoneNumber.id == Conversation.phone_number_id),
        )
        .where(
            Message.organization_id == organization_id,
            Message.line_id.in_(list(lines)),
            Message.provider_message_id.is_not(None),
            Message.status.in_([MessageStatus.RECEIVED, MessageStatus.DELIVERED]),
            Message.body != "",
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(MAX_TEXTS)
    )
    return [
        PastText(
            handset=number,
            line=lines[message.line_id].phone_number,
            from_handset=message.direction == Direction.INBOUND,
            body=message.body,
            at=message.created_at,
            provider_message_id=message.provider_message_id or "",
        )
        for message, number in rows
        if E164.match(number)
    ]
