"""The service in the test's own process: the application with its lifespan, and clients that talk to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute

from api.app import Application, create_app
from api.app_state import AppState
from api.inbound.attempts import apply_due_events
from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.providers.registry import Providers
from api.settings import Settings
from tests.support import postgres
from tests.support.declared_answers import check_answer

ORIGIN = "http://messenger.test"


def service_settings(folder: object, **overrides: object) -> Settings:
    """Settings for a test: nothing from the environment's `.env`, short database pool."""
    values: dict[str, object] = {
        "data_dir": Path(str(folder)) / "data",
        "public_url": ORIGIN,
        "secret_key": "a key for tests",
        "database_pool_size": 8,
        **overrides,
    }
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


_routes: dict[bool, list[BaseRoute]] = {}
"""The routes of the application with and without metrics. FastAPI takes 0.1 s of processor time to build them."""


def _create_app(settings: Settings, *, database_url: str) -> Application:
    """A new application that shares its routes with those before it in this process."""
    routes = _routes.get(settings.is_production)
    if routes is None:
        app = create_app(settings, database_url=database_url)
        _routes[settings.is_production] = app.api.router.routes
        return app
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FastAPI, "include_router", lambda *args, **options: None)
        app = create_app(settings, database_url=database_url)
    app.api.router.routes[:] = routes
    return app


@dataclass
class Service:
    app: Application
    settings: Settings
    database: Database
    urls: postgres.Database

    @classmethod
    @asynccontextmanager
    async def running(cls, settings: Settings, clone: postgres.Database) -> AsyncIterator[Self]:
        app = _create_app(settings, database_url=clone.url)
        async with app.api.router.lifespan_context(app.api):
            yield cls(app=app, settings=settings, database=app.state.database, urls=clone)

    @property
    def providers(self) -> Providers:
        return self.state.providers

    @property
    def secret_box(self) -> SecretBox:
        return self.state.secrets

    @property
    def state(self) -> AppState:
        return self.app.state

    def replace(self, **parts: Any) -> None:
        """Give the running application other parts of its state, such as settings."""
        self.app.set_state(replace(self.state, **parts))

    def client(self, *, key: str | None = None) -> httpx.AsyncClient:
        """A client of the API. Without `key` it is nobody, until it signs in."""
        headers = {"Origin": ORIGIN}
        if key is not None:
            headers = {"Authorization": f"Bearer {key}"}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url=ORIGIN,
            headers=headers,
            event_hooks={"response": [check_answer]},
        )

    async def apply_journal(self, organization_id: UUID) -> None:
        """Apply whatever has been journaled, now, rather than when the applier gets to it."""
        while await apply_due_events(
            self.database,
            organization_id,
            providers=self.providers,
            confirm_within=timedelta(seconds=self.settings.seen_deadline_seconds),
        ):
            pass
