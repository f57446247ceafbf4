"""SQL of backup and restore, as the owner of the database."""

import hashlib
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.access.models import Organization
from api.audit.models import AuditChain, AuditEntry

ROLE = "messenger_app"


async def schema_revision(session: AsyncSession) -> str | None:
    """None: the database has no schema of the service."""
    if await session.scalar(text("SELECT to_regclass('public.alembic_version')::text")) is None:
        return None
    found: str | None = await session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


async def has_identity(session: AsyncSession) -> bool:
    """Whether the schema is new enough to tell a copy of the data."""
    return await session.scalar(text("SELECT to_regclass('public.database_identity')::text")) is not None


async def server_version(session: AsyncSession) -> int:
    """The server's major version."""
    number: int = (await session.execute(text("SELECT current_setting('server_version_num')::integer"))).scalar_one()
    return number // 10_000


async def export_snapshot(session: AsyncSession) -> str:
    """The snapshot of this transaction, for `pg_dump`. It lasts as long as the transaction."""
    await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    name: str = (await session.execute(text("SELECT pg_export_snapshot()"))).scalar_one()
    return name


class Content(NamedTuple):
    organizations: int
    audit_chains: int
    audit_entries: int
    audit_heads: str


async def content(session: AsyncSession) -> Content:
    """Counts, and a digest of every audit chain's head."""
    organizations = (await session.execute(select(func.count()).select_from(Organization))).scalar_one()
    entries = (await session.execute(select(func.count()).select_from(AuditEntry))).scalar_one()
    digest, chains = hashlib.sha256(), 0
    heads = await session.stream(
        select(AuditChain.organization_id, AuditChain.id, AuditChain.last_number, AuditChain.last_hash)
        .order_by(AuditChain.organization_id, AuditChain.id)
        .execution_options(yield_per=1000)
    )
    async for organization_id, subject, number, last_hash in heads:
        digest.update(f"{organization_id}/{subject}/{number}/{last_hash.hex()}\n".encode())
        chains += 1
    return Content(organizations, chains, entries, digest.hexdigest())


async def secret_key_check(session: AsyncSession) -> str | None:
    value: bytes | None = await session.scalar(text("SELECT value FROM secret_key_check"))
    return None if value is None else value.hex()


async def first_relation(session: AsyncSession) -> str | None:
    """A table, view, sequence or type of anybody's in the database. None: it is empty."""
    found: str | None = await session.scalar(
        text(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
            " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
            " AND d.objid = c.oid AND d.deptype = 'e')"
            " ORDER BY c.relkind <> 'r', c.relname LIMIT 1"
        )
    )
    return found


async def role_lacks_rights(session: AsyncSession) -> bool:
    """Whether the service's own role exists and cannot read the restored tables."""
    exists = await session.scalar(text("SELECT true FROM pg_roles WHERE rolname = :role"), {"role": ROLE})
    if not exists:
        return False
    readable = "SELECT has_table_privilege(:role, 'organizations', 'SELECT')"
    return not await session.scalar(text(readable), {"role": ROLE})


async def grant_to_role(session: AsyncSession, statement: str) -> None:
    await session.execute(text(statement))


async def grant_future_tables(session: AsyncSession) -> None:
    """What later migrations make is the service's role's too, as after the first migration."""
    if await session.scalar(text("SELECT true FROM pg_roles WHERE rolname = :role"), {"role": ROLE}):
        await session.execute(
            text(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLE}")
        )


async def analyze(session: AsyncSession) -> None:
    await session.execute(text("ANALYZE"))
