"""`arb bench recommend` on a file of orders."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from arb_pipelines.cli.main import app
from arb_pipelines_tests.ml.order_book import order_lines, write_orders

RUNNER = CliRunner()


def test_rules_and_models_stand_side_by_side(tmp_path: Path) -> None:
    path = write_orders(tmp_path, order_lines())
    told = RUNNER.invoke(app, ["bench", "recommend", "--orders", str(path), "--json"])
    assert told.exit_code == 0, told.output
    body = json.loads(told.stdout)
    for task in ("all_items", "new_items", "same_basket"):
        rates = body[task]["hr_at_10"]["rules"] | body[task]["hr_at_10"]["models"]
        assert body[task]["champion"] in rates
        assert body[task]["champion_hr_at_10"] == rates[body[task]["champion"]]
        assert all(0 <= rate <= 1 for rate in rates.values())
    assert "all_items: " in RUNNER.invoke(app, ["bench", "recommend", "--orders", str(path)]).stdout


def test_a_missing_file_and_a_short_history_are_refused(tmp_path: Path) -> None:
    missing = RUNNER.invoke(app, ["bench", "recommend", "--orders", str(tmp_path / "none.parquet")])
    assert missing.exit_code == 2
    assert "cannot be read" in missing.stderr
    path = write_orders(tmp_path, order_lines(days=20))
    short = RUNNER.invoke(app, ["bench", "recommend", "--orders", str(path)])
    assert short.exit_code == 2
    assert "a split needs at least 35" in short.stderr
