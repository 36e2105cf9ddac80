"""The pricing assets as Dagster runs them: backfills look at no future; drift locks, training unlocks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from dagster import DagsterInstance, RunRequest, SkipReason, materialize

from arb_pipelines.adapters.mlflow.model_store import open_model_store
from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.defs.assets.price_model import price_model, price_predictions
from arb_pipelines.defs.partitions import TRAINING_DATES
from arb_pipelines.defs.resources import BooksResource, ModelStoreResource
from arb_pipelines.defs.sensors import drifted_model_sensor
from arb_pipelines.defs.training import train_and_log
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA
from arb_pipelines_tests.contracts.trade_records import points

NOW = datetime.now(UTC)
GTINS = ("4006381333931", "0036000291452", "5901234123457")
# So few sales that only the rule is trained: the trees have tests of their own.
SALES, RECENT = 150, 70
DAYS, RECENT_D = 90, 20
BEGIN = NOW - timedelta(days=DAYS + RECENT_D)
SPLIT = NOW - timedelta(days=RECENT_D)


def draw_sales(recent_factor: float = 1.0) -> list[SoldPrice]:
    """Sales of three products, in their last RECENT_D days at another level."""
    draw = np.random.default_rng(4)
    days = [*np.linspace(0, DAYS, SALES), *np.linspace(DAYS + 0.1, DAYS + RECENT_D - 0.1, RECENT)]
    found = []
    for number, day in enumerate(days):
        product = number % len(GTINS)
        price = (2_000 + 1_000 * product) * np.exp(draw.normal(0, 0.03)) * (recent_factor if day > DAYS else 1.0)
        money, at = Money(round(price), "USD"), BEGIN + timedelta(days=float(day))
        name = f"Thing {product}"
        found.append(SoldPrice(f"s{number}", "sandbox", name, GTINS[product], "Home", "new", money, at, 4.0))
    return found


def fill_books(path: Path, sales: list[SoldPrice]) -> BooksResource:
    """Books with the products, an offer of one of them and the sales."""
    url = f"sqlite:///{path}"
    books = open_books(url)
    books.migrate()
    rows = [
        dict.fromkeys(PRODUCT_SCHEMA)
        | {
            "product_id": f"product-{number}",
            "gtin": gtin.rjust(14, "0"),
            "title": f"Thing {number}",
            "category": "Home",
            "pack_quantity": 1,
            "created_at": BEGIN,
        }
        for number, gtin in enumerate(GTINS)
    ]
    books.products.insert(pl.DataFrame(rows, schema=PRODUCT_SCHEMA))
    books.price_history.insert(points({"observed_at": NOW - timedelta(hours=1), "condition": "new"}))
    books.sold_prices.insert(sales)
    books.close()
    return BooksResource(url=url, mode="paper")


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's empty tables, which take it seconds to create."""
    made = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with open_model_store(f"sqlite:///{made}", made.parent / "models"):
        return made


@pytest.fixture
def models(tmp_path: Path, empty_store: Path) -> ModelStoreResource:
    """An empty model store."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return ModelStoreResource(
        tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}", artifact_root=str(tmp_path / "models")
    )


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    """A Dagster that forgets."""
    with DagsterInstance.ephemeral() as made:
        yield made


def run(asset: Any, books: BooksResource, models: ModelStoreResource, instance: DagsterInstance, **how: Any) -> Any:
    """Materialize one asset; return its metadata as plain values."""
    resources = {"books": books, "models": models}
    done = materialize([asset], resources=resources, instance=instance, **how)
    assert done.success
    (event,) = done.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def champion(models: ModelStoreResource) -> str | None:
    """Return the champion's version."""
    with models.build() as store:
        stored = store.load_champion()
    return None if stored is None else stored.version.model_version


def logged(models: ModelStoreResource) -> list[str]:
    """Return all versions, oldest first."""
    with models.build() as store:
        return [version.model_version for version in reversed(store.versions())]


def test_a_backfill_knows_nothing_later_and_moves_no_alias(
    tmp_path: Path, models: ModelStoreResource, instance: DagsterInstance
) -> None:
    """The same past date gives the same model whatever was sold after it; only today's training is promoted."""
    past = {"partition_key": f"{SPLIT:%Y-%m-%d}", "tags": {"dagster/backfill": "b1"}}
    end_of_day = SPLIT.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    known = fill_books(tmp_path / "known.db", draw_sales())
    changed = [s for s in draw_sales(3.0) if s.sold_at >= end_of_day]
    other = fill_books(tmp_path / "other.db", [s for s in draw_sales() if s.sold_at < end_of_day] + changed)
    assert changed
    first = run(price_model, known, models, instance, **past)
    assert first["promoted"] is False
    assert champion(models) is None
    run(price_model, other, models, instance, **past)
    one, two = logged(models)
    assert one == two
    today = TRAINING_DATES.get_last_partition_key()
    newest = run(price_model, known, models, instance, partition_key=today)
    assert newest["promoted"] is True
    assert champion(models) == logged(models)[-1] != one
    again = run(price_model, known, models, instance, **past)
    assert again["promoted"] is False
    assert champion(models) == logged(models)[-2]


def test_drift_locks_and_training_unlocks(
    tmp_path: Path, models: ModelStoreResource, instance: DagsterInstance
) -> None:
    """A fallen market locks the champion, the sensor asks for a training, and the new model predicts again."""
    books = fill_books(tmp_path / "books.db", draw_sales(0.6))
    first = train_and_log(books, models, SPLIT, may_promote=True)
    assert first.metadata["promoted"] is True
    assert isinstance(drifted_model_sensor(books=books), SkipReason)
    locked = run(price_predictions, books, models, instance)
    assert "realised sales" in locked["locked"]
    assert locked["abstained_model_drifted"] == len(GTINS)
    asked = drifted_model_sensor(books=books)
    assert isinstance(asked, RunRequest)
    renewed = run(price_model, books, models, instance, partition_key=asked.partition_key)
    assert renewed["promoted"] is True
    free = run(price_predictions, books, models, instance)
    assert "locked" not in free
    assert "abstained_model_drifted" not in free


def test_an_intact_market_is_followed(tmp_path: Path, models: ModelStoreResource, instance: DagsterInstance) -> None:
    """Sales since the training move price and interval, and the horizons reach the books."""
    books = fill_books(tmp_path / "books.db", draw_sales(0.97))
    train_and_log(books, models, SPLIT, may_promote=True)
    told = run(price_predictions, books, models, instance)
    assert "locked" not in told
    assert told["recalibrated_on"] >= 40
    assert -0.04 < told["level"] < -0.004
    with books.opened() as opened:
        predictions = opened.predictions.load().values()
    assert len(predictions) == len(GTINS)
    for one in predictions:
        assert one.abstained is None
        assert one.sold_within_30_days is not None
        assert one.sold_within_60_days is not None
        assert one.sold_within_90_days is not None
        assert 0 < one.sold_within_30_days <= one.sold_within_60_days <= one.sold_within_90_days <= 1
