"""The purchase job: buys what is approved, once; run again, it finds nothing left to do."""

from collections import Counter
from collections.abc import Iterator, Sequence

from dagster import MetadataValue, OpExecutionContext, in_process_executor, job, op

from arb_pipelines.defs.hooks import ALERTING
from arb_pipelines.defs.outcomes import show_outcomes, table
from arb_pipelines.defs.resources import BooksResource, OutletResource, SettingsResource, SitesResource, SystemClock
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.purchase_alerts import alert_outcomes
from arb_pipelines.services.purchasing import PurchaseOutcome, buy_approved
from arb_pipelines.services.risk_checks import build_submit_check

# The database makes buying once-only; Dagster is at-least-once, so nothing here is ever retried by it.
ACTING = {"dagster/max_retries": "0", "dagster/priority": "10", "arb/stage": "acting"}
ACCOUNT_POOL = "trading_account"


DECISION_HEADER = ("result", "opportunity", "scrape", "model", "explained by")


def decision_rows(
    books: Books, approvals: Sequence[Approval], outcomes: Sequence[PurchaseOutcome]
) -> Iterator[tuple[str, ...]]:
    """Yield what each approval came to, with the decision that it rests on and the command that explains it."""
    by_id = {approval.approval_id: approval.opportunity_id for approval in approvals}
    for outcome in outcomes:
        decision = books.opportunities.load_one(by_id[outcome.approval_id])
        basis = (decision.scrape_id, decision.model_version) if decision else ("not kept", "not kept")
        explain = f"arb explain {outcome.purchase_id}" if outcome.purchase_id else ""
        yield outcome.code, by_id[outcome.approval_id], *basis, explain


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
    book, declared = values.rule_book, {site.key: site for site in (*sites.load().sites, *values.source_sites)}
    with books.opened() as opened, outlet.buyers(list(declared.values())) as buyers:
        approvals, limits = opened.approvals.load_usable(clock.now()), values.spend_limits
        rules = book.submit_rules(declared, values.all_outlet_terms, values.two_person_limit)
        check = build_submit_check(opened, rules, book.loss_rules(values.capital), clock)
        outcomes = buy_approved(
            approvals,
            opened,
            buyers,
            limits,
            clock,
            quiet_s=values.quiet_period_s,
            risk=check,
            left_to_people=values.left_to_people(list(declared.values())),
        )
        news = alert_outcomes(opened, outcomes, clock)
        decisions = list(decision_rows(opened, approvals, outcomes))
    links = MetadataValue.md(table(DECISION_HEADER, decisions))
    context.add_output_metadata({"decisions": links, "new_alerts": news})
    show_outcomes(context, Counter(o.code for o in outcomes), ((o.approval_id, o.code, o.detail) for o in outcomes))


@job(executor_def=in_process_executor, tags=ACTING, hooks=ALERTING)
def purchase_job() -> None:
    """Buy approved offers; the authority is the approval row, not this run."""
    buy_approved_offers()
