"""The week and the year are found where they are, and a short history claims neither."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.seasonality import Season, fit_season

START = datetime(2023, 1, 2, tzinfo=UTC)  # a Monday


def rows(days, weekend=0.0, year=0.0):
    draw = np.random.default_rng(1)
    number = np.arange(days)
    ratio = weekend * (number % 7 >= 5) + year * np.cos(2 * np.pi * number / 364) + draw.normal(0, 0.005, days)
    sold_at = pl.Series([START + timedelta(days=int(n), hours=12) for n in number], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"comps_n": 5, "comps_median": 7.0, "log_price": 7.0 + ratio, "sold_at": sold_at})


def test_the_week_is_found_and_averages_out():
    found = fit_season(rows(84, weekend=0.07), START + timedelta(days=84))
    assert found.weeks is None
    assert found.weekdays[5] - found.weekdays[0] == pytest.approx(0.07, abs=0.015)
    assert found.metrics()["season_week_range"] == pytest.approx(0.07, abs=0.02)
    assert found.expected(pl.Series([START, START + timedelta(days=3)])) == pytest.approx([0, 0], abs=1e-9)


def test_the_year_moves_what_is_expected():
    found = fit_season(rows(3 * 364, year=0.1), START + timedelta(days=3 * 364))
    winter, summer = found.expected(pl.Series([datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC)]))
    assert winter == pytest.approx(0.1, abs=0.03)
    assert summer == pytest.approx(-0.1, abs=0.03)


@pytest.mark.parametrize("days", [0, 20, 50])
def test_a_short_history_has_no_season(days):
    assert fit_season(rows(days), START + timedelta(days=400)) == Season()
    assert Season().metrics() == {}


def test_later_sales_are_not_looked_at():
    until = START + timedelta(days=84)
    later = rows(200, weekend=0.07).with_columns(
        log_price=pl.when(pl.col("sold_at") >= until).then(99.0).otherwise(pl.col("log_price"))
    )
    assert fit_season(later, until) == fit_season(later.filter(pl.col("sold_at") < until), until)
