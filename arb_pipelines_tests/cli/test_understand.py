"""`arb understand`: one record for one title."""

import json

import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.main import app
from arb_pipelines.ml import title_store
from arb_pipelines_tests.ml.small_title_model import small_reader


@pytest.fixture(autouse=True)
def _no_training(monkeypatch, tmp_path):
    monkeypatch.setenv("ARB_HOME", str(tmp_path))

    def load_or_train(folder, report):
        assert folder == tmp_path / "models"
        report("arb: training")
        return small_reader()

    monkeypatch.setattr(title_store, "load_or_train", load_or_train)


def test_json_is_one_record_and_messages_go_to_standard_error():
    result = CliRunner().invoke(app, ["understand", "Nikon D750 camera body only", "--json"])
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert (record["brand"], record["model"], record["condition_indicators"]) == ("Nikon", "D750", ["body only"])
    assert {"key_features", "entities", "confidence", "quantity"} <= set(record)
    assert "training" in result.stderr


def test_the_description_and_an_extra_maker_are_read():
    arguments = ["understand", "Zorv & Co lamp", "--brand", "Zorv & Co", "--description", "50 cm, used", "--json"]
    record = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert (record["brand"], record["size"], record["condition_indicators"]) == ("Zorv & Co", "50 cm", ["used"])


@pytest.mark.parametrize("title", ["", "😀", "x" * 10_000])
def test_unknown_is_shown_as_unknown(title):
    result = CliRunner().invoke(app, ["understand", title])
    assert result.exit_code == 0, result.output
    assert "unknown" in result.stdout
