"""Training and predicting over the books and the model store.

What belongs here: the joining of `ml/` with the adapters, shared by the pricing assets. The model libraries are
imported inside the functions, because every Dagster process imports this module.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from arb_pipelines.defs.resources import BooksResource, ModelStoreResource
from arb_pipelines.domain.stores import Books

if TYPE_CHECKING:
    import polars as pl

HISTORY_DAYS = 180
OUTLET = "sandbox"


@dataclass(frozen=True)
class LoggedModel:
    """One trained model as the page shows it."""

    metadata: dict[str, Any]
    plot: bytes


@dataclass(frozen=True)
class Predicted:
    """How many predictions were made, and how many abstentions for which reason."""

    total: int
    version: str
    abstained: dict[str, int]

    def summary(self) -> dict[str, int | str]:
        """Return the counts for display."""
        return {"model_version": self.version, **{f"abstained_{code}": n for code, n in self.abstained.items()}}


def load_training_data(books: Books, as_of: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (sales, history) as known at `as_of`, both with their product."""
    import polars as pl

    from arb_pipelines.transforms.product_matching import attach_products, identify_sales

    sales = identify_sales(pl.DataFrame(books.sold_prices.load_until(as_of)), pl.DataFrame(books.products.load()))
    points = pl.DataFrame(books.price_history.load_between(as_of - timedelta(days=HISTORY_DAYS), as_of))
    return sales, attach_products(points, pl.DataFrame(books.products.load_matches()))


def train_and_log(
    books: BooksResource, models: ModelStoreResource, as_of: datetime, *, may_promote: bool
) -> LoggedModel:
    """Train on what was known at `as_of`, log the model, and make it champion if `may_promote`.

    The rule and the challenger compete inside `train` on one time-ordered holdout; the winner is what is logged.
    """
    from arb_pipelines.ml.calibration_plot import plot_calibration
    from arb_pipelines.ml.price_model import train

    with books.opened() as opened:
        sales, history = load_training_data(opened, as_of)
    trained = train(sales, history, as_of=as_of)
    plot = plot_calibration(trained)
    digest = hashlib.sha256(sales.write_ipc(None).getvalue()).hexdigest()
    with models.build() as store:
        version = store.log_training(trained, as_of=as_of, data_sha256=digest, plot=plot)
        if may_promote:
            store.promote(version)
    figures = {name: round(value, 4) for name, value in trained.metrics.items()}
    about = {"dagster/row_count": sales.height, "winner": trained.champion, "gate": trained.gate}
    return LoggedModel({**about, "version": version.number, "promoted": may_promote, **figures}, plot)


def predict_products(books: BooksResource, models: ModelStoreResource, now: datetime) -> Predicted:
    """Store the champion's prediction for every known product in every condition that is on offer.

    Without a champion nothing is predicted, and so nothing is bought.
    """
    import polars as pl

    from arb_pipelines.ml.price_model import prediction_keys, read_model

    with models.build() as store:
        stored = store.load_champion()
    if stored is None:
        return Predicted(0, "none", {"no_champion": 1})
    model = read_model(stored.files)
    with books.opened() as opened:
        offers = pl.DataFrame(opened.price_history.load_latest(now - timedelta(days=30)))
        conditions = offers["condition"].drop_nulls().unique().sort().to_list()
        keys = prediction_keys(pl.DataFrame(opened.products.load()), conditions, OUTLET)
        predictions = model.predict(keys, now)
        opened.predictions.replace(predictions)
    return Predicted(len(predictions), model.version, dict(Counter(p.abstained for p in predictions if p.abstained)))
