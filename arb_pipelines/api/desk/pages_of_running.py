"""What the pages about the machine show: sites, switches, alerts and messages.

What belongs here: from the books to the values of a template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from arb_pipelines.domain.message import DROPPABLE, RETRIABLE
from arb_pipelines.domain.stores import Books
from arb_pipelines.domain.trade_views import SiteHealth

HOURS = 24
SHOWS: Mapping[str, tuple[str, Callable[[SiteHealth], bool]]] = {
    "all": ("All", lambda row: True),
    "failing": ("Failing now", lambda row: row.last_reason is not None),
    "silent": ("No offers", lambda row: row.offers == 0),
    "rude": ("Visited too soon", lambda row: bool(row.too_soon)),
}


def sites_page(books: Books, q: str, show: str, now: datetime) -> dict[str, Any]:
    """Return how every site did in the last day, the least successful first."""
    rows = books.views.load_site_health(now - timedelta(hours=HOURS))
    key = show if show in SHOWS else "all"
    visits = sum(row.visits for row in rows)
    good = sum(row.good_visits for row in rows)
    tiles = [
        ("sites visited", len(rows)),
        ("visits that went well", f"{good / visits:.1%}" if visits else "none"),
        ("failing now", sum(row.last_reason is not None for row in rows)),
        ("offers read", sum(row.offers for row in rows)),
    ]
    wanted = [row for row in rows if SHOWS[key][1](row) and q.casefold() in row.site.casefold()]
    shows = [(name, text) for name, (text, _) in SHOWS.items()]
    return {"rows": wanted, "tiles": tiles, "q": q, "show": key, "shows": shows, "hours": HOURS}


def switches_page(books: Books) -> dict[str, Any]:
    """Return the switch of every action."""
    return {"rows": books.views.load_switches()}


def messages_page(books: Books) -> dict[str, Any]:
    """Return the open alerts and the newest messages, drafts first."""
    messages = books.outbox.load(most=200)
    order = {"draft": 0, "uncertain": 1, "dead": 2, "failed": 3}
    return {
        "alerts": books.alerts.load_open(200),
        "messages": sorted(messages, key=lambda message: order.get(message.state.value, 9)),
        "retriable": frozenset(RETRIABLE),
        "droppable": frozenset(DROPPABLE),
    }
