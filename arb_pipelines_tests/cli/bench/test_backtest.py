"""`arb bench backtest`: its JSON, its table, and what wrong options are told."""

import json

import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.main import app
from arb_pipelines_tests.backtest.spell_sets import two_shops, write_set

RUNNER = CliRunner()


@pytest.fixture
def folder(tmp_path):
    return str(write_set(two_shops(products=8, days=90), tmp_path / "set"))


def test_too_short_a_history_buys_nothing_and_says_so(folder):
    told = RUNNER.invoke(app, ["bench", "backtest", "--spells", folder, "--json"])
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert figures["new_gaps"] > 0
    assert figures["days_to_sale"]["7"]["after"]["trades"] == 0
    assert "goals" not in figures["days_to_sale"]["7"]


def test_the_table(folder):
    assert "new gaps" in RUNNER.invoke(app, ["bench", "backtest", "--spells", folder]).stdout


@pytest.mark.parametrize("wrong", ["1.5", "twenty", "-0.1", "nan"])
def test_a_wrong_share_is_one_sentence(folder, wrong):
    told = RUNNER.invoke(app, ["bench", "backtest", "--spells", folder, "--costs", wrong])
    assert told.exit_code == 2
    assert "is not a share" in told.stderr


def test_shops_that_never_differ_are_one_sentence(tmp_path):
    import polars as pl

    folder = write_set(two_shops(products=8, days=90), tmp_path / "set")
    pl.read_parquet(folder / "price_spells.parquet").head(1).write_parquet(folder / "price_spells.parquet")
    told = RUNNER.invoke(app, ["bench", "backtest", "--spells", str(folder)])
    assert told.exit_code == 2
    assert "gap" in told.stderr


def test_a_bad_folder_is_one_sentence(tmp_path):
    assert RUNNER.invoke(app, ["bench", "backtest", "--spells", str(tmp_path / "none")]).exit_code == 2
