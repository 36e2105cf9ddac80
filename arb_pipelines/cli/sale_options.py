"""The options that every `arb fees` command shares, and how they become the fee kernel's words.

What belongs here: reading text into amounts, rates and dates without ever making a float, and turning a refusal
into one line on standard error with exit status 2. The commands themselves are `fees.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from arb_pipelines.domain.dated_data import DatedDataError
from arb_pipelines.domain.decision_record import DecisionRefusal
from arb_pipelines.domain.fees import FeeCurve, FeeRefusal, FulfilmentTerms, SaleOptions, load_schedules
from arb_pipelines.domain.fees_charges import Base
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.shipping import Parcel

ADD_ONS = ("international", "below_standard", "not_as_described", "insertion", "currency_conversion")
WHICH = {
    "--channel": "ebay_us, amazon_us, sandbox or generic",
    "--category": "`arb fees schedules` lists them",
    "--price": "an amount such as 12.99",
    "--cost": "an amount such as 12.99",
}
TAX_COUNTS = (
    "this channel charges its fee on the buyer's sales tax too: give --tax-rate, such as 0.07 (0 where none is due)"
)
OTHER_PLANS = "--store (eBay) and --plan (Amazon) name the same thing: give one of them"


@dataclass(frozen=True)
class Sale:
    """The options that every command shares; amounts and rates are text, so that no float is ever made."""

    channel: Annotated[str, typer.Option(help="ebay_us, amazon_us, sandbox or generic")] = ""
    category: Annotated[str, typer.Option(help="fee category; `arb fees schedules` lists them")] = ""
    shipping: Annotated[str, typer.Option(help="what the buyer pays for shipping")] = "0"
    tax_rate: Annotated[str, typer.Option(help="the buyer's sales tax as a fraction, such as 0.07")] = ""
    date: Annotated[str, typer.Option(help="day of the sale, YYYY-MM-DD; today in UTC if left out")] = ""
    store: Annotated[str, typer.Option(help="eBay store: none or basic")] = ""
    plan: Annotated[str, typer.Option(help="Amazon plan: professional or individual")] = ""
    add_on: Annotated[list[str] | None, typer.Option(help=f"repeatable: {', '.join(ADD_ONS)}")] = None
    promoted_rate: Annotated[str, typer.Option(help="our advertising rate as a fraction")] = ""
    rate: Annotated[str, typer.Option(help="commission of the generic channel, as a fraction")] = ""
    fixed_fee: Annotated[str, typer.Option(help="fixed fee of the generic channel")] = ""
    fulfilment: Annotated[str, typer.Option(help="merchant or fba")] = "merchant"
    weight_oz: Annotated[str, typer.Option(help="packed weight in ounces, for fba")] = ""
    sides_in: Annotated[str, typer.Option(help="packed sides in inches, such as 9x6x1, for fba")] = ""
    fulfilment_fee: Annotated[str, typer.Option(help="the marketplace's own estimate, in place of the card")] = ""
    inbound_fee: Annotated[str, typer.Option(help="inbound placement a unit, as the shipment showed it")] = ""
    storage_months: Annotated[int, typer.Option(help="whole months in the warehouse up to the sale's")] = 0
    currency: Annotated[str, typer.Option(help="currency of every amount on the line")] = "USD"
    data: Annotated[Path | None, typer.Option(help="folder with fee files of your own")] = None
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False

    def money(self, option: str, text: str) -> Money:
        """Return an amount of the line's currency.

        Raises:
            FeeRefusal: `bad_amount`, `negative_amount`.
        """
        try:
            amount = Money.exact(text, self.currency)
        except MoneyError as error:
            raise FeeRefusal("bad_amount", f"{option} is an amount such as 12.99: {error}") from error
        if amount.minor < 0:
            raise FeeRefusal("negative_amount", f"{option} must not be negative, got {text}")
        return amount

    def money_or_none(self, option: str, text: str) -> Money | None:
        """Return an amount, or None where the option was left out."""
        return self.money(option, text) if text else None

    def curve(self) -> FeeCurve:
        """Return the fees of this sale as a function of its price."""
        curve = load_schedules(self.data).curve(
            given("--channel", self.channel),
            given("--category", self.category),
            shipping=self.money("--shipping", self.shipping),
            tax_rate=rate("--tax-rate", self.tax_rate or "0"),
            sold_on=_day(self.date),
            options=self._options(),
        )
        if not self.tax_rate and any(charge.base is Base.TOTAL for charge in curve.charges):
            raise FeeRefusal("tax_rate_missing", TAX_COUNTS)
        return curve

    def _options(self) -> SaleOptions:
        if self.store and self.plan:
            raise FeeRefusal("two_plans", OTHER_PLANS)
        wanted = self.add_on or []
        for key in wanted:
            if key not in ADD_ONS:
                raise FeeRefusal("unknown_add_on", f"no add-on {key!r}; known are {', '.join(ADD_ONS)}")
        return SaleOptions(
            plan=self.store or self.plan or None,
            **dict.fromkeys(wanted, True),
            promoted_rate=rate_or_none("--promoted-rate", self.promoted_rate),
            rate=rate_or_none("--rate", self.rate),
            fixed_fee=self.money_or_none("--fixed-fee", self.fixed_fee),
            fulfilment=self._fulfilment(),
        )

    def _fulfilment(self) -> FulfilmentTerms | None:
        if self.fulfilment not in ("merchant", "fba"):
            raise FeeRefusal("unknown_fulfilment", f"--fulfilment is merchant or fba, got {self.fulfilment!r}")
        if self.fulfilment == "merchant":
            return None
        sides = tuple(_number("--sides-in", side) for side in self.sides_in.split("x")) if self.sides_in else None
        if sides is not None and len(sides) != 3:
            raise FeeRefusal("bad_parcel", f"--sides-in is three lengths such as 9x6x1, got {self.sides_in!r}")
        weight = _number("--weight-oz", self.weight_oz) if self.weight_oz else None
        return FulfilmentTerms(
            parcel=Parcel(weight, sides),
            fulfilment_fee=self.money_or_none("--fulfilment-fee", self.fulfilment_fee),
            inbound_fee=self.money_or_none("--inbound-fee", self.inbound_fee),
            storage_months=self.storage_months,
        )


def sale_command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Sale` beside its own, and turn a refusal into one line and exit status 2."""
    hints = get_type_hints(Sale, include_extras=True)
    own = [
        parameter
        for parameter in inspect.signature(function, eval_str=True).parameters.values()
        if parameter.name != "sale"
    ]
    shared = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(Sale)
    ]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + shared

    @wraps(function)
    def run(**values: Any) -> None:
        sale = Sale(**{parameter.name: values.pop(parameter.name) for parameter in shared})
        try:
            function(sale=sale, **values)
        except DecisionRefusal as refusal:
            _stop(f"{refusal} [{refusal.code}]")
        except (DatedDataError, MoneyError) as error:
            _stop(str(error))

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _stop(message: str) -> None:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise typer.Exit(2)


def given(option: str, text: str) -> str:
    """Return the text of an option that must be stated.

    Raises:
        FeeRefusal: `missing_option`.
    """
    if not text:
        raise FeeRefusal("missing_option", f"give {option}: {WHICH[option]}")
    return text


def _number(option: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise FeeRefusal("bad_number", f"{option} is a number such as 0.07, got {text!r}") from error


def rate(option: str, text: str) -> Decimal:
    """Return a fraction from its text.

    Raises:
        FeeRefusal: `bad_number`, `bad_rate`.
    """
    value = _number(option, text)
    if not value.is_finite() or value < 0:
        raise FeeRefusal("bad_rate", f"{option} is a fraction such as 0.07, from 0 up, got {text}")
    return value


def rate_or_none(option: str, text: str) -> Decimal | None:
    """Return a fraction, or None where the option was left out."""
    return rate(option, text) if text else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now(UTC).date()
    except ValueError as error:
        raise FeeRefusal("bad_date", f"--date is a day such as 2025-03-01, got {text!r}") from error
