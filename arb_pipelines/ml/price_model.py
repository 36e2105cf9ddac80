"""What will it sell for: the trained price model, its predictions and its files.

What belongs here: `train`, `TrainedModel.predict` with its reasons to abstain, and the plain file format (JSON,
Parquet, and skops for the trees; never pickle). Fitting is `price_training.py`, the rule is `price_rule.py`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import polars as pl

from arb_pipelines.domain.condition import parse_condition
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.ml.days_to_sell import DAYS_COLUMNS
from arb_pipelines.ml.days_to_sell_challenger import fit_days
from arb_pipelines.ml.price_challenger import Challenger, dump_challenger, load_challenger, predict_challenger
from arb_pipelines.ml.price_range import OUTSIDE, Ranges, is_outside
from arb_pipelines.ml.price_recalibration import Recalibration
from arb_pipelines.ml.price_rule import MIN_COMPS, predict_rule
from arb_pipelines.ml.price_training import fit
from arb_pipelines.transforms.price_features import ATTRIBUTE_PREFIX, FEATURES, GROUP, build_features
from arb_pipelines.transforms.product_identity import map_values

FORMAT = 2
# Half the interval over its middle: beyond it one cannot tell a bargain from a mistake. Mixed second-hand goods
# have median errors of 20-36 % and end here.
MAX_HALF_WIDTH = 0.40
MODEL_FILE, SNAPSHOT_FILE, CHALLENGER_FILE = "model.json", "snapshot.parquet", "challenger.skops"
KEY_COLUMNS = ("product_id", "condition", "outlet", "category")
SALES_COLUMNS = (
    "sale_id",
    "product_id",
    "condition",
    "outlet",
    "category",
    "price_minor",
    "currency",
    "sold_at",
    "days_to_sell",
)


@dataclass(frozen=True)
class TrainedModel:
    """A trained model with everything it needs to predict.

    `snapshot` holds, for each product, condition and outlet with a sale, what was known at `as_of`, the rule's
    interval and the days to sell. `champion` is who predicts: `rule` or `challenger`; `gate` says why. `ranges` is how
    far the training rows reached; beyond them it abstains.
    """

    as_of: datetime
    champion: str
    gate: str
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    snapshot: pl.DataFrame
    challenger: Challenger | None
    ranges: Ranges = field(default_factory=dict)
    holdout: pl.DataFrame = field(default_factory=pl.DataFrame)  # for the calibration plot; not stored

    @cached_property
    def version(self) -> str:
        """The model's name by content: two trainings on the same data with the same seed have the same."""
        return f"pm-{hashlib.sha256(self._manifest()).hexdigest()[:12]}"

    @cached_property
    def feature_sha256(self) -> str:
        """Digest of the snapshot's content."""
        return hashlib.sha256(self.snapshot.write_csv(float_precision=9).encode()).hexdigest()

    def predict(
        self, keys: pl.DataFrame, predicted_at: datetime, moved: Recalibration | None = None
    ) -> list[PricePrediction]:
        """Return one prediction per row of `keys`, in their order.

        Args:
            keys: product_id, condition, outlet, category (and attribute_* columns, if trained with them).
            predicted_at: the time to stamp, aware UTC.
            moved: what the sales since the training changed; without it the model answers as trained.

        A prediction that cannot be made names why: unknown_condition, unknown_category, no_sales, too_few_sales,
        currency_mixed, wide_interval, out_of_distribution.
        """
        asked = keys.join(self.snapshot, on=list(GROUP), how="left", maintain_order="left", suffix="_snapshot")
        if self.challenger is not None:
            asked = predict_challenger(self.challenger, asked)
        if moved is not None:
            asked = moved.move(asked)
        known = map_values(asked["condition"], parse_condition, pl.String()).is_not_null()
        categories = self.snapshot["category"].drop_nulls().unique().to_list()
        asked = asked.with_columns(
            condition_known=known,
            category_known=pl.col("category").is_in(categories) | pl.col("category").is_null() | (not categories),
            outside=is_outside(self.ranges, asked.columns),
        ).with_columns(abstained=_abstain())
        asked = asked.with_columns(pl.col("low", "middle", "high").exp().round().cast(pl.Int64))
        return [self._prediction(row, predicted_at) for row in asked.iter_rows(named=True)]

    def files(self) -> dict[str, bytes]:
        """Return the model as files by name; `read_model` takes them back."""
        snapshot = io.BytesIO()
        self.snapshot.write_parquet(snapshot)
        files = {MODEL_FILE: self._manifest(), SNAPSHOT_FILE: snapshot.getvalue()}
        if self.challenger is not None:
            files[CHALLENGER_FILE] = dump_challenger(self.challenger)
        return files

    def _trees_sha256(self) -> str:
        """Digest of what the trees answer on the snapshot: their file's bytes differ from dump to dump."""
        if self.challenger is None:
            return ""
        answers = predict_challenger(self.challenger, self.snapshot).select(pl.col("low", "middle", "high").round(6))
        return hashlib.sha256(answers.write_csv().encode()).hexdigest()

    def _manifest(self) -> bytes:
        facts = {
            "format": FORMAT,
            "as_of": self.as_of.isoformat(),
            "champion": self.champion,
            "gate": self.gate,
            "metrics": dict(self.metrics),
            "params": dict(self.params),
            "ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "feature_sha256": self.feature_sha256,
            "trees_sha256": self._trees_sha256(),
        }
        return json.dumps(facts, sort_keys=True, indent=1).encode()

    def _prediction(self, row: dict[str, Any], predicted_at: datetime) -> PricePrediction:
        told = row["abstained"] is None
        low, middle, high = (Money(row[name], row["currency"]) if told else None for name in ("low", "middle", "high"))
        return PricePrediction(
            product_id=row["product_id"],
            condition=row["condition"] or "",
            outlet=row["outlet"],
            low=low,
            middle=middle,
            high=high,
            days_to_sell=row["days_to_sell"] if told else None,
            sold_within_30_days=row["sold_within_30_days"] if told else None,
            sold_within_60_days=row["sold_within_60_days"] if told else None,
            sold_within_90_days=row["sold_within_90_days"] if told else None,
            model_version=self.version,
            predicted_at=predicted_at,
            abstained=row["abstained"],
        )


