"""Auctions of the shops: one of every article each world day, with one hidden rival and proxy bids.

What belongs here: what an auction shows, what it does with a bid, and who wins. A bid cannot be taken back; a second
one of ours raises the first, as at real places. A won auction is an order in the shop's order history.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from arb_pipelines.sandbox.assortment import Shop, StockedItem
from arb_pipelines.sandbox.draws import draw_between
from arb_pipelines.sandbox.timeline import format_utc
from arb_pipelines.sandbox.world import World

ROUND_H = 24
START_SHARE = 0.3  # of the shelf price when the auction begins
RIVAL_SHARES = (0.4, 1.1)  # between which shares of it the rival's maximum lies
STEP_MINOR = 50

AUCTION_SCHEMA = """
CREATE TABLE IF NOT EXISTS auction_bids (
    number INTEGER PRIMARY KEY AUTOINCREMENT, shop TEXT NOT NULL, auction_id TEXT NOT NULL, max_minor INTEGER NOT NULL,
    placed_h REAL NOT NULL, settled INTEGER NOT NULL DEFAULT 0);
"""

Answered = tuple[int, dict[str, Any]]  # a status code and a JSON body


@dataclass(frozen=True, slots=True)
class Lot:
    """One auction: an article, the world day on which it runs, and the amounts in minor units."""

    auction_id: str
    item: StockedItem
    ends_h: float
    start_minor: int
    rival_minor: int


class AuctionHouse:
    """Runs the auctions of all shops and keeps their bids in the state file."""

    def __init__(
        self, world: World, state: sqlite3.Connection, items: dict[str, StockedItem], tax_rate: Decimal
    ) -> None:
        """Continue with the bids that `state` holds."""
        self._world = world
        self._state = state
        self._items = items
        self._tax_rate = tax_rate
        state.executescript(AUCTION_SCHEMA)

    def running(self, shop: Shop) -> Answered:
        """Answer the auctions of a shop that can be bid on now."""
        number = int(self._world.now_h() // ROUND_H)
        lots = [self._lot(item, number) for item in self._items.values() if item.shop is shop]
        return 200, {"auctions": [self._document(lot) for lot in lots]}

    def show(self, shop: Shop, auction_id: str) -> Answered:
        """Answer one auction as it stands, with our own maximum and, once it is over, whether we won."""
        lot = self._find(shop, auction_id)
        if lot is None:
            return _refusal(404, "UNKNOWN_AUCTION", f"this shop has no auction {auction_id!r}")
        self.settle(shop)
        return 200, self._document(lot)

    def bid(self, shop: Shop, auction_id: str, body: Any) -> Answered:
        """Take a bid, or refuse it for a stated reason; a refusal bids nothing."""
        lot = self._find(shop, auction_id)
        most = body.get("max_minor") if isinstance(body, dict) else None
        if lot is None:
            return _refusal(409, "UNKNOWN_AUCTION", f"this shop has no auction {auction_id!r}")
        if type(most) is not int or body.get("currency") != shop.currency:
            return _refusal(400, "BAD_REQUEST", f"the body must be max_minor (a whole number) and {shop.currency}")
        now_h = self._world.now_h()
        if now_h >= lot.ends_h:
            return _refusal(409, "AUCTION_OVER", "the auction is over")
        if most < lot.start_minor:
            return _refusal(409, "BID_TOO_LOW", f"the lowest bid is {lot.start_minor}")
        row = self._state.execute(
            "INSERT INTO auction_bids (shop, auction_id, max_minor, placed_h) VALUES (?, ?, ?, ?) RETURNING number",
            (shop.key, auction_id, most, now_h),
        ).fetchone()
        return 201, {"bid_id": f"bid-{row['number']}", "auction_id": auction_id, "max_minor": most}

    def settle(self, shop: Shop) -> None:
        """Make an order of each auction that is over and that we won, once."""
        rows = self._state.execute(
            "SELECT auction_id, MAX(max_minor) AS most FROM auction_bids WHERE shop = ? AND settled = 0 "
            "GROUP BY auction_id",
            (shop.key,),
        ).fetchall()
        for row in rows:
            lot = self._find(shop, row["auction_id"])
            if lot is None or self._world.now_h() < lot.ends_h:
                continue
            if row["most"] > lot.rival_minor:
                self._order(lot, min(row["most"], max(lot.start_minor, lot.rival_minor + STEP_MINOR)))
            ended = (shop.key, row["auction_id"])
            self._state.execute("UPDATE auction_bids SET settled = 1 WHERE shop = ? AND auction_id = ?", ended)

    def _find(self, shop: Shop, auction_id: str) -> Lot | None:
        sku, _, number = auction_id.rpartition("-a")
        item = self._items.get(sku)
        if (
            item is None
            or item.shop is not shop
            or not number.isdigit()
            or int(number) > self._world.now_h() // ROUND_H
        ):
            return None
        return self._lot(item, int(number))

    def _lot(self, item: StockedItem, number: int) -> Lot:
        price = self._world.shelf(item, float(number * ROUND_H)).price_minor
        share = draw_between(*RIVAL_SHARES, self._world.seed, "rival", item.sku, number)
        ends_h = float((number + 1) * ROUND_H)
        return Lot(f"{item.sku}-a{number}", item, ends_h, max(1, int(price * START_SHARE)), int(price * share))

    def _own(self, lot: Lot) -> int | None:
        query = "SELECT MAX(max_minor) AS most FROM auction_bids WHERE shop = ? AND auction_id = ?"
        most = self._state.execute(query, (lot.item.shop.key, lot.auction_id)).fetchone()["most"]
        return None if most is None else int(most)

    def _document(self, lot: Lot) -> dict[str, Any]:
        own, over = self._own(lot), self._world.now_h() >= lot.ends_h
        won = own is not None and own > lot.rival_minor
        return {
            "auction_id": lot.auction_id,
            "title": lot.item.name,
            "gtin": lot.item.product.gtin,
            "condition": lot.item.condition,
            "ends_at": format_utc(self._world.timeline.real_at(lot.ends_h)),
            "minimum_bid_minor": lot.start_minor,
            "shipping_minor": lot.item.shop.shipping_minor,
            "tax_rate": str(self._tax_rate),
            "currency": lot.item.shop.currency,
            "own_maximum_minor": own,
            "result": (("won" if won else "lost") if over and own is not None else None),
        }

    def _order(self, lot: Lot, price_minor: int) -> None:
        shop = lot.item.shop
        charged = Decimal(price_minor + shop.shipping_minor) * self._tax_rate
        tax = int(charged.quantize(Decimal(1), ROUND_HALF_UP))
        self._state.execute(
            "INSERT INTO shop_orders (shop, reference, sku, quantity, item_minor, shipping_minor, tax_minor, "
            "total_minor, currency, stock_spell, placed_h, placed_at) VALUES (?, '', ?, 1, ?, ?, ?, ?, ?, -1, ?, ?)",
            (
                *(shop.key, lot.auction_id, price_minor, shop.shipping_minor, tax),
                *(price_minor + shop.shipping_minor + tax, shop.currency, lot.ends_h),
                format_utc(self._world.timeline.real_at(lot.ends_h)),
            ),
        )


def _refusal(status: int, code: str, detail: str) -> Answered:
    return status, {"code": code, "detail": detail}
