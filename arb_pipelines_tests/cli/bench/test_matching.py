"""`arb bench matching`: one JSON object on standard output, one clear line and status 2 for a bad file."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.bench import matching as command
from arb_pipelines.cli.bench.app import app
from arb_pipelines.ml import matching_bench

FIGURES = dict.fromkeys((*command.SHOWN, "threshold"), 1.0)
RESULT = {**dict.fromkeys(command.RULES, FIGURES), "pairs": {"train": 3}, "seconds": 1.0, "pairs_per_s": 3.0}


def run(*words):
    return CliRunner().invoke(app, ["matching", *words])


@pytest.fixture
def quick(monkeypatch):
    asked = []
    monkeypatch.setattr(matching_bench, "run_matching_bench", lambda *given: asked.append(given) or RESULT)
    return asked


def test_json_is_one_object(quick, tmp_path):
    done = run("--pairs", str(tmp_path / "p.parquet"), "--size", "small", "--json")
    assert json.loads(done.stdout) == RESULT
    assert quick == [(tmp_path / "p.parquet", "small")]


def test_text_shows_every_rule(quick):
    done = run("--pairs", "p.parquet")
    assert all(rule in done.stdout for rule in command.RULES)
    assert "train 3" in done.stdout


def test_a_bad_file_is_one_line(tmp_path):
    path = tmp_path / "pairs.parquet"
    pl.DataFrame({"split": ["train"], "label": [1]}).write_parquet(path)
    done = run("--pairs", str(path), "--json")
    assert done.exit_code == 2
    assert "no text columns" in done.stderr
    assert done.stdout == ""
