"""`arb site check [KEY] [--live]`: do saved and live pages still say what they are expected to say?

What belongs here: walking sites and pages, the report, and the exit status. What counts as drift is
`scraping/learning/drift.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arb_pipelines.cli.site_lookup import polite_client, site_named
from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.registry import load_sites
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.scraping.learning.fetching import PoliteClient
    from arb_pipelines.scraping.learning.site_folder import SavedPage

BAR_FROM_SITES = 20


def check(
    key: Annotated[str | None, typer.Argument(help="Key of one site (default: all).")] = None,
    live: Annotated[bool, typer.Option("--live", help="Also fetch each saved page anew, politely.")] = False,
    folder: Annotated[Path | None, typer.Option("--dir", help="Folder of the site files (ARB_SITES_DIR).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Read every site file and every saved page again, and report each field that has drifted.

    With --live the pages are fetched too: there a price may move, but one that is gone, or another name, is drift.

    Exit status 1 when a file is broken, a saved page cannot be read, or a field has drifted.

    Examples:

      arb site check --dir sites

      arb site check corner --live --json
    """
    settings = Settings()
    folder = folder or settings.sites_dir
    registry = load_sites(folder)
    sites: Sequence[Site] = [site_named("check", folder, key)] if key else registry.sites
    broken = [] if key else [str(fault) for fault in registry.broken]
    reports = [report_site(settings, folder, site, live) for site in _shown(sites)]
    has_drift = any(report["drift"] or report["faults"] for report in reports)
    if as_json:
        typer.echo(json.dumps({"ok": not (has_drift or broken), "broken": broken, "sites": reports}))
    else:
        for report in reports:
            _print_report(report)
    for line in broken:
        typer.echo(line, err=True)
    pages = sum(report["pages"] for report in reports)
    without = sum(not report["pages"] for report in reports)
    compared = f"{pages} saved pages compared" + (f", {without} sites have none" if without else "")
    typer.echo(f"{len(sites)} sites can be read, {len(broken)} cannot; {compared}", err=True)
    raise typer.Exit(1 if has_drift or broken else 0)


def _shown(sites: Sequence[Site]) -> Any:
    """Return the sites with a bar on standard error when there are many."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    hidden = len(sites) < BAR_FROM_SITES
    return track(sites, description="checking sites", console=console, disable=hidden, transient=True)


def report_site(settings: Settings, folder: Path, site: Site, live: bool) -> dict[str, Any]:
    """Return the report of one site: pages compared, drift and changes a field, and what could not be read."""
    from arb_pipelines.scraping.learning.site_folder import SavedPageError, load_pages

    report: dict[str, Any] = {"key": site.key, "pages": 0, "live_pages": 0, "drift": [], "changes": [], "faults": []}
    report["remarks"] = []
    try:
        pages = load_pages(folder, site.key)
    except SavedPageError as error:
        report["faults"].append(str(error))
        return report
    for page in pages:
        report["pages"] += 1
        _compare(report, site, page, is_live=False)
    if live:
        _check_live(settings, site, pages, report)
    return report


def _compare(report: dict[str, Any], site: Site, page: SavedPage, is_live: bool) -> None:
    from arb_pipelines.scraping.learning.drift import compare_records
    from arb_pipelines.scraping.learning.site_folder import read_record, record_of

    found = record_of(read_record(page, site))
    for field in compare_records(page.expected, found, is_live):
        told = {"page": page.url, "live": is_live, "field": field.field, "expected": field.expected}
        report["drift" if field.is_drift else "changes"].append(told | {"found": field.found})


def _check_live(settings: Settings, site: Site, pages: Sequence[SavedPage], report: dict[str, Any]) -> None:
    if not site.site_class.may_fetch:
        report["remarks"].append(f"not fetched: its class is {site.site_class.value}")
        return
    if site.rendering.value == "browser":
        report["remarks"].append("not fetched: its pages need a browser")
        return
    with polite_client(settings, site.delay_s) as client:
        for page in pages:
            if not _check_live_page(client, site, page, report):
                return


def _check_live_page(client: PoliteClient, site: Site, page: SavedPage, report: dict[str, Any]) -> bool:
    """Compare one page as it is now; return whether the site may be asked for another."""
    from dataclasses import replace

    from arb_pipelines.scraping.extraction.page import page_verdict
    from arb_pipelines.scraping.extraction.verdict import CHALLENGE
    from arb_pipelines.scraping.learning.fetching import FetchError
    from arb_pipelines.scraping.learning.survey import CHALLENGE_TEXT

    try:
        answer = client.fetch(page.url)
    except FetchError as error:
        report["faults"].append(str(error))
        return error.reason == "too_large"
    if page_verdict(answer.body, answer.url) == CHALLENGE:
        report["faults"].append(f"{page.url}: {CHALLENGE_TEXT}")
        return False
    if answer.status >= 400:
        report["faults"].append(f"{page.url}: the shop answers {answer.status}")
        return answer.status in (404, 410)
    report["live_pages"] += 1
    _compare(report, site, replace(page, html=answer.body), is_live=True)
    return True


def _print_report(report: dict[str, Any]) -> None:
    for kind in ("drift", "changes"):
        for told in report[kind]:
            where = "live page" if told["live"] else "saved page"
            word = "DRIFT" if kind == "drift" else "moved"
            change = f"{told['field']}: {told['expected']} -> {told['found']}"
            typer.echo(f"{report['key']}: {word} {change} ({where} {told['page']})")
    for line in (*report["faults"], *report["remarks"]):
        typer.echo(f"{report['key']}: {line}", err=True)
