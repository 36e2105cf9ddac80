"""The bench learns from labelled rows, judges others, and never reads a test label."""

import polars as pl
import pytest

from arb_pipelines.ml.matching_bench import read_pairs, run_matching_bench
from arb_pipelines.ml.matching_scorer import example_frame
from arb_pipelines.ml.matching_table import NotPairsError, read_price


@pytest.fixture(scope="module")
def pairs():
    frame = example_frame(250, seed=5).with_row_index("n")
    split = pl.when(pl.col("n") < 150).then(pl.lit("train")).when(pl.col("n") < 200).then(pl.lit("valid"))
    return frame.with_columns(split=split.otherwise(pl.lit("test"))).drop("n")


@pytest.fixture(autouse=True, scope="module")
def few_trees():
    with pytest.MonkeyPatch.context() as patch:
        from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

        from arb_pipelines.ml import matching_model

        boosted = lambda: HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8)  # noqa: E731 - a stand-in
        patch.setattr(matching_model, "boosted_trees", boosted)
        patch.setattr(matching_model, "small_trees", boosted)
        patch.setattr(matching_model, "random_trees", lambda: ExtraTreesClassifier(20, random_state=1))
        yield


def test_ours_beats_both_rules_and_ignores_test_labels(pairs, tmp_path):
    path, flipped = tmp_path / "pairs.parquet", tmp_path / "flipped.parquet"
    pairs.write_parquet(path)
    figures = run_matching_bench(path)
    assert figures["ours"]["f1"] > max(figures["tfidf_cosine"]["f1"], figures["rapidfuzz"]["f1"])
    assert figures["pairs"] == {"train": 150, "valid": 50, "test": 50}
    is_test = pl.col("split") == "test"
    pairs.with_columns(label=pl.when(is_test).then(1 - pl.col("label")).otherwise("label")).write_parquet(flipped)
    assert run_matching_bench(flipped)["ours"]["threshold"] == figures["ours"]["threshold"]


def test_a_pair_of_the_test_rows_is_not_learnt_from(pairs, tmp_path):
    path = tmp_path / "pairs.parquet"
    copies = pairs.filter(pl.col("split") == "test").head(7).with_columns(split=pl.lit("train"))
    pl.concat([pairs, copies]).write_parquet(path)
    split = read_pairs(path)
    assert (split.left_out, int(split.mask("train").sum())) == (7, 150)


def test_sizes_of_a_split(pairs, tmp_path):
    path = tmp_path / "pairs.parquet"
    named = pl.when(pl.col("split") == "test").then("split").otherwise(pl.col("split") + "_small")
    large = pairs.filter(pl.col("split") == "train").with_columns(
        split=pl.lit("train_large"), left_title=pl.col("left_title") + " x"
    )
    pl.concat([pairs.with_columns(split=named), large]).write_parquet(path)
    assert int(read_pairs(path).mask("train").sum()) == 300
    assert int(read_pairs(path, "small").mask("train").sum()) == 150


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop("label"), "no column label"),
        (lambda frame: frame.select("split", "label"), "no text columns"),
        (lambda frame: frame.with_columns(label=pl.lit(2)), "label must be 0 or 1"),
        (lambda frame: frame.with_columns(label=pl.lit("perhaps")), "label must be 0 or 1"),
        (lambda frame: frame.filter(pl.col("split") != "test"), "split test"),
        (lambda frame: frame.clear(), "split train"),
    ],
)
def test_a_file_that_is_not_pairs_is_refused(pairs, tmp_path, change, words):
    change(pairs).write_parquet(tmp_path / "bad.parquet")
    with pytest.raises(NotPairsError, match=words):
        read_pairs(tmp_path / "bad.parquet")


def test_labels_and_splits_by_other_names(pairs, tmp_path):
    """Truth values, texts and floats are labels; val and dev are valid; capitals do not matter."""
    path = tmp_path / "pairs.csv"
    words = pl.col("label").replace_strict({0: "False", 1: "True"}, return_dtype=pl.String)
    pairs.with_columns(label=words, split=pl.col("split").replace("valid", "VAL")).write_csv(path)
    found = read_pairs(path)
    assert {name: int(found.mask(name).sum()) for name in ("train", "valid", "test")} == {
        "train": 150,
        "valid": 50,
        "test": 50,
    }
    assert found.pairs["label"].sum() == pairs["label"].sum()


def test_without_valid_rows_a_fifth_of_the_training_rows_is_spared(pairs, tmp_path):
    path = tmp_path / "pairs.parquet"
    pairs.filter(pl.col("split") != "valid").write_parquet(path)
    found = read_pairs(path)
    held = found.pairs.filter(pl.col("split") == "valid")
    assert 28 <= held.height <= 30
    assert set(held["label"]) == {0, 1}
    assert int(found.mask("train").sum()) + held.height == 150
    assert int(found.mask("test").sum()) == 50


def test_a_size_that_is_not_there_names_those_that_are(pairs, tmp_path):
    pairs.write_parquet(tmp_path / "pairs.parquet")
    with pytest.raises(NotPairsError, match="there are test, train, valid"):
        read_pairs(tmp_path / "pairs.parquet", "huge")


def test_no_file(tmp_path):
    with pytest.raises(NotPairsError, match="cannot be read"):
        read_pairs(tmp_path / "none.parquet")


@pytest.mark.parametrize(
    ("cell", "price"),
    [("12.5", 12.5), ("$1,200.00", 1200.0), ("1.200,50", 1200.5), (7, 7.0), ("", None), (None, None), ("call", None)],
)
def test_read_price(cell, price):
    assert read_price(cell) == price
