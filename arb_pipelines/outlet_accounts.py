"""Our accounts at the vendors that we sell at or read from, as one JSON object each in the settings.

What belongs here: who we are there, what selling there costs, and how its clients are built from these values.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Protocol, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.saved_search import SavedSearch
from arb_pipelines.domain.site import Site, SiteClass

if TYPE_CHECKING:
    from pathlib import Path

    from arb_pipelines.adapters.marketplaces.amazon.client import AmazonConnection
    from arb_pipelines.adapters.marketplaces.amazon.notifications import NotificationQueue
    from arb_pipelines.adapters.marketplaces.ebay.client import EbayConnection
    from arb_pipelines.adapters.marketplaces.ebay.source import EbaySource
    from arb_pipelines.domain.api_budget import Budget
    from arb_pipelines.services.repricing import PricedSeller

    class OpenSeller(PricedSeller, Protocol):
        """What every outlet's client is: a seller that tells its prices, and is closed in the end."""

        def close(self) -> None:
            """Close the connections."""


LOOPBACK = ("127.0.0.1", "localhost", "::1")


class VendorEnvironment(StrEnum):
    """A vendor's real place, or the one it keeps for trying things out."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


class WallClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return datetime.now(UTC)


class VendorAccount(BaseModel):
    """Our application and our seller account at a vendor, and what selling there costs."""

    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    environment: VendorEnvironment = VendorEnvironment.PRODUCTION
    base_url: str | None = None  # replaces the environment's address
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 20.0
    fee_channel: str
    fee_categories: dict[str, str] = {}  # our category to the fee schedule's
    other_fee_category: str | None = None  # of every other category; None: such a product is not sold there
    buyer_tax_rate: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal("0.07")
    postage: Annotated[Decimal, Field(ge=0)] | None = None  # what sending one unit costs us

    @field_validator("base_url")
    @classmethod
    def _carries_no_secret_in_the_open(cls, url: str | None) -> str | None:
        """Tokens go to https addresses, or nowhere but this machine."""
        parts = urlsplit(url or "https://default")
        if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in LOOPBACK):
            raise ValueError("base_url must start with https:// (http:// on this machine only)")
        return url

    @property
    def credentials(self) -> tuple[str, str, str]:
        """Client id, client secret and refresh token in plain text."""
        return self.client_id, self.client_secret.get_secret_value(), self.refresh_token.get_secret_value()

    @property
    def moves_real_money(self) -> bool:
        """Whether what is done there is done for good."""
        reached = urlsplit(self.base_url).hostname if self.base_url else None
        return reached not in LOOPBACK if reached else self.environment is VendorEnvironment.PRODUCTION

    def terms(self, outlet: str, currency: str, *, restricts: bool) -> OutletTerms:
        """Return the terms of selling there; `currency` is that of the books."""
        return OutletTerms(
            outlet=outlet,
            currency=currency,
            fee_channel=self.fee_channel,
            fee_categories={ours.casefold(): theirs for ours, theirs in self.fee_categories.items()},
            other_category=self.other_fee_category,
            buyer_tax_rate=self.buyer_tax_rate,
            postage=None if self.postage is None else Money.of(self.postage, currency),
            restricts=restricts,
        )


class EbayOutlet(VendorAccount):
    """Our eBay account. Policies and location may be left out where the account has one of each."""

    marketplace_id: str = "EBAY_US"
    fee_channel: str = "ebay_us"
    fulfillment_policy_id: str | None = None
    payment_policy_id: str | None = None
    return_policy_id: str | None = None
    location_key: str | None = None
    category_ids: dict[str, str] = {}  # our category to eBay's leaf category
    other_category_id: str | None = None
    carrier: str = "USPS"
    partner_approved: bool = False  # eBay has approved us for buying by machine

    def connect(self) -> EbayConnection:
        """Return a connection to eBay."""
        from arb_pipelines.adapters.marketplaces.ebay.client import API_URLS, EbayAccount, connect_ebay

        account = EbayAccount(*self.credentials, self.marketplace_id, self.partner_approved)
        return connect_ebay(self.base_url or API_URLS[self.environment], account, self.timeout_s)

    def open(self, home: Path) -> OpenSeller:
        """Return the seller; `home` is the folder that keeps the count of revisions."""
        from arb_pipelines.adapters.marketplaces.ebay.listing_document import EbayTerms
        from arb_pipelines.adapters.marketplaces.ebay.policies import EbayPolicies
        from arb_pipelines.adapters.marketplaces.ebay.revisions import RevisionLog
        from arb_pipelines.adapters.marketplaces.ebay.seller import EbaySeller

        connection = self.connect()
        policies = EbayPolicies(connection)
        categories = {ours.casefold(): theirs for ours, theirs in self.category_ids.items()}

        def terms() -> EbayTerms:
            fulfillment, payment, returns = self.fulfillment_policy_id, self.payment_policy_id, self.return_policy_id
            if fulfillment and payment and returns and self.location_key:
                place, other = self.location_key, self.other_category_id
                return EbayTerms(fulfillment, payment, returns, place, categories, other)
            return policies.fetch_terms(categories, self.other_category_id)

        home.mkdir(parents=True, exist_ok=True)
        revisions = RevisionLog(home / "ebay_revisions.sqlite")
        return EbaySeller(connection, terms, revisions, policies=policies, carrier=self.carrier)


class AmazonOutlet(VendorAccount):
    """Our Amazon account. `approvals` are programmes that have approved us (`amazon_renewed`)."""

    seller_id: str
    marketplace_id: str = "ATVPDKIKX0DER"
    fee_channel: str = "amazon_us"
    carrier: str = "USPS"
    approvals: frozenset[str] = frozenset()

    def connect(self) -> AmazonConnection:
        """Return a connection to Amazon."""
        from arb_pipelines.adapters.marketplaces.amazon.client import AmazonAccount, api_url, connect_amazon

        account = AmazonAccount(*self.credentials, self.seller_id, self.marketplace_id)
        sandbox = self.environment is VendorEnvironment.SANDBOX
        base_url = self.base_url or api_url(self.marketplace_id, sandbox=sandbox)
        return connect_amazon(account, base_url, self.timeout_s)

    def open(self) -> OpenSeller:
        """Return the seller."""
        from arb_pipelines.adapters.marketplaces.amazon.catalogue import AmazonCatalogue
        from arb_pipelines.adapters.marketplaces.amazon.product_types import ProductTypes
        from arb_pipelines.adapters.marketplaces.amazon.seller import AmazonSeller

        connection = self.connect()
        catalogue, types = AmazonCatalogue(connection), ProductTypes(connection)
        return AmazonSeller(connection, catalogue, types, self.carrier, WallClock(), approvals=self.approvals)


Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class EbaySearch(BaseModel):
    """One saved search. Categories and conditions are eBay's own numbers, `location` the item's country."""

    model_config = ConfigDict(extra="forbid")

    keyword: str | None = None
    gtin: str | None = None
    category: Number | None = None
    conditions: list[Number] = []
    location: Country | None = None
    min_price: Annotated[Decimal, Field(ge=0)] | None = None
    max_price: Annotated[Decimal, Field(gt=0)] | None = None
    most: Annotated[int, Field(ge=1, le=10_000)] = 200

    def as_search(self, currency: str) -> SavedSearch:
        """Return the search with its prices in a currency."""
        bounds = (self.min_price, self.max_price)
        low, high = (None if amount is None else Money.of(amount, currency) for amount in bounds)
        categories = (self.category,) if self.category else ()
        return SavedSearch(
            self.keyword, self.gtin, categories, tuple(self.conditions), self.location, low, high, self.most
        )

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        """A search needs words, a GTIN or a category, and bounds in their order."""
        if not (self.keyword or self.gtin or self.category):
            raise ValueError("a search needs a keyword, a gtin or a category")
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise ValueError("min_price is above max_price")
        return self


class EbaySourceRules(BaseModel):
    """What is looked for on eBay, how often, and what buying there costs."""

    model_config = ConfigDict(extra="forbid")

    searches: Annotated[list[EbaySearch], Field(min_length=1, max_length=200)]
    interval_s: Annotated[int, Field(ge=300)] = 3_600
    items_read_whole: Annotated[int, Field(ge=0, le=4_000)] = 100  # a run; each is one call
    tax_rate: Annotated[Decimal, Field(ge=0, lt=1)] | None = None  # of purchases; None: nothing is bought
    tax_recoverable: bool = False
    country: Country = "US"  # where we have things sent
    postal_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{2,10}$")] | None = None
    own_names: list[str] = []  # our seller names, whose offers are left out

    def as_site(self) -> Site:
        """Return eBay as a declared shop: read under its licence, bought from by a person."""
        return Site(
            key="ebay",
            name="eBay",
            url="https://www.ebay.com/",
            site_class=SiteClass.API_LICENSED,
            interval_s=self.interval_s,
            tax_rate=self.tax_rate,
            tax_recoverable=self.tax_recoverable,
            buyer="ebay",
        )

    def open(self, account: EbayOutlet, budget: Budget) -> EbaySource:
        """Return the source; close it in the end."""
        from arb_pipelines.adapters.marketplaces.ebay.source import EbaySource

        place = (self.country, self.postal_code) if self.postal_code else None
        return EbaySource(account.connect(), budget, deliver_to=place, left_out=self.own_names)


class AmazonQueue(BaseModel):
    """Our queue at SQS that Amazon's notifications are sent to, and our application that subscribed."""

    model_config = ConfigDict(extra="forbid")

    queue_url: Annotated[str, StringConstraints(pattern=r"^https://")]
    application_id: str
    region: str | None = None  # None: as AWS's own settings say

    def open(self, account: AmazonOutlet) -> NotificationQueue:
        """Return the queue; AWS credentials are found as boto3 finds them.

        Raises:
            RuntimeError: boto3 is not installed.
        """
        from arb_pipelines.adapters.marketplaces.amazon.notifications import NotificationQueue

        return NotificationQueue(self.queue_url, account.seller_id, self.application_id, region=self.region)
