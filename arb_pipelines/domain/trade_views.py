"""What a person looks at: rows made for reading, from several stores at once.

What belongs here: the words and the typing protocol of the read side; nothing here decides or acts.
`adapters/sql/trade_views.py` fulfils it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Action, ActionState


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How many offers are refused for one reason, and when that was last so."""

    code: str
    offers: int
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One offer refused for one reason; title, site and url are None where the offer is no longer described."""

    offer_key: str
    code: str
    detail: str
    first_decided_at: datetime
    decided_at: datetime
    times: int
    site: str | None
    title: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class AskPoint:
    """What a shop asked for one offer at one time."""

    site: str
    offer_key: str
    observed_at: datetime
    price: Money


@dataclass(frozen=True, slots=True)
class SalePoint:
    """What one unit of a product fetched at an outlet."""

    outlet: str
    sold_at: datetime
    price: Money
    condition: str | None


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """How one site did since some time: visits, how many went well, what they brought.

    `last_reason` is why the newest visit failed (None when it went well); `latency_ms` is the mean.
    """

    site: str
    visits: int
    good_visits: int
    offers: int
    pages: int
    bytes_received: int
    latency_ms: int | None
    last_visit_at: datetime
    last_good_at: datetime | None
    last_reason: str | None
    too_soon: int | None

    @property
    def success_rate(self) -> float:
        """The share of visits that went well, 0 to 1."""
        return self.good_visits / self.visits if self.visits else 0.0


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """The state of one action's switch; `set_by` is None where nobody ever set it."""

    action: Action
    state: ActionState
    reason: str
    set_by: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: name and unit as Prometheus writes them, and whether it only grows (`counter`) or not (`gauge`)."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: str = "gauge"


class TradeViews(Protocol):
    """Reads for pages and reports."""

    def count_refusals(self, since: datetime) -> list[RefusalCount]:
        """Return the reasons given since then, the one with most offers first."""

    def load_refusals(self, since: datetime, code: str | None = None, limit: int = 100) -> list[RefusalRow]:
        """Return refused offers since then, newest first, of one reason where it is named."""

    def load_asks(self, product_id: str, since: datetime, limit: int = 5000) -> list[AskPoint]:
        """Return what shops asked for a product since then, oldest first; the newest `limit` where there are more."""

    def load_sales(self, product_id: str, since: datetime, limit: int = 500) -> list[SalePoint]:
        """Return completed sales of a product since then, oldest first, found by its GTIN; without one, none."""

    def load_site_health(self, since: datetime) -> list[SiteHealth]:
        """Return every site visited since then, the least successful first."""

    def load_switches(self) -> list[SwitchRow]:
        """Return every action's switch."""

    def load_metrics(self, now: datetime) -> list[Metric]:
        """Return the figures that a monitoring system takes; one that cannot be known is left out."""

    def load_site_names(self) -> Sequence[str]:
        """Return the keys of all sites ever visited."""
