"""`arb bench intents`: which rows play which part, the figures, and what a bad file is told."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.bench.intents import load_messages
from arb_pipelines.cli.main import app

WORDS = {
    "track": ("parcel", "order", "package"),
    "refund": ("money", "refund", "return"),
    "greet": ("hello", "hi", "hey"),
}
FRAMES = ("{} please", "my {}", "about the {}", "the {} now", "{} again", "a {} today", "that {}", "one {} more")


def rows(split, frames):
    return [
        {"split": split, "text": frame.format(word), "intent": intent}
        for intent, words in WORDS.items()
        for word in words
        for frame in frames
    ]


STRANGERS = [
    {"split": "oos_test", "text": text, "intent": "oos"} for text in ("play jazz music", "capital of peru", "who won")
]


def run(tmp_path, table, *options):
    path = tmp_path / "intents.parquet"
    pl.DataFrame(table).write_parquet(path)
    return CliRunner().invoke(app, ["bench", "intents", "--data", str(path), *options])


def test_json_prints_ours_beside_the_nearest_message(tmp_path):
    table = [*rows("train", FRAMES[:4]), *rows("val", FRAMES[4:6]), *rows("test", FRAMES[6:]), *STRANGERS]
    result = run(tmp_path, table, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert (figures["train"], figures["test_in_scope"], figures["test_out_of_scope"]) == (36, 18, 3)
    assert figures["ours"]["accuracy"] == 1.0
    assert figures["ours"]["out_of_scope_recall"] == 1.0
    assert 0 <= figures["nearest_message"]["accuracy"] <= 1
    assert figures["ours"]["cpu_ms_p99"] > 0


def test_without_validation_rows_some_training_rows_calibrate(tmp_path):
    path = tmp_path / "intents.csv"
    pl.DataFrame([*rows("train", FRAMES), *rows("test", FRAMES[:1])]).write_csv(path)
    parts = load_messages(path)
    assert len(parts["train"].texts) + len(parts["valid"].texts) == 72
    assert set(parts["valid"].intents) == set(WORDS)
    assert not set(parts["valid"].texts) & set(parts["train"].texts)


def test_rows_without_a_label_teach_nothing(tmp_path):
    path = tmp_path / "intents.parquet"
    nameless = {"split": "train", "text": "what", "intent": None}
    pl.DataFrame([*rows("train", FRAMES), nameless, *rows("test", FRAMES[:1])]).write_parquet(path)
    assert "None" not in load_messages(path)["train"].intents


def test_messages_without_words_are_refused(tmp_path):
    table = [{"split": split, "text": "", "intent": intent} for split in ("train", "val", "test") for intent in "ab"]
    result = run(tmp_path, table)
    assert (result.exit_code, "no training row has words" in result.stderr) == (2, True)


def test_the_label_alone_makes_a_message_out_of_scope(tmp_path):
    path = tmp_path / "intents.parquet"
    table = [
        *rows("train", FRAMES),
        {"split": "train", "text": "play jazz", "intent": "oos"},
        *rows("test", FRAMES[:1]),
    ]
    pl.DataFrame(table).write_parquet(path)
    assert load_messages(path)["train"].strangers == ["play jazz"]


@pytest.mark.parametrize(
    "table,said",
    [
        ([{"text": "a", "intent": "b"}], "split"),
        ([{"split": "train", "text": "a", "intent": "b"}], "two or more intents"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, table, said):
    result = run(tmp_path, table)
    assert result.exit_code == 2
    assert said in result.stderr
