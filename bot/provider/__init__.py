"""The provider: Alibaba Cloud Model Studio's Wan models over the DashScope HTTP API.

The only importer of httpx. ``DashScopeProvider`` implements ``bot.domain.ports.VideoProvider``;
everything it raises is a ``ProviderError`` or a ``MediaTooLargeError`` of ``bot.domain.errors``.
"""

from bot.provider.client import PAGE_SIZE, DashScopeProvider, default_base_url
from bot.provider.exchange import Deadlines
from bot.provider.result_lookup import Resolver, ResultLookups, look_up, resolve

__all__ = [
    "PAGE_SIZE",
    "DashScopeProvider",
    "Deadlines",
    "Resolver",
    "ResultLookups",
    "default_base_url",
    "look_up",
    "resolve",
]
