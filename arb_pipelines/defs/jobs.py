"""Asset jobs: which assets are made together in one run, because a run costs 4 CPU seconds and a step little."""

from __future__ import annotations

from dagster import AssetSelection, define_asset_job

# What decides or acts goes before the next crawl in the queue, or a busy machine would scrape and never trade.
FIRST = {"dagster/priority": "5"}

ANALYSIS = ("sold_prices", "price_history", "products", "price_predictions", "opportunities", "approvals")
REPORTS = ("fastest_sellers", "category_results", "deal_profits", "aged_stock")
BOOKS = ("purchases", "inventory_lots", "orders", "listings", "profit_and_loss")

analysis_job = define_asset_job(
    "analysis_job",
    AssetSelection.assets(*ANALYSIS) | AssetSelection.checks_for_assets(*ANALYSIS, "raw_scrapes"),
    tags=FIRST,
    description="From fresh raw scrapes to approved opportunities; started once a tick by `fresh_offers_sensor`.",
)
ebay_offers_job = define_asset_job(
    "ebay_offers_job",
    AssetSelection.assets("ebay_offers", *ANALYSIS) | AssetSelection.checks_for_assets("ebay_offers"),
    tags=FIRST,
    description="Ask eBay the saved searches, then price, match and score; started by `ebay_searches_sensor`.",
)
opportunities_job = define_asset_job(
    "opportunities_job",
    AssetSelection.assets("opportunities", "approvals"),
    tags=FIRST,
    description="Score the latest offers again with the predictions at hand.",
)
price_history_job = define_asset_job(
    "price_history_job",
    AssetSelection.assets("sold_prices", "price_history", "products", "price_predictions"),
    description="Clean and match what was scraped, predict again.",
)
price_model_job = define_asset_job(
    "price_model_job",
    AssetSelection.assets("sold_prices", "price_model"),
    tags=FIRST,
    description="Train the price model of one date with what was known then; a backfill trains past dates.",
)
matching_model_job = define_asset_job(
    "matching_model_job",
    AssetSelection.assets("matching_model"),
    description="Teach the matcher by wording; started by `matching_lesson_sensor`.",
)
books_job = define_asset_job(
    "books_job",
    AssetSelection.assets(*BOOKS),
    tags=FIRST,
    description="Reconcile purchases, receive parcels, import orders, settle profit and loss.",
)
profit_and_loss_job = define_asset_job(
    "profit_and_loss_job",
    AssetSelection.assets("profit_and_loss", *REPORTS),
    description="The daily reports: tables and pictures on the page, CSV and HTML files in the home.",
)

ALL = (
    analysis_job,
    ebay_offers_job,
    opportunities_job,
    price_history_job,
    price_model_job,
    matching_model_job,
    books_job,
    profit_and_loss_job,
)
