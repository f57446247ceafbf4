"""How PostgreSQL answers the statements of a filter by metadata."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event

from tests.support.service import Service
from tests.support.statements import execute


@asynccontextmanager
async def uses_the_index(service: Service, table: str) -> AsyncIterator[None]:
    """Fails unless a statement that is executed meanwhile filters by metadata, with the index of the table."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "jsonb_set(" in statement:
            asked.append((statement, parameters))

    await asyncio.to_thread(execute, service.urls.owner_url, f"VACUUM ANALYZE {table}, phone_numbers")
    engine = service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert asked, "No statement filters by metadata."
    async with service.database.engine.connect() as connection:
        for statement, parameters in asked:
            plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            shown = "\n".join(plan.scalars())
            assert f"ix_{table}_metadata" in shown, shown
