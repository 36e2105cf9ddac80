"""The rules that refuse an offer, each small, named and with its own reason code; the limits that they hold.

What belongs here: one function a rule and the order in which they speak. Every unknown refuses. Putting an offer
through them is `scoring.py`. A new rule is a function here, its place in `OFFER_RULES` or `OUTLET_RULES` and a case
in its test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from arb_pipelines.domain.deny_list import DenyList, load_deny_list
from arb_pipelines.domain.eligibility import Eligibilities, refuse_ineligible
from arb_pipelines.domain.market_view import Market, MarketView
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.presets import Preset
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.site import Site
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.trade_rules import TradeRule

CLOCK_SLACK = timedelta(minutes=2)
IN_STOCK = (Availability.IN_STOCK, Availability.LIMITED)


# Lowers a prediction by what is known of deals that were picked: an offer's own price is news about its value.
Calibrate = Callable[[Offer, PricePrediction], PricePrediction]


@dataclass(frozen=True, slots=True)
class BuyingRules:
    """What an offer must pass.

    It is scored at the outlet of `terms` and at `other_outlets`, and the best counts. `eligibility` is what the outlets
    said that restrict. `trade_rules` are a preset's own. Without `calibrate` predictions stand as they are stored.

    `sites` declares the shops (their class and purchase tax); a shop that is not declared is not bought from.
    A price below `sanity_share` of the predicted middle is taken for a misreading; one below `confirm_share`
    needs two agreeing readings. Shares and ROI are fractions of 1.
    """

    terms: OutletTerms
    sites: Mapping[str, Site]
    min_profit: Money
    min_roi: Decimal = Decimal("0.30")
    max_age: timedelta = timedelta(hours=1)
    max_prediction_age: timedelta = timedelta(days=14)
    min_sold_within_30_days: float = 0.5
    max_days_to_sell: float = 90.0
    denied: DenyList = field(default_factory=load_deny_list)
    denied_conditions: frozenset[str] = frozenset({"for_parts"})
    category_required: bool = True
    sanity_share: Decimal = Decimal("0.05")
    confirm_share: Decimal = Decimal("0.50")
    min_margin: Decimal | None = None
    other_outlets: tuple[OutletTerms, ...] = ()
    market: Market = field(default_factory=dict)
    eligibility: Eligibilities = field(default_factory=dict)
    trade_rules: Mapping[str, TradeRule] = field(default_factory=dict)
    preset: str | None = None
    horizon_days: int = 90
    calibrate: Calibrate | None = None

    def with_preset(self, preset: Preset) -> BuyingRules:
        """Return these rules with a preset's thresholds and its own rules in place of theirs."""
        given = preset.thresholds
        return replace(
            self,
            preset=preset.id,
            trade_rules=preset.rules,
            min_profit=Money.of(given["profit"], self.terms.currency),
            min_roi=given["roi"],
            min_margin=given.get("margin"),
            max_days_to_sell=float(given.get("days", self.max_days_to_sell)),
            min_sold_within_30_days=float(given.get("sold_within_30_days", self.min_sold_within_30_days)),
        )


@dataclass(slots=True)
class Case:
    """One offer before the rules, at one outlet, with what is known about its shop and its product."""

    offer: Offer
    site: Site | None
    prediction: PricePrediction | None
    rules: BuyingRules
    now: datetime
    terms: OutletTerms

    @property
    def market(self) -> MarketView | None:
        """What the shops ask for the product; None where it is not known."""
        return self.rules.market.get((self.offer.product_id or "", self.offer.condition or ""))


Rule = Callable[[Case], Refusal | None]


def refuse_site(case: Case) -> Refusal | None:
    """Buy only at declared shops whose class permits it."""
    if case.site is None:
        return Refusal("site_may_not_buy", f"the site {case.offer.site} is not declared")
    if not case.site.enabled or not case.site.site_class.may_buy:
        return Refusal("site_may_not_buy", f"{case.site.key} is {case.site.site_class}, enabled: {case.site.enabled}")
    return None


def refuse_unmatched(case: Case) -> Refusal | None:
    """Buy only what is certainly a known product."""
    if case.offer.product_id is None:
        return Refusal("not_matched", "no known product is certainly the same")
    return None


def refuse_category(case: Case) -> Refusal | None:
    """Keep out of denied categories; a category that is not known may be one of them."""
    category = case.offer.category
    if category is None:
        unknown = Refusal("category_unknown", "neither the page nor the product names a category")
        return unknown if case.rules.category_required else None
    denied = case.rules.denied.deny_category(category)
    return Refusal("category_denied", f"{category} is denied ({denied.found}): {denied.reason}") if denied else None


def refuse_denied_goods(case: Case) -> Refusal | None:
    """Keep out of what a title or a recall denies, whatever its category says."""
    offer, denied = case.offer, case.rules.denied
    recall = denied.deny_recalled(offer.gtin, offer.brand, offer.title)
    if recall is not None:
        return Refusal("recalled", f"{recall.found}: {recall.reason}")
    phrase = denied.deny_title(offer.title)
    return Refusal("title_denied", f"the title says {phrase.found!r}: {phrase.reason}") if phrase else None


def refuse_stock(case: Case) -> Refusal | None:
    """Buy only what the page says can be bought now."""
    availability = case.offer.availability
    if availability is None:
        return Refusal("stock_unknown", "the page does not say whether the item is in stock")
    if availability not in IN_STOCK:
        return Refusal("out_of_stock", f"the page says {availability}")
    return None


