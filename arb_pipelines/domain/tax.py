"""Taxes on what we sell and buy: US sales tax, and VAT by the standard or the margin scheme.

What belongs here: the arithmetic and the conditions for each treatment. US: the marketplace collects the buyer's
sales tax, so it is never our income (some channels still charge their fee on it: `fees.py`); tax on a purchase is
a cost unless this supplier accepted a resale certificate. UK/EU second-hand goods: VAT on the margin, item by item.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from arb_pipelines.domain.decision_record import DecisionRecord, DecisionRefusal, Line
from arb_pipelines.domain.money import Money

UK_VAT = Decimal("0.20")
GLOBAL_ACCOUNTING_LIMIT = Money(50_000, "GBP")  # purchase price per item, VAT Notice 718


class TaxRefusal(DecisionRefusal):
    """A tax treatment whose conditions are not met or not known."""


@dataclass(frozen=True, slots=True)
class ResaleCertificate:
    """That a supplier accepted our resale certificate for a state, from one day to another (both inclusive)."""

    supplier: str
    state: str
    accepted_on: date
    expires_on: date | None = None


def purchase_tax_recoverable(
    certificates: Iterable[ResaleCertificate], supplier: str, state: str, bought_on: date
) -> bool:
    """Return whether tax on a purchase is no cost: only with a certificate this supplier accepted for that state."""
    return any(
        held.supplier == supplier
        and held.state == state
        and held.accepted_on <= bought_on
        and (held.expires_on is None or bought_on <= held.expires_on)
        for held in certificates
    )


def facilitated_sales_tax(subtotal: Money, rate: Decimal) -> Money:
    """Return the sales tax a marketplace collects on price + shipping, half up; it is passed on, never income."""
    return subtotal.share(_rate(rate))


def vat_in(gross: Money, rate: Decimal) -> Money:
    """Return the VAT contained in a gross amount: gross x rate / (1 + rate), half up; 1/6 at 20 %."""
    numerator, denominator = _rate(rate).as_integer_ratio()
    return _share(gross, numerator, numerator + denominator)


def standard_vat(sale: Money, input_vat: Money, rate: Decimal) -> DecisionRecord:
    """Return the ledger of what a standard-rated sale owes: VAT in the price less the VAT on the purchase invoice.

    Raises:
        TaxRefusal: `bad_rate`, `wrong_currency`, `negative_amount`.
    """
    _same(sale, input_vat)
    lines = [
        Line(f"VAT in the sale {rate:%}", vat_in(sale, rate), "vat.output"),
        Line("VAT on the purchase invoice", -input_vat, "vat.input"),
    ]
    return DecisionRecord.of("VAT owed", lines, sale.currency)


@dataclass(frozen=True, slots=True)
class StockBookEntry:
    """What the margin scheme demands to be written down of one lot when it is bought.

    `vat_invoiced` is true when the seller's invoice shows VAT, which bars the scheme; None is unknown.
    """

    lot: str
    bought_from: str | None
    bought_on: date | None
    purchase_price: Money | None
    vat_invoiced: bool | None


def margin_vat(entry: StockBookEntry, sale: Money, rate: Decimal = UK_VAT) -> DecisionRecord:
    """Return the ledger of the VAT on one lot's margin: (sale - purchase) x rate / (1 + rate), never below zero.

    A loss on one lot relieves no other. Costs of repair or fees do not reduce the margin.

    Raises:
        TaxRefusal: `stock_book_incomplete`, `vat_on_purchase`, `bad_rate`, `wrong_currency`.
    """
    bought = _eligible(entry)
    _same(sale, bought)
    margin = sale - bought
    owed = vat_in(margin, rate) if margin.minor > 0 else Money.zero(sale.currency)
    line = Line(f"VAT on the margin of lot {entry.lot}", owed, "vat.margin")
    notes = () if margin.minor > 0 else (f"no margin on lot {entry.lot}: no VAT, and no relief for the loss",)
    return DecisionRecord.of("VAT owed", [line], sale.currency, notes)


def global_margin_vat(
    sold: Sequence[tuple[StockBookEntry, Money]], rate: Decimal = UK_VAT, limit: Money = GLOBAL_ACCOUNTING_LIMIT
) -> DecisionRecord:
    """Return the VAT on the margin of all lots together (UK global accounting), where losses do offset gains.

    Raises:
        TaxRefusal: `nothing_sold`, `above_global_limit` when a lot cost more than `limit`, or as `margin_vat`.
    """
    if not sold:
        raise TaxRefusal("nothing_sold", "global accounting needs at least one sold lot")
    margin = Money.zero(limit.currency)
    for entry, sale in sold:
        bought = _eligible(entry)
        _same(sale, bought)
        _same(bought, limit)
        if bought > limit:
            raise TaxRefusal(
                "above_global_limit", f"lot {entry.lot} cost {bought}, above {limit}: account for it alone"
            )
        margin += sale - bought
    owed = vat_in(margin, rate) if margin.minor > 0 else Money.zero(margin.currency)
    line = Line(f"VAT on the margin of {len(sold)} lots", owed, "vat.margin_global")
    return DecisionRecord.of("VAT owed", [line], margin.currency)


def _eligible(entry: StockBookEntry) -> Money:
    """Return the purchase price of a lot that the margin scheme covers."""
    missing = [
        name for name in ("bought_from", "bought_on", "purchase_price", "vat_invoiced") if getattr(entry, name) is None
    ]
    if entry.purchase_price is None or missing:
        raise TaxRefusal("stock_book_incomplete", f"the stock book of lot {entry.lot} lacks {', '.join(missing)}")
    if entry.vat_invoiced:
        raise TaxRefusal("vat_on_purchase", f"lot {entry.lot} was bought with VAT: it falls under the standard scheme")
    return entry.purchase_price


def _rate(rate: Decimal) -> Decimal:
    if not isinstance(rate, Decimal) or not rate.is_finite() or not 0 <= rate < 1:
        raise TaxRefusal("bad_rate", f"a tax rate is a fraction such as 0.20, got {rate!s}")
    return rate


def _same(amount: Money, other: Money) -> None:
    if amount.currency != other.currency:
        raise TaxRefusal("wrong_currency", f"{amount} and {other} are not in one currency")
    if amount.minor < 0 or other.minor < 0:
        raise TaxRefusal("negative_amount", f"neither {amount} nor {other} may be negative")


def _share(amount: Money, numerator: int, denominator: int) -> Money:
    exact = amount.minor * numerator
    rounded = (2 * abs(exact) + denominator) // (2 * denominator)
    return Money(rounded if exact >= 0 else -rounded, amount.currency)
