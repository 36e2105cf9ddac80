"""Assets of the reports on the trade: each is a table and a picture on the page, a CSV and an HTML file in the home.

They read the books and write nothing but their files.
"""

from collections.abc import Callable
from datetime import timedelta

from dagster import MaterializeResult, MetadataValue, asset

from arb_pipelines.defs.outcomes import image
from arb_pipelines.defs.resources import BooksResource, SettingsResource, SystemClock
from arb_pipelines.reports import category_performance as categories
from arb_pipelines.reports import deal_profits as deals
from arb_pipelines.reports import fastest_selling as fastest
from arb_pipelines.reports import stock_ageing as ageing
from arb_pipelines.reports.page import ReportPage
from arb_pipelines.reports.trade_data import TradeData, load_trade_data

TAGS = {"domain": "books"}
OWNERS = ["team:operations"]
KINDS = {"polars", "matplotlib"}
WINDOW = timedelta(days=90)  # a season: longer and a category that died still looks well


def shown(page: ReportPage, settings: SettingsResource) -> MaterializeResult:
    """Write a report's files and return what the page shows of it."""
    written = page.write(settings.values.reports_dir)
    totals = {name: "-" if value is None else value for name, value in page.totals.items()}
    return MaterializeResult(
        metadata={
            "dagster/row_count": page.table.height,
            **totals,
            **{path.suffix.lstrip("."): MetadataValue.path(str(path)) for path in written},
            "table": MetadataValue.md(page.to_markdown()),
            "plot": MetadataValue.md(image(page.plot)),
        }
    )


def report(
    books: BooksResource, settings: SettingsResource, build: Callable[[TradeData], ReportPage]
) -> MaterializeResult:
    """Load the books, build one report and show it."""
    values = settings.values
    with books.opened() as opened:
        now = SystemClock().now()
        data = load_trade_data(opened, values.currency, now, days_a_day=values.selling_days_a_day)
    return shown(build(data), settings)


@asset(deps=["orders", "listings"], group_name="reports", kinds=KINDS, owners=OWNERS, tags=TAGS)
def fastest_sellers(books: BooksResource, settings: SettingsResource) -> MaterializeResult:
    """The ten products that sold fastest in 90 days, by selling days from listing to order."""
    return report(books, settings, lambda data: fastest.build_page(data, data.now - WINDOW))


@asset(deps=["orders", "listings"], group_name="reports", kinds=KINDS, owners=OWNERS, tags=TAGS)
def category_results(books: BooksResource, settings: SettingsResource) -> MaterializeResult:
    """What each category brought in 90 days: sales, profit after returns, margin, return on cost, speed."""
    return report(books, settings, lambda data: categories.build_page(data, data.now - WINDOW))


@asset(deps=["orders"], group_name="reports", kinds=KINDS, owners=OWNERS, tags=TAGS)
def deal_profits(books: BooksResource, settings: SettingsResource) -> MaterializeResult:
    """Estimated and realised profit, estimated and settled fee of each deal that sold in 90 days."""
    return report(books, settings, lambda data: deals.build_page(data, data.now - WINDOW))


@asset(deps=["inventory_lots", "listings"], group_name="reports", kinds=KINDS, owners=OWNERS, tags=TAGS)
def aged_stock(books: BooksResource, settings: SettingsResource) -> MaterializeResult:
    """What is on hand, by how long it has been lying here, at cost."""
    return report(books, settings, ageing.build_page)
