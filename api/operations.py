"""Routes for the operator: probes and metrics."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from api.access.dependencies import Public
from api.kit.app_state import from_app
from api.kit.database import Database
from api.kit.errors import HeadersTooLarge, NotFound, Unavailable, problem_responses
from api.metrics import Metrics
from api.migrate import revisions
from api.schema_state import read_schema
from api.settings import Settings

METRICS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


def router(settings: Settings) -> APIRouter:
    """Production has no `/metrics` on the main port, which is open to everybody."""
    operations = APIRouter(
        tags=["operations"],
        dependencies=[Depends(Public("For the operator's probes; they say nothing of any business."))],
    )
    operations.add_api_route("/healthz", healthz, responses=problem_responses(HeadersTooLarge))
    operations.add_api_route("/readyz", readyz, responses=problem_responses(HeadersTooLarge, Unavailable))
    if settings.is_production:
        operations.add_api_route("/metrics", no_metrics, include_in_schema=False)
    else:
        described = METRICS | problem_responses(HeadersTooLarge)
        operations.add_api_route("/metrics", metrics, response_class=Response, responses=described)
    return operations


async def healthz() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


async def readyz(request: Request) -> dict[str, str]:
    """The process can serve: it reaches its database, and this version can serve the schema."""
    async with from_app(request, Database).transaction() as session:
        schema = await read_schema(session, revisions=revisions())
    if not schema.is_served:
        raise Unavailable(schema.problem)
    return {"status": "ready"}


async def metrics(request: Request) -> Response:
    """Prometheus metrics of all processes of this server and of the database. In production on another port."""
    return await from_app(request, Metrics).render(from_app(request, Database))


async def no_metrics() -> None:
    """In production. Without this route the SPA's page would answer."""
    raise NotFound("Metrics are on a port of their own: see MESSENGER_METRICS_PORT.")
