"""Every fee of one category on one day as a function of the sale price.

What belongs here: putting the charges of a sale together, the quote with its ledger, and the prices at which the
fees jump. Choosing a price with it is `fees_search.py`; the public entrance is `fees.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from arb_pipelines.domain.decision_record import DecisionRecord, Line
from arb_pipelines.domain.fees_charges import PPM, Amounts, Base, Charge
from arb_pipelines.domain.fees_schedule import FeeRefusal, FeeSchedule
from arb_pipelines.domain.money import Money


class Quote(NamedTuple):
    """What selling at one price costs and leaves.

    `total_fee` is the exact sum of `lines`; `net` is price + shipping - total_fee. `tax` is what the buyer
    pays on top and the marketplace passes to the state: never income, yet in the base of some fees.
    """

    channel: str
    category: str
    schedule_id: str
    schedule_version: str
    price: Money
    shipping: Money
    tax: Money
    total_fee: Money
    net: Money
    lines: tuple[Line, ...]
    notes: tuple[str, ...]

    def record(self) -> DecisionRecord:
        """Return the ledger of the fees; its total is `total_fee`."""
        return DecisionRecord("total fee", self.lines, self.total_fee, self.notes)

    def net_record(self) -> DecisionRecord:
        """Return the ledger from the buyer's payment to our net proceeds; its total is `net`."""
        lines = [Line("price", self.price, "sale.price")]
        if self.shipping.minor:
            lines.append(Line("shipping paid by the buyer", self.shipping, "sale.shipping"))
        lines += [line._replace(amount=-line.amount) for line in self.lines]
        return DecisionRecord("net", tuple(lines), self.net, self.notes)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dumps`; amounts are decimal text."""
        return {
            "channel": self.channel,
            "category": self.category,
            "currency": self.price.currency,
            "schedule": self.schedule_id,
            "schedule_version": self.schedule_version,
            "price": self.price.text,
            "shipping": self.shipping.text,
            "tax": self.tax.text,
            "total_fee": self.total_fee.text,
            "net": self.net.text,
            "lines": [line.to_json() for line in self.lines],
            "notes": list(self.notes),
        }


class FeeCurve:
    """The fees of one category under fixed terms; prices and results in minor units unless `Money` is named."""

    __slots__ = (
        "_no_tax",
        "_shipping_money",
        "_tax_den",
        "_tax_num",
        "category",
        "charges",
        "currency",
        "notes",
        "refundable",
        "schedule",
        "shipping",
    )

    def __init__(
        self,
        schedule: FeeSchedule,
        category: str,
        charges: Sequence[Charge],
        refundable: Sequence[Charge],
        shipping: Money,
        tax_rate: Decimal,
        notes: Sequence[str] = (),
    ) -> None:
        """Keep the tax rate as an exact fraction; `shipping` is already checked to be in the schedule's currency."""
        self.schedule, self.category, self.currency = schedule, category, schedule.currency
        self.charges, self.refundable, self.notes = tuple(charges), tuple(refundable), tuple(notes)
        self.shipping, self._shipping_money = shipping.minor, shipping
        self._tax_num, self._tax_den = tax_rate.as_integer_ratio()
        self._no_tax = Money.zero(schedule.currency) if self._tax_num == 0 else None

    def amounts(self, price: int) -> Amounts:
        """Return price, price + shipping, and the total with tax (rounded half up)."""
        subtotal = price + self.shipping
        tax = (2 * subtotal * self._tax_num + self._tax_den) // (2 * self._tax_den) if self._tax_num else 0
        return price, subtotal, subtotal + tax

    def fee(self, price: int) -> int:
        """Return the total fee."""
        amounts = self.amounts(price)
        total = 0
        for charge in self.charges:
            total += charge.minor(amounts)
        return total

    def net(self, price: int) -> int:
        """Return price + shipping - fee."""
        return price + self.shipping - self.fee(price)

    def refunded_fee(self, price: int) -> int:
        """Return the percentage fees that come back when the buyer is refunded in full."""
        amounts = self.amounts(price)
        return sum(charge.minor(amounts) for charge in self.refundable)

    def refund_admin(self, price: int) -> int:
        """Return what the marketplace keeps of the returned fee.

        Raises:
            FeeRefusal: `unknown_refund_rule`; a missing rule is not "nothing is kept".
        """
        refund = self.schedule.refund
        if refund is None:
            raise FeeRefusal("unknown_refund_rule", f"{self.schedule.id} does not say what a refund returns")
        kept = (self.refunded_fee(price) * refund.admin_ppm + PPM // 2) // PPM
        cap = refund.admin_cap
        return kept if cap is None or kept < cap else cap

    def steps(self) -> list[int]:
        """Return, ascending, each lowest price of a new step: the only places where net may jump."""
        prices = {self._first_price(charge.base, step) for charge in self.charges for step in charge.steps}
        return sorted(price for price in prices if price > 0)

    def _first_price(self, base: Base, amount: int) -> int:
        if base is Base.PRICE:
            return amount
        if base is Base.SUBTOTAL:
            return amount - self.shipping
        guess = amount * self._tax_den // (self._tax_den + self._tax_num) - self.shipping - 2
        while self.amounts(guess)[2] < amount:
            guess += 1
        return guess

    def quote(self, price: Money) -> Quote:
        """Return the quote at `price`.

        Raises:
            FeeRefusal: `wrong_currency`, `negative_amount`.
        """
        check_amount("price", price, self.currency)
        currency, schedule = self.currency, self.schedule
        amounts = self.amounts(price.minor)
        _, subtotal, total = amounts
        lines: list[Line] = []
        for charge in self.charges:
            lines += charge.lines(amounts, currency)
        fee = 0
        for line in lines:
            fee += line.amount.minor
        return Quote(
            schedule.channel,
            self.category,
            schedule.id,
            schedule.version,
            price,
            self._shipping_money,
            self._no_tax or Money(total - subtotal, currency),
            Money(fee, currency),
            Money(subtotal - fee, currency),
            tuple(lines),
            self.notes,
        )


def check_amount(what: str, money: Money, currency: str) -> None:
    """Refuse a negative amount or one in another currency than the schedule's.

    Raises:
        FeeRefusal: `wrong_currency`, `negative_amount`, `not_money`.
    """
    if not isinstance(money, Money):
        raise FeeRefusal("not_money", f"{what} must be Money, got {type(money).__name__}")
    if money.currency != currency:
        raise FeeRefusal("wrong_currency", f"{what} is in {money.currency}, the schedule is in {currency}")
    if money.minor < 0:
        raise FeeRefusal("negative_amount", f"{what} must not be negative, got {money}")
