"""Every setting of the project in one class; the only reader of the environment and of `.env`.

What belongs here: names, defaults, units and the checks that make a wrong value one clear line; those of deciding and
spending stand in its base, `trade_settings.py`. Adapters and
services get plain values; only `defs/resources.py`, the API and the command line read a `Settings`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from arb_pipelines.cloud_settings import CloudSettings
from arb_pipelines.cloud_settings import Executor as Executor
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.scoring import BuyingRules
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.outlet_settings import OutletName, OutletSettings
from arb_pipelines.people_settings import PeopleSettings
from arb_pipelines.trade_settings import CONTRADICTIONS, WHY, Mode, TradeSettings

if TYPE_CHECKING:
    from arb_pipelines.adapters.checkout.buyers import CheckoutPlan, ClosableBuyers
    from arb_pipelines.adapters.marketplaces.sandbox.bidder import SandboxBidders

# The headless shell first: a page costs 360-690 CPU ms in it, 980 in the full Chromium.
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")


# Places that take orders by machine from partners alone.
PARTNER_BUYERS = frozenset({"ebay", "amazon_business"})


class BrowserEngine(StrEnum):
    """Which browser renders pages. Firefox is Playwright's own build; a system's cannot be driven."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"


# Where `playwright install` puts what it fetches, below its folder; the best of each engine first.
PLAYWRIGHT_BUILDS = {
    BrowserEngine.CHROMIUM: ("chromium_headless_shell-*/*/*headless*shell", "chromium-*/*/chrome"),
    BrowserEngine.FIREFOX: ("firefox-*/firefox/firefox",),
}


class CheckoutLogin(BaseModel):
    """Our customer account at one shop."""

    user: SecretStr
    password: SecretStr


