"""The purchase job: buys what is approved, once; run again, it finds nothing left to do."""

from collections import Counter

from dagster import OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.outcomes import show_outcomes
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SitesResource, SystemClock
from arb_pipelines.services.purchasing import buy_approved
from arb_pipelines.services.risk_checks import build_submit_check

# The database makes buying once-only; Dagster is at-least-once, so nothing here is ever retried by it.
ACTING = {"dagster/max_retries": "0", "dagster/priority": "10", "arb/stage": "acting"}
ACCOUNT_POOL = "trading_account"


@op(pool=ACCOUNT_POOL, tags={"kind": "httpx"})
def buy_approved_offers(
    context: OpExecutionContext,
    books: BooksResource,
    sites: SitesResource,
    outlet: OutletResource,
    settings: SettingsResource,
) -> None:
    """Buy for each usable approval: reconcile, quote again, claim, submit, settle."""
    clock, values = SystemClock(), settings.values
    book, declared = values.rule_book, {site.key: site for site in sites.load().sites}
    with books.opened() as opened, outlet.buyers(list(declared.values())) as buyers:
        approvals, limits = opened.approvals.load_usable(clock.now()), values.spend_limits
        rules = book.submit_rules(declared, [values.outlet_terms], values.two_person_limit)
        check = build_submit_check(opened, rules, book.loss_rules(values.capital), clock)
        outcomes = buy_approved(approvals, opened, buyers, limits, clock, quiet_s=values.quiet_period_s, risk=check)
    show_outcomes(context, Counter(o.code for o in outcomes), ((o.approval_id, o.code, o.detail) for o in outcomes))


@job(executor_def=in_process_executor, tags=ACTING)
def purchase_job() -> None:
    """Buy approved offers; the authority is the approval row, not this run."""
    buy_approved_offers()
