"""The level follows a drifting market and shrugs off outliers."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.market_level import fit_level

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


def rows(ratios):
    moments = [UNTIL - timedelta(days=60 * (1 - i / len(ratios))) for i in range(1, len(ratios) + 1)]
    return pl.DataFrame(
        {"log_price": 7.0 + np.asarray(ratios, dtype=float), "sold_at": moments},
        schema={"log_price": pl.Float64, "sold_at": pl.Datetime("us", "UTC")},
    ).with_columns(comps_n=pl.lit(5), comps_median=pl.lit(7.0))


def test_falling_market_is_seen_through_outliers():
    ratios = np.linspace(0.0, -0.12, 300) + np.random.default_rng(0).normal(0, 0.02, 300)
    ratios[::25] = 2.0
    found = fit_level(rows(ratios), UNTIL)
    assert found.level == pytest.approx(-0.12, abs=0.015)
    assert found.slope_30d == pytest.approx(-0.06, abs=0.01)


@pytest.mark.parametrize("ratios", [[], [0.1] * 10, [0.0] * 100])
def test_too_little_to_tell_is_no_level(ratios):
    assert fit_level(rows(ratios), UNTIL).level == 0.0
