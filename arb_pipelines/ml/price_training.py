"""One training: split by time, fit rule and challenger, compare them on the same holdout, fit again on everything.

What belongs here: the order of these steps. The oldest 60 % of sales teach, the next 20 % calibrate, the newest 20 %
are the holdout that neither has seen; a sale is predicted as it stood `lead` before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from arb_pipelines.ml.market_level import MarketLevel, fit_level
from arb_pipelines.ml.price_challenger import Challenger, fit_challenger, predict_challenger
from arb_pipelines.ml.price_metrics import Verdict, judge, score
from arb_pipelines.ml.price_range import Ranges, learn_ranges
from arb_pipelines.ml.price_rule import MIN_COMPS, PriceRule, fit_rule, predict_rule
from arb_pipelines.ml.seasonality import Season, fit_season
from arb_pipelines.transforms.price_features import build_features, keys_from_sales

TEACH_SHARE, CALIBRATE_SHARE = 0.6, 0.2
# What is bought today is sold in about a week, so a sale is predicted as of a week before; less where the whole
# history is short.
MAX_LEAD = timedelta(days=7)
LEAD_SHARE = 0.05
MIN_TEACHING_ROWS = 120
MIN_CALIBRATION_ROWS = 40


@dataclass(frozen=True, slots=True)
class Fitted:
    """What one training found. `challenger` is None where the rule stays champion."""

    rule: PriceRule
    challenger: Challenger | None
    verdict: Verdict
    metrics: dict[str, float]
    lead: timedelta
    holdout: pl.DataFrame = field(default_factory=pl.DataFrame)
    ranges: Ranges = field(default_factory=dict)


def fit(sales: pl.DataFrame, history: pl.DataFrame, *, as_of: datetime, seed: int) -> Fitted:
    """Fit and compare on sales before `as_of` (columns as `transforms.price_features.build_features` asks)."""
    lead = _lead(sales)
    rows = training_rows(sales, history, lead)
    teach, calibrate, holdout = split_by_time(rows, lead)
    level, level_metrics = _checked_level(teach, calibrate, holdout)
    season, season_metrics = _checked_season(teach, calibrate, holdout, level)
    rule = fit_rule(pl.concat([teach, calibrate]), level)
    ruled = _with_season(predict_rule(rule, holdout.filter(pl.col("comps_n") >= MIN_COMPS)), season)
    metrics = {
        "n_sales": float(sales.height),
        "n_training": float(teach.height),
        "n_calibration": float(calibrate.height),
        "n_holdout": float(ruled.height),
        "lead_days": lead.total_seconds() / 86_400,
        **level_metrics,
        **season_metrics,
        **_named("rule", score(ruled)),
    }
    verdict, holdout_predicted = Verdict("rule", "too few comparable sales to teach and calibrate a challenger"), ruled
    if ruled.height and _can_challenge(teach, calibrate):
        challenger = fit_challenger(teach, calibrate, seed)
        challenged = predict_challenger(challenger, ruled.drop("low", "middle", "high"))
        metrics.update(_named("challenger", score(challenged)))
        verdict = judge(ruled, challenged, seed)
        holdout_predicted = challenged if verdict.champion == "challenger" else ruled
    final_level = fit_level(rows, as_of).level if level else 0.0
    if season.weeks is not None:
        final_level += float(fit_season(rows, as_of).expected(pl.Series([as_of]))[0])
    return Fitted(
        rule=fit_rule(rows, final_level),
        challenger=_final_challenger(rows, seed) if verdict.champion == "challenger" else None,
        verdict=verdict,
        metrics=metrics,
        lead=lead,
        holdout=holdout_predicted,
        ranges=learn_ranges(rows),
    )


def training_rows(sales: pl.DataFrame, history: pl.DataFrame, lead: timedelta) -> pl.DataFrame:
    """Return one row per sale with what was known `lead` before it; sales in another currency than their comps go."""
    rows = build_features(keys_from_sales(sales, lead), sales, history)
    alike = pl.col("currencies").is_null() | (
        (pl.col("currencies") == 1) & (pl.col("currency") == pl.col("sale_currency"))
    )
    return rows.with_columns(log_price=pl.col("price_minor").log()).filter(alike).sort("sold_at", "sale_id")


def split_by_time(rows: pl.DataFrame, lead: timedelta) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the rows to teach, to calibrate and to hold out, by time of sale.

    Holdout sales within `lead` of the cut are left out: they are predicted as of before it, when the newest training
    sales were not known yet.
    """
    if rows.is_empty():
        return rows, rows, rows
    moments = rows["sold_at"].sort()
    first_cut = moments[int(len(moments) * TEACH_SHARE)]
    second_cut = moments[int(len(moments) * (TEACH_SHARE + CALIBRATE_SHARE))]
    sold = pl.col("sold_at")
    return (
        rows.filter(sold < first_cut),
        rows.filter(sold >= first_cut, sold < second_cut),
        rows.filter(sold >= second_cut + lead),
    )


