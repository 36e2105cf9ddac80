"""Assets of the market: what shops ask, what buyers paid, what is the same product, what it will sell for."""

from dagster import AssetExecutionContext, Failure, MaterializeResult, asset

from arb_pipelines.defs.resources import (
    BooksResource,
    ModelStoreResource,
    OutletResource,
    RawStoreResource,
    SettingsResource,
    SystemClock,
)

TAGS = {"domain": "market"}
OWNERS = ["team:pricing"]


@asset(group_name="market", kinds={"httpx", "sqlalchemy"}, owners=OWNERS, tags=TAGS)
def sold_prices(context: AssetExecutionContext, books: BooksResource, outlet: OutletResource) -> MaterializeResult:
    """Completed sales at every outlet that tells them, each once; what the price model learns from."""
    from arb_pipelines.services.market_data import fetch_all_sold_prices

    if outlet.url is None:
        context.log.warning("no outlet is set up (ARB_OUTLETS, ARB_SANDBOX_URL), so no sales are known")
        return MaterializeResult(metadata={"new_sales": 0, "outlet": "none"})
    with books.opened() as opened, outlet.sellers() as sellers:
        told = fetch_all_sold_prices(sellers, opened)
    refused = [f"{one.key}: {one.code}: {one.detail}" for one in told.not_done]
    if told.is_unknown:
        raise Failure(f"no outlet told what was sold: {'; '.join(refused)}")
    for reason in refused:
        context.log.error(reason)
    new = sum(told.new.values())
    by_outlet = {f"new_at_{name}": count for name, count in told.new.items()}
    known = {"tells_nobody": ", ".join(told.silent) or "none", "not_asked": "; ".join(refused) or "none"}
    return MaterializeResult(metadata={"dagster/row_count": new, "new_sales": new, **by_outlet, **known})


@asset(
    deps=["raw_scrapes", "ebay_offers"], group_name="market", kinds={"polars", "sqlalchemy"}, owners=OWNERS, tags=TAGS
)
def price_history(raw_store: RawStoreResource, books: BooksResource, settings: SettingsResource) -> MaterializeResult:
    """Cleaned observations of every offer, each once; what cannot be read or believed is quarantined with a reason."""
    from arb_pipelines.services.pricing import update_price_history
    from arb_pipelines.transforms.price_jumps import CONFIRM_AFTER

    with raw_store.opened() as raw, books.opened() as opened:
        a_day_later = CONFIRM_AFTER / settings.values.selling_days_a_day
        update = update_price_history(raw, opened, SystemClock(), a_day_later)
    return MaterializeResult(metadata={"dagster/row_count": update.inserted, **update.summary()})


@asset(deps=[price_history], group_name="market", kinds={"polars", "scikitlearn"}, owners=OWNERS, tags=TAGS)
def products(books: BooksResource, models: ModelStoreResource) -> MaterializeResult:
    """Which offers are the same product: same, different or unsure; only `same` may be bought by machine."""
    from arb_pipelines.defs.matching import LazyJudge
    from arb_pipelines.services.pricing import update_products

    with books.opened() as opened:
        judge = LazyJudge(models)
        # Before the first lesson the matcher knows identifiers only; what it cannot tell by them stays unsure.
        update = update_products(opened, SystemClock(), judge if judge.is_ready else None)
    return MaterializeResult(metadata={"dagster/row_count": update.products, **update.summary(), **judge.figures()})