def train(
    sales: pl.DataFrame,
    history: pl.DataFrame,
    *,
    as_of: datetime,
    seed: int = 0,
    unsold: pl.DataFrame | None = None,
    challenge_days: bool = False,
) -> TrainedModel:
    """Train on what was known at `as_of`.

    Args:
        sales: sold prices with `product_id` (`transforms.product_matching.identify_sales`); later ones are ignored.
        history: shelf prices with `product_id` (`attach_products`); may be empty; later ones are ignored.
        as_of: the training moment, aware UTC.
        seed: for the trees and the bootstrap; the same inputs and seed give the same version.
        unsold: what is or was on sale without selling, for the time to sell: GROUP, category, `days` so far.
        challenge_days: let the hazard compete with the rule for the days to sell.
    """
    known = sales.filter(pl.col("sold_at") < as_of, pl.col("condition").is_not_null(), pl.col("price_minor") > 0)
    attributes = [name for name in sales.columns if name.startswith(ATTRIBUTE_PREFIX)]
    title = [name for name in ("title",) if name in sales.columns]
    known = known.select(*SALES_COLUMNS, *title, *attributes).sort("sold_at", "sale_id")
    seen = history.filter(pl.col("observed_at") < as_of)
    fitted = fit(known, seen, as_of=as_of, seed=seed)
    snapshot = predict_rule(fitted.rule, _snapshot(known, seen, as_of))
    days = fit_days(known, unsold, as_of=as_of, seed=seed, challenge=challenge_days)
    snapshot = snapshot.join(days.groups, on=list(GROUP), how="left").sort(GROUP)
    columns = [*FEATURES, "low", "middle", "high", *DAYS_COLUMNS]
    return TrainedModel(
        as_of=as_of,
        champion=fitted.verdict.champion,
        gate=fitted.verdict.reason,
        metrics={name: round(value, 9) for name, value in (fitted.metrics | days.metrics).items()},
        params={
            "seed": str(seed),
            "lead_s": str(int(fitted.lead.total_seconds())),
            "min_comps": str(MIN_COMPS),
            "days_to_sell": days.champion,
            "days_to_sell_gate": days.reason,
        },
        snapshot=snapshot.select(
            *GROUP, "category", "currency", "currencies", *(pl.col(name).cast(pl.Float64).round(9) for name in columns)
        ),
        challenger=fitted.challenger,
        ranges=fitted.ranges,
        holdout=fitted.holdout,
    )


