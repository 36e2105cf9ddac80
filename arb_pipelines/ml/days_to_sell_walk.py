"""Walk-forward over listing spells: each month's times to sell are predicted by rule and hazard that know its past.

What belongs here: the order of the walk and its figures. Spells are `days_to_sell_spells.py`, the rule
`days_to_sell_rule.py`, the challenger `days_to_sell_hazard.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.days_to_sell_hazard import LEAST_SALES, LEAST_SPELLS, fit_hazard, predict_unsold, unsold_after
from arb_pipelines.ml.days_to_sell_metrics import auc, brier, concordance, integrated_brier
from arb_pipelines.ml.days_to_sell_rule import fit_rates
from arb_pipelines.ml.days_to_sell_spells import final_outcome, known_at, read_spells
from arb_pipelines.ml.price_listings import Fold, Listings, ListingsError, monthly_folds
from arb_pipelines.ml.price_walk import LEAST_ROWS, predict_fold

RULE_LEVELS = (("source",), ("source", "product", "condition"))
# More names than these (brand, words of the attributes) made the hazard worse on months it had not seen.
HAZARD_NAMES = ("source", "category", "condition", "product")
GRID = tuple(float(day) for day in range(1, 61))
GAP_WINDOW = 300  # listings
MOST_PAIRED = 20_000  # rows for the C-index, which compares all pairs
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class SpellWalk:
    """Asked spells with their outcome, and the unsold share of rule, hazard and model on GRID, (spells, GRID).

    `model` is the geometric mean of rule and hazard: the rule knows how fast a group goes, the hazard what else
    matters, and each errs in its own way.
    """

    spells: pl.DataFrame
    rule: Floats
    hazard: Floats

    @property
    def model(self) -> Floats:
        """The challenger's answer."""
        return np.asarray(np.sqrt(self.rule * self.hazard))


def walk_spells(
    listings: Listings, start: date, *, seed: int = 0, report: Callable[[str], Any] | None = None
) -> SpellWalk:
    """Predict the spells that begin in each month from `start` with what was known before it.

    The price against the price model is a feature; each month's model prices the month it has not seen, the training
    months included.

    Raises:
        ListingsError: there are no spells, or too few before `start`.
    """
    spells = read_spells(listings)
    folds = list(monthly_folds(listings, _first_month(listings)))
    spells = spells.join(_price_gaps(listings, folds, seed, report), on="listing_id", how="left", maintain_order="left")
    # Each month's price model has its own bias, so a gap is told against the gaps of the listings just before.
    usual = pl.col("price_gap").rolling_median(GAP_WINDOW, min_samples=GAP_WINDOW // 10).shift(1)
    spells = spells.with_columns(
        price_gap=pl.col("price_gap") - usual, weekday=pl.col("listed_on").dt.weekday().cast(pl.Float64)
    )
    first_day = listings.rows["listed_on"].min()
    assert isinstance(first_day, date), "read_spells refuses listings without dates"
    parts = []
    for fold in monthly_folds(listings, start, warm_up=0):
        assert fold.starts_on is not None, "folds of dated listings have a start"
        asked = spells.join(fold.asked.select("listing_id"), on="listing_id", how="semi", maintain_order="left")
        day = (fold.starts_on - first_day).days
        if asked.height:
            parts.append(
                (asked.with_columns(fold=pl.lit(fold.name)), *_predict_month(listings, spells, asked, day, seed))
            )
        if report is not None:
            report(fold.name)
    if not parts:
        raise ListingsError(f"no listing begins on or after {start}; give an earlier --from")
    return SpellWalk(
        final_outcome(pl.concat([part[0] for part in parts])),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )


def spell_figures(spells: pl.DataFrame, unsold: Floats, horizon: int) -> dict[str, float | int | None]:
    """Return AUC and Brier score of being gone within `horizon` days, C-index and integrated Brier score.

    AUC and Brier use only listings whose source was read for the whole horizon, sold or not; taking those that sold
    early without those still open would flatter everybody.
    """
    followed = (spells["watched_until"] - spells["begin"]).to_numpy() > horizon
    days, sold = spells["days"].to_numpy(), spells["sold"].to_numpy()
    soon = 1 - unsold[:, GRID.index(float(horizon))]
    happened = sold & (days <= horizon)
    chosen = np.arange(days.size)
    if chosen.size > MOST_PAIRED:
        chosen = np.random.default_rng(0).choice(chosen, MOST_PAIRED, replace=False)
    figures: dict[str, float | int | None] = {
        "n_followed": int(followed.sum()),
        "auc": auc(happened[followed], soon[followed]) if followed.any() else None,
        "brier": brier(happened[followed], soon[followed]) if followed.any() else None,
        "c_index": concordance(days[chosen], sold[chosen], soon[chosen]),
        "ibs": integrated_brier(days, sold, unsold, np.array(GRID)),
    }
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def _predict_month(
    listings: Listings, spells: pl.DataFrame, asked: pl.DataFrame, day: int, seed: int
) -> tuple[Floats, Floats]:
    known = known_at(spells, day)
    usable = known.filter(~pl.col("truncated"))
    if usable.height < LEAST_SPELLS or usable["sold"].sum() < LEAST_SALES:
        raise ListingsError(f"{usable.height} spells before a month are too few; give a later --from")
    ruled = fit_rates(usable, RULE_LEVELS).unsold_after(asked, GRID)
    hazard = fit_hazard(known, listings.numbers, HAZARD_NAMES, day, seed)
    return ruled, unsold_after(predict_unsold(hazard, asked), GRID)


def _price_gaps(listings: Listings, folds: list[Fold], seed: int, report: Callable[[str], Any] | None) -> pl.DataFrame:
    """Return (listing_id, price_gap): log asking price over what a model that knew only earlier months predicts."""
    gaps = [pl.DataFrame(schema={"listing_id": pl.String, "price_gap": pl.Float64})]
    for fold in folds:
        if fold.known.height >= LEAST_ROWS and fold.asked.height:
            predicted = predict_fold(listings, fold, seed)
            gaps.append(predicted.select("listing_id", price_gap=pl.col("log_price") - pl.col("frozen")))
        if report is not None:
            report(f"prices {fold.name}")
    return pl.concat(gaps).unique("listing_id", keep="last", maintain_order=True)


def _first_month(listings: Listings) -> date:
    first = listings.rows["listed_on"].min()
    assert isinstance(first, date), "read_spells refuses listings without dates"
    return first
