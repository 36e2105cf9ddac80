"""May a newly trained model take the champion's place: compared on sales that neither has seen.

What belongs here: the last gate before the alias moves. Rule and challenger of one training are compared inside it
(`price_metrics.judge`); here the winner meets the old champion.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from arb_pipelines.ml.price_challenger import predict_challenger
from arb_pipelines.ml.price_metrics import MIN_HOLDOUT, score
from arb_pipelines.ml.price_model import TrainedModel


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whether the new model becomes champion, and why."""

    granted: bool
    reason: str


def compare_with_champion(old: TrainedModel | None, new: TrainedModel) -> Promotion:
    """Return whether `new` may take the place of `old`.

    Both predict the sales of the new model's holdout that were made after the old one was trained, with the same
    features as known before each sale. The new one needs a mean and a median error no higher than the old one's.
    """
    if old is None:
        return Promotion(True, "there is no champion yet")
    if new.as_of < old.as_of:
        return Promotion(False, f"the champion knows more: it was trained as of {old.as_of:%Y-%m-%d}")
    if old.champion == "rule":
        return Promotion(True, f"the champion is the rule; on the same holdout: {new.gate}")
    assert old.challenger is not None, "read_model refuses a challenger without its trees"
    unseen = new.holdout.filter(pl.col("sold_at") >= old.as_of)
    if unseen.height < MIN_HOLDOUT:
        return Promotion(False, f"{unseen.height} sales since the champion was trained, {MIN_HOLDOUT} are needed")
    before = score(predict_challenger(old.challenger, unseen.drop("low", "middle", "high")))
    after = score(unseen)
    errors = ", ".join(f"{name} {after[name]:.4f} against {before[name]:.4f}" for name in ("mape", "mdape"))
    better = after["mape"] <= before["mape"] and after["mdape"] <= before["mdape"]
    return Promotion(better, f"{errors} of the champion on {unseen.height} sales unseen by both")
