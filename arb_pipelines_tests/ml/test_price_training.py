"""A year's season corrects the rule where it helps on the calibration slice, and is left alone else."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.price_training import fit
from arb_pipelines_tests.ml.market import no_history

END = datetime(2026, 1, 1, tzinfo=UTC)
YEARS = 5


def sales(swing):
    draw = np.random.default_rng(2)
    days = np.arange(0, YEARS * 364, 3.0)
    log_price = 8 + swing * np.cos(2 * np.pi * days / 364) + draw.normal(0, 0.01, days.size)
    return pl.DataFrame(
        {
            "sale_id": [f"s{number:05d}" for number in range(days.size)],
            "product_id": "p",
            "condition": "new",
            "outlet": "sandbox",
            "category": "c",
            "price_minor": np.exp(log_price).round().astype(np.int64),
            "currency": "USD",
            "sold_at": pl.Series(
                [END - timedelta(days=YEARS * 364) + timedelta(days=float(d)) for d in days],
                dtype=pl.Datetime("us", "UTC"),
            ),
            "days_to_sell": 5.0,
        }
    )


@pytest.mark.parametrize(("swing", "used"), [(0.3, 1.0), (0.0, None)])
def test_the_year_is_used_where_it_helps(swing, used):
    found = fit(sales(swing), no_history(), as_of=END, seed=0)
    if used is None:
        assert abs(found.metrics["season_gain"]) < 0.002
    else:
        assert found.metrics["season_used"] == used
        assert found.metrics["season_gain"] > 0.005
        assert found.metrics["season_year_range"] > 0.02
