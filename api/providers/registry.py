"""Every provider that the service knows, by name."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, Self

import httpx

from api.providers.bandwidth.provider import BandwidthProvider
from api.providers.http import make_client
from api.providers.plivo.provider import PlivoProvider
from api.providers.port import SendLimits, SmsProvider
from api.providers.sandbox.provider import SandboxProvider
from api.providers.simulator.provider import SimulatorProvider
from api.providers.telnyx.provider import TelnyxProvider
from api.providers.twilio.provider import TwilioProvider
from api.settings import Settings


class ProviderName(StrEnum):
    TWILIO = "twilio"
    TELNYX = "telnyx"
    BANDWIDTH = "bandwidth"
    PLIVO = "plivo"
    SANDBOX = "sandbox"
    SIMULATOR = "simulator"


class Adapter(SmsProvider, Protocol):
    @classmethod
    def from_settings(cls, client: httpx.AsyncClient, settings: Settings) -> Self: ...


ADAPTERS: Mapping[ProviderName, type[Adapter]] = MappingProxyType(
    {
        ProviderName.TWILIO: TwilioProvider,
        ProviderName.TELNYX: TelnyxProvider,
        ProviderName.BANDWIDTH: BandwidthProvider,
        ProviderName.PLIVO: PlivoProvider,
        ProviderName.SANDBOX: SandboxProvider,
        ProviderName.SIMULATOR: SimulatorProvider,
    }
)


def send_limits(provider: str) -> SendLimits:
    """The longest message that a line's provider takes. `provider` is the value of a `ProviderName`."""
    return ADAPTERS[ProviderName(provider)].description.limits


class Providers:
    """The adapters of one process, over one pooled HTTP client."""

    def __init__(self, settings: Settings) -> None:
        self._client = make_client()
        self.by_name: Mapping[str, SmsProvider] = MappingProxyType(
            {
                name.value: adapter.from_settings(self._client, settings)
                for name, adapter in ADAPTERS.items()
                if name is not ProviderName.SIMULATOR or not settings.is_production
            }
        )

    def get(self, name: str) -> SmsProvider | None:
        """The adapter of that name; None if this version or environment has none."""
        return self.by_name.get(name)

    @staticmethod
    def why_missing(name: str) -> str:
        """Why `get` returned None, for an administrator."""
        if name == ProviderName.SIMULATOR:
            return "The carrier simulator is not for production: give the line a provider."
        return f"This version has no adapter for {name}."

    async def close(self) -> None:
        await self._client.aclose()
