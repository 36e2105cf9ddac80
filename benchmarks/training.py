"""Training and predicting prices: seconds, memory and predictions a second, beside a plain learner in the same run.

Run `python benchmarks/training.py --json`. The market is drawn: products in Zipf order with a brand and a model code in
the title, condition, shop, wear, a drift and a heavy-tailed error, so the figures say what the machine can do and
nothing about real prices. The peer is what one would write first: HistGradientBoostingRegressor on hashed words cut to
dense columns, three quantiles for the interval.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np
import polars as pl

from arb_pipelines.ml.price_pipeline import Columns, fit_pipeline

ROWS, TEST_ROWS, PEER_ROWS = 1_000_000, 200_000, 20_000
PRODUCTS, BRANDS, SHOPS = 20_000, 400, 500
WORDS = ("blue", "black", "large", "small", "bundle", "sealed", "boxed", "tested", "vintage", "pro", "mini", "max")
COLUMNS = Columns(("wear", "day"), ("category", "brand", "condition", "shop"), "title")
PEER_HASHES = 64


def draw_market(rows: int, seed: int = 7) -> pl.DataFrame:
    """Return drawn sales with their log price, oldest first."""
    draw = np.random.default_rng(seed)
    value = draw.normal(4.0, 0.9, PRODUCTS)
    brand = draw.integers(0, BRANDS, PRODUCTS)
    category = draw.integers(0, 60, PRODUCTS)
    product = np.minimum((PRODUCTS ** draw.random(rows)).astype(int), PRODUCTS) - 1
    condition, shop, wear = draw.integers(0, 4, rows), draw.integers(0, SHOPS, rows), draw.random(rows)
    day = np.sort(draw.integers(0, 700, rows)).astype(float)
    noise = np.where(draw.random(rows) < 0.03, draw.normal(0, 0.6, rows), draw.normal(0, 0.1, rows))
    log_price = value[product] - 0.15 * condition - 0.2 * wear + 0.0003 * day + noise
    extra = np.array(WORDS)[draw.integers(0, len(WORDS), (rows, 2))]
    return pl.DataFrame(
        {
            "brand": brand[product],
            "category": category[product],
            "product": product,
            "condition": condition,
            "shop": shop,
            "wear": wear,
            "day": day,
            "log_price": log_price,
            "first": extra[:, 0],
            "second": extra[:, 1],
        }
    ).select(
        "wear",
        "day",
        "log_price",
        category=pl.format("c{}", "category"),
        brand=pl.format("brand{}", "brand"),
        condition=pl.format("k{}", "condition"),
        shop=pl.format("s{}", "shop"),
        title=pl.format("brand{} model{} {} {}", "brand", "product", "first", "second"),
    )


def timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what a call gives, its wall seconds and its CPU seconds."""
    wall, cpu = perf_counter(), process_time()
    found = run()
    return found, perf_counter() - wall, process_time() - cpu


def peak_gib() -> float:
    """Return the most memory that this process ever held, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def error_of(actual: Any, predicted: Any) -> float:
    """Return the median absolute error in percent."""
    return float(np.median(np.abs(np.exp(predicted - actual) - 1)) * 100)


def measure_ours(train: pl.DataFrame, test: pl.DataFrame, threads: int) -> dict[str, float]:
    """Train on all rows and predict middle and band of the test rows."""
    from threadpoolctl import threadpool_limits

    target = train["log_price"].to_numpy()
    fitted, wall, cpu = timed(lambda: fit_pipeline(train, target, COLUMNS, threads=threads))
    memory = peak_gib()
    with threadpool_limits(threads):
        (middle, low, high), asked, asked_cpu = timed(lambda: fitted.predict(test))
    actual = test["log_price"].to_numpy()
    return {
        "fit_s": wall,
        "fit_cpu_s": cpu,
        "peak_gib": memory,
        "predict_rows_per_s": test.height / asked,
        "predict_rows_per_cpu_s": test.height / asked_cpu,
        "mdape": error_of(actual, middle),
        "raw_90_coverage": float(((actual >= low) & (actual <= high)).mean() * 100),
    }


def measure_peer(train: pl.DataFrame, test: pl.DataFrame, threads: int) -> dict[str, float]:
    """Do the same with the plain learner, on the newest PEER_ROWS rows: all of them would take it many minutes."""
    from threadpoolctl import threadpool_limits

    newest = train.tail(PEER_ROWS)
    target = newest["log_price"].to_numpy()
    with threadpool_limits(threads):
        trees, wall, cpu = timed(lambda: fit_peer(peer_matrix(newest), target))
        (middle, _, _), asked, asked_cpu = timed(lambda: predict_peer(trees, test))
    return {
        "rows": float(newest.height),
        "fit_s": wall,
        "fit_cpu_s": cpu,
        "fit_cpu_s_per_million_rows": cpu * ROWS / newest.height,
        "fit_s_per_million_rows": wall * ROWS / newest.height,
        "predict_rows_per_s": test.height / asked,
        "predict_rows_per_cpu_s": test.height / asked_cpu,
        "mdape": error_of(test["log_price"].to_numpy(), middle),
    }


def fit_peer(matrix: Any, target: Any) -> list[Any]:
    """Return three quantile regressors with the library's own settings."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return [
        HistGradientBoostingRegressor(loss="quantile", quantile=quantile).fit(matrix, target)
        for quantile in (0.5, 0.05, 0.95)
    ]


def predict_peer(trees: list[Any], rows: pl.DataFrame) -> list[Any]:
    """Return what each regressor predicts."""
    matrix = peer_matrix(rows)
    return [tree.predict(matrix) for tree in trees]


def peer_matrix(rows: pl.DataFrame) -> Any:
    """Return hashed words and names as dense columns, with the numbers."""
    from sklearn.feature_extraction.text import HashingVectorizer

    names = [rows[name].to_list() for name in ("category", "brand", "condition", "shop", "title")]
    words = HashingVectorizer(n_features=PEER_HASHES).transform(" ".join(parts) for parts in zip(*names, strict=True))
    return np.column_stack([words.toarray(), rows["wear"].to_numpy(), rows["day"].to_numpy()])


def measure(rows: int, threads: int) -> dict[str, Any]:
    """Return all figures."""
    market = draw_market(rows + TEST_ROWS)
    train, test = market.head(rows), market.tail(TEST_ROWS)
    ours = measure_ours(train, test, threads)
    peer = measure_peer(train, test, threads)
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "threads": threads,
        "data": "drawn",
        "rows": rows,
        "ours": {name: round(value, 3) for name, value in ours.items()},
        "peer_hgb_on_hashed_words": {name: round(value, 3) for name, value in peer.items()},
        # In CPU seconds of the same process, each scaled to a million rows, so that a busy machine changes nothing.
        "peer_over_ours": {
            "fit_cpu": round(peer["fit_cpu_s_per_million_rows"] / (ours["fit_cpu_s"] * ROWS / rows), 3),
            "predict_cpu": round(ours["predict_rows_per_cpu_s"] / peer["predict_rows_per_cpu_s"], 3),
            "mdape": round(peer["mdape"] / ours["mdape"], 3),
        },
        "goals": {"fit_s": 120, "peak_gib": 6, "predict_rows_per_s": 100_000},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows to train on")
    parser.add_argument("--threads", type=int, default=2, help="threads of the trees")
    arguments = parser.parse_args()
    found = measure(arguments.rows, arguments.threads)
    if arguments.json:
        json.dump(found, sys.stdout, indent=2)
        print()
    else:
        for name, value in found.items():
            print(f"{name:>28}  {value}")


if __name__ == "__main__":
    main()
