"""Dagster resources: each only builds a plain object from values that `build_defs` took from `Settings`.

What belongs here: builders of a few lines. No logic, no secrets in configuration (the page shows it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import ConfigurableResource

from arb_pipelines.domain.market_stores import RawScrapes
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.stores import Books
from arb_pipelines.scraping.registry import SiteRegistry, load_sites
from arb_pipelines.services.crawling import CrawlPlan
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.adapters.checkout.buyers import ClosableBuyers
    from arb_pipelines.adapters.mlflow.model_store import MlflowModelStore
    from arb_pipelines.outlet_settings import OpenSeller


class SystemClock:
    """The wall clock as a port."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return datetime.now(UTC)


class BooksResource(ConfigurableResource):
    """The books: one SQL database with every repository."""

    url: str
    mode: str

    @contextmanager
    def opened(self) -> Iterator[Books]:
        """Open the database for the length of a block."""
        from arb_pipelines.adapters.sql.books import open_books

        books = open_books(self.url, mode=self.mode)
        try:
            yield books
        finally:
            books.close()


class RawStoreResource(ConfigurableResource):
    """The raw scrapes: Parquet files or MongoDB, by the dotted path of their factory."""

    factory: str
    options: dict[str, str]

    @contextmanager
    def opened(self) -> Iterator[RawScrapes]:
        """Open the store for the length of a block."""
        module, _, name = self.factory.partition(":")
        store: RawScrapes = getattr(import_module(module), name)(**self.options)
        try:
            yield store
        finally:
            store.close()


class SitesResource(ConfigurableResource):
    """The site registry: one TOML file a site."""

    folder: str

    def load(self) -> SiteRegistry:
        """Read every site file; broken ones are named apart."""
        return load_sites(Path(self.folder))

    def load_some(self, keys: list[str]) -> list[Site]:
        """Return the declared sites with these keys, in their order; a site removed meanwhile is left out."""
        by_key = {site.key: site for site in self.load().sites}
        return [by_key[key] for key in keys if key in by_key]


class CrawlResource(ConfigurableResource):
    """How a shard is crawled: who we say we are, how long it may take, where the records go."""

    user_agent: str
    deadline_s: int
    allow_loopback: bool
    browser_path: str | None
    browser_engine: str
    raw_store_factory: str
    raw_store_options: dict[str, str]
    state_dir: str  # robots.txt copies, parked sites and page memories live from tick to tick
    segments_dir: str  # the pages as they came

    def plan(self, tick_id: str, sites: list[Site]) -> CrawlPlan:
        """Return the plan of one shard's crawl."""
        return CrawlPlan(
            tick_id=tick_id,
            sites=tuple(sites),
            raw_store={"factory": self.raw_store_factory, "options": self.raw_store_options},
            user_agent=self.user_agent,
            deadline_s=self.deadline_s,
            allow_loopback=self.allow_loopback,
            browser_path=self.browser_path,
            browser_engine=self.browser_engine,
            browser_grid_url=Settings().grid_url,  # may hold a token
            proxies=Settings().proxies,  # may hold a password, so it is no configuration of the resource
            state_dir=Path(self.state_dir),
            segments_dir=Path(self.segments_dir),
            log_format=Settings().log_format.value,
        )


class ModelStoreResource(ConfigurableResource):
    """Trained models and their versions, in MLflow."""

    tracking_uri: str
    artifact_root: str
    bucket_url: str | None = None

    def build(self) -> MlflowModelStore:
        """Open the model store."""
        from arb_pipelines.adapters.mlflow.model_store import open_model_store

        return open_model_store(self.tracking_uri, Path(self.artifact_root), self.bucket_url)


class OutletResource(ConfigurableResource):
    """The outlets we sell on and the shops that take orders by machine; in paper mode both are the sandbox world."""

    names: list[str]  # of the outlets that are set up; credentials are no configuration, the page shows that

    @property
    def url(self) -> str | None:
        """None while no outlet is set up."""
        return ", ".join(self.names) or None

    @contextmanager
    def sellers(self) -> Iterator[list[OpenSeller]]:
        """Open a client of each outlet that we sell on for the length of a block.

        Raises:
            NoOutletError: no outlet is set up.
        """
        with ExitStack() as opened:
            sellers = Settings().open_sellers()
            for seller in sellers:
                opened.callback(seller.close)
            yield sellers

    @contextmanager
    def seller(self) -> Iterator[OpenSeller]:
        """Open the client of the first outlet that we sell on.

        Raises:
            NoOutletError: no outlet is set up.
        """
        with self.sellers() as sellers:
            yield sellers[0]

    @contextmanager
    def buyers(self, sites: Sequence[Site]) -> Iterator[ClosableBuyers]:
        """Open the buyers of the sites that take orders by machine; the others need a person."""
        buyers = Settings().open_buyers(sites)
        try:
            yield buyers
        finally:
            buyers.close()


class SettingsResource(ConfigurableResource):
    """The rules a person set: limits, thresholds, cadence. Read from the environment, never shown on the page."""

    @cached_property
    def values(self) -> Settings:
        """The settings of this process."""
        return Settings()


def build_resources(settings: Settings) -> dict[str, ConfigurableResource[Any]]:
    """Return every resource, built from the settings."""
    factory, options = settings.raw_store
    return {
        "books": BooksResource(url=settings.books_url, mode=settings.mode.value),
        "raw_store": RawStoreResource(factory=factory, options=options),
        "sites": SitesResource(folder=str(settings.sites_dir)),
        "crawl": CrawlResource(
            user_agent=settings.user_agent,
            deadline_s=settings.crawl_deadline_s,
            allow_loopback=settings.allow_loopback,
            browser_path=str(settings.browser) if settings.browser else None,
            browser_engine=settings.browser_engine.value,
            raw_store_factory=factory,
            raw_store_options=options,
            state_dir=str(settings.home / "site_state"),
            segments_dir=str(settings.raw_pages_dir),
        ),
        "models": ModelStoreResource(
            tracking_uri=settings.tracking_uri,
            artifact_root=str(settings.home / "models"),
            bucket_url=settings.models_bucket_url,
        ),
        "outlet": OutletResource(names=[str(name) for name in settings.outlets_set_up]),
        "settings": SettingsResource(),
    }
