"""Training and predicting over the books and the model store.

What belongs here: the joining of `ml/` with the adapters, shared by the pricing assets. The model libraries are
imported inside the functions, because every Dagster process imports this module.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from arb_pipelines.defs.resources import BooksResource, ModelStoreResource
from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.saved_search import NOT_LEARNT_FROM
from arb_pipelines.domain.scoring_rules import Calibrate
from arb_pipelines.domain.stores import Books

if TYPE_CHECKING:
    import polars as pl

    from arb_pipelines.adapters.mlflow.model_store import MlflowModelStore, ModelVersion
    from arb_pipelines.ml.price_model import TrainedModel

HISTORY_DAYS = 180
OUTLET = "sandbox"


@dataclass(frozen=True)
class LoggedModel:
    """One trained model as the page shows it."""

    metadata: dict[str, Any]
    plot: bytes


@dataclass(frozen=True)
class Predicted:
    """How many predictions were made, how many abstentions for which reason, and why the model is locked, if it is."""

    total: int
    version: str
    abstained: dict[str, int]
    locked: str = ""
    moved: dict[str, float] = field(default_factory=dict)

    def summary(self) -> dict[str, int | float | str]:
        """Return the counts for display, and by how much the sales since the training moved the predictions."""
        counts = {f"abstained_{code}": n for code, n in self.abstained.items()}
        locked = {"locked": self.locked} if self.locked else {}
        return {"model_version": self.version, **locked, **counts, **self.moved}


def load_training_data(books: Books, as_of: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (sales, history) as known at `as_of`, both with their product."""
    import polars as pl

    from arb_pipelines.transforms.product_matching import attach_products, identify_sales

    sales = identify_sales(pl.DataFrame(books.sold_prices.load_until(as_of)), pl.DataFrame(books.products.load()))
    points = pl.DataFrame(books.price_history.load_between(as_of - timedelta(days=HISTORY_DAYS), as_of))
    points = points.filter(~pl.col("site").is_in(sorted(NOT_LEARNT_FROM)))
    return sales, attach_products(points, pl.DataFrame(books.products.load_matches()))


def load_unsold(books: Books, as_of: datetime) -> pl.DataFrame:
    """Return our own listings that stood unsold at `as_of`: product, condition, outlet, category and days so far.

    One that sold later stood unsold then; one that ended otherwise is left out, because when it ended is not kept.
    """
    import polars as pl

    sold_later = {order.sku for order in books.orders.load() if order.ordered_at >= as_of}
    listed = [
        listing
        for listing in books.listings.load()
        if listing.listed_at < as_of and (listing.state is ListingState.ACTIVE or listing.sku in sold_later)
    ]
    schema = {name: pl.String() for name in ("product_id", "condition", "outlet", "category")}
    rows = [
        (item.product_id, item.condition, item.outlet, item.category, (as_of - item.listed_at) / timedelta(days=1))
        for item in listed
    ]
    return pl.DataFrame(rows, schema={**schema, "days": pl.Float64()}, orient="row")


def train_and_log(
    books: BooksResource, models: ModelStoreResource, as_of: datetime, *, may_promote: bool
) -> LoggedModel:
    """Train on what was known at `as_of`, log the model, and make it champion if it may and wins.

    The rule and the challenger compete inside `train` on one time-ordered holdout; the winner is what is logged. It
    then has to beat the old champion on sales that neither has seen.
    """
    from arb_pipelines.ml.calibration_plot import plot_calibration
    from arb_pipelines.ml.price_model import train

    with books.opened() as opened:
        sales, history = load_training_data(opened, as_of)
        unsold = load_unsold(opened, as_of)
        promises = kept_promises(opened, as_of)
    with models.build() as store:
        # The first model is wanted within a minute, and its rules are good enough; challengers come with the second.
        challenge = store.load_champion() is not None
    trained = train(sales, history, as_of=as_of, unsold=unsold, challenge_days=challenge)
    plot = plot_calibration(trained)
    digest = hashlib.sha256(sales.write_ipc(None).getvalue()).hexdigest()
    with models.build() as store:
        version = store.log_training(trained, as_of=as_of, data_sha256=digest, plot=plot)
        promoted, reason = promote_winner(store, version, trained) if may_promote else (False, "a training of the past")
    figures = {name: round(value, 4) for name, value in trained.metrics.items()}
    about = {"dagster/row_count": sales.height, "winner": trained.champion, "gate": trained.gate}
    why = {"version": version.number, "promoted": promoted, "promotion": reason}
    return LoggedModel({**about, **why, **figures, **promises}, plot)


