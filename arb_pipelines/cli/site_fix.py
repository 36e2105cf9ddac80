"""`arb site fix KEY --field price --value 12.99`: one corrected page teaches the site's selector.

What belongs here: options, the page that is meant, the question before other pages change, and the files written.
The learning is `scraping/learning/fixing.py`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arb_pipelines.cli.site_lookup import polite_client, refuse, site_named
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.domain.site import Site
    from arb_pipelines.scraping.learning.fixing import Fix
    from arb_pipelines.scraping.learning.site_folder import SavedPage


def fix(
    key: Annotated[str, typer.Argument(help="Key of the site.")],
    field: Annotated[str, typer.Option(help="Field that is read wrongly, such as price.")],
    value: Annotated[str, typer.Option(help="What the page says: an amount as 12.99, stock as InStock, else text.")],
    page: Annotated[
        str | None, typer.Option(help="The page: its address or a file (default: the first saved page).")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept what changes on other saved pages.")] = False,
    folder: Annotated[Path | None, typer.Option("--dir", help="Folder of the site files (ARB_SITES_DIR).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print selector and changes as JSON.")] = False,
) -> None:
    """Teach a site one field: finds a selector that reads VALUE, tries it on every saved page, and writes it.

    Example:

      arb site fix corner --field price --value 12.99
    """
    from arb_pipelines.scraping.learning.fixing import NoSelectorError, learn_selector
    from arb_pipelines.scraping.learning.site_folder import SavedPageError, load_pages

    settings = Settings()
    folder = folder or settings.sites_dir
    site = site_named("fix", folder, key)
    try:
        saved = load_pages(folder, key)
        corrected = find_page(settings, site, saved, page)
        others = [other for other in saved if other.file != corrected.file]
        found = learn_selector(site, field, value, corrected, others)
    except (NoSelectorError, SavedPageError) as error:
        raise refuse("fix", error) from error
    if as_json:
        changes = [{"file": c.file, "field": c.field, "before": c.expected, "now": c.found} for c in found.changes]
        typer.echo(json.dumps({"key": key, "field": field, "selector": found.selector, "changes": changes}))
    else:
        typer.echo(f"{field} = {found.selector}")
    for change in found.changes:
        typer.echo(f"changes {change.file}: {change.field} {change.expected} -> {change.found}", err=True)
    if found.changes and not yes and not typer.confirm("Are these changes right too", err=True):
        typer.echo("nothing was written", err=True)
        raise typer.Exit(1)
    write(folder, site, field, found, corrected, others)


def find_page(settings: Settings, site: Site, saved: list[SavedPage], named: str | None) -> SavedPage:
    """Return the page that is corrected: a saved one, a file, or an address (fetched when not saved).

    Raises:
        SavedPageError: the file cannot be read.
        typer.Exit: there is no such page, or it may not be fetched.
    """
    from arb_pipelines.scraping.learning.site_folder import SavedPage, load_html

    if named is None:
        if not saved:
            raise refuse("fix", f"site '{site.key}' has no saved page: name one with --page URL or --page FILE")
        return saved[0]
    known = next((page for page in saved if named in (page.url, page.file)), None)
    if known is not None:
        return known
    new_file = f"page-{len(saved) + 1}.html.gz"
    if not named.startswith(("http://", "https://")):
        return SavedPage(new_file, site.url, load_html(Path(named)), {})
    url, html = fetch_page(settings, site, named)
    return SavedPage(new_file, url, html, {})


def fetch_page(settings: Settings, site: Site, url: str) -> tuple[str, bytes]:
    """Return address and body of a page of the site.

    Raises:
        typer.Exit: the site's class does not allow it, it cannot be fetched, or it is a challenge.
    """
    from arb_pipelines.scraping.extraction.page import page_verdict
    from arb_pipelines.scraping.extraction.verdict import CHALLENGE
    from arb_pipelines.scraping.learning.fetching import FetchError
    from arb_pipelines.scraping.learning.site_folder import bare_host
    from arb_pipelines.scraping.learning.survey import CHALLENGE_TEXT

    if not site.site_class.may_fetch:
        kind = site.site_class.value
        raise refuse("fix", f"site '{site.key}' is {kind} and not fetched: save the page and give --page FILE")
    if bare_host(url) != bare_host(site.url):
        raise refuse("fix", f"{url} is no page of {site.url}: give a page of the site itself")
    try:
        with polite_client(settings, site.delay_s) as client:
            answer = client.fetch(url)
    except FetchError as error:
        raise refuse("fix", error) from error
    if page_verdict(answer.body, answer.url) == CHALLENGE:
        raise refuse("fix", f"{url}: {CHALLENGE_TEXT}")
    if answer.status >= 400:
        raise refuse("fix", f"{url}: the shop answers {answer.status}; give the address of a page that exists")
    return answer.url, answer.body


def write(folder: Path, site: Site, field: str, found: Fix, corrected: SavedPage, others: list[SavedPage]) -> None:
    """Write the selector into the declaration and what the pages now say into the expected records."""
    from arb_pipelines.scraping.learning.site_folder import (
        read_record,
        record_of,
        save_declaration,
        save_pages,
        with_values,
    )
    from arb_pipelines.scraping.registry import load_path

    changed = replace(site, selectors={**site.selectors, field: found.selector})
    pages = [replace(p, expected=record_of(read_record(p, changed))) for p in (corrected, *others)]
    path = load_path(folder, site.key)
    try:
        text = with_values(path.read_text(encoding="utf-8-sig"), {f"selectors.{field}": found.selector})
        save_pages(folder, site.key, sorted(pages, key=lambda page: page.file))
        save_declaration(folder, path.stem, text)
    except OSError as error:
        raise refuse("fix", f"{folder}: cannot be written ({error.strerror}): check its owner and space") from error
    typer.echo(f"written: {path}; {len(pages)} saved page(s) agree", err=True)
