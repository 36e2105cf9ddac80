"""The settings of the outlets that we sell on and of their accounts.

What belongs here: which outlets, who we are to each, where each is reached, and what selling there costs. The
outlets' clients are built here from these values and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.saved_search import SavedSearch
from arb_pipelines.domain.site import Site
from arb_pipelines.outlet_accounts import AmazonOutlet, AmazonQueue, EbayOutlet, EbaySourceRules, VendorAccount

if TYPE_CHECKING:
    from pathlib import Path

    from arb_pipelines.adapters.marketplaces.amazon.notifications import NotificationQueue
    from arb_pipelines.adapters.marketplaces.ebay.source import EbaySource
    from arb_pipelines.domain.api_budget import Budget
    from arb_pipelines.outlet_accounts import OpenSeller as OpenSeller


class OutletName(StrEnum):
    """An outlet that we can sell on."""

    SANDBOX = "sandbox"
    EBAY = "ebay"
    AMAZON = "amazon"


class NoOutletError(RuntimeError):
    """No outlet is set up, so nothing can be listed, repriced or shipped."""


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
    ebay_source: EbaySourceRules | None = Field(
        None, description="Saved searches at eBay's Browse API, JSON (keys: `docs/selling.md`); needs `ARB_EBAY`."
    )
    amazon_queue: AmazonQueue | None = Field(
        None, description="Queue of Amazon's notifications, JSON (keys: `docs/selling.md`); needs `ARB_AMAZON`."
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

    @model_validator(mode="after")
    def _accounts_are_there(self) -> Self:
        """What is read through an account needs it."""
        if self.ebay_source is not None and self.ebay is None:
            raise ValueError("ARB_EBAY_SOURCE searches with our eBay account: set ARB_EBAY too")
        if self.amazon_queue is not None and self.amazon is None:
            raise ValueError("ARB_AMAZON_QUEUE belongs to our Amazon account: set ARB_AMAZON too")
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

    @property
    def ebay_source_off(self) -> str | None:
        """Why eBay is not searched, in one line; None where it is."""
        if self.ebay_source is None or self.ebay is None:
            return "eBay is not searched: ARB_EBAY_SOURCE names no saved searches"
        return "eBay is not searched: a replay reads stored prices alone" if self.mode == "replay" else None

    @property
    def amazon_queue_off(self) -> str | None:
        """Why Amazon's notifications are not read, in one line; None where they are."""
        if self.amazon_queue is None or self.amazon is None:
            return "Amazon's notifications are not read: ARB_AMAZON_QUEUE names no queue"
        if OutletName.AMAZON not in self.outlet_names:
            return "Amazon's notifications are not read: ARB_OUTLETS does not name amazon"
        return None

    @property
    def source_sites(self) -> list[Site]:
        """Marketplaces that are read through their interface, as declared shops; a person buys there."""
        return [] if self.ebay_source is None or self.ebay_source_off else [self.ebay_source.as_site()]

    @property
    def saved_searches(self) -> list[SavedSearch]:
        """What is looked for on eBay; nothing where it is off."""
        rules = self.ebay_source
        return [] if rules is None or self.ebay_source_off else [one.as_search(self.currency) for one in rules.searches]

    def open_ebay_source(self, budget: Budget) -> EbaySource:
        """Return eBay as a source; close it in the end.

        Raises:
            NoOutletError: it is off.
        """
        if self.ebay_source is None or self.ebay is None:
            raise NoOutletError(str(self.ebay_source_off))
        return self.ebay_source.open(self.ebay, budget)

    def open_amazon_queue(self) -> NotificationQueue:
        """Return the queue of Amazon's notifications.

        Raises:
            NoOutletError: it is off.
            RuntimeError: boto3 is not installed.
        """
        if self.amazon_queue is None or self.amazon is None:
            raise NoOutletError(str(self.amazon_queue_off))
        return self.amazon_queue.open(self.amazon)

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
