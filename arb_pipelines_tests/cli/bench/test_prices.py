"""`arb bench prices` and `arb bench days-to-sell`: one JSON object, or one plain line and status 2."""

import json

import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.main import app
from arb_pipelines_tests.ml.listings import draw_listings


@pytest.fixture(scope="module")
def listings(tmp_path_factory):
    path = tmp_path_factory.mktemp("listings") / "listings.parquet"
    draw_listings(700, days=90).write_parquet(path)
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["bench", *map(str, arguments)])


def test_prices_prints_rule_beside_model(listings):
    done = run("prices", "--listings", listings, "--from", "2025-03-15", "--retrain", "monthly", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["model"]["mape"] < found["rule"]["mape"]
    assert set(found["rule"]) == {"mape", "mdape", "w5", "w15"}
    assert [month["month"] for month in found["months"]] == ["2025-03"]
    assert {"interval_80", "interval_90", "model_frozen"} <= set(found["months"][0])
    assert found["n"] == found["months"][0]["n"] > 50


def test_without_a_first_day_the_newest_third_is_predicted(listings):
    from datetime import date

    from arb_pipelines.cli.bench.prices import newest_third
    from arb_pipelines.ml.price_listings import read_listings

    found = read_listings(listings)
    begin = newest_third(found)
    assert begin is not None
    assert begin.day == 1
    assert 0.2 < (found.rows["listed_on"] >= begin).mean() < 0.8
    assert isinstance(begin, date)


def test_prices_without_dates_are_split_by_id(listings, tmp_path):
    import polars as pl

    path = tmp_path / "undated.csv"
    pl.read_parquet(listings).drop("listed_on", "last_seen_on", "product").write_csv(path)
    done = run("prices", "--listings", path)
    assert done.exit_code == 0, done.output
    assert "split by id" in done.stdout or "by id" in done.stdout


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("prices", ["--from", "2025-03-01"], "cannot be read"),
        ("days-to-sell", ["--from", "2025-03-01"], "cannot be read"),
    ],
)
def test_missing_file_is_one_line(command, arguments, said, tmp_path):
    done = run(command, "--listings", tmp_path / "none.parquet", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_wrong_dates_are_one_line(listings):
    for command in ("prices", "days-to-sell"):
        done = run(command, "--listings", listings, "--from", "March")
        assert (done.exit_code, "YYYY-MM-DD" in done.stderr) == (2, True)
    assert run("prices", "--listings", listings, "--from", "2030-01-01").exit_code == 2


def test_days_to_sell_prints_rule_beside_hazard(listings):
    done = run("days-to-sell", "--listings", listings, "--from", "2025-03-01", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["horizon_days"] == 21
    assert {"auc", "brier", "c_index", "ibs", "n_followed"} == set(found["rule"]) == set(found["model"])
    assert found["winner"] in {"rule", "model"}
    assert found["months"][0]["n"] == found["n"]