class Settings(TradeSettings, OutletSettings, PeopleSettings, CloudSettings):
    """Settings, read from `ARB_*` environment variables and a `.env` file in the working folder."""

    model_config = SettingsConfigDict(
        env_prefix="ARB_",
        env_file=".env",
        extra="ignore",
        validate_default=True,
        frozen=True,
        hide_input_in_errors=True,  # a proxy's address may hold a password
    )

    home: Path = Field(Path(".arb"), description="Folder of the embedded stores, logs and the Dagster home.")
    sites_dir: Path = Field(Path("sites"), description="Folder with one TOML file a site.")

    database_url: str | None = Field(None, description="SQLAlchemy URL of the books; default: SQLite in the home.")
    raw_store_url: str | None = Field(
        None, description="`mongodb://host/database` for the raw scrapes; default: Parquet in the home."
    )
    mlflow_url: str | None = Field(None, description="MLflow tracking URI; default: SQLite in the home.")

    scrape_interval_s: Annotated[int, Field(ge=5)] = Field(300, description="How often the scrape sensor looks, s.")
    follow_interval_s: Annotated[int, Field(ge=5)] = Field(
        60, description="How often the sensors behind it look (fresh offers, approvals, stock, orders), s."
    )
    books_interval_s: Annotated[int, Field(ge=5)] = Field(
        600, description="How often open positions are looked after: parcels, live listings, new orders, s."
    )
    shards: Annotated[int, Field(ge=1, le=64)] = Field(8, description="Parallel crawl runs a tick.")
    crawl_deadline_s: Annotated[int, Field(ge=10)] = Field(240, description="Longest crawl of one shard, s.")
    user_agent: str = Field(
        "arb_pipelines/0.1 (+https://example.org/contact)",
        description="Sent to every shop; put a page or mail address of yours, or no public shop is visited.",
    )
    allow_loopback: bool = Field(False, description="Allow sites on this machine (the sandbox world sets it).")
    proxy_urls: Annotated[list[SecretStr], NoDecode] = Field(
        [],
        description="Proxies to crawl through (`http://user:password@host:port`, by commas); default: directly.",
    )
    browser_engine: BrowserEngine = Field(BrowserEngine.CHROMIUM, description="`chromium` or `firefox`.")
    browser_path: Path | None = Field(None, description="Browser to use; default: the first one found.")
    browser_grid_url: SecretStr | None = Field(
        None, description="Browser elsewhere: `ws://` a Playwright server, `http://` or `cdp+ws://` a Chromium."
    )

    quiet_period_s: Annotated[int, Field(ge=1)] = Field(
        120, description="How long an unanswered order may stay invisible at the shop before it counts as not placed."
    )

    checkout_logins: dict[str, CheckoutLogin] = Field(
        {}, description='Logins of shops ordered from by browser, JSON: `{"site": {"user": "...", "password": "..."}}`.'
    )

    sandbox_url: str | None = Field(None, description="Address of the sandbox outlet (set by `arb demo`).")
    sandbox_buyer_token: SecretStr = Field(SecretStr("sandbox-buyer"), description="Our account at sandbox shops.")
    sandbox_client_id: str = Field("sandbox-app", description="Our application at the sandbox outlet.")
    sandbox_client_secret: SecretStr = Field(SecretStr("sandbox-cert"), description="Its secret.")
    sandbox_refresh_token: SecretStr = Field(
        SecretStr("sandbox-refresh-token"), description="Our seller account at the sandbox outlet."
    )
    sandbox_speed: Annotated[int, Field(ge=1)] = Field(3600, description="World seconds in one real second.")
    start_sensors: bool = Field(False, description="Start with sensors and schedules on (`arb demo` does).")
    raw_pages_days: Annotated[int, Field(ge=1)] = Field(
        2, description="How long pages are kept as they came, days (3 GB a day at 500 real shops)."
    )
    retention_days: Annotated[int, Field(ge=1)] = Field(7, description="How long finished runs are kept, days.")

    @field_validator("home", "sites_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """Child processes run in other folders, so a relative path is fixed at once."""
        return path.expanduser().absolute()

    @field_validator("proxy_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A list in one variable is a text with commas."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("proxy_urls")
    @classmethod
    def _plain_proxies(cls, urls: list[SecretStr]) -> list[SecretStr]:
        """Scrapy speaks HTTP to a proxy, and the message must not show a password."""
        for place, url in enumerate(urls, start=1):
            if not re.fullmatch(r"http://(?:[^\s/@]+@)?[\w.:\[\]-]+/?", url.get_secret_value()):
                raise ValueError(f"proxy {place} is not of the form http://host:port or http://user:password@host:port")
        return urls

    @field_validator("sandbox_url", "allow_loopback", "start_sensors")
    @classmethod
    def _fits_the_mode(cls, value: object, info: ValidationInfo) -> object:
        """Paper money never meets real money, and stored prices are not scraped again."""
        mode = info.data.get("mode")
        if value and mode is not None and mode in CONTRADICTIONS[str(info.field_name)]:
            raise ValueError(f"contradicts ARB_MODE={mode}: {WHY[str(info.field_name)]}; unset it, or set another mode")
        return value

    @property
    def proxies(self) -> list[str]:
        """The pool of proxies as plain URLs; empty means direct."""
        return [url.get_secret_value() for url in self.proxy_urls]

    @cached_property
    def books_url(self) -> str:
        """Where the books are; each mode has its own embedded database, so paper money never meets real money."""
        return self.database_url or f"sqlite:///{self.home / f'books-{self.mode}.sqlite'}"

    @property
    def raw_pages_dir(self) -> Path:
        """Where the pages are kept as they came."""
        return self.home / "raw_pages"

    @cached_property
    def raw_store(self) -> tuple[str, dict[str, str]]:
        """The raw store's factory (dotted path) and its options, as the crawl child gets them."""
        if self.raw_store_url is None:
            return "arb_pipelines.adapters.parquet.raw_scrapes:build", {"path": str(self.home / "raw")}
        url, _, database = self.raw_store_url.rpartition("/")
        return "arb_pipelines.adapters.mongo.raw_scrapes:build", {"url": url, "database": database}

    @cached_property
    def tracking_uri(self) -> str:
        """Where MLflow keeps runs and model versions."""
        return self.mlflow_url or f"sqlite:///{self.home / 'mlflow.sqlite'}"

    @property
    def reports_dir(self) -> Path:
        """Where reports are written as files."""
        return self.home / "reports"

    @property
    def dagster_home(self) -> Path:
        """Folder of the embedded Dagster instance."""
        return self.home / "dagster"

    @property
    def grid_url(self) -> str | None:
        """The address of the browser elsewhere, as the crawl child gets it."""
        return self.browser_grid_url.get_secret_value() if self.browser_grid_url else None

    @property
    def browser(self) -> Path | None:
        """The browser for shops that need one: the one set, else the first on the PATH, else Playwright's own."""
        if self.browser_path is not None:
            return self.browser_path
        return find_browser(self.browser_engine)

    @property
    def checkout_plan(self) -> CheckoutPlan | None:
        """What browser checkout works with; None while no login is set, and where no machine orders."""
        from arb_pipelines.adapters.checkout.buyers import CheckoutPlan, Reach
        from arb_pipelines.adapters.checkout.session import Account

        if self.mode not in (Mode.PAPER, Mode.LIVE) or not self.checkout_logins:
            return None
        logins = self.checkout_logins.items()
        return CheckoutPlan(
            accounts={site: Account(i.user.get_secret_value(), i.password.get_secret_value()) for site, i in logins},
            recipes_dir=self.sites_dir / "checkout",
            evidence_dir=self.home / "checkout_evidence",
            user_agent=self.user_agent,
            browser_path=str(self.browser) if self.browser else None,
            reach=Reach.LOOPBACK if self.mode is Mode.PAPER else Reach.PUBLIC,
        )

    def open_buyers(self, sites: Sequence[Site]) -> ClosableBuyers:
        """Open the buyers of the sites that take orders by machine in this mode; the others are left to a person.

        The sandbox's shops are ordered from in paper mode only.
        """
        from arb_pipelines.adapters.checkout.assist import AssistBuyers
        from arb_pipelines.adapters.checkout.buyers import open_buyers

        if self.mode in (Mode.REPLAY, Mode.ASSIST):
            return AssistBuyers()
        token = self.sandbox_buyer_token.get_secret_value() if self.mode is Mode.PAPER else None
        return open_buyers(sites, token, self.checkout_plan)

    def left_to_people(self, sites: Sequence[Site]) -> dict[str, Refusal]:
        """Return why no machine orders or bids at sites whose place asks for a partner contract, by site key."""
        approved = {"ebay"} if self.ebay is not None and self.ebay.partner_approved else set[str]()
        return {
            site.key: Refusal("partner_not_approved", f"{site.buyer} lets approved partners alone order by machine")
            for site in sites
            if site.buyer in PARTNER_BUYERS and site.buyer not in approved
        }

    def open_bidders(self, sites: Sequence[Site]) -> SandboxBidders:
        """Open who bids at the auctions of the sites in this mode: the sandbox's shops, in paper mode only."""
        from arb_pipelines.adapters.marketplaces.sandbox.bidder import SandboxBidders

        in_paper = [site for site in sites if self.mode is Mode.PAPER]
        token = self.sandbox_buyer_token.get_secret_value()
        return SandboxBidders.of_sites(in_paper, token, self.left_to_people(sites))

    @property
    def selling_days_a_day(self) -> float:
        """How many selling days pass in a calendar day: more than one only in the accelerated sandbox world."""
        return float(self.sandbox_speed) if self.mode is Mode.PAPER and self.sandbox_url else 1.0

    @property
    def outlet_terms(self) -> OutletTerms:
        """What selling at the first of our outlets costs; without one, at the sandbox channel."""
        return self.all_outlet_terms[0]

    @property
    def all_outlet_terms(self) -> list[OutletTerms]:
        """What selling costs at each of our outlets, the first one first; never empty."""
        sandbox = self._terms(OutletName.SANDBOX)  # a decision without an outlet is still a decision
        return list(self.terms_of_outlets.values()) or [sandbox]

    def buying_rules(self, sites: Sequence[Site]) -> BuyingRules:
        """Return what an offer must pass, with the declared sites."""
        rules = BuyingRules(
            terms=self.outlet_terms,
            other_outlets=tuple(self.all_outlet_terms[1:]),
            sites={site.key: site for site in (*sites, *self.source_sites)},
            min_profit=self.money(self.min_profit),
            min_roi=self.min_roi,
            max_age=timedelta(seconds=self.max_price_age_s),
        )
        return self.rule_book.applied_to(rules)


def find_browser(engine: BrowserEngine, playwright_folder: Path | None = None) -> Path | None:
    """Return the first browser of `engine` on the PATH or in Playwright's folder, None when there is none."""
    on_path = (shutil.which(name) for name in BROWSERS if engine is BrowserEngine.CHROMIUM)
    found = next((path for path in on_path if path), None)
    if found:
        return Path(found)
    folder = playwright_folder or Path.home() / ".cache" / "ms-playwright"
    builds = (build for pattern in PLAYWRIGHT_BUILDS[engine] for build in sorted(folder.glob(pattern), reverse=True))
    return next(builds, None)
