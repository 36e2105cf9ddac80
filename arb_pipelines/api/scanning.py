"""The default of `POST /api/opportunities/scan`: score at once, in this process.

What belongs here: joining settings, sites, books and the service. Where a Dagster instance runs the trade, another
function with the same signature can be given to `build_app`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from arb_pipelines.domain.scoring_rules import Calibrate
from arb_pipelines.domain.stores import Books

if TYPE_CHECKING:
    from arb_pipelines.api.context import ApiContext


def scan_now(context: ApiContext) -> dict[str, Any]:
    """Score the latest offers, keep what is found, and return the values of a scan report."""
    from arb_pipelines.domain.fees import load_schedules
    from arb_pipelines.scraping.registry import load_sites
    from arb_pipelines.services.deciding import decide_offers

    rules = context.settings.buying_rules(load_sites(context.settings.sites_dir).sites)
    done = decide_offers(context.books, rules, load_schedules(), context.now(), _learnt_from_deals)
    counts = {"offers": done.offers, "found": len(done.found), "new": done.new}
    return {"state": "done", "run_id": None, **counts, "refused": done.reasons}


def _learnt_from_deals(books: Books, now: datetime) -> Calibrate:
    from arb_pipelines.ml.selection_deals import calibrate_by, fit_deals
    from arb_pipelines.services.outcomes_of_deals import load_deal_outcomes

    return calibrate_by(fit_deals(load_deal_outcomes(books, now)))