def _can_challenge(teach: pl.DataFrame, calibrate: pl.DataFrame) -> bool:
    comparable = (pl.col("comps_n") > 0).sum()
    return bool(
        teach.select(comparable).item() >= MIN_TEACHING_ROWS
        and calibrate.select(comparable).item() >= MIN_CALIBRATION_ROWS
    )


def _lead(sales: pl.DataFrame) -> timedelta:
    if sales.is_empty():
        return MAX_LEAD
    span: timedelta = sales.select(pl.col("sold_at").max() - pl.col("sold_at").min()).item()
    return min(MAX_LEAD, span * LEAD_SHARE)


def _checked_level(
    teach: pl.DataFrame, calibrate: pl.DataFrame, holdout: pl.DataFrame
) -> tuple[float, dict[str, float]]:
    """Return the market level to correct the rule by (0 unless it lowers the error on the calibration slice)."""
    if calibrate.is_empty() or holdout.is_empty():
        return 0.0, {}
    first = fit_level(teach, calibrate["sold_at"][0])
    rule = fit_rule(teach)
    asked = calibrate.filter(pl.col("comps_n") >= MIN_COMPS)
    plain = score(predict_rule(rule, asked)).get("mape", 0.0)
    moved = score(predict_rule(fit_rule(teach, first.level), asked)).get("mape", 0.0)
    now = fit_level(pl.concat([teach, calibrate]), holdout["sold_at"][0])
    used = now.level if moved < plain else 0.0
    return used, {**_level_metrics(now), "market_level_used": float(used != 0.0), "market_level_gain": plain - moved}


def _checked_season(
    teach: pl.DataFrame, calibrate: pl.DataFrame, holdout: pl.DataFrame, level: float
) -> tuple[Season, dict[str, float]]:
    """Return the season to correct the rule by: none unless a year's lowers the error on the calibration slice.

    The week is told as a diagnostic alone: over the days in which an item sells it averages out.
    """
    if calibrate.is_empty() or holdout.is_empty():
        return Season(), {}
    first = fit_season(teach, calibrate["sold_at"][0])
    if first.weeks is None:
        return Season(), first.metrics()
    asked = predict_rule(fit_rule(teach, level), calibrate.filter(pl.col("comps_n") >= MIN_COMPS))
    gain = score(asked).get("mape", 0.0) - score(_with_season(asked, first)).get("mape", 0.0)
    now = fit_season(pl.concat([teach, calibrate]), holdout["sold_at"][0])
    told = {**now.metrics(), "season_used": float(gain > 0), "season_gain": gain}
    return (now if gain > 0 else Season()), told


def _with_season(predicted: pl.DataFrame, season: Season) -> pl.DataFrame:
    if season.weeks is None:
        return predicted
    effect = pl.Series(season.expected(predicted["as_of"]))
    return predicted.with_columns(pl.col("low", "middle", "high") + effect)


def _level_metrics(level: MarketLevel) -> dict[str, float]:
    return {"market_level": level.level, "market_slope_30d": level.slope_30d}


def _final_challenger(rows: pl.DataFrame, seed: int) -> Challenger:
    cut = rows["sold_at"].sort()[int(rows.height * (1 - CALIBRATE_SHARE))]
    return fit_challenger(rows.filter(pl.col("sold_at") < cut), rows.filter(pl.col("sold_at") >= cut), seed)


def _named(prefix: str, figures: dict[str, float]) -> dict[str, float]:
    return {f"{prefix}_{name}": value for name, value in figures.items()}
