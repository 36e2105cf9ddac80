"""`arb bid`: tells auctions the most that approved units may cost, each once."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from arb_pipelines.cli.approvals import AsJson, WallClock
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.settings import Settings


def bid(
    approval_ids: Annotated[
        list[str], typer.Argument(help="Of `arb approve`, the best auction first.", metavar="APPROVAL_ID...")
    ],
    group: Annotated[str, typer.Option(help="Name of the group: auctions of the same thing.")],
    wanted: Annotated[int, typer.Option(min=1, help="How many of the group may be won.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Bid by proxy on approved auctions: the true maximum, told once; a win cancels what is not wanted any more.

    Run it again to learn what became of the bids and to bid where room is left; no auction is bid on twice. Exit
    status 1 if an approval cannot be used.

    Example:

      arb bid ap-3f2a ap-77c0 --group blue-kettles --wanted 1
    """
    from arb_pipelines.scraping.registry import load_sites
    from arb_pipelines.services.bidding import BidGroup, bid_approved
    from arb_pipelines.services.risk_checks import build_submit_check

    settings, clock = Settings(), WallClock()
    sites = load_sites(settings.sites_dir).sites
    book = settings.rule_book
    submit = book.submit_rules({one.key: one for one in sites}, settings.all_outlet_terms, settings.two_person_limit)
    bidders = settings.open_bidders(sites)
    try:
        with opened_books() as books:
            usable = {one.approval_id: one for one in books.approvals.load_usable(clock.now())}
            unknown = [name for name in approval_ids if name not in usable]
            known = [usable[name] for name in approval_ids if name in usable]
            check = build_submit_check(books, submit, book.loss_rules(settings.capital), clock)
            wants = BidGroup(group, wanted, known)
            outcomes = bid_approved(wants, books, bidders, settings.spend_limits, clock, risk=check)
    finally:
        bidders.close()
    rows = [{"approval_id": o.approval_id, "code": o.code, "detail": o.detail, "link": o.link} for o in outcomes]
    rows += [
        {"approval_id": name, "code": "approval_missing", "detail": "used, expired or unknown"} for name in unknown
    ]
    if as_json:
        typer.echo(json.dumps({"group": group, "wanted": wanted, "bids": rows}))
    else:
        for row in rows:
            typer.echo(f"{row['approval_id']}: {row['code']}: {row['detail']}")
    raise typer.Exit(1 if unknown else 0)
