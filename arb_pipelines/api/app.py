"""The FastAPI application: routes, the desk's pages, guards and error documents, over one set of books.

What belongs here: putting it together. A route is a file of `routes/`; the pages are `desk/`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI

import arb_pipelines.api.routes
from arb_pipelines.adapters.cache.stores import open_store
from arb_pipelines.api.context import ApiContext, Scan, SystemClock
from arb_pipelines.api.feed import Feed
from arb_pipelines.api.guards import Guards
from arb_pipelines.api.hot_reads import HotReads
from arb_pipelines.api.metrics import ApiMetrics
from arb_pipelines.api.openapi import add_openapi
from arb_pipelines.api.problems import add_problem_handlers
from arb_pipelines.api.rate_limits import RateLimits
from arb_pipelines.api.scanning import scan_now
from arb_pipelines.api.signatures import WebhookSenders, senders_of
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.stores import Books
from arb_pipelines.metered_settings import plain_secret
from arb_pipelines.settings import Settings

# Each holds a connection while it reads, of which there are 15; more threads only wait for each other.
THREADS = 12
# Who reads SQLite computes, and gives the interpreter away at every row: with 12 at once a history took a quarter more
# CPU. Writers come one at a time anyway; in a queue of ours none of them has to ask for the lock over and over.
READERS_OF_SQLITE, WRITERS_OF_SQLITE = 2, 1
MOST_TEXTS = 4_000  # kept in this process; a history has some 12 kB, so these are 50 MB
DESK = "arb_pipelines.api.desk.routes"


def build_app(
    settings: Settings,
    *,
    books: Books | None = None,
    clock: Clock | None = None,
    scan: Scan = scan_now,
    senders: WebhookSenders | None = None,
) -> FastAPI:
    """Return the application.

    Args:
        settings: who is served, how fast and what may be spent.
        books: open books; by default those of the settings are opened, and closed when the server stops.
        clock: the time; by default this machine's.
        scan: what `POST /api/opportunities/scan` does; by default the latest offers are scored at once.
        senders: whose webhooks are taken; by default those of the settings.
    """
    ours = books is None
    opened = books or _open_books(settings)
    limits = RateLimits(_rates(settings), time.monotonic)
    feed = Feed(opened.pages, settings.api_feed_poll_s, settings.api_feed_clients)
    metrics = ApiMetrics()
    keeping = ExitStack()
    hot = HotReads(keeping.enter_context(open_store(plain_secret(settings.redis_url), MOST_TEXTS)))
    told = senders or senders_of(settings)
    turns = _turns(settings.books_url)
    context = ApiContext(settings, opened, clock or SystemClock(), limits, scan, feed, metrics, told, hot, **turns)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        gc.collect()
        gc.freeze()  # the libraries' objects stay; looking through all of them stopped every request for 77 ms
        yield
        keeping.close()
        if ours:
            opened.close()  # type: ignore[attr-defined]  # what we opened has an end

    app = FastAPI(
        title="arb_pipelines", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.context = context
    add_problem_handlers(app)
    app.add_middleware(Guards, settings=settings, limits=limits, metrics=metrics)
    for name in _route_modules():
        app.include_router(import_module(name).router)
    if find_spec(DESK) is not None:
        app.include_router(import_module(DESK).router)
    add_openapi(app)
    return app


def _turns(books_url: str) -> dict[str, CapacityLimiter | None]:
    """Return how many may read and write at once; None: as many as there are threads, in line with all other work."""
    if not books_url.startswith("sqlite"):
        return {"readers": None, "writers": None}
    return {"readers": CapacityLimiter(READERS_OF_SQLITE), "writers": CapacityLimiter(WRITERS_OF_SQLITE)}


def _open_books(settings: Settings) -> Books:
    from arb_pipelines.adapters.sql.books import open_books

    return open_books(settings.books_url, mode=settings.mode.value)


def _rates(settings: Settings) -> dict[str, int]:
    return {
        "address": settings.api_requests_a_minute,
        "request": settings.api_requests_a_minute,
        "approval": settings.api_approvals_a_minute,
        "login": settings.api_logins_a_minute,
        "failed_login": settings.api_logins_a_minute * 6,
    }


def _route_modules() -> list[str]:
    """Every file of `routes/` is one topic with a `router`; a new one needs no edit here."""
    package = arb_pipelines.api.routes
    return sorted(f"{package.__name__}.{module.name}" for module in iter_modules(package.__path__))
