"""Assets `opportunities` and `approvals`: which offers are worth buying, and which may be bought."""

from collections import Counter

from dagster import MaterializeResult, MetadataValue, asset

from arb_pipelines.defs.outcomes import table
from arb_pipelines.defs.resources import BooksResource, SettingsResource, SitesResource, SystemClock
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.scoring import score_offers
from arb_pipelines.services.approvals import approve_open

TAGS = {"domain": "decisions"}
OWNERS = ["team:trading"]
BEST = 20


@asset(deps=["price_predictions"], group_name="decisions", kinds={"python"}, owners=OWNERS, tags=TAGS)
def opportunities(books: BooksResource, sites: SitesResource, settings: SettingsResource) -> MaterializeResult:
    """Offers that pass every rule at the model's low price after all fees; every refusal with its reason code."""
    rules, now = settings.values.buying_rules(sites.load().sites), SystemClock().now()
    with books.opened() as opened:
        offers = opened.opportunities.load_offers(now - rules.max_age)
        found, refused = score_offers(offers, opened.predictions.load(), load_schedules(), rules, now)
        new = opened.opportunities.store(found, refused)
    best = sorted(found, key=lambda o: o.profit_per_day, reverse=True)[:BEST]
    rows = [(o.title, o.site, str(o.landed_cost), str(o.expected_profit), f"{o.roi:.0%}") for o in best]
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(found),
            "offers": len(offers),
            "new": new,
            "best": MetadataValue.md(table(("what", "site", "landed cost", "expected profit", "ROI"), rows)),
            "refused": MetadataValue.json(dict(Counter(refusal.code for refusal in refused))),
        }
    )


@asset(deps=[opportunities], group_name="decisions", kinds={"python"}, owners=OWNERS, tags=TAGS)
def approvals(books: BooksResource, settings: SettingsResource) -> MaterializeResult:
    """Leave to buy, by the written policy in paper mode; outside it every opportunity waits for a person."""
    policy = settings.values.approval_policy
    with books.opened() as opened:
        if policy is None:
            waiting = len(opened.opportunities.load_open(SystemClock().now()))
            return MaterializeResult(metadata={"waiting_for_a_person": waiting})
        approved, left = approve_open(opened, policy, SystemClock())
    reasons = dict(Counter(item.refusal.code for item in left))
    return MaterializeResult(
        metadata={"dagster/row_count": len(approved), "left_to_a_person": MetadataValue.json(reasons)}
    )
