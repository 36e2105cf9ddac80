"""The whole chain once more over stored prices: decide, approve, claim, buy on paper, at the clock of the past.

What belongs here: walking time forward through books of their own. Each step is the service that trades in every
other mode; only clock, books and buyer are others. `replay.py` is the cheaper question what the scoring rules alone
would have chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from arb_pipelines.backtest.replay import Past, Predict, Span, first_sale
from arb_pipelines.domain.allocation import Sizing
from arb_pipelines.domain.approval import ApprovalPolicy
from arb_pipelines.domain.fees import FeeSchedules
from arb_pipelines.domain.locks import LossRules
from arb_pipelines.domain.ports import Buyers
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.scoring_rules import BuyingRules
from arb_pipelines.domain.spend_limit import SpendLimit
from arb_pipelines.domain.stores import Books
from arb_pipelines.domain.submit_rules import SubmitRules
from arb_pipelines.services.approvals import approve_open
from arb_pipelines.services.deciding import LearnCalibration, decide_offers
from arb_pipelines.services.purchasing import buy_approved
from arb_pipelines.services.reconciling import reconcile
from arb_pipelines.services.risk_checks import build_submit_check
from arb_pipelines.transforms.price_history import POINT_SCHEMA

POINT_COLUMNS = list(POINT_SCHEMA)


class ReplayClock:
    """The time of the past; it moves only when it is set."""

    def __init__(self, at: datetime) -> None:
        """Start at an aware moment."""
        self.at = at

    def now(self) -> datetime:
        """Return the moment that is replayed."""
        return self.at


@dataclass(frozen=True, slots=True)
class Trading:
    """What binds the replayed trade: the same values as in the other modes, and the fee schedules."""

    rules: BuyingRules
    submit: SubmitRules
    losses: LossRules
    policy: ApprovalPolicy | None
    limits: Sequence[SpendLimit]
    schedules: FeeSchedules
    sizing: Sizing | None = None
    learn: LearnCalibration | None = None


@dataclass(slots=True)
class Told:
    """What came out: counts of each step, and each reason why something was not done."""

    moments: int = 0
    offers: int = 0
    opportunities: int = 0
    approvals: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def replay_trade(
    past: Past,
    predict: Predict,
    trading: Trading,
    span: Span,
    books: Books,
    buyers: Buyers,
    clock: ReplayClock,
    seen: Callable[[datetime], None] = lambda moment: None,
) -> Told:
    """Trade through the span in `books`, which must hold products and matches and no prices.

    Args:
        past: the prices (with their product) and sales of the books that are replayed.
        predict: gives the predictions of a model that knows only what lay before the moment it is given.
        trading: what binds the trade.
        span: the moments at which offers are looked at.
        books: the replay's own.
        buyers: paper accounts that answer from `books`.
        clock: the clock that `books`' callers and `buyers` go by.
        seen: told each moment when it is done.
    """
    told, trained_at = Told(), None
    points, before = past.points.sort("observed_at"), span.start
    books.price_history.insert(points.filter(pl.col("observed_at") < before).select(POINT_COLUMNS))
    for moment in span.moments():
        clock.at = moment
        fresh = points.filter(pl.col("observed_at") >= before, pl.col("observed_at") < moment)
        books.price_history.insert(fresh.select(POINT_COLUMNS))
        before = moment
        if trained_at is None or moment - trained_at >= span.retrain:
            books.predictions.replace(list(predict(moment).values()))
            trained_at = moment
        _trade_once(trading, books, buyers, clock, told)
        seen(moment)
    return told


def _trade_once(trading: Trading, books: Books, buyers: Buyers, clock: ReplayClock, told: Told) -> None:
    decided = decide_offers(books, trading.rules, trading.schedules, clock.now(), trading.learn)
    told.moments += 1
    told.offers += decided.offers
    told.opportunities += decided.new
    told.refused.update(decided.reasons)
    if trading.policy is not None:
        approved, left = approve_open(books, trading.policy, clock, trading.sizing)
        told.approvals += len(approved)
        told.refused.update(item.refusal.code for item in left)
    check = build_submit_check(books, trading.submit, trading.losses, clock)
    usable = books.approvals.load_usable(clock.now())
    outcomes = buy_approved(usable, books, buyers, trading.limits, clock, risk=check)
    told.outcomes.update(outcome.code for outcome in outcomes)
    reconcile(books, buyers, clock)


def realised(books: Books, past: Past) -> dict[str, int]:
    """Return what was bought on paper and what the first comparable sale after it brought, in minor units.

    `promised_minor` and `sold_minor` are before fees; a purchase without a later comparable sale counts in
    `sale_unknown` alone.
    """
    figures = Counter[str](bought=0, paid_minor=0, promised_minor=0, sold_minor=0, sale_unknown=0)
    for purchase in books.purchases.load((PurchaseState.BOUGHT,)):
        deal = books.opportunities.load_one(purchase.opportunity_id)
        if deal is None or purchase.total is None:
            continue
        figures["bought"] += 1
        figures["paid_minor"] += purchase.total.minor
        figures["promised_minor"] += deal.expected_sale.minor * purchase.quantity
        _, minor = first_sale(past.sales, deal, purchase.claimed_at)
        figures["sold_minor"] += (minor or 0) * purchase.quantity
        figures["sale_unknown"] += minor is None
    return dict(figures)
