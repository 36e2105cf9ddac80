"""Assets `opportunities` and `approvals`: which offers are worth buying, and which may be bought."""

from collections import Counter

from dagster import MaterializeResult, MetadataValue, asset

from arb_pipelines.defs.eligibility import ask_outlets
from arb_pipelines.defs.outcomes import table
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SitesResource, SystemClock
from arb_pipelines.defs.training import selection_hook
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.services.approvals import approve_open
from arb_pipelines.services.deciding import decide_offers
from arb_pipelines.services.risk_checks import update_locks

TAGS = {"domain": "decisions"}
OWNERS = ["team:trading"]
BEST = 20
HEADER = ("what", "site", "outlet", "landed cost", "expected profit", "ROI", "sold in time", "flags")


def figures_of(one: Opportunity) -> tuple[str, ...]:
    """Return an opportunity's cost, profit, ROI and the chance to sell it within the horizon, as text."""
    sold = "?" if one.sold_within_horizon is None else f"{one.sold_within_horizon:.0%} in {one.horizon_days} d"
    return str(one.landed_cost), str(one.expected_profit), f"{one.roi:.0%}", sold


@asset(deps=["price_predictions"], group_name="decisions", kinds={"python"}, owners=OWNERS, tags=TAGS)
def opportunities(
    books: BooksResource, sites: SitesResource, outlet: OutletResource, settings: SettingsResource
) -> MaterializeResult:
    """Offers that pass every rule at the model's low price after all fees; every refusal with its reason code."""
    rules, now = settings.values.buying_rules(sites.load().sites), SystemClock().now()
    with books.opened() as opened:
        asked = ask_outlets(opened, outlet, settings.values, rules.max_age)
        decided = decide_offers(opened, rules, load_schedules(), now, selection_hook)
    rows = [(o.title, o.site, o.outlet, *figures_of(o), ", ".join(o.risk_flags)) for o in decided.found[:BEST]]
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(decided.found),
            "offers": decided.offers,
            "new": decided.new,
            **asked,
            "best": MetadataValue.md(table(HEADER, rows)),
            "refused": MetadataValue.json(decided.reasons),
        }
    )


@asset(deps=[opportunities], group_name="decisions", kinds={"python"}, owners=OWNERS, tags=TAGS)
def approvals(books: BooksResource, sites: SitesResource, settings: SettingsResource) -> MaterializeResult:
    """Leave to buy, by the written policy where the mode has one; without it every opportunity waits for a person."""
    policy = settings.values.approval_policy(sites.load().sites)
    losses, now = settings.values.rule_book.loss_rules(settings.values.capital), SystemClock().now()
    with books.opened() as opened:
        locks = [f"{lock.scope}: {lock.code} until {lock.ends_at:%F %T}" for lock in update_locks(opened, losses, now)]
        if policy is None:
            waiting = len(opened.opportunities.load_open(now))
            return MaterializeResult(metadata={"waiting_for_a_person": waiting, "locks": MetadataValue.json(locks)})
        approved, left = approve_open(opened, policy, SystemClock(), settings.values.sizing)
    reasons = dict(Counter(item.refusal.code for item in left))
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(approved),
            "left_to_a_person": MetadataValue.json(reasons),
            "locks": MetadataValue.json(locks),
        }
    )
