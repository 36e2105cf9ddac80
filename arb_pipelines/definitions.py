"""The front door for Dagster: `build_defs()` joins settings, resources and everything under `defs`.

What belongs here: the joining only. Importing this module costs every Dagster process, so no model, scraping
or browser library may come in with it (the import-budget test holds that).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import (
    Definitions,
    PipesSubprocessClient,
    load_assets_from_modules,
)

from arb_pipelines.defs import checks, jobs, schedules, sensors, vendor_sensors
from arb_pipelines.defs.assets import (
    books,
    ebay_offers,
    market,
    matching_model,
    opportunities,
    price_model,
    raw_scrapes,
    trade_reports,
)
from arb_pipelines.defs.executors import build_executor
from arb_pipelines.defs.ops.amazon_notifications import amazon_notifications_job
from arb_pipelines.defs.ops.crawling import crawl_shard_job
from arb_pipelines.defs.ops.fulfilment import fulfilment_job
from arb_pipelines.defs.ops.listing import listing_job
from arb_pipelines.defs.ops.messages import messages_job
from arb_pipelines.defs.ops.politeness import politeness_job
from arb_pipelines.defs.ops.purchasing import purchase_job
from arb_pipelines.defs.ops.repricing import repricing_job
from arb_pipelines.defs.ops.retention import retention_job
from arb_pipelines.defs.resources import build_resources
from arb_pipelines.settings import Settings


def build_defs(resources: Mapping[str, Any] | None = None) -> Definitions:
    """Return the code location.

    Args:
        resources: replaces single resources by name, for tests; the others come from `Settings`.
    """
    settings = Settings()
    return Definitions(
        assets=load_assets_from_modules(
            [raw_scrapes, ebay_offers, market, matching_model, price_model, opportunities, books, trade_reports]
        ),
        asset_checks=checks.ALL,
        jobs=[
            crawl_shard_job,
            purchase_job,
            listing_job,
            repricing_job,
            fulfilment_job,
            retention_job,
            politeness_job,
            messages_job,
            amazon_notifications_job,
            *jobs.ALL,
        ],
        sensors=[*sensors.ALL, *vendor_sensors.ALL],
        schedules=schedules.ALL,
        resources={
            "pipes": PipesSubprocessClient(),
            **build_resources(settings),
            **(resources or {}),
        },
        executor=build_executor(settings.executor),
    )


defs = build_defs()
