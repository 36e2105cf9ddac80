"""Promised against realised on gaps between two shops, before and after the haircut.

What belongs here: the figures of `arb bench backtest`, over the same gaps in the same weeks for both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from arb_pipelines.backtest.haircut import LOW_SHARE, walk_haircut
from arb_pipelines.backtest.ledger import ledger_figures
from arb_pipelines.backtest.pair_features import gap_features
from arb_pipelines.backtest.pair_trades import Replayed, pair_rules, replay_pairs
from arb_pipelines.backtest.pairs import NEW_GAP, find_gaps, find_quotes, price_on, with_outcomes
from arb_pipelines.transforms.price_glitches import judge_spells
from arb_pipelines.transforms.spells import SpellSet, clean_spells
from arb_pipelines.transforms.store_health import find_drifts, with_era

HORIZONS = (3, 7, 14)
SURVIVAL_DAYS = (1, 3, 7, 14)
NAIVE_ROI = Decimal("0.15")
# The haircut's low price already is what 88 of 100 reach, so little has to be left at it.
HAIRCUT_ROI = Decimal("0.02")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PairTerms:
    """Costs as a share of the sale, and the least return asked of the seen price and of the haircut's low price."""

    cost_share: Decimal = Decimal("0.20")
    naive_roi: Decimal = NAIVE_ROI
    haircut_roi: Decimal = HAIRCUT_ROI


@dataclass(frozen=True, slots=True)
class PairReplay:
    """One horizon: the trades of the price as seen and of the price after the haircut, over the same gaps."""

    days: int
    gaps: int
    before: Replayed
    after: Replayed


class NoGapsError(ValueError):
    """A history in which no two shops ever differed enough."""


def find_pair_gaps(found: SpellSet, horizons: Sequence[int], cost_share: Decimal) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Clean a history and return (gaps with features and outcomes, quotes).

    Raises:
        NoGapsError: there is nothing to buy and sell.
    """
    cleaned = clean_spells(found.spells)
    drifts = find_drifts(cleaned.spells, found.store_days)
    judged = judge_spells(with_era(cleaned.spells, drifts), found.store_days, drifts)
    quotes = find_quotes(found.products, judged)
    gaps = with_outcomes(find_gaps(quotes, found.store_days), quotes, horizons)
    if gaps.is_empty():
        raise NoGapsError(f"no product of the same name opened a gap of {NEW_GAP:.0%} between two shops")
    return gap_features(gaps, quotes, float(cost_share)), quotes


def replay_horizon(gaps: pl.DataFrame, days: int, terms: PairTerms) -> PairReplay:
    """Replay gaps that the walk-forward haircut could predict, `days` between buying and selling."""
    asked = walk_haircut(gaps, days).filter(pl.col("low_minor").is_not_null())
    stores = gaps["buy_store"].unique().to_list()
    before = pair_rules(stores, terms.cost_share, terms.naive_roi)
    after = pair_rules(stores, terms.cost_share, terms.haircut_roi)
    return PairReplay(
        days,
        asked.height,
        replay_pairs(asked, days, before, low="sale_minor", middle="sale_minor"),
        replay_pairs(asked, days, after, low="low_minor", middle="middle_minor"),
    )


def measure_pairs(found: SpellSet, terms: PairTerms, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Return the figures, ready for JSON; returns and shares as fractions of 1."""
    began, began_cpu = time.perf_counter(), time.process_time()
    gaps, quotes = find_pair_gaps(found, HORIZONS, terms.cost_share)
    tell(f"{gaps.height} new gaps between shops")
    horizons = {}
    for days in HORIZONS:
        tell(f"refitting the haircut walk-forward, {days} days to the sale ...")
        horizons[str(days)] = horizon_figures(replay_horizon(gaps, days, terms))
    return {
        "names_in_two_shops": quotes["key"].n_unique(),
        "new_gaps": gaps.height,
        "new_gap_is": f"{NEW_GAP:.0%} of the lower price or more, and not the day before",
        "gap_still_there": gap_survival(gaps, quotes),
        "cost_share": float(terms.cost_share),
        "least_roi_before": float(terms.naive_roi),
        "least_roi_after_at_low_price": float(terms.haircut_roi),
        "low_price_is": f"the {LOW_SHARE:.0%} quantile of the price at the sale",
        "days_to_sale": horizons,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_s": round(time.process_time() - began_cpu, 1),
        "trades_are": "simulated: bought at one shop's price, sold at the other's; no real resale is in such data",
    }


def horizon_figures(replay: PairReplay) -> dict[str, Any]:
    """Return both ledgers' figures and whether the goals hold."""
    before, after = ({**ledger_figures(side.ledger), "refused": side.refused} for side in (replay.before, replay.after))
    figures: dict[str, Any] = {"gaps": replay.gaps, "before": before, "after": after}
    if before.get("return_sum") and "return_sum" in after:
        apart = after["realised_median"] - after["promised_median"]
        kept = after["return_sum"] / before["return_sum"] if before["return_sum"] > 0 else None
        figures |= {"realised_minus_promised": round(apart, 4), "profit_kept": None if kept is None else round(kept, 4)}
        figures["goals"] = {
            "within_3_points": abs(apart) <= 0.03,
            "losing_at_most_15_percent": after["losing_share"] <= 0.15,
            "profit_kept_at_least_30_percent": None if kept is None else kept >= 0.30,
        }
    return figures


def gap_survival(gaps: pl.DataFrame, quotes: pl.DataFrame) -> dict[str, float | None]:
    """Return the share of new gaps that are as wide so many days later, of those whose prices are known then."""
    shares: dict[str, float | None] = {}
    for days in SURVIVAL_DAYS:
        later = gaps.select("key", "buy_store", "sell_store", on=pl.col("found_on") + timedelta(days=days))
        later = price_on(later, quotes, "buy_store", "on", "ask").drop("ask_since_on")
        later = price_on(later, quotes, "sell_store", "on", "sale").drop_nulls(["ask_minor", "sale_minor"])
        share = (later["sale_minor"] / later["ask_minor"] - 1 >= NEW_GAP).cast(pl.Float64).mean()
        shares[str(days)] = round(share, 4) if isinstance(share, float) else None
    return shares