def refuse_condition(case: Case) -> Refusal | None:
    """Buy only a stated condition that we sell."""
    condition = case.offer.condition
    if condition is None:
        return Refusal("condition_unknown", "the page does not state a condition")
    if condition in case.rules.denied_conditions:
        return Refusal("condition_denied", f"{condition} is not traded")
    return None


def refuse_age(case: Case) -> Refusal | None:
    """Decide on fresh readings only; a reading from the future has a wrong clock."""
    age = case.offer.age(case.now)
    if not -CLOCK_SLACK <= age <= case.rules.max_age:
        return Refusal("stale_price", f"read {age} ago, at most {case.rules.max_age} is allowed")
    return None


def refuse_currency(case: Case) -> Refusal | None:
    """Compare money of one currency only."""
    offer, wanted = case.offer, case.terms.currency
    found = {money.currency for money in (offer.price, offer.shipping) if money is not None} - {wanted}
    if found:
        return Refusal("currency_differs", f"priced in {', '.join(sorted(found))}, sold in {wanted}")
    return None


def refuse_cost_unknown(case: Case) -> Refusal | None:
    """Know the whole landed cost: an unread shipping price or tax rate is not zero."""
    if case.offer.shipping is None:
        return Refusal("shipping_unknown", "the page does not say what shipping costs")
    if case.site is None or case.site.tax_rate is None:
        return Refusal("tax_unknown", f"the purchase tax of {case.offer.site} is unknown; set the site's tax_rate")
    return None


def refuse_unpredicted(case: Case) -> Refusal | None:
    """Buy only what the model dares to price, and with a recent model."""
    prediction = case.prediction
    if prediction is None:
        return Refusal("no_prediction", "the model has no answer for this product, condition and outlet")
    if prediction.abstained is not None:
        return Refusal(f"model_abstains({prediction.abstained})", "the model does not say what it will sell for")
    low, middle = prediction.low, prediction.middle
    if low is None or middle is None or not 0 < low.minor <= middle.minor:
        return Refusal("prediction_odd", f"the interval is not usable: low {low}, middle {middle}")
    if low.currency != case.terms.currency or middle.currency != low.currency:
        return Refusal("currency_differs", f"predicted in {low.currency}, sold in {case.terms.currency}")
    if case.now - prediction.predicted_at > case.rules.max_prediction_age:
        return Refusal("stale_prediction", f"predicted at {prediction.predicted_at:%F %T} UTC")
    return None


def refuse_ineligible_product(case: Case) -> Refusal | None:
    """Buy only what the outlet lets us sell, where it restricts."""
    outlet = case.terms.outlet
    if not case.terms.restricts:
        return None
    key = (case.offer.product_id or "", case.offer.condition or "", outlet)
    return refuse_ineligible(case.rules.eligibility.get(key), outlet, case.now)


def refuse_price_sanity(case: Case) -> Refusal | None:
    """Take a price far below the market for a misreading until a second reading agrees."""
    middle = case.prediction.middle if case.prediction else None
    if middle is None or case.offer.price.minor <= 0:
        return Refusal("price_sanity", f"{case.offer.price} cannot be judged")
    price, rules = case.offer.price, case.rules
    if price.minor < rules.sanity_share * middle.minor:
        return Refusal("price_sanity", f"{price} is below {rules.sanity_share:.0%} of the predicted {middle}")
    if case.offer.agreeing_reads >= 2:
        return None
    if price.minor < rules.confirm_share * middle.minor:
        detail = f"{price} is below {rules.confirm_share:.0%} of the predicted {middle} and was read once"
        return Refusal("price_unconfirmed", detail)
    usual = case.market.median if case.market else None
    if usual and usual.currency == price.currency and price.minor < rules.confirm_share * usual.minor:
        detail = f"{price} is below {rules.confirm_share:.0%} of the shops' {usual} and was read once"
        return Refusal("price_unconfirmed", detail)
    return None


def refuse_slow(case: Case) -> Refusal | None:
    """Buy only what sells soon enough; an unknown time to sell is not soon."""
    prediction, rules = case.prediction, case.rules
    days = prediction.days_to_sell if prediction else None
    within = prediction.sold_within_30_days if prediction else None
    if days is None or within is None:
        return Refusal("days_unknown", "the model does not say how long it takes to sell")
    if not days <= rules.max_days_to_sell:
        return Refusal("too_slow", f"{days:.0f} days to sell, at most {rules.max_days_to_sell:.0f}")
    if not within >= rules.min_sold_within_30_days:
        return Refusal(
            "too_slow", f"sold within 30 days with {within:.0%}, at least {rules.min_sold_within_30_days:.0%}"
        )
    return None


# Cheap and frequent refusals first; the money rules of `scoring.py` speak last.
OFFER_RULES: tuple[Rule, ...] = (
    refuse_site,
    refuse_unmatched,
    refuse_stock,
    refuse_condition,
    refuse_age,
    refuse_cost_unknown,
    refuse_category,
    refuse_denied_goods,
)
# These may speak otherwise at another outlet.
OUTLET_RULES: tuple[Rule, ...] = (
    refuse_currency,
    refuse_ineligible_product,
    refuse_unpredicted,
    refuse_price_sanity,
    refuse_slow,
)
