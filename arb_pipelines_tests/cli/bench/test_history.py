"""`arb bench history`: its JSON, its table, and what a bad folder is told."""

import json

from typer.testing import CliRunner

from arb_pipelines.cli.main import app
from arb_pipelines_tests.backtest.spell_sets import two_shops, write_set

RUNNER = CliRunner()


def test_json_and_table(tmp_path):
    folder = write_set(two_shops(products=5, days=60), tmp_path / "set")
    told = RUNNER.invoke(app, ["bench", "history", "--spells", str(folder), "--json"])
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert figures["ours"]["outages"]["silent"] == 0
    assert figures["ours"]["promotions"]["n"] > 0
    assert figures["ours"]["promotions"]["delayed"] == 0
    assert figures["rows_per_s"] > 0
    assert "promotions delayed" in RUNNER.invoke(app, ["bench", "history", "--spells", str(folder)]).stdout


def test_a_bad_folder_is_one_sentence(tmp_path):
    told = RUNNER.invoke(app, ["bench", "history", "--spells", str(tmp_path / "none"), "--json"])
    assert told.exit_code == 2
    assert "is not a folder" in told.stderr
    assert told.stdout == ""
