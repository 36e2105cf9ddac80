"""What a person should look at before buying: named doubts that do not refuse an offer by themselves.

What belongs here: one small function a flag and the list of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from arb_pipelines.domain.trade_rules import Deal

ABOVE_AVERAGE = Decimal("1.3")  # of the 90-day average: a price that is likely to come back down
WIDE_INTERVAL = 2  # the high price over the low one
DEEP_DISCOUNT = Decimal("0.50")  # of the predicted middle
RECALL_UNKNOWN = "recall_unknown"
CERTAIN_MATCHES = frozenset({"gtin", "brand_mpn"})


def market_is_unknown(deal: Deal) -> bool:
    """Nobody looked at what the shops asked over the last 90 days."""
    return deal.market is None or deal.market.median is None


def history_is_short(deal: Deal) -> bool:
    """The usual price rests on less than two weeks."""
    return deal.market is not None and deal.market.median is not None and not deal.market.is_long_enough


def sale_is_above_average(deal: Deal) -> bool:
    """We would sell far above what the shops asked on average."""
    average = deal.market.average if deal.market else None
    return (
        average is not None
        and average.currency == deal.sale.currency
        and deal.sale.minor > ABOVE_AVERAGE * average.minor
    )


def interval_is_wide(deal: Deal) -> bool:
    """The model is far from sure."""
    low, high = deal.prediction.low, deal.prediction.high
    return low is None or high is None or high.minor > WIDE_INTERVAL * low.minor


def price_was_read_once(deal: Deal) -> bool:
    """No second reading agrees yet."""
    return deal.offer.agreeing_reads < 2


def price_is_deeply_discounted(deal: Deal) -> bool:
    """Bargain, misreading or wrong item: the last two look like the first."""
    middle = deal.prediction.middle
    return middle is None or deal.offer.price.minor < DEEP_DISCOUNT * middle.minor


def match_is_by_wording(deal: Deal) -> bool:
    """No identifier says that it is the same product."""
    return deal.offer.match not in CERTAIN_MATCHES


def brand_is_unknown(deal: Deal) -> bool:
    """No cap on a brand can be held."""
    return deal.offer.brand is None


def recall_cannot_be_told(deal: Deal) -> bool:
    """It may be a recalled product: a policy approves it never, a person may look."""
    return deal.recall_doubt is not None


FLAGS: Mapping[str, Callable[[Deal], bool]] = {
    "brand_unknown": brand_is_unknown,
    "deep_discount": price_is_deeply_discounted,
    "market_unknown": market_is_unknown,
    "matched_by_wording": match_is_by_wording,
    "price_above_average": sale_is_above_average,
    "read_once": price_was_read_once,
    RECALL_UNKNOWN: recall_cannot_be_told,
    "short_history": history_is_short,
    "wide_interval": interval_is_wide,
}


def risk_flags(deal: Deal) -> tuple[str, ...]:
    """Return the names of the flags that a deal raises, in order of name."""
    return tuple(name for name, raised in FLAGS.items() if raised(deal))
