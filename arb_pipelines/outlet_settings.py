"""The settings of the outlets that we sell on and of their accounts.

What belongs here: which outlets, who we are to each, where each is reached, and what selling there costs. The
outlets' clients are built here from these values and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletTerms

if TYPE_CHECKING:
    from pathlib import Path

    from arb_pipelines.adapters.marketplaces.amazon.client import AmazonConnection
    from arb_pipelines.adapters.marketplaces.ebay.client import EbayConnection
    from arb_pipelines.services.repricing import PricedSeller

    class OpenSeller(PricedSeller, Protocol):
        """What every outlet's client is: a seller that tells its prices, and is closed in the end."""

        def close(self) -> None:
            """Close the connections."""


LOOPBACK = ("127.0.0.1", "localhost", "::1")


class OutletName(StrEnum):
    """An outlet that we can sell on."""

    SANDBOX = "sandbox"
    EBAY = "ebay"
    AMAZON = "amazon"


class VendorEnvironment(StrEnum):
    """A vendor's real place, or the one it keeps for trying things out."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


class WallClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return datetime.now(UTC)


class NoOutletError(RuntimeError):
    """No outlet is set up, so nothing can be listed, repriced or shipped."""


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


class OutletSettings(BaseSettings):
    """The settings of the outlets that we sell on and of their accounts."""

    if TYPE_CHECKING:  # fields of `Settings`, which is one of these
        mode: Any
        home: Path
        currency: str
        sandbox_url: str | None
        sandbox_client_id: str
        sandbox_client_secret: SecretStr
        sandbox_refresh_token: SecretStr

    outlets: Annotated[list[OutletName], NoDecode] | None = Field(
        None, description="Where we sell, by commas (`sandbox`, `ebay`, `amazon`); default: the sandbox in paper mode."
    )
    cross_listing_buffer: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="Show lots of 2 units or more on every outlet, less this many; 0: each unit on one outlet."
    )
    ebay: EbayOutlet | None = Field(
        None, description="Our eBay account, JSON (keys: `adapters/marketplaces/ebay/README.md`)."
    )
    amazon: AmazonOutlet | None = Field(
        None, description="Our Amazon account, JSON (keys: `adapters/marketplaces/amazon/README.md`)."
    )

    @field_validator("outlets", mode="before")
    @classmethod
    def _split_outlets(cls, value: object) -> object:
        """A list in one variable is a text with commas; an empty one is the default."""
        if not isinstance(value, str):
            return value
        return [part.strip() for part in value.split(",") if part.strip()] or None

    @model_validator(mode="after")
    def _outlets_fit(self) -> Self:
        """An outlet has an account, and paper money never meets real money."""
        # A replay reaches no outlet; it only counts with its fees.
        for name in self.outlet_names if self.mode != "replay" else ():
            if name is OutletName.SANDBOX:
                if self.mode.is_real:
                    raise ValueError("ARB_OUTLETS: the sandbox outlet takes paper money only; set ARB_MODE=paper")
                continue
            account = self._account(name)
            if account is None:
                raise ValueError(f"ARB_OUTLETS names {name}: set ARB_{name.upper()} to its account")
            if account.moves_real_money is not self.mode.is_real:
                raise ValueError(
                    f"ARB_OUTLETS: {name} is set to {'real' if account.moves_real_money else 'test'} money, "
                    f"ARB_MODE={self.mode} is not; change ARB_{name.upper()}'s environment or the mode"
                )
        return self

    @property
    def outlet_names(self) -> list[OutletName]:
        """The outlets that we sell on, each once."""
        if self.outlets is None:
            return [OutletName.SANDBOX] if self.mode == "paper" else []
        return list(dict.fromkeys(self.outlets))

    @property
    def outlets_set_up(self) -> list[OutletName]:
        """Those that can be reached; the sandbox has no address until somebody starts it."""
        return [name for name in self.outlet_names if name is not OutletName.SANDBOX or self.sandbox_url]

    @property
    def terms_of_outlets(self) -> Mapping[str, OutletTerms]:
        """What selling costs at each of our outlets, by its name."""
        return {str(name): self._terms(name) for name in self.outlet_names}

    def open_sellers(self) -> list[OpenSeller]:
        """Return a client of each outlet that we sell on; close each in the end.

        Raises:
            NoOutletError: no outlet is set up.
        """
        if not self.outlet_names:
            raise NoOutletError(
                "no outlet is set up: name one in ARB_OUTLETS and set its account (ARB_EBAY, ARB_AMAZON)"
            )
        return [self._open(name) for name in self.outlet_names]

    def _account(self, name: OutletName) -> VendorAccount | None:
        return {OutletName.EBAY: self.ebay, OutletName.AMAZON: self.amazon}.get(name)

    def _terms(self, name: OutletName) -> OutletTerms:
        account, free = self._account(name), Money.zero(self.currency)
        if account is not None:
            return account.terms(str(name), self.currency, restricts=name is OutletName.AMAZON)
        return OutletTerms("sandbox", self.currency, "sandbox", other_category="most", postage=free)

    def _open(self, name: OutletName) -> OpenSeller:
        if name is OutletName.EBAY and self.ebay is not None:
            return self.ebay.open(self.home)
        if name is OutletName.AMAZON and self.amazon is not None:
            return self.amazon.open()
        return self._open_sandbox()

    def _open_sandbox(self) -> OpenSeller:
        from arb_pipelines.adapters.marketplaces.sandbox.seller import SandboxSeller

        if self.sandbox_url is None:
            raise NoOutletError("no outlet is set up: set ARB_SANDBOX_URL, or start the sandbox world with `arb demo`")
        return SandboxSeller(
            self.sandbox_url,
            client_id=self.sandbox_client_id,
            client_secret=self.sandbox_client_secret.get_secret_value(),
            refresh_token=self.sandbox_refresh_token.get_secret_value(),
        )
