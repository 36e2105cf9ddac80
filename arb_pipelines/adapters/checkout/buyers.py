"""Which site has which buyer, and which sites no machine buys at.

What belongs here: the choice by a site's declaration. Without a buyer a purchase is left to a person, so whatever is
missing or not permitted means that.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from arb_pipelines.adapters.checkout.browser import BrowserBuyer
from arb_pipelines.adapters.checkout.recipe import RecipeError, load_recipe
from arb_pipelines.adapters.checkout.session import Account, BrowserThread
from arb_pipelines.adapters.marketplaces.sandbox.buyer import SandboxBuyers
from arb_pipelines.domain.ports import Buyer
from arb_pipelines.domain.site import Site

LOG = logging.getLogger(__name__)

# Their terms forbid ordering by a browser under control, whatever a site file says.
NEVER_BY_BROWSER = re.compile(r"(?:^|\.)(?:amazon|ebay)\.[a-z.]{2,6}$")


class Reach(StrEnum):
    """Which shops are ordered from: paper money meets those of this machine only, real money never does."""

    LOOPBACK = "loopback"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class CheckoutPlan:
    """What browser checkout has to work with."""

    accounts: Mapping[str, Account] = field(repr=False)
    recipes_dir: Path
    evidence_dir: Path
    user_agent: str
    browser_path: str | None = None
    reach: Reach = Reach.LOOPBACK


def refuse_site(site: Site, plan: CheckoutPlan) -> str | None:
    """Return why the browser does not buy at a site, in one sentence, or None."""
    host = urlsplit(site.url).hostname or ""
    if NEVER_BY_BROWSER.search(host):
        return f"{host} forbids ordering by a program; its partner API is not connected"
    if not site.site_class.may_order:
        return f"its class is {site.site_class}: ordering by machine takes `permitted` or `api_licensed`"
    if _is_loopback(host) != (plan.reach is Reach.LOOPBACK):
        where = "only shops on this machine are" if plan.reach is Reach.LOOPBACK else "no shop on this machine is"
        return f"in this mode {where} ordered from"
    if site.key not in plan.accounts:
        return "no login is set for it in ARB_CHECKOUT_LOGINS"
    return None


class BrowserBuyers:
    """The accounts at sites whose declaration says `buyer = "browser"`; one Chromium for all, started when needed."""

    def __init__(self, sites: Iterable[Site], plan: CheckoutPlan) -> None:
        """Serve those of `sites` that may be bought at; `left_out` says why not the others."""
        self._thread = BrowserThread(plan.browser_path)
        self._buyers: dict[str, BrowserBuyer] = {}
        self.left_out: dict[str, str] = {}
        for site in sites:
            if site.buyer == "browser":
                self._add(site, plan)

    def _add(self, site: Site, plan: CheckoutPlan) -> None:
        why = refuse_site(site, plan)
        if why is None:
            try:
                recipe = load_recipe(plan.recipes_dir / f"{site.key}.toml", site.url)
            except RecipeError as error:
                why = str(error)
        if why is not None:
            self.left_out[site.key] = why
            LOG.warning("nothing is ordered at %s by browser: %s", site.key, why)
            return
        account = plan.accounts[site.key]
        self._buyers[site.key] = BrowserBuyer(
            site.key, recipe, account, self._thread, plan.evidence_dir, user_agent=plan.user_agent
        )

    def buyer_for(self, site: str) -> Buyer | None:
        """Return our account at a site, None for one that is left to a person."""
        return self._buyers.get(site)

    def close(self) -> None:
        """Stop the browser."""
        self._thread.close()


class ClosableBuyers(Protocol):
    """Buyers that hold something open."""

    def buyer_for(self, site: str) -> Buyer | None:
        """Return the buyer of a site."""

    def close(self) -> None:
        """Let go of what is open."""


class CompositeBuyers:
    """Several kinds of buyers as one: the first that knows a site serves it."""

    def __init__(self, *kinds: ClosableBuyers) -> None:
        """Ask `kinds` in this order."""
        self._kinds = kinds

    def buyer_for(self, site: str) -> Buyer | None:
        """Return the first buyer of a site, None where all leave it to a person."""
        return next((buyer for kind in self._kinds if (buyer := kind.buyer_for(site))), None)

    def close(self) -> None:
        """Close every kind, in the opposite order."""
        for kind in reversed(self._kinds):
            kind.close()


def open_buyers(sites: Iterable[Site], sandbox_token: str | None, plan: CheckoutPlan | None) -> CompositeBuyers:
    """Return the buyers of all sites; any declared buyer that is not among them is a person.

    Args:
        sites: the declared sites.
        sandbox_token: of the account at the sandbox's shops; None: they take no orders.
        plan: what browser checkout works with; None: no browser buys.
    """
    declared, kinds = list(sites), list[ClosableBuyers]()
    if sandbox_token is not None:
        kinds.append(SandboxBuyers.of_sites(declared, sandbox_token))
    if plan is not None:
        kinds.append(BrowserBuyers(declared, plan))
    return CompositeBuyers(*kinds)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
