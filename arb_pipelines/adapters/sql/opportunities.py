"""Decisions taken on offers: what is worth buying, and what was refused and why.

What belongs here: the opportunities repository. Deciding is `domain/scoring.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
    text,
)

from arb_pipelines.adapters.sql.denials import offer_denied
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.purchase_tables import (
    TAKEN_STATES,
    approvals,
    opportunities,
    purchases,
    refused_offers,
)
from arb_pipelines.adapters.sql.tables import (
    offer_descriptions,
    offer_matches,
    offers,
    one_of,
    price_points,
    products,
)
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.opportunity import Opportunity, RefusedOffer
from arb_pipelines.domain.raw_product import Availability

AMOUNTS = ("item_price", "landed_cost", "expected_sale", "expected_net", "expected_profit", "max_cost")


class SqlOpportunities:
    """Fulfils `domain.stores.Opportunities`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def load_offers(self, since: datetime) -> list[Offer]:
        """Return the latest reading of each offer seen since then, with its certain match, by offer_key.

        An offer whose page names no title is left out: nobody could tell what would be bought.
        """
        with self._engine.connect() as connection:
            rows = connection.execute(_offers_query(since)).mappings()
            return sorted((_offer(row) for row in rows), key=lambda offer: offer.offer_key)

    def store(self, found: Sequence[Opportunity], refused: Sequence[RefusedOffer]) -> int:
        """Keep the decisions (an opportunity_id once); return how many opportunities were new.

        Raises:
            ValueError: an opportunity mixes currencies.
        """
        rows = [_row(one) for one in sorted(found, key=lambda one: one.opportunity_id)]
        with money_transaction(self._engine) as connection:
            insert = insert_into(connection, opportunities).on_conflict_do_nothing()
            new = sum(connection.execute(insert, row).rowcount for row in rows)
            _store_refused(connection, refused)
        return new

    def load_open(self, now: datetime) -> list[Opportunity]:
        """Return opportunities that have no approval yet and whose offer has no purchase, newest decision each.

        An offer that somebody's unused approval already covers at `now` is not open, nor is one that was looked at
        again and refused: its condition or its match may have changed. A purchase that was refused
        by the shop or released bought nothing, so it does not close its offer.
        """
        with self._engine.connect() as connection:
            return [opportunity_of(row) for row in connection.execute(_open_query(now)).mappings()]

    def find_refusal(self, offer_key: str) -> RefusedOffer | None:
        """Return why an offer was refused after it was last found worth buying; None where it was not."""
        found = select(func.max(opportunities.c.decided_at)).where(opportunities.c.offer_key == offer_key)
        columns = [refused_offers.c[name] for name in RefusedOffer.__dataclass_fields__]
        later = refused_offers.c.decided_at > found.scalar_subquery()
        query = select(*columns).where(refused_offers.c.offer_key == offer_key, later)
        with self._engine.connect() as connection:
            newest = connection.execute(query.order_by(refused_offers.c.decided_at.desc())).mappings().first()
        return None if newest is None else RefusedOffer(**newest)

    def load_one(self, opportunity_id: str) -> Opportunity | None:
        """Return one opportunity."""
        with self._engine.connect() as connection:
            row = connection.execute(_one_query(), {"wanted": opportunity_id}).mappings().one_or_none()
        return None if row is None else opportunity_of(row)


@cache
def _one_query() -> Select[Any]:
    """Made once: every approval asks it."""
    return select(opportunities).where(opportunities.c.opportunity_id == bindparam("wanted"))


def _offers_query(since: datetime) -> Select[Any]:
    described = and_(
        offer_descriptions.c.offer_key == offers.c.offer_key,
        offer_descriptions.c.description_id == offers.c.description_id,
    )
    certain = and_(offer_matches.c.offer_key == offers.c.offer_key, offer_matches.c.outcome == "same")
    # One index range an offer; grouped over all points SQLite would walk the whole history.
    agreeing = (
        select(func.count())
        .where(
            price_points.c.offer_key == offers.c.offer_key,
            price_points.c.observed_at >= since,
            price_points.c.price_minor == offers.c.price_minor,
            price_points.c.currency == offers.c.currency,
        )
        .scalar_subquery()
        .label("agreeing_reads")
    )
    texts = [offer_descriptions.c[name] for name in ("site", "url", "sku", "title")]
    # Half of the pages name no category; a certain match knows it from another shop.
    names = ("category", "brand", "gtin")
    known = [func.coalesce(offer_descriptions.c[name], products.c[name]).label(name) for name in names]
    return (
        select(offers, *texts, *known, offer_matches.c.product_id, offer_matches.c.method, agreeing)
        .join(offer_descriptions, described)
        .outerjoin(offer_matches, certain)
        .outerjoin(products, products.c.product_id == offer_matches.c.product_id)
        .where(offers.c.observed_at >= since, offer_descriptions.c.title.is_not(None))
    )


