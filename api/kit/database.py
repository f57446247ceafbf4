"""The database: the base of the tables, the engine, and the unit of work.

One request is one transaction, committed before the answer is sent. A transaction is never held open across an
HTTP call, a wait or a stream.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Depends, Request
from pydantic_core import to_json
from sqlalchemy import DateTime, ForeignKey, MetaData, Uuid, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Text

from api.kit.app_state import from_app
from api.kit.connection import connect, is_pooled
from api.kit.ids import new_id
from api.kit.metrics import forget_pool, measure_pool
from api.kit.secrets import SecretBox

MAX_NOTIFY_BYTES = 7_500
"""PostgreSQL refuses NOTIFY payloads of 8,000 bytes and more."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads this attribute by name.
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        str: Text(),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(Text()),
        list[dict[str, Any]]: JSONB(),
    }


class OrganizationRow:
    """A row of one organization. Keys start with the organization, so that no row refers to another organization."""

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class OrganizationChildRow:
    """An `OrganizationRow` of a busy table. Its foreign key to a row of the organization implies the one to
    `organizations`, which PostgreSQL would check with each insert."""

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def database_engine(url: str, **pool: Any) -> AsyncEngine:
    """An engine whose connections `connect` opens.

    Behind a pooler each statement is prepared without a name and not kept: its transaction's server connection is
    another transaction's next time.
    """
    unnamed = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}
    return create_async_engine(
        "postgresql+asyncpg://",
        # Errors are logged, but not the parameters: they hold texts and phone numbers.
        hide_parameters=True,
        connect_args={"async_creator_fn": partial(connect, url), **(unnamed if is_pooled(url) else {})},
        **pool,
    )


class Database:
    """The engine and its sessions. `close`, or the end of an `async with`, closes every connection."""

    def __init__(
        self, url: str, *, pool_size: int = 10, measured_as: str | None = None, secrets: SecretBox | None = None
    ) -> None:
        """`measured_as`: the name of its pool in the metrics. None: it is not measured.

        `secrets`: for work that may meet the numbers that were erased (`directory.erased`).
        """
        self.url = url
        self.is_pooled = is_pooled(url)
        """A pooler in transaction mode is between: a statement outside of a transaction may lose its connection."""
        self.secrets = secrets
        self.number_key: bytes | None = None
        """The key of erased numbers' hashes, once it was read."""
        self._pool_size = pool_size
        self._measured_as = measured_as
        self.engine = database_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=10)
        if measured_as is not None:
            measure_pool(self.engine, measured_as, size=pool_size)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, info={"database": self})

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end, with its notifications, or rolled back."""
        async with self._sessions() as session:
            yield session
            await commit(session)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """A read-only transaction that sees what was committed at its first statement."""
        async with self._sessions() as session:
            await session.connection(
                execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
            yield session

    async def close(self) -> None:
        await self.engine.dispose()
        if self._measured_as is not None:
            forget_pool(self._measured_as, size=self._pool_size)
            self._measured_as = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with from_app(request, Database)._sessions() as session:
        yield session
        await commit(session)


Session = Annotated[AsyncSession, Depends(get_session, scope="function")]
"""The request's transaction. `scope="function"` commits before the answer leaves."""


def database_of(session: AsyncSession) -> Database:
    """The database that opened the session."""
    database: Database = session.info["database"]
    return database


def notify(session: AsyncSession, channel: str, payload: dict[str, Any]) -> None:
    """Queue a NOTIFY for the commit. All notifications of a transaction are sent in one statement."""
    session.info.setdefault("notifications", []).append((channel, payload))


def before_commit(session: AsyncSession, write: Callable[[AsyncSession], Awaitable[None]]) -> None:
    """Run `write` as the transaction's last, after everything is flushed. What it locks is locked last."""
    session.info.setdefault("before_commit", []).append(write)


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[None]:
    """A part of the transaction that is rolled back alone on an error, with what it has queued for the commit."""
    queued = {key: list(value) for key, value in session.info.items() if isinstance(value, list)}
    try:
        async with session.begin_nested():
            yield
    except BaseException:
        for key in [key for key, value in session.info.items() if isinstance(value, list)]:
            session.info[key] = queued.get(key, [])
        raise


def after_commit(session: AsyncSession, action: Callable[[], None]) -> None:
    """Run `action` in this process after the commit. Only for hints: a crash loses it."""
    session.info.setdefault("after_commit", []).append(action)


async def commit(session: AsyncSession) -> None:
    """Commit, with the transaction's notifications and hints. Callers outside a unit of work use `transaction`."""
    writes: list[Callable[[AsyncSession], Awaitable[None]]] = session.info.pop("before_commit", [])
    if writes:
        await session.flush()
        for write in writes:
            await write(session)
    notifications: list[tuple[str, dict[str, Any]]] = session.info.pop("notifications", [])
    if notifications:
        await session.flush()
        channels: list[str] = []
        payloads: list[str] = []
        for channel, payload in _merged(notifications):
            channels.append(channel)
            payloads.append(payload)
        await session.execute(
            text(
                "SELECT pg_notify(channel, payload) FROM unnest(CAST(:channels AS text[]), CAST(:payloads AS text[]))"
                " AS notification(channel, payload)"
            ),
            {"channels": channels, "payloads": payloads},
        )
    actions: list[Callable[[], None]] = session.info.pop("after_commit", [])
    await session.commit()
    for action in actions:
        action()


def _merged(notifications: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """The distinct notifications, packed into JSON arrays below the size limit of NOTIFY."""
    packed: list[tuple[str, str]] = []
    by_channel: dict[str, dict[bytes, None]] = {}
    for channel, payload in notifications:
        by_channel.setdefault(channel, {})[to_json(payload)] = None
    for channel, items in by_channel.items():
        batch: list[bytes] = []
        size = 2
        for item in items:
            if batch and size + len(item) + 1 > MAX_NOTIFY_BYTES:
                packed.append((channel, _array(batch)))
                batch, size = [], 2
            batch.append(item)
            size += len(item) + 1
        packed.append((channel, _array(batch)))
    return packed


def _array(items: list[bytes]) -> str:
    return f"[{b','.join(items).decode()}]"


async def plan_anew(session: AsyncSession) -> None:
    """Forget the plans that the connection keeps. For transactions that make tables many times as large.

    Above all those of foreign keys: made while a table was empty they scan it, whatever it has grown to, until it is
    analyzed. Each row of a batch then takes as long as the table is large.
    """
    await session.execute(text("DISCARD PLANS"))


async def database_time(session: AsyncSession) -> datetime:
    """The database's clock now, not at the start of the transaction, which may have waited for locks."""
    at: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return at
