"""Assets of the books: what was bought, what we own, what is listed, what was sold, what it brought.

They follow the shops and the outlet and write down what is there; only the ops in `defs/ops` act.
"""

from collections import Counter

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from arb_pipelines.defs.outcomes import image
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SitesResource, SystemClock
from arb_pipelines.defs.training import kept_promises
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.settlement import reconciled_days
from arb_pipelines.domain.stores import Books
from arb_pipelines.reports.profit_and_loss import build_daily, render_markdown, render_plot, summarise
from arb_pipelines.services.books_alerts import alert_alarms, alert_not_received, alert_uncertain
from arb_pipelines.services.fulfilment import import_orders
from arb_pipelines.services.listing import receive_delivered
from arb_pipelines.services.reconciling import reconcile
from arb_pipelines.services.returns_import import ReturnTeller, import_returns
from arb_pipelines.services.settling import FeeTeller, settle_told_fees

TAGS = {"domain": "books"}
OWNERS = ["team:operations"]


@asset(deps=["approvals"], group_name="books", kinds={"sqlalchemy"}, owners=OWNERS, tags=TAGS)
def purchases(
    context: AssetExecutionContext,
    books: BooksResource,
    sites: SitesResource,
    outlet: OutletResource,
    settings: SettingsResource,
) -> MaterializeResult:
    """What was bought, reconciled both ways with the shops' order histories."""
    with books.opened() as opened, outlet.buyers(sites.load().sites) as buyers:
        done = reconcile(opened, buyers, SystemClock(), quiet_s=settings.values.quiet_period_s)
        alert_alarms(opened, done.alarms, SystemClock())
        alert_uncertain(opened, SystemClock())
        states = Counter(purchase.state.value for purchase in opened.purchases.load())
    for alarm in done.alarms:
        context.log.error(f"{alarm.code} at {alarm.site}: {alarm.detail}")
    metadata = {"dagster/row_count": sum(states.values()), **states, "alarms": len(done.alarms)}
    return MaterializeResult(metadata={**metadata, "delivered": len(done.delivered)})


@asset(deps=[purchases], group_name="books", kinds={"sqlalchemy"}, owners=OWNERS, tags=TAGS)
def inventory_lots(context: AssetExecutionContext, books: BooksResource) -> MaterializeResult:
    """Stock we own, one lot a purchase, received when the shop says delivered."""
    with books.opened() as opened:
        receipts = receive_delivered(opened, SystemClock())
        alert_not_received(opened, receipts.refused, SystemClock())
        lots = opened.inventory.load()
    for refused in receipts.refused:
        context.log.warning(f"{refused.key}: {refused.code}: {refused.detail}")
    units = sum(lot.on_hand for lot in lots)
    return MaterializeResult(
        metadata={"dagster/row_count": len(lots), "received": len(receipts.received), "units_on_hand": units}
    )


@asset(deps=[inventory_lots], group_name="books", kinds={"httpx", "sqlalchemy"}, owners=OWNERS, tags=TAGS)
def orders(
    context: AssetExecutionContext, books: BooksResource, outlet: OutletResource, settings: SettingsResource
) -> MaterializeResult:
    """Buyers' orders, imported once each, with the very lot units they took."""
    if outlet.url is None:
        return MaterializeResult(metadata={"imported": 0, "outlet": "none"})
    counts, schedules, terms = Counter[str](), load_schedules(), settings.values.terms_of_outlets
    with books.opened() as opened, outlet.sellers() as sellers:
        for seller in sellers:
            done = import_orders(opened, seller, schedules, terms[seller.outlet], SystemClock())
            counts.update(done.summary())
            for refused in done.not_done:
                context.log.error(f"{refused.key}: {refused.code}: {refused.detail}")
            counts.update(settle_fees(context, opened, seller))
            counts.update(take_returns(context, opened, seller))
        states = Counter(order.state.value for order in opened.orders.load())
    return MaterializeResult(metadata={"dagster/row_count": sum(states.values()), **counts, **states})


def settle_fees(context: AssetExecutionContext, opened: Books, seller: object) -> dict[str, int]:
    """Settle the estimated fees that an outlet's finance data tells; return how many."""
    if not isinstance(seller, FeeTeller):
        return {}
    done = settle_told_fees(opened, seller, SystemClock())
    for refused in done.not_done:
        context.log.warning(f"{refused.key}: {refused.code}: {refused.detail}")
    return {"fees_settled": len(done.settled), "fees_not_told": len(done.not_done)}


def take_returns(context: AssetExecutionContext, opened: Books, seller: object) -> dict[str, int]:
    """Take over what an outlet shows of cancelled and refunded orders; return how many."""
    if not isinstance(seller, ReturnTeller):
        return {}
    done = import_returns(opened, seller, SystemClock())
    for refused in done.not_done:
        context.log.warning(f"{refused.key}: {refused.code}: {refused.detail}")
    return {"returns_opened": len(done.opened), "refunds_booked": len(done.refunded)}


@asset(deps=[orders], group_name="books", kinds={"sqlalchemy"}, owners=OWNERS, tags=TAGS)
def listings(books: BooksResource) -> MaterializeResult:
    """Our listings by state, after the latest orders closed those that sold."""
    with books.opened() as opened:
        states = Counter(listing.state.value for listing in opened.listings.load())
    return MaterializeResult(metadata={"dagster/row_count": sum(states.values()), **states})


@asset(deps=[orders, listings], group_name="books", kinds={"polars", "matplotlib"}, owners=OWNERS, tags=TAGS)
def profit_and_loss(books: BooksResource, settings: SettingsResource) -> MaterializeResult:
    """Revenue, fees, cost of goods and profit by day, and whether they agree with the ledger."""
    currency = settings.values.currency
    with books.opened() as opened:
        sold, returned, balances = opened.orders.load(), opened.returns.load(), opened.ledger.balances()
        promises = kept_promises(opened, SystemClock().now(), currency)
    daily = build_daily(sold, currency, returned)
    total = summarise(sold, balances, currency, returned)
    through = {
        f"reconciled_through_{name}": str(day) for name, day in reconciled_days(sold, SystemClock().now()).items()
    }
    return MaterializeResult(
        metadata={
            "dagster/row_count": daily.height,
            **total.metadata(),
            **through,
            **promises,
            "by day": MetadataValue.md(render_markdown(daily, currency)),
            "plot": MetadataValue.md(image(render_plot(daily, currency))),
        }
    )
