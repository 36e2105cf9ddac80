"""Pages of opportunities and purchases, and the figures of days: bounded however much is kept.

What belongs here: SELECTs only, each along an index. Histories of products are `history_samples.py`.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Select,
    bindparam,
    func,
    literal,
    select,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.types import NullType

from arb_pipelines.adapters.sql.approvals import approval_of
from arb_pipelines.adapters.sql.column_types import UtcTime, driver_time
from arb_pipelines.adapters.sql.history_samples import load_history
from arb_pipelines.adapters.sql.opportunities import open_at, opportunity_of
from arb_pipelines.adapters.sql.purchase_tables import approvals, opportunities, purchases
from arb_pipelines.adapters.sql.purchases import purchase_of
from arb_pipelines.adapters.sql.sale_tables import orders
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.pages import (
    DayFigures,
    ListedOpportunity,
    ListedPage,
    OpportunityFilter,
    OpportunityOrder,
    OpportunityPage,
    Place,
    ProductPrices,
    PurchasePage,
)
from arb_pipelines.domain.purchase import PurchaseState

# A decision record is the larger half of a row, and a page shows none.
SHOWN = tuple(column for column in opportunities.c if column.name != "record")
SORTED_BY: dict[OpportunityOrder, ColumnElement[Any]] = {
    OpportunityOrder.PROFIT_PER_DOLLAR_DAY: opportunities.c.profit_per_dollar_day,
    OpportunityOrder.EXPECTED_PROFIT: opportunities.c.expected_profit_minor,
    OpportunityOrder.DECIDED_AT: opportunities.c.decided_at,
}
LISTED = {
    order: (*(type_coerce(opportunities.c[name], NullType()) for name in ListedOpportunity._fields), by.label("place"))
    for order, by in SORTED_BY.items()
}
FILTERS = ("open_at", "opportunity_id", "site", "category", "outlet", "min_profit_minor", "decided_since", "title")
EQUAL = ("opportunity_id", "site", "category", "outlet")
ESCAPE = "/"
DAY = timedelta(days=1)
SUMS = ("quantity", "revenue_minor", "fee_minor", "cost_of_goods_minor")


class SqlPages:
    """Fulfils `domain.pages.Pages`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def load_opportunities(self, wanted: OpportunityFilter, limit: int, after: Place | None = None) -> OpportunityPage:
        """Return one page."""
        query, bound = _page(SHOWN, wanted, after)
        with self._engine.connect() as connection:
            rows = connection.execute(query, bound | {"most": limit + 1}).mappings().all()
        last = rows[limit - 1] if len(rows) > limit else None
        by = SORTED_BY[wanted.order].key
        place = None if last is None else Place(last[str(by)], last["opportunity_id"])
        return OpportunityPage([opportunity_of(row) for row in rows[:limit]], place)

    def load_list(self, wanted: OpportunityFilter, limit: int, after: Place | None = None) -> ListedPage:
        """Return one page as a list tells it."""
        query, bound = _page(LISTED[wanted.order], wanted, after)
        with self._engine.connect() as connection:
            rows = connection.execute(query, bound | {"most": limit + 1}).all()
        found = [_listed(row) for row in rows[:limit]]
        return ListedPage(found, Place(rows[limit - 1].place, found[-1].opportunity_id) if len(rows) > limit else None)

    def load_opportunities_since(self, after: Place, limit: int) -> list[Opportunity]:
        """Return the opportunities decided after a place (a time and a key), oldest first."""
        by, key = opportunities.c.decided_at, opportunities.c.opportunity_id
        there = tuple_(by, key) > tuple_(*_bound(by, key, after))
        return [opportunity_of(row) for row in self._rows(select(*SHOWN).where(there).order_by(by, key).limit(limit))]

    def newest_opportunity(self) -> Place | None:
        """Return the place of the opportunity that was decided last."""
        by, key = opportunities.c.decided_at, opportunities.c.opportunity_id
        rows = self._rows(select(by, key).order_by(by.desc(), key.desc()).limit(1))
        return Place(rows[0]["decided_at"], rows[0]["opportunity_id"]) if rows else None

    def load_purchases(self, states: Sequence[PurchaseState], limit: int, after: Place | None = None) -> PurchasePage:
        """Return one page."""
        by, key = purchases.c.reserved_at, purchases.c.purchase_id
        wanted = purchases.c.state.in_([state.value for state in states]) if states else true()
        query = select(purchases).where(wanted).order_by(by.desc(), key.desc()).limit(limit + 1)
        if after is not None:
            query = query.where(_behind(by, key, after))
        rows = self._rows(query)
        last = rows[limit - 1] if len(rows) > limit else None
        place = None if last is None else Place(last["reserved_at"], last["purchase_id"])
        return PurchasePage([purchase_of(row) for row in rows[:limit]], place)

    def find_approval(self, opportunity_id: str) -> Approval | None:
        """Return the approval of an opportunity, used or not."""
        rows = self._rows(select(approvals).where(approvals.c.opportunity_id == opportunity_id))
        return approval_of(rows[0]) if rows else None

    def load_history(self, product_id: str, start: datetime, end: datetime, most_points: int) -> ProductPrices | None:
        """Return a product's prices with start <= observed_at < end, `most_points` at most; None: no such product."""
        with self._engine.connect() as connection:
            return load_history(connection, product_id, start, end, most_points)

    def load_days(self, first: date, last: date, currency: str) -> list[DayFigures]:
        """Return the figures of each day from first to last, both included."""
        with self._engine.connect() as connection:
            found = Counter(_days(connection, select(func.count()), opportunities.c.decided_at, first, last))
            agreed = Counter(_days(connection, select(func.count()), approvals.c.approved_at, first, last))
            paid = select(func.count(), func.sum(purchases.c.total_minor)).where(
                purchases.c.state == PurchaseState.BOUGHT.value, purchases.c.currency == currency
            )
            bought = defaultdict(lambda: (0, 0), _days(connection, paid, purchases.c.reserved_at, first, last))
            summed = [func.sum(orders.c[name]) for name in SUMS]
            sales = select(func.count(), *summed).where(orders.c.currency == currency)
            sold = defaultdict(lambda: (0,) * 5, _days(connection, sales, orders.c.ordered_at, first, last))
        days = [first + DAY * number for number in range((last - first).days + 1)]
        return [_figures(day, found[day], agreed[day], bought[day], sold[day], currency) for day in days]

    def check(self) -> None:
        """Read one row, or raise what stands in the way."""
        self._rows(select(opportunities.c.opportunity_id).limit(1))

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().all()


