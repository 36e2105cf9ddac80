"""Asset `price_model`, one partition a training date, and the predictions its champion makes."""

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from arb_pipelines.defs.outcomes import image
from arb_pipelines.defs.partitions import TRAINING_DATES
from arb_pipelines.defs.resources import BooksResource, ModelStoreResource, SystemClock
from arb_pipelines.services.pricing import training_moment

TAGS = {"domain": "pricing"}
OWNERS = ["team:pricing"]


@asset(
    partitions_def=TRAINING_DATES,
    deps=["sold_prices"],
    group_name="pricing",
    kinds={"scikitlearn", "mlflow"},
    owners=OWNERS,
    tags=TAGS,
)
def price_model(context: AssetExecutionContext, books: BooksResource, models: ModelStoreResource) -> MaterializeResult:
    """The price model of one date, trained on what was known by then and logged to MLflow.

    The newest date may become champion; a backfill over past dates never moves the champion alias.
    """
    from arb_pipelines.defs.training import train_and_log

    clock = SystemClock()
    as_of = training_moment(context.partition_time_window.end, clock.now())
    newest = context.partition_key == TRAINING_DATES.get_last_partition_key()
    logged = train_and_log(books, models, as_of, may_promote=newest and "dagster/backfill" not in context.run.tags)
    return MaterializeResult(metadata={**logged.metadata, "calibration": MetadataValue.md(image(logged.plot))})


@asset(deps=["products", price_model], group_name="pricing", kinds={"scikitlearn"}, owners=OWNERS, tags=TAGS)
def price_predictions(books: BooksResource, models: ModelStoreResource) -> MaterializeResult:
    """The champion's price interval and days to sell for each product and condition, or why it abstains."""
    from arb_pipelines.defs.training import predict_products

    predicted = predict_products(books, models, SystemClock().now())
    return MaterializeResult(metadata={"dagster/row_count": predicted.total, **predicted.summary()})
