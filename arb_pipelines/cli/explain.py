"""`arb explain`: one purchase from the cent back to the page that was read and the model that priced it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from arb_pipelines.cli.approvals import AsJson, opportunity_json
from arb_pipelines.cli.purchases import purchase_json
from arb_pipelines.cli.switches import opened_books
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.stores import Books
from arb_pipelines.scraping.segments import RawPage, find_tick, load_page
from arb_pipelines.settings import Settings


def explain(
    purchase_id: Annotated[str, typer.Argument(help="Of `arb purchases`.", metavar="PURCHASE_ID")],
    page: Annotated[Path | None, typer.Option(help="Write the page that the decision rests on into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say why a purchase was made: amounts line by line, the rules and model version, and the page it was read from.

    Example:

      arb explain pu-3f2a --page snapshot.html
    """
    settings = Settings()
    with opened_books() as books:
        told, opportunity = trace(books, purchase_id)
    if told is None:
        typer.echo(f"explain: there is no purchase {purchase_id!r}; `arb purchases` shows them", err=True)
        raise typer.Exit(2)
    snapshot = load_snapshot(settings.raw_pages_dir, opportunity) if opportunity else None
    told["page"] = page_json(snapshot, settings.raw_pages_days)
    if page is not None:
        write_page(page, snapshot, settings.raw_pages_days)
    if as_json:
        typer.echo(json.dumps(told))
    else:
        show(told)


def trace(books: Books, purchase_id: str) -> tuple[dict[str, Any] | None, Opportunity | None]:
    """Return the purchase with its decision, both None when there is no such purchase."""
    purchase = next((one for one in books.purchases.load() if one.purchase_id == purchase_id), None)
    if purchase is None:
        return None, None
    opportunity = books.opportunities.load_one(purchase.opportunity_id)
    told: dict[str, Any] = {"purchase": purchase_json(purchase)}
    if opportunity is not None:
        source = {"scrape_id": opportunity.scrape_id, "model_version": opportunity.model_version}
        told["opportunity"] = opportunity_json(opportunity) | source
        told["record"] = opportunity.record
    return told, opportunity


def load_snapshot(folder: Path, opportunity: Opportunity) -> RawPage | None:
    """Return the page that the opportunity was read from, None when it is no longer kept."""
    tick_id = find_tick(folder, opportunity.scrape_id, opportunity.site, opportunity.url)
    return load_page(folder, tick_id, opportunity.url) if tick_id else None


def page_json(snapshot: RawPage | None, kept_days: int) -> dict[str, Any]:
    """Return where and when the page was read, or why it is not there."""
    if snapshot is None:
        return {"kept": False, "why": f"pages are kept for {kept_days} days (ARB_RAW_PAGES_DAYS)"}
    return {"kept": True, "url": snapshot.url, "fetched_at": snapshot.fetched_at.isoformat()}


def write_page(path: Path, snapshot: RawPage | None, kept_days: int) -> None:
    """Write the page as the shop sent it."""
    from arb_pipelines.scraping.shipping_leftovers import unpack_body

    if snapshot is None:
        typer.echo(f"explain: the page is no longer kept (ARB_RAW_PAGES_DAYS={kept_days})", err=True)
        return
    path.write_bytes(unpack_body(snapshot))
    typer.echo(f"page written to {path}", err=True)


def show(told: Mapping[str, Any]) -> None:
    """Print the trace for a person: the purchase, each amount, the sources."""
    console = Console()
    for part in ("purchase", "opportunity", "page"):
        console.print(f"[bold]{part}[/]")
        for name, value in (told.get(part) or {"": "not kept"}).items():
            console.print(f"  {name:<16} {value}", highlight=False, soft_wrap=True, markup=False)
    console.print("[bold]decision record[/]")
    for line in render_record(told.get("record") or {}):
        console.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)


def render_record(record: Mapping[str, Any], indent: str = "") -> list[str]:
    """Return the record as text, one amount or input a line."""
    lines: list[str] = []
    for name, value in record.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}", *render_record(value, indent + "  ")]
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], Mapping):
            lines.append(f"{indent}{name}")
            lines += [f"{indent}  " + "  ".join(f"{v}" for v in row.values() if v is not None) for row in value]
        else:
            lines.append(f"{indent}{name:<18} {value}")
    return lines
