"""`arb bench titles`: who is trained on, who is held out, and what a bad file is told."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from typer.testing import CliRunner

from arb_pipelines.cli.bench import titles
from arb_pipelines.cli.main import app
from arb_pipelines.ml.title_labels import LabelledTitle

KINDS = ("digital camera", "lcd monitor", "laser printer", "cordless drill")


@pytest.fixture
def pairs(tmp_path):
    makers = [f"zor{letter}ax" for letter in "abcdefghijklmnopqrst"]
    rows = [
        {
            "split": ("train", "valid", "test")[(number + place) % 3],
            "left_title": f"{maker} k{place}{number}-x{number} {kind} black",
            "left_brand": maker,
            "left_modelno": f"K{place}{number}X{number}",
            "right_title": f"black {kind}",
            "right_brand": None,
            "right_modelno": "",
        }
        for place, maker in enumerate(makers)
        for number, kind in enumerate(KINDS, 10)
    ]
    path = tmp_path / "pairs.parquet"
    pl.DataFrame(rows).write_parquet(path)
    return path


def test_unseen_makers_are_in_no_training(pairs, monkeypatch):
    trained = []

    def train_reader(train, unseen):
        trained.extend(train)
        assert unseen
        raise InterruptedError

    monkeypatch.setattr(titles, "train_reader", train_reader)
    labelled = titles.load_labelled(pairs)
    with pytest.raises(InterruptedError):
        titles.measure(labelled)
    assert trained
    assert not any(row.fold == 0 or row.in_test for row in trained)
    assert any(row.fold == 0 for row in labelled)


def test_with_five_folds_each_maker_is_unseen_once(pairs, monkeypatch):
    class Reader:
        def __init__(self, unseen):
            self.unseen = unseen

        def read_many(self, texts):
            return [SimpleNamespace(brand=t.split()[0], model=None) for t in texts]

        def study(self, texts, train):
            assert not {row.brand for row in train} & self.unseen

    monkeypatch.setattr(titles, "train_reader", lambda train, unseen: Reader(unseen))
    result = titles.measure(titles.load_labelled(pairs), folds=5)
    assert (result["folds"], result["unseen_brands"], result["unseen"]["titles"]) == (5, 20, 80)
    assert result["unseen"]["brand"]["f1"] == 1.0


def test_a_title_of_train_and_test_rows_is_in_one_of_them(tmp_path):
    rows = [
        {
            "split": split,
            "left_name": f"acme lamp {n}",
            "left_manufacturer": "acme",
            "right_name": "",
            "right_manufacturer": "",
        }
        for n in range(40)
        for split in ("train", "test")
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "pairs.csv")
    labelled = titles.load_labelled(tmp_path / "pairs.csv")
    assert len(labelled) == 40
    assert 5 < sum(row.in_test for row in labelled) < 35


def catalogue(columns):
    """Return a pairs file as shop catalogues give it: category, brand, part number, price, all of it text."""
    sides = [
        ["Nadir NX200 photo printer", "printers", "nadir", "nx-200", "89.0"],
        ["photo printer nx300 by Nadir", "printers", None, None, None],
    ]
    title, category, brand, model, price = ([f.format(side) for side in columns[1:]] for f in columns[0])
    names = zip(title, category, brand, model, price, strict=True)
    return {
        name: [value] for side, spelt in zip(sides, names, strict=True) for name, value in zip(spelt, side, strict=True)
    }


@pytest.mark.parametrize(
    "forms,sides",
    [
        (("{}_title", "{}_category", "{}_brand", "{}_modelno", "{}_price"), ("left", "right")),
        (("{}_title", "{}_category", "{}_brand", "{}_modelno", "{}_price"), ("ltable", "rtable")),
        (("Title_{}", "Category_{}", "Brand_{}", "ModelNo_{}", "Price_{}"), ("left", "right")),
        (("name_{}", "category_{}", "manufacturer_{}", "mpn_{}", "price_{}"), ("1", "2")),
    ],
)
@pytest.mark.parametrize("split", ["test", "test_small"])
def test_files_of_catalogues_are_read_however_they_write_the_side(tmp_path, forms, sides, split):
    path = tmp_path / "pairs.parquet"
    pl.DataFrame({"split": [split], "label": [1], **catalogue((forms, *sides))}).write_parquet(path)
    assert titles.load_labelled(path) == [
        LabelledTitle("Nadir NX200 photo printer", "nadir", "nx-200", in_test=True),
        LabelledTitle("photo printer nx300 by Nadir", "", "", in_test=True),
    ]


def test_the_benchmark_measures_such_a_file(pairs, monkeypatch, capsys):
    path = Path(__file__).parents[3] / "benchmarks" / "titles.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_titles", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    monkeypatch.setattr(benchmark, "measure_pairs", lambda labelled, folds: {"labelled": len(labelled)})
    monkeypatch.setattr("sys.argv", ["titles.py", "--pairs", str(pairs), "--json"])
    benchmark.main()
    assert json.loads(capsys.readouterr().out) == {"labelled": 84}


def test_a_side_without_brands_is_read_without_labels(tmp_path):
    path = tmp_path / "pairs.csv"
    row = {"split": ["train"], "left_title": ["acme a1"], "left_brand": ["acme"], "right_title": ["lamp a1"]}
    pl.DataFrame(row).write_csv(path)
    assert [(row.title, row.brand) for row in titles.load_labelled(path)] == [("acme a1", "acme"), ("lamp a1", "")]


def test_json_prints_ours_beside_the_rule(pairs, monkeypatch):
    monkeypatch.setattr(titles, "MADE_UP_TITLES", 100)
    monkeypatch.setattr(titles, "EXAMPLES", 1)
    result = CliRunner().invoke(app, ["bench", "titles", "--pairs", str(pairs), "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["rule"]["seen"]["brand"] == {
        "labels": figures["seen"]["titles"],
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
    }
    assert figures["unseen_brands"] >= 1
    assert figures["unseen"]["model"]["labels"] == figures["unseen"]["titles"] > 0
    assert figures["titles_per_cpu_s"] > 0


@pytest.mark.parametrize(
    "columns,said",
    [
        ({"left_title": ["a"]}, "split"),
        ({"split": ["train"], "left_title": ["a"]}, "left_title or left_brand"),
        (
            {"split": ["train"], "left_title": ["a"], "left_brand": [""], "right_title": ["b"], "right_brand": [""]},
            "no title has a brand",
        ),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, columns, said):
    path = tmp_path / "pairs.parquet"
    pl.DataFrame(columns).write_parquet(path)
    result = CliRunner().invoke(app, ["bench", "titles", "--pairs", str(path)])
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_unreadable_file_is_one_sentence(tmp_path):
    result = CliRunner().invoke(app, ["bench", "titles", "--pairs", str(tmp_path / "none.parquet")])
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_empty_tests_score_nothing():
    assert titles._figures([], [], [])["brand"]["f1"] is None
    assert not LabelledTitle("t", "b", "", in_test=True).model
