"""The scorer that runs without labelled pairs: learnt from invented products and from people's feedback.

What belongs here: fitting it, its safe file format (skops and JSON, never pickle), and scoring pairs of (title,
brand, part number). Honest limit: invented titles are tidier than real ones, so its probabilities are not to be
trusted alone; `ml/matching.py` adds rules that do not depend on them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.matching_examples import ExampleWorld, example_pairs
from arb_pipelines.ml.matching_figures import precision_recall, precision_threshold
from arb_pipelines.ml.matching_model import fill_rare, log_odds, quick_trees
from arb_pipelines.ml.matching_table import ALL, PairTable, build_table

FORMAT = 1
EXAMPLES = 1_600
BACKGROUND = 300  # invented titles that tell common words from rare ones where the known products are few
FEEDBACK_COPIES = 10  # one judged pair against thousands of invented ones would not be heard
SEED = 7
FOLDS = 2
SAME_PRECISION = 0.97
LEAST_CHANCE = 0.8
LEAST_CODE_CHARS = 4
AGREEMENT_FEATURES = (
    *("codes_clash", "codes_hit", "codes_hit_length", "codes_lone_left", "codes_lone_right"),
    *("measures_clash", "versions_clash", "years_clash", "editions_differ"),
)
DIFFERENT_MISSES = 0.01  # share of true matches that may be called different
FACTS_FILE, TREES_FILE = "scorer.json", "scorer.skops"
# The only type outside skops' own safe list that our trees contain; it stands here, not in the model's file.
TRUSTED_TYPES = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
PAIR_COLUMNS = ("left_title", "left_brand", "left_mpn", "right_title", "right_brand", "right_mpn")


class UntrustedScorerError(PermissionError):
    """A scorer file holds a type that our own list does not name."""


@dataclass(frozen=True, slots=True)
class PairScorer:
    """Trees, the logistic curve over their log-odds, and from where a probability counts.

    `figures` are measured out-of-fold on the invented pairs and the feedback.
    """

    trees: Any
    slope: float
    intercept: float
    same_from: float
    different_below: float
    taught_by: str
    figures: Mapping[str, float]

    def score(self, pairs: pl.DataFrame) -> tuple[np.ndarray, PairTable]:
        """Return the probability that each pair (PAIR_COLUMNS) is one thing, and the features it came from."""
        table = build_table(pairs.select(PAIR_COLUMNS), background_titles())
        raw = log_odds(self.trees.predict_proba(table.features)[:, 1])
        return 1 / (1 + np.exp(-(self.slope * raw + self.intercept))), table

    def files(self) -> dict[str, bytes]:
        """Return the scorer as plain files by name."""
        import skops.io

        facts = {name: getattr(self, name) for name in self.__slots__ if name != "trees"}
        trees: bytes = skops.io.dumps(self.trees)
        digest = hashlib.sha256(trees).hexdigest()
        return {FACTS_FILE: json.dumps(facts | {"format": FORMAT, "sha256": digest}).encode(), TREES_FILE: trees}


def read_scorer(files: Mapping[str, bytes]) -> PairScorer:
    """Read what `PairScorer.files` wrote.

    Raises:
        ValueError: another format, or files that do not belong together; train it again.
        UntrustedScorerError: the trees' file holds a type that is not ours.
    """
    import skops.io

    facts = json.loads(files[FACTS_FILE])
    trees = files[TREES_FILE]
    if facts.pop("format") != FORMAT or facts.pop("sha256") != hashlib.sha256(trees).hexdigest():
        raise ValueError("the matcher's files do not belong together; delete them, they are made again")
    if set(skops.io.get_untrusted_types(data=trees)) - set(TRUSTED_TYPES):
        raise UntrustedScorerError("the matcher's file holds foreign types; delete it, it is made again")
    return PairScorer(trees=skops.io.loads(trees, trusted=TRUSTED_TYPES), **facts)


def train_scorer(feedback: pl.DataFrame, *, examples: int = EXAMPLES) -> PairScorer:
    """Learn from invented pairs and from what people said (FEEDBACK_SCHEMA: titles and verdict)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits

    pairs = pl.concat([example_frame(examples), _judged_pairs(feedback)])
    table = build_table(pairs.select(PAIR_COLUMNS), background_titles())
    labels = pairs["label"].to_numpy()
    features = fill_rare(table.features, np.ones(labels.size, dtype=bool))
    raw = np.zeros(labels.size)
    with threadpool_limits(1):
        for fit, held in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(features, labels):
            model = quick_trees().fit(features[fit], labels[fit])
            raw[held] = log_odds(model.predict_proba(features[held])[:, 1])
        trees = quick_trees().fit(features, labels)
    curve = LogisticRegression(C=1e3).fit(raw[:, None], labels)
    chance = curve.predict_proba(raw[:, None])[:, 1]
    sure = agreement(table)
    same_from = max(LEAST_CHANCE, precision_threshold(chance[sure], labels[sure], SAME_PRECISION))
    precision, recall = precision_recall((chance >= same_from) & sure, labels)
    return PairScorer(
        trees=trees,
        slope=float(curve.coef_[0, 0]),
        intercept=float(curve.intercept_[0]),
        same_from=min(float(same_from), 1.0),
        different_below=float(np.quantile(chance[labels == 1], DIFFERENT_MISSES)),
        taught_by=lesson_digest(feedback),
        figures={"precision": round(float(precision), 4), "recall": round(float(recall), 4), "pairs": labels.size},
    )