def promote_winner(store: MlflowModelStore, version: ModelVersion, trained: TrainedModel) -> tuple[bool, str]:
    """Move the champion alias if the new model wins; return whether it did, and why.

    A champion whose files are refused cannot predict anyway, so it does not stand in the way of a new one.
    """
    from arb_pipelines.adapters.mlflow.model_store import TamperedModelError
    from arb_pipelines.ml.price_challenger import UntrustedModelError
    from arb_pipelines.ml.price_model import read_model
    from arb_pipelines.ml.price_promotion import compare_with_champion

    try:
        stored = store.load_champion()
        old = None if stored is None else read_model(stored.files)
    except (TamperedModelError, UntrustedModelError, ValueError) as refused:
        store.promote(version)
        return True, f"the champion could not be read: {refused}"
    verdict = compare_with_champion(old, trained)
    if verdict.granted:
        store.promote(version)
    return verdict.granted, verdict.reason


def predict_products(books: BooksResource, models: ModelStoreResource, now: datetime) -> Predicted:
    """Store the champion's prediction for every known product in every condition that is on offer.

    Without a champion nothing is predicted, and so nothing is bought. The same holds for a champion whose promises
    broke on the sales since its training (`ml/drift.py`), until a newer model has won.
    """
    import polars as pl

    from arb_pipelines.ml.drift import lock, measure_drift, realise
    from arb_pipelines.ml.price_model import prediction_keys, read_model
    from arb_pipelines.ml.price_recalibration import recalibrate
    from arb_pipelines.transforms.product_matching import identify_sales

    with models.build() as store:
        stored = store.load_champion()
    if stored is None:
        return Predicted(0, "none", {"no_champion": 1})
    model = read_model(stored.files)
    with books.opened() as opened:
        offers = pl.DataFrame(opened.price_history.load_latest(now - timedelta(days=30)))
        conditions = offers["condition"].drop_nulls().unique().sort().to_list()
        keys = prediction_keys(pl.DataFrame(opened.products.load()), conditions, OUTLET)
        sales = identify_sales(pl.DataFrame(opened.sold_prices.load_until(now)), pl.DataFrame(opened.products.load()))
        locked = measure_drift(model, sales).reason or ""
        moved = recalibrate(realise(model, sales.filter(pl.col("sold_at") >= model.as_of)), model.as_of, now)
        predictions = model.predict(keys, now, moved)
        predictions = lock(predictions) if locked else predictions
        opened.predictions.replace(predictions)
    abstained = Counter(p.abstained for p in predictions if p.abstained)
    return Predicted(len(predictions), model.version, dict(abstained), locked, moved.metadata())


def selection_hook(books: Books, now: datetime) -> Calibrate:
    """Return what scoring makes of a prediction for one offer, learnt from our own deals that sold before `now`."""
    from arb_pipelines.ml.selection_deals import calibrate_by, fit_deals
    from arb_pipelines.services.outcomes_of_deals import load_deal_outcomes

    return calibrate_by(fit_deals(load_deal_outcomes(books, now)))


def kept_promises(books: Books, until: datetime, currency: str | None = None) -> dict[str, int | str]:
    """Return realised over predicted margin of the deals that sold before `until`, for a run's metadata.

    Args:
        books: the books.
        until: sales before it count.
        currency: whose deals count; without it that of the newest sale.
    """
    from arb_pipelines.services.outcomes_of_deals import load_deal_outcomes, sum_up

    outcomes = load_deal_outcomes(books, until)
    chosen = currency or (outcomes[-1].value.currency if outcomes else "")
    return sum_up(outcomes, chosen).metadata()
