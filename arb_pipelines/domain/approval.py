"""Permission to spend: single use, expiring, bound to a price ceiling and a quantity.

What belongs here: the words and the written policy that may approve in place of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from arb_pipelines.domain.guards import refuse_quantity
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.risk_flags import RECALL_UNKNOWN
from arb_pipelines.domain.spend_limit import Refusal

POLICY = "policy:"  # how `approved_by` begins where no person approved


@dataclass(frozen=True, slots=True)
class Approval:
    """Leave to buy `quantity` units of one offer for at most `ceiling` each (item + shipping + tax).

    `two_person_above` is what one person could approve alone when it was given; None where no such amount is set.
    """

    approval_id: str
    opportunity_id: str
    offer_key: str
    site: str
    url: str
    sku: str | None
    product_id: str
    condition: str
    title: str
    ceiling: Money
    quantity: int
    approved_by: str
    approved_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    two_person_above: Money | None = None

    def refuse_at(self, now: datetime) -> Refusal | None:
        """Return why this approval cannot be used at `now`, or None."""
        if self.used_at is not None:
            return Refusal("approval_used", f"approval {self.approval_id} was used at {self.used_at:%F %T} UTC")
        if now >= self.expires_at:
            return Refusal("approval_expired", f"approval {self.approval_id} expired at {self.expires_at:%F %T} UTC")
        return None


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """A written policy: approves one unit up to `max_unit_cost`, at most `max_open` approvals at a time.

    `ceiling_slack_percent` lets the final total exceed the read one by that share, never past `max_cost`.
    A policy is nobody: it approves nothing above `two_person_above`. It holds at `sites` only; None: at every one.
    """

    name: str
    max_unit_cost: Money
    max_open: int
    valid_for: timedelta
    ceiling_slack_percent: int = 2
    two_person_above: Money | None = None
    sites: frozenset[str] | None = None


def approve_by_policy(opportunity: Opportunity, policy: ApprovalPolicy, now: datetime) -> Approval | Refusal:
    """Return the policy's approval of one unit, or why it leaves the decision to a person."""
    if policy.sites is not None and opportunity.site not in policy.sites:
        return Refusal("policy_site_class", f"the class of {opportunity.site} leaves ordering to a person")
    if RECALL_UNKNOWN in opportunity.risk_flags:
        return Refusal("recall_unknown", "it cannot be told that the product is not recalled; a person must look")
    if opportunity.landed_cost.currency != policy.max_unit_cost.currency:
        return Refusal("policy_currency", f"policy {policy.name} is written in {policy.max_unit_cost.currency}")
    if opportunity.landed_cost > policy.max_unit_cost:
        return Refusal("policy_amount", f"{opportunity.landed_cost} is over the policy's {policy.max_unit_cost}")
    cost = opportunity.landed_cost
    slack = Money(cost.minor + cost.minor * policy.ceiling_slack_percent // 100, cost.currency)
    ceiling = min(slack, opportunity.max_cost, policy.max_unit_cost, key=lambda money: money.minor)
    if needs_two_people(ceiling, policy.two_person_above):
        return Refusal("policy_two_people", f"{ceiling} needs two people, and a policy is none")
    return _approval(
        opportunity,
        ceiling=ceiling,
        quantity=1,
        by=f"{POLICY}{policy.name}",
        now=now,
        valid_for=policy.valid_for,
    )


def needs_two_people(amount: Money, two_person_above: Money | None) -> bool:
    """Return whether an amount is more than one person may approve; another currency is not comparable, so it is."""
    if two_person_above is None:
        return False
    return amount.currency != two_person_above.currency or amount > two_person_above


def approve_in_person(
    opportunity: Opportunity, *, ceiling: Money, quantity: int, by: str, now: datetime, valid_for: timedelta
) -> Approval | Refusal:
    """Return a person's approval, or why it cannot be given.

    A person may pay less than the opportunity's `max_cost`, never more: above it the purchase would break the
    rules that made the opportunity.
    """
    if not by.strip():
        return Refusal("nobody", "an approval names who gave it")
    if quantity < 1 or valid_for <= timedelta(0):
        return Refusal("nothing_approved", f"quantity {quantity} for {valid_for}: both must be above zero")
    too_many = refuse_quantity(quantity)
    if too_many is not None:
        return too_many
    if ceiling.currency != opportunity.max_cost.currency:
        return Refusal("currency_differs", f"the opportunity is in {opportunity.max_cost.currency}, not {ceiling}")
    if not 0 < ceiling.minor <= opportunity.max_cost.minor:
        return Refusal("over_max_cost", f"the ceiling {ceiling} must be above 0 and at most {opportunity.max_cost}")
    return _approval(opportunity, ceiling=ceiling, quantity=quantity, by=f"person:{by}", now=now, valid_for=valid_for)


def _approval(
    opportunity: Opportunity, *, ceiling: Money, quantity: int, by: str, now: datetime, valid_for: timedelta
) -> Approval:
    return Approval(
        approval_id=f"ap-{opportunity.opportunity_id}",
        opportunity_id=opportunity.opportunity_id,
        offer_key=opportunity.offer_key,
        site=opportunity.site,
        url=opportunity.url,
        sku=opportunity.sku,
        product_id=opportunity.product_id,
        condition=opportunity.condition,
        title=opportunity.title,
        ceiling=ceiling,
        quantity=quantity,
        approved_by=by,
        approved_at=now,
        expires_at=now + valid_for,
    )