def _offer(row: RowMapping) -> Offer:
    shipping = row["shipping_minor"]
    return Offer(
        offer_key=row["offer_key"],
        site=row["site"],
        url=row["url"],
        sku=row["sku"],
        title=row["title"],
        category=row["category"],
        product_id=row["product_id"],
        match=row["method"],
        price=Money(row["price_minor"], row["currency"]),
        shipping=None if shipping is None else Money(shipping, row["currency"]),
        availability=_availability(row["availability"]),
        condition=row["condition"],
        observed_at=row["observed_at"],
        scrape_id=row["scrape_id"],
        agreeing_reads=row["agreeing_reads"] or 1,
        brand=row["brand"],
        gtin=row["gtin"],
    )


def _availability(word: str | None) -> Availability | None:
    """A word we do not know says nothing about stock."""
    return Availability(word) if word in set(Availability) else None


def _store_refused(connection: Connection, refused: Sequence[RefusedOffer]) -> None:
    insert = insert_into(connection, refused_offers)
    insert = insert.on_conflict_do_update(
        index_elements=["offer_key", "code"],
        set_={
            "detail": insert.excluded.detail,
            "decided_at": insert.excluded.decided_at,
            "times": refused_offers.c.times + 1,
        },
        where=insert.excluded.decided_at > refused_offers.c.decided_at,
    )
    for one in sorted(refused, key=lambda one: (one.offer_key, one.code)):
        connection.execute(insert, {**asdict(one), "first_decided_at": one.decided_at, "times": 1})


def _open_query(now: datetime) -> Select[Any]:
    order = (opportunities.c.decided_at, opportunities.c.opportunity_id)
    return select(opportunities).where(*open_at(now)).order_by(*order)


def open_at(now: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions under which an opportunity can be approved at `now` (see `load_open`)."""
    newer = opportunities.alias("newer")
    # The bound stands by itself: with only the two cases SQLite read every decision of the same moment for each row.
    superseded = and_(
        newer.c.offer_key == opportunities.c.offer_key,
        newer.c.decided_at >= opportunities.c.decided_at,
        (newer.c.decided_at > opportunities.c.decided_at) | (newer.c.opportunity_id > opportunities.c.opportunity_id),
    )
    own = approvals.c.opportunity_id == opportunities.c.opportunity_id
    usable = and_(
        approvals.c.offer_key == opportunities.c.offer_key, approvals.c.used_at.is_(None), approvals.c.expires_at > now
    )
    # In the words of the partial index, or each row would be compared with every purchase ever made.
    taken = and_(purchases.c.offer_key == opportunities.c.offer_key, text(one_of("purchases.state", TAKEN_STATES)))
    later = refused_offers.c.decided_at > opportunities.c.decided_at
    refused = and_(refused_offers.c.offer_key == opportunities.c.offer_key, later)
    conditions = (superseded, own, usable, taken, refused)
    return [*(~exists().where(condition) for condition in conditions), ~offer_denied(now)]


def _row(one: Opportunity) -> dict[str, Any]:
    amounts = {name: getattr(one, name) for name in AMOUNTS}
    currencies = {amount.currency for amount in amounts.values()}
    if len(currencies) != 1:
        raise ValueError(f"opportunity {one.opportunity_id} mixes currencies: {sorted(currencies)}")
    names = opportunities.c.keys()
    plain = {name: getattr(one, name) for name in names if name != "currency" and not name.endswith("_minor")}
    minors = {f"{name}_minor": amount.minor for name, amount in amounts.items()}
    words = {"currency": currencies.pop(), "record": dict(one.record), "risk_flags": list(one.risk_flags)}
    words["profit_per_dollar_day"] = float(one.profit_per_dollar_day)
    return {**plain, **minors, **words}


def opportunity_of(row: RowMapping) -> Opportunity:
    """Return the opportunity that a row keeps; one read without its decision record has an empty one."""
    values: dict[str, Any] = dict(row)
    currency = values.pop("currency")
    values.pop("profit_per_dollar_day", None)
    amounts = {name: Money(values.pop(f"{name}_minor"), currency) for name in AMOUNTS}
    flags = tuple(values.pop("risk_flags") or ())
    return Opportunity(**(values | amounts), risk_flags=flags)
