"""The rule for days to sell: how fast all items go, faster or slower by the group's own shrunk rate.

What belongs here: the baseline that a hazard model has to beat, with censoring. The Kaplan-Meier curve of everything,
raised to the ratio of a group's sales to the sales that curve expects of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.days_to_sell_metrics import kaplan_meier, share_left

Floats = np.ndarray[Any, np.dtype[np.float64]]

SHRINK_SALES = 10.0  # expected sales at which a group's own pace counts as much as its parent's
LEAST_LEFT = 1e-6


@dataclass(frozen=True, slots=True)
class RateRule:
    """`times` and `left`: the curve of everything; `paces`: keys and `pace` (1: like everything) of each level."""

    times: Floats
    left: Floats
    levels: tuple[tuple[tuple[str, ...], pl.DataFrame], ...]

    def pace_of(self, rows: pl.DataFrame) -> Floats:
        """Return each row's pace: that of its finest known group."""
        pace = pl.Series("pace", np.ones(rows.height))
        for keys, paces in self.levels:
            found = rows.select(keys).join(paces, on=list(keys), how="left", nulls_equal=True, maintain_order="left")
            pace = found["pace"].fill_null(pace)
        values: Floats = pace.to_numpy()
        return values

    def unsold_after(self, rows: pl.DataFrame, days: Sequence[float]) -> Floats:
        """Return the share unsold after each of `days`, shape (rows, days)."""
        curve = np.maximum(share_left(self.times, self.left, np.asarray(days, dtype=float)), LEAST_LEFT)
        left: Floats = curve[None, :] ** self.pace_of(rows)[:, None]
        return left


def fit_rates(spells: pl.DataFrame, levels: Sequence[tuple[str, ...]]) -> RateRule:
    """Fit on spells with `days` and `sold`; each level of groups is shrunk to the one before it.

    Args:
        spells: one row an item; unsold ones count as long as they were watched.
        levels: key columns, coarse to fine.
    """
    days, sold = spells["days"].to_numpy().astype(np.float64), spells["sold"].to_numpy()
    times, left = kaplan_meier(days, sold)
    # The cumulative hazard (Nelson-Aalen) of all together expects as many sales as there were.
    hazard = np.concatenate([[0.0], np.cumsum(1 - left / np.concatenate([[1.0], left[:-1]]))])
    expected = hazard[np.searchsorted(times, days, side="right")]
    rule = RateRule(times, left, ())
    for keys in levels:
        counted = spells.with_columns(expected=pl.Series(expected), parent=pl.Series(rule.pace_of(spells)))
        paces = (
            counted.group_by(list(keys))
            .agg(sold=pl.col("sold").sum(), expected=pl.col("expected").sum(), parent=pl.col("parent").mean())
            .with_columns(pace=(pl.col("sold") + SHRINK_SALES * pl.col("parent")) / (pl.col("expected") + SHRINK_SALES))
            .select(*keys, "pace")
            .sort(keys)
        )
        rule = RateRule(times, left, (*rule.levels, (keys, paces)))
    return rule