def _page(
    columns: tuple[ColumnElement[Any], ...], wanted: OpportunityFilter, after: Place | None
) -> tuple[Select[Any], dict[str, Any]]:
    """Return the statement of a page and what is bound in it, but for how many rows."""
    bound = {name: value for name in FILTERS if (value := getattr(wanted, name)) is not None}
    if wanted.title is not None:
        bound["title"] = _plain(wanted.title)
    query = _page_query(columns, wanted.order, frozenset(bound), after is not None)
    return query, bound | ({"value": after.value, "key": after.key} if after is not None else {})


@cache
def _page_query(
    columns: tuple[ColumnElement[Any], ...], order: OpportunityOrder, named: frozenset[str], goes_on: bool
) -> Select[Any]:
    """Return the statement of a page, made once for each kind: making it took longer than reading the rows."""
    by, key = SORTED_BY[order], opportunities.c.opportunity_id
    compared = {
        "min_profit_minor": opportunities.c.expected_profit_minor >= bindparam("min_profit_minor"),
        "decided_since": opportunities.c.decided_at >= bindparam("decided_since", type_=UtcTime),
        **{name: opportunities.c[name] == bindparam(name) for name in EQUAL},
        "title": opportunities.c.title.icontains(bindparam("title"), escape=ESCAPE),
    }
    conditions = [compared[name] for name in sorted(named) if name in compared]
    if "open_at" in named:
        at: Any = bindparam("open_at", type_=UtcTime)
        conditions += open_at(at)
    if goes_on:
        place = tuple_(bindparam("value", type_=by.type), bindparam("key", type_=key.type))
        conditions.append(tuple_(by, key) < place)
    return select(*columns).where(*conditions).order_by(by.desc(), key.desc()).limit(bindparam("most"))


def _listed(row: Sequence[Any]) -> ListedOpportunity:
    """Return a row of a list from the values as the database driver gives them.

    Turned one by one by the columns' types they took as long as the database needs to find 25 rows.
    """
    *plain, roi, profit_per_day, observed_at, decided_at, flags, _place = row
    told = flags if isinstance(flags, list) else json.loads(flags) if flags and flags != "[]" else None
    rates = (Decimal(roi), Decimal(profit_per_day))
    times = (driver_time(observed_at), driver_time(decided_at))
    return ListedOpportunity._make((*plain, *rates, *times, tuple(told or ())))


def _plain(text: str) -> str:
    """Return a text that LIKE takes literally."""
    for sign in (ESCAPE, "%", "_"):
        text = text.replace(sign, ESCAPE + sign)
    return text


def _behind(by: ColumnElement[Any], key: ColumnElement[Any], after: Place) -> ColumnElement[bool]:
    return tuple_(by, key) < tuple_(*_bound(by, key, after))


def _bound(by: ColumnElement[Any], key: ColumnElement[Any], place: Place) -> tuple[Any, Any]:
    return literal(place.value, by.type), literal(place.key, key.type)


def _days(connection: Connection, query: Any, at: ColumnElement[Any], first: date, last: date) -> dict[date, Any]:
    """Return by UTC day what a query counts, a single figure or a tuple of them."""
    start, end = _midnight(first), _midnight(last + DAY)
    number = _day_number(connection, at)
    grouped = query.add_columns(number).where(at >= start, at < end).group_by(number)
    found = {}
    for *figures, day in connection.execute(grouped):
        counted = tuple(int(figure or 0) for figure in figures)
        found[date(1970, 1, 1) + DAY * int(day)] = counted if len(counted) > 1 else counted[0]
    return found


def _day_number(connection: Connection, at: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the number of a time's UTC day since 1970, which each database reckons its own way."""
    if connection.dialect.name == "sqlite":
        return type_coerce(at, BigInteger) // 86_400_000_000
    return func.floor(func.extract("epoch", at) / 86_400)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _figures(
    day: date, found: int, agreed: int, bought: tuple[int, ...], sold: tuple[int, ...], currency: str
) -> DayFigures:
    count, units, revenue, fees, cost = sold
    return DayFigures(
        day=day,
        opportunities=found,
        approvals=agreed,
        purchases=bought[0],
        spent=Money(bought[1], currency),
        orders=count,
        units=units,
        revenue=Money(revenue, currency),
        fees=Money(fees, currency),
        cost_of_goods=Money(cost, currency),
    )
