"""How well a history of spells is cleaned: alarms, held prices and speed, beside a detector by z-scores.

What belongs here: the figures of `arb bench history`. The rules measured are in `transforms/`; what is called a
glitch or a promotion here is told with hindsight, which the rules do not have.
"""

from __future__ import annotations

import time
from typing import Any

import polars as pl

from arb_pipelines.transforms.price_glitches import judge_spells
from arb_pipelines.transforms.spells import KEY, SpellSet, clean_spells, usual_prices
from arb_pipelines.transforms.store_health import find_drifts, find_outages, store_day_states, with_era

# Prices as shares of the usual; above 70 % and below 100 % is the daily noise of shelf prices.
BANDS = {"to_10": (0.0, 0.1), "10_to_30": (0.1, 0.3), "30_to_50": (0.3, 0.5), "50_to_70": (0.5, 0.7)}
GLITCH_SHARE = 0.3
Z_LIMIT = 3.0
Z_DAYS = 28
Z_MIN_PRICES = 3
LONG_OUTAGE_DAYS = 100


def measure_history(found: SpellSet) -> dict[str, Any]:
    """Return the figures, ready for JSON: shares as fractions of 1, days as YYYY-MM-DD."""
    began, began_cpu = time.perf_counter(), time.process_time()
    cleaned = clean_spells(found.spells)
    states = store_day_states(found.store_days)
    outages, drifts = find_outages(states), find_drifts(cleaned.spells, found.store_days)
    spells = with_era(cleaned.spells, drifts)
    judged = judge_spells(spells, found.store_days, drifts)
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    marked = _with_hindsight(judged)
    observations = int(found.spells["n_days_seen"].cast(pl.Int64).sum())
    return {
        "shops": found.store_days["store"].n_unique(),
        "shop_days": found.store_days.height,
        "spells": found.spells.height,
        "observations": observations,
        "quarantined": dict(cleaned.quarantined.group_by("reason").len().sort("reason").iter_rows()),
        "seconds": round(seconds, 2),
        "cpu_s": round(cpu, 2),
        "rows_per_s": round(found.spells.height / seconds),
        "observations_per_s": round(observations / seconds),
        "ours": {
            "outages": _outage_figures(outages, states, flags=states.filter(pl.col("state") != "full")),
            "drift": {"alarms": drifts.height, "found": _rows(drifts)},
            **_price_figures(marked, pl.col("held").is_not_null()),
        },
        "z_score": _z_figures(states, marked),
        "glitch_is": "a price at or below 30 % of the usual (time-weighted median of 90 days)",
        "promotion_is": "a price at 50 to 70 % of the usual, so 30 to 50 % off",
    }


def _with_hindsight(judged: pl.DataFrame) -> pl.DataFrame:
    """Add `usual_minor` to every spell, its `share` of it and whether it was `gone` on the next day of the shop."""
    rows = judged.drop("usual_minor").with_row_index("row")
    usual = usual_prices(rows, judged)
    return rows.join(usual, on="row", how="left", maintain_order="left").with_columns(
        share=pl.col("price_minor") / pl.col("usual_minor"),
        gone=pl.col("first_seen_on") == pl.col("last_seen_on"),
    )


def _outage_figures(outages: pl.DataFrame, states: pl.DataFrame, flags: pl.DataFrame) -> dict[str, Any]:
    """Return how many silent runs were flagged (store, d in `flags`) on their first day."""
    silent = outages.filter(pl.col("kind") == "silent")
    first = silent.join(flags, left_on=["store", "flagged_on"], right_on=["store", "d"], how="semi")
    long = silent.filter(pl.col("days") >= LONG_OUTAGE_DAYS)
    kept = first.filter(pl.col("days") >= LONG_OUTAGE_DAYS)
    full_days = states.filter(pl.col("state") == "full")
    return {
        "silent": silent.height,
        "flagged_on_first_day": first.height,
        "of_100_days_and_more": long.height,
        "of_100_days_and_more_flagged_on_first_day": kept.height,
        "partial": outages.height - silent.height,
        "full_days_flagged": full_days.join(flags, on=["store", "d"], how="semi").height,
        "found": _rows(outages),
    }


def _price_figures(marked: pl.DataFrame, held: pl.Expr) -> dict[str, Any]:
    """Return the figures of glitches and promotions under a rule that holds `held` on the first day.

    Prices in a shop whose unit changed are no promotions of anything and are counted apart.
    """
    quarantined = (pl.col("held") == "shop_drift").fill_null(value=False)
    rows = marked.with_columns(caught=held, apart=quarantined)
    seen = rows.filter(~pl.col("apart"))
    glitches = seen.filter(pl.col("share") <= GLITCH_SHARE)
    low, high = BANDS["50_to_70"]
    promotions = seen.filter(pl.col("share") >= low, pl.col("share") <= high)
    return {
        "glitches": {
            "n": glitches.height,
            "held": int(glitches["caught"].sum()),
            "gone_next_day": int(glitches["gone"].sum()),
            "gone_next_day_held": int(glitches.filter("gone")["caught"].sum()),
        },
        "promotions": {"n": promotions.height, "delayed": int(promotions["caught"].sum())},
        "held": {"n": int(seen["caught"].sum()), "of_them_gone_next_day": _mean(seen.filter("caught")["gone"])},
        "in_a_shop_with_another_unit": int(rows["apart"].sum()),
        "bands": {name: _band(seen, *ends) for name, ends in BANDS.items()},
    }


def _band(seen: pl.DataFrame, low: float, high: float) -> dict[str, Any]:
    inside = seen.filter(pl.col("share") > low, pl.col("share") <= high)
    return {"n": inside.height, "gone_next_day": _mean(inside["gone"]), "held": _mean(inside["caught"])}


def _mean(column: pl.Series) -> float | None:
    share = column.cast(pl.Float64).mean()
    return round(share, 4) if isinstance(share, float) else None


def _z_figures(states: pl.DataFrame, marked: pl.DataFrame) -> dict[str, Any]:
    """Return the same figures of a detector that flags what is 3 standard deviations from the mean of the past."""
    outages = find_outages(states)
    rows = states.with_columns(_z("n_rows"), _z("median_price"))
    quiet = rows.filter(pl.col("z_n_rows") < -Z_LIMIT)
    jumps = rows.filter(pl.col("z_median_price").abs() > Z_LIMIT)
    past = pl.col("price_minor").cast(pl.Float64)
    count = pl.int_range(pl.len()).over(KEY)
    mean = (past.cum_sum() - past).over(KEY) / count
    square = ((past**2).cum_sum() - past**2).over(KEY) / count
    spread = (square - mean**2).clip(0).sqrt()
    low = (count >= Z_MIN_PRICES) & (spread > 0) & (past < mean - Z_LIMIT * spread)
    figures = _outage_figures(outages, states, quiet)
    del figures["found"], figures["partial"]
    return {"outages": figures, "drift": {"alarms": jumps.height}, **_price_figures(marked, low.fill_null(value=False))}


def _z(column: str) -> pl.Expr:
    past = pl.col(column).shift(1)
    mean = past.rolling_mean(Z_DAYS, min_samples=Z_MIN_PRICES)
    spread = past.rolling_std(Z_DAYS, min_samples=Z_MIN_PRICES)
    return ((pl.col(column) - mean) / spread).over("store", order_by="d").alias(f"z_{column}")


def _rows(alarms: pl.DataFrame) -> list[dict[str, Any]]:
    return alarms.with_columns(pl.col(pl.Date).cast(pl.String)).to_dicts()