def agreement(table: PairTable) -> np.ndarray:
    """Return for which pairs the texts leave no doubt that can be named: the rules no probability overrides.

    Both say the same model or part number, and neither a number, measure, version or edition that the other denies.
    Without a common model number, titles of programs and books agreed to 95 % and were other editions in one case of
    six (measured on a labelled set of software), so such pairs stay unsure.
    """
    values = {name: table.features[:, table.names.index(f"{ALL}:{name}")] for name in AGREEMENT_FEATURES}
    denied = (values["codes_clash"] > 0) | (values["measures_clash"] > 0) | (values["editions_differ"] > 0)
    denied |= np.nan_to_num(values["versions_clash"]) > 0
    denied |= np.nan_to_num(values["years_clash"]) > 0
    denied |= (values["codes_lone_left"] > 0) & (values["codes_lone_right"] > 0)
    return ~denied & (values["codes_hit"] > 0) & (values["codes_hit_length"] >= LEAST_CODE_CHARS)


def lesson_digest(feedback: pl.DataFrame) -> str:
    """Return a digest of what a scorer learns from, so that new feedback is seen."""
    said = feedback.select("offer_key", "product_id", "verdict", "offer_title", "product_title").sort(pl.all())
    return hashlib.sha256(f"{FORMAT} {EXAMPLES} {SEED} {said.write_json()}".encode()).hexdigest()[:16]


def example_frame(examples: int, seed: int = SEED) -> pl.DataFrame:
    """Return invented pairs (PAIR_COLUMNS and label); brand and part number are stated by half of the sides."""
    rows = []
    world = ExampleWorld(seed)
    for pair in example_pairs(world, examples):
        row: dict[str, object] = {"label": int(pair.same)}
        for side, product, title in (("left", pair.left, pair.left_title), ("right", pair.right, pair.right_title)):
            stated = world.rng.random() < 0.5
            row[f"{side}_title"] = title
            row[f"{side}_brand"] = product.brand if stated else None
            row[f"{side}_mpn"] = product.code or None if stated and world.rng.random() < 0.5 else None
        rows.append(row)
    return pl.DataFrame(rows, schema={**dict.fromkeys(PAIR_COLUMNS, pl.String), "label": pl.Int64})


def background_titles() -> list[str]:
    """Return invented titles; always the same."""
    world = ExampleWorld(SEED + 1)
    return [world.wording(world.product()) for _ in range(BACKGROUND)]


def _judged_pairs(feedback: pl.DataFrame) -> pl.DataFrame:
    silent = pl.lit(None, dtype=pl.String)
    pairs = feedback.drop_nulls(["offer_title", "product_title"]).select(
        left_title="offer_title",
        left_brand=silent,
        left_mpn=silent,
        right_title="product_title",
        right_brand=silent,
        right_mpn=silent,
        label=(pl.col("verdict") == "right").cast(pl.Int64),
    )
    return pl.concat([pairs] * FEEDBACK_COPIES)
