"""How far the training data reached: what lies too far outside is not answered.

What belongs here: the ranges of features that the training rows covered, and the test of a row against them. Trees
and medians answer anything; beyond what they saw the answer is a guess with a narrow interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from arb_pipelines.ml.price_rule import MIN_COMPS
from arb_pipelines.transforms.price_features import ATTRIBUTE_PREFIX

OUTSIDE = "out_of_distribution"
MIN_ROWS = 50
TAIL = 0.005  # of the rows on each side that may be odd themselves
SLACK = 1.0  # of the covered range beyond each end that is still answered
LEAST_SLACK = 0.25  # log price: in a calm market the covered range is next to nothing
LEAST_SLACKS = {"comps_age_d": 30.0}  # a month without a sale is normal, however often the others sell
COMPS = ("comps_spread", "comps_trend", "comps_age_d")
SHELF_GAP = "shelf_gap"  # the shops' median over the comps' median, in log price

Ranges = Mapping[str, tuple[float, float]]


def learn_ranges(rows: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Return (lowest, highest) still answered of each watched feature; {} for too few rows to tell.

    Args:
        rows: training rows with features (`transforms.price_features.build_features`).
    """
    usable = rows.filter(pl.col("comps_n") >= MIN_COMPS)
    if usable.height < MIN_ROWS:
        return {}
    watched = usable.select(_watched(usable.columns))
    found = {}
    for name in watched.columns:
        values = watched[name].drop_nulls().drop_nans()
        low, high = values.quantile(TAIL, "linear"), values.quantile(1 - TAIL, "linear")
        if values.len() >= MIN_ROWS and low is not None and high is not None:
            slack = max(SLACK * (high - low), LEAST_SLACKS.get(name, LEAST_SLACK))
            found[name] = (round(low - slack, 9), round(high + slack, 9))
    return found


def is_outside(ranges: Ranges, columns: Iterable[str]) -> pl.Expr:
    """Return whether any watched feature of a row lies outside; an unknown feature is not outside."""
    present = set(columns)
    tests = [
        _value(name).is_between(low, high).fill_null(value=True)
        for name, (low, high) in sorted(ranges.items())
        if name in present or name == SHELF_GAP
    ]
    return ~pl.all_horizontal(tests) if tests else pl.lit(value=False)


def _watched(columns: Iterable[str]) -> list[pl.Expr]:
    attributes = sorted(name for name in columns if name.startswith(ATTRIBUTE_PREFIX))
    return [_value(name).cast(pl.Float64).alias(name) for name in (*COMPS, SHELF_GAP, *attributes)]


def _value(name: str) -> pl.Expr:
    return pl.col("shelf_median") - pl.col("comps_median") if name == SHELF_GAP else pl.col(name)
