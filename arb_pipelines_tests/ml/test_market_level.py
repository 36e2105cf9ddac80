"""The level follows a drifting market and shrugs off outliers."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.market_level import fit_level, follow_level

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


def test_level_follows_errors_once_they_are_known():
    days = np.repeat(np.arange(20.0), 10)
    errors = np.where(days >= 5, 0.1, 0.0)
    level = follow_level(days, errors, np.full(200, "m"), delay_d=2.0)
    assert (level[days < 7] == 0).all()
    assert level[days == 7] == pytest.approx(np.full(10, 0.02))
    assert 0.08 < level[days == 19][0] < 0.1


def test_a_new_model_begins_at_zero():
    days = np.repeat(np.arange(10.0), 10)
    models = np.where(days < 5, "old", "new")
    level = follow_level(days, np.full(100, 0.1), models, delay_d=1.0)
    assert level[days == 4][0] > 0.05
    assert level[days == 5][0] == 0
