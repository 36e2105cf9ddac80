"""What a purchase really costs, line by line, and the highest shelf price or bid that a cost cap allows.

What belongs here: landed cost = (shelf - discount - coupon) x (1 + tax we cannot recover) + shipping in + payment
and FX + preparation + inbound - cashback that was paid. The cap itself comes from `fees.max_cost`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from arb_pipelines.domain.decision_record import DecisionRecord, DecisionRefusal, Line
from arb_pipelines.domain.money import Money


class CostRefusal(DecisionRefusal):
    """A cost that is not certain, so that nothing may be bought on it."""


@dataclass(frozen=True, slots=True)
class PurchaseTerms:
    """Everything beside the shelf price that decides what a purchase costs.

    `tax_rate` and `shipping_in` have no default: None means unknown and is refused, since an unread shipping
    price is not free shipping. `tax_recoverable` is true only with an accepted resale certificate for this
    supplier and state (`tax.purchase_tax_recoverable`). `premium_rate` is an auction's buyer's premium;
    `payment_rate` is what a card or a currency exchange takes of everything paid to the supplier. `cashback`
    counts only once it was paid.
    """

    tax_rate: Decimal | None
    shipping_in: Money | None
    tax_recoverable: bool = False
    shipping_taxed: bool = False
    discount: Money | None = None
    coupon: Money | None = None
    premium_rate: Decimal = Decimal(0)
    payment_rate: Decimal = Decimal(0)
    prep: Money | None = None
    inbound: Money | None = None
    cashback: Money | None = None
    cashback_paid: bool = False


Share = Callable[[Money, Decimal], Money]


def landed_cost(shelf: Money, terms: PurchaseTerms) -> DecisionRecord:
    """Return the ledger of what an item costs at the shelf price (or hammer price) `shelf`.

    Raises:
        CostRefusal: `unknown_tax`, `unknown_shipping`, `negative_amount`, `wrong_currency`, `bad_rate`, or
            `discount_above_price`.
    """
    return _landed(shelf, terms, Money.share)


def shelf_limit(max_cost: Money, terms: PurchaseTerms) -> Money:
    """Return the highest shelf price, or auction bid, whose landed cost is at most `max_cost`.

    How a shop rounds its tax is not known beforehand, so every share is rounded up here: the limit holds
    whichever way the shop rounds.

    Raises:
        CostRefusal: the terms are uncertain, or `no_shelf_limit` when even a free item would cost too much.
    """

    def costs_too_much(minor: int) -> bool:
        return _landed(Money(minor, max_cost.currency), terms, _share_up).total > max_cost

    low = sum(cut.minor for cut in (terms.discount, terms.coupon) if cut is not None)
    if costs_too_much(low):
        raise CostRefusal("no_shelf_limit", f"even at the lowest shelf price the item costs more than {max_cost}")
    step = 1
    while not costs_too_much(low + step):
        low, step = low + step, step * 2
    while step > 1:
        step //= 2
        if not costs_too_much(low + step):
            low += step
    return Money(low, max_cost.currency)


def _landed(shelf: Money, terms: PurchaseTerms, share: Share) -> DecisionRecord:
    lines = [line for line in _lines(shelf, terms, share) if line.amount.minor or line.rule == "purchase.shelf"]
    notes = []
    if terms.cashback is not None and not terms.cashback_paid:
        notes.append(f"cashback of {terms.cashback} is promised, not paid: not counted")
    return DecisionRecord.of("landed cost", lines, shelf.currency, notes)


def _lines(shelf: Money, terms: PurchaseTerms, share: Share) -> Iterator[Line]:
    currency = shelf.currency
    shipping, tax_rate = _known(shelf, terms)
    discount, coupon = (_checked(name, getattr(terms, name), currency) for name in ("discount", "coupon"))
    reduced = shelf - discount - coupon
    if reduced.minor < 0:
        raise CostRefusal("discount_above_price", f"discount and coupon exceed the shelf price {shelf}")
    premium = share(reduced, _rate("buyer's premium", terms.premium_rate))
    taxed = reduced + premium + (shipping if terms.shipping_taxed else Money.zero(currency))
    tax = share(taxed, tax_rate)
    charged = reduced + premium + tax + shipping
    yield Line("shelf price", shelf, "purchase.shelf")
    yield Line("discount", -discount, "purchase.discount")
    yield Line("coupon", -coupon, "purchase.coupon")
    yield Line(f"buyer's premium {terms.premium_rate:%}", premium, "purchase.premium")
    yield Line(f"purchase tax {tax_rate:%}", tax, "purchase.tax")
    yield Line("shipping in", shipping, "purchase.shipping_in")
    payment = share(charged, _rate("payment and FX", terms.payment_rate))
    yield Line(f"payment and FX {terms.payment_rate:%}", payment, "purchase.payment")
    if terms.tax_recoverable:
        yield Line("purchase tax recovered", -tax, "purchase.tax_recovered")
    yield Line("preparation", _checked("prep", terms.prep, currency), "purchase.prep")
    yield Line("inbound", _checked("inbound", terms.inbound, currency), "purchase.inbound")
    cashback = _checked("cashback", terms.cashback, currency)
    if terms.cashback_paid:
        yield Line("cashback", -cashback, "purchase.cashback")


def _known(shelf: Money, terms: PurchaseTerms) -> tuple[Money, Decimal]:
    """Return shipping in and the tax rate, or refuse: neither may be guessed."""
    _checked("the shelf price", shelf, shelf.currency)
    if terms.shipping_in is None:
        raise CostRefusal("unknown_shipping", "the shipping price of this purchase is unknown; it is not free")
    if terms.tax_rate is None:
        raise CostRefusal("unknown_tax", "the purchase tax of this supplier is unknown; set the site's tax rate")
    return _checked("shipping in", terms.shipping_in, shelf.currency), _rate("purchase tax", terms.tax_rate)


def _checked(what: str, money: Money | None, currency: str) -> Money:
    """Return an amount, zero where the purchase has none of it (unlike tax and shipping, those are optional)."""
    if money is None:
        return Money.zero(currency)
    if money.currency != currency:
        raise CostRefusal("wrong_currency", f"{what} is in {money.currency}, the shelf price in {currency}")
    if money.minor < 0:
        raise CostRefusal("negative_amount", f"{what} must not be negative, got {money}")
    return money


def _rate(what: str, rate: Decimal) -> Decimal:
    if not isinstance(rate, Decimal) or not rate.is_finite() or not 0 <= rate < 1:
        raise CostRefusal("bad_rate", f"{what}: a rate is a fraction such as 0.07, got {rate!s}")
    return rate


def _share_up(amount: Money, rate: Decimal) -> Money:
    numerator, denominator = rate.as_integer_ratio()
    return Money(-(-amount.minor * numerator // denominator), amount.currency)
