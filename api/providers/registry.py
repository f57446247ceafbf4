"""Every provider the service knows, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from api.providers.bandwidth import BandwidthProvider
from api.providers.http import make_client
from api.providers.port import ProviderName, SmsProvider
from api.providers.simulator import SimulatorProvider
from api.providers.telnyx import TelnyxProvider
from api.providers.twilio import TwilioProvider
from api.settings import Settings


class Providers:
    """The adapters of one process, over one pooled HTTP client."""

    def __init__(self, settings: Settings) -> None:
        self._client = make_client()
        providers: list[SmsProvider] = [
            TwilioProvider(self._client, api_url=settings.twilio_api_url, media_hosts=settings.extra_media_hosts),
            TelnyxProvider(self._client, api_url=settings.telnyx_api_url, media_hosts=settings.extra_media_hosts),
            BandwidthProvider(
                self._client,
                api_url=settings.bandwidth_api_url,
                token_url=settings.bandwidth_token_url,
                media_hosts=settings.extra_media_hosts,
            ),
        ]
        if not settings.is_production:
            providers.append(SimulatorProvider(self._client, api_url=settings.simulator_url))
        self._by_name: Mapping[str, SmsProvider] = MappingProxyType(
            {provider.name.value: provider for provider in providers}
        )

    def get(self, name: str) -> SmsProvider | None:
        """The adapter of that name, or None for one this version does not have."""
        return self._by_name.get(name)

    @staticmethod
    def why_missing(name: str) -> str:
        """Why `get` gave None, for whoever looks after the line."""
        if name == ProviderName.SIMULATOR:
            return "The carrier simulator is not for production: give the line a provider."
        return f"This version has no adapter for {name}."

    async def close(self) -> None:
        await self._client.aclose()
