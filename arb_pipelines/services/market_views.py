"""What is known beside an offer when it is scored: outlets' answers and, for rules that ask, the shops' usual prices.

What belongs here: loading it from the books. The figures are `transforms/market_levels.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from arb_pipelines.domain.market_view import Market, MarketView
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.scoring_rules import BuyingRules
from arb_pipelines.domain.stores import Books
from arb_pipelines.transforms.market_levels import market_levels

WINDOW_DAYS = 90
MARKET_RULES = frozenset({"below_median"})


def with_what_is_known(books: Books, rules: BuyingRules, offers: Sequence[Offer], now: datetime) -> BuyingRules:
    """Return the rules with what outlets let us sell and, where a rule looks at it, what shops ask for the products.

    Ninety days of prices are read only for a rule that needs them.
    """
    known = replace(rules, eligibility=books.eligibility.load())
    if MARKET_RULES.isdisjoint(rules.trade_rules):
        return known
    products = {offer.product_id for offer in offers if offer.product_id is not None}
    return replace(known, market=load_market(books, products, rules.terms.currency, now))


def load_market(books: Books, products: set[str], currency: str, now: datetime) -> Market:
    """Return what the shops asked for these products over the last 90 days, in one currency."""
    matches = pl.DataFrame(books.products.load_matches()).filter(pl.col("product_id").is_in(sorted(products)))
    points = pl.DataFrame(books.price_history.load_between(now - timedelta(days=WINDOW_DAYS), now))
    levels = market_levels(points, matches, now, WINDOW_DAYS).filter(pl.col("currency") == currency)
    return {
        (row["product_id"], row["condition"]): MarketView(
            median=Money(row["median_minor"], currency),
            average=Money(row["average_minor"], currency),
            history_days=row["history_days"],
        )
        for row in levels.iter_rows(named=True)
    }
