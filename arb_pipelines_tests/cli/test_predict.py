"""`arb predict` on small books: a product with sales, one without, one that nobody knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arb_pipelines.cli import predict as command
from arb_pipelines.cli.main import app
from arb_pipelines.ml.price_model import TrainedModel, train
from arb_pipelines.settings import Settings
from arb_pipelines.transforms.product_matching import identify_sales
from arb_pipelines_tests.defs.test_training import NOW, draw_sales, fill_books

RUN = CliRunner()


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainedModel:
    """Books with three products and their sales, and a champion trained on them."""
    import polars as pl

    monkeypatch.setenv("ARB_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    path = Path(Settings().books_url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with fill_books(path, draw_sales()).opened() as books:
        sales = identify_sales(pl.DataFrame(books.sold_prices.load_until(NOW)), pl.DataFrame(books.products.load()))
        history = pl.DataFrame(books.price_history.load_between(NOW, NOW))
    trained = train(sales, history.with_columns(product_id=pl.lit("p")).clear(), as_of=NOW)
    monkeypatch.setattr(command, "load_champion", lambda: trained)
    return trained


def test_a_known_product_has_price_days_and_chances(model: TrainedModel) -> None:
    done = RUN.invoke(app, ["predict", "Thing 1", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["title"], told["basis"], told["currency"]) == ("Thing 1", "history", "USD")
    assert float(told["low"]) < float(told["price"]) < float(told["high"])
    assert float(told["price"]) == pytest.approx(30, rel=0.05)
    assert 0 < told["p_sold_30"] <= told["p_sold_60"] <= told["p_sold_90"] <= 1
    assert told["model_version"] == model.version
    assert "Thing 1" in RUN.invoke(app, ["predict", "Thing 1"]).stdout


@pytest.mark.usefixtures("model")
def test_a_condition_never_sold_is_the_priors_or_nothing() -> None:
    told = json.loads(RUN.invoke(app, ["predict", "Thing 1", "--condition", "used", "--json"]).stdout)
    assert (told["basis"], told["reason"], told["price"]) == ("nothing", "no_sales", None)
    assert "no answer" in RUN.invoke(app, ["predict", "Thing 1", "--condition", "used"]).stdout


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["teapot"], "no known product"),
        (["Thing"], "3 products"),
        (["Thing 1", "--condition", "shiny"], "--condition"),
    ],
)
def test_what_cannot_be_told_is_one_sentence(arguments: list[str], words: str) -> None:
    done = RUN.invoke(app, ["predict", *arguments])
    assert done.exit_code == 2
    assert words in done.stderr
