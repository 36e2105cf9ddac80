"""What every route works with, put together once by `app.build_app`.

What belongs here: the values and ports of one running API, and how a route gets at them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from anyio import CapacityLimiter
    from starlette.requests import HTTPConnection

    from arb_pipelines.api.feed import Feed
    from arb_pipelines.api.hot_reads import HotReads
    from arb_pipelines.api.metrics import ApiMetrics
    from arb_pipelines.api.rate_limits import RateLimits
    from arb_pipelines.api.signatures import WebhookSenders


Scan = Callable[["ApiContext"], dict[str, Any]]


class SystemClock:
    """The wall clock as a port."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class ApiContext:
    """One running API: what it was told, its books, its time, how often and how many at once may ask."""

    settings: Settings
    books: Books
    clock: Clock
    limits: RateLimits
    scan: Scan
    feed: Feed
    metrics: ApiMetrics
    senders: WebhookSenders
    hot: HotReads
    readers: CapacityLimiter | None
    writers: CapacityLimiter | None

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return self.clock.now()


def context_of(connection: HTTPConnection) -> ApiContext:
    """Return the context of the application that a request or WebSocket came to."""
    context: ApiContext = connection.app.state.context
    return context