def prediction_keys(products: pl.DataFrame, conditions: Sequence[str], outlet: str) -> pl.DataFrame:
    """Return every product (PRODUCT_SCHEMA) in every condition at one outlet, as keys for `TrainedModel.predict`."""
    wanted = pl.DataFrame({"condition": list(conditions)}, schema={"condition": pl.String})
    keys = products.select("product_id", "category", "title").join(wanted, how="cross")
    return keys.with_columns(outlet=pl.lit(outlet)).select(*KEY_COLUMNS, "title")


def read_model(files: Mapping[str, bytes]) -> TrainedModel:
    """Read what `TrainedModel.files` wrote. Verify the bytes first: the store keeps their digest apart.

    Raises:
        ValueError: another format, or parts that do not belong together.
        UntrustedModelError: the trees' file holds a type that is not ours.
    """
    facts = json.loads(files[MODEL_FILE])
    if facts.get("format") != FORMAT:
        raise ValueError(f"model format {facts.get('format')!r}, this program reads {FORMAT}; train the model again")
    content = files.get(CHALLENGER_FILE)
    model = TrainedModel(
        as_of=datetime.fromisoformat(facts["as_of"]).astimezone(UTC),
        champion=facts["champion"],
        gate=facts["gate"],
        metrics=facts["metrics"],
        params=facts["params"],
        snapshot=pl.read_parquet(io.BytesIO(files[SNAPSHOT_FILE])),
        challenger=None if content is None else load_challenger(content),
        ranges={name: (low, high) for name, (low, high) in facts.get("ranges", {}).items()},
    )
    if model.feature_sha256 != facts["feature_sha256"] or (model.champion == "challenger") == (content is None):
        raise ValueError("the model's files do not belong together; train the model again")
    return model


def _snapshot(sales: pl.DataFrame, history: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    groups = sales.group_by(*GROUP).agg(category=pl.col("category").drop_nulls().sort().first()).sort(GROUP)
    moment = pl.lit(as_of).cast(pl.Datetime("us", "UTC"))
    return build_features(groups.with_columns(as_of=moment), sales, history)


def _abstain() -> pl.Expr:
    """Return why there is no prediction for a row, else null."""
    low, middle, high = pl.col("low"), pl.col("middle"), pl.col("high")
    half_width = ((high - middle).exp() - (low - middle).exp()) / 2
    return (
        pl.when(~pl.col("condition_known"))
        .then(pl.lit("unknown_condition"))
        .when((pl.col("comps_n").fill_null(0) == 0) & ~pl.col("category_known"))
        .then(pl.lit("unknown_category"))
        .when(pl.col("comps_n").fill_null(0) == 0)
        .then(pl.lit("no_sales"))
        .when(pl.col("currencies") != 1)
        .then(pl.lit("currency_mixed"))
        .when((pl.col("comps_n") < MIN_COMPS) | low.is_null() | middle.is_null() | high.is_null())
        .then(pl.lit("too_few_sales"))
        .when(~(half_width <= MAX_HALF_WIDTH))
        .then(pl.lit("wide_interval"))
        .when(pl.col("outside"))
        .then(pl.lit(OUTSIDE))
    )
