"""`arb site add URL`: look at a shop, show what its page says, and write its declaration when a person says yes.

What belongs here: options, the record and its question, and the files written. The look itself is
`scraping/learning/survey.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arb_pipelines.cli.site_lookup import polite_client, refuse
from arb_pipelines.domain.site import Rendering, SiteClass, SiteShape
from arb_pipelines.settings import Settings

if TYPE_CHECKING:
    from arb_pipelines.domain.site import Site
    from arb_pipelines.scraping.learning.site_folder import SavedPage
    from arb_pipelines.scraping.learning.survey import SiteDraft

DELAY_S = 2.0
PAGES_A_VISIT = 5
CLASS_MEANING = {
    SiteClass.RESTRICTED: "the crawl does NOT fetch it until you decide",
    SiteClass.FORBIDDEN: "it is never fetched; use the marketplace's API",
    SiteClass.PUBLIC_UNSPECIFIED: "fetched and priced; models do not learn from it",
    SiteClass.PERMITTED: "fetched, priced and learned from; keep the permission in writing",
    SiteClass.API_LICENSED: "fetched, priced and learned from under its licence",
}


def add(
    url: Annotated[str, typer.Argument(help="Address of the shop, or better of one of its lists or products.")],
    key: Annotated[str | None, typer.Option(help="Key of the site (default: its host).")] = None,
    site_class: Annotated[
        SiteClass, typer.Option("--class", help="On what footing the shop may be read; you decide, after its terms.")
    ] = SiteClass.RESTRICTED,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    keyword: Annotated[
        list[str] | None, typer.Option(help="URL is a search for this; the site is searched. Repeat for more.")
    ] = None,
    location: Annotated[list[str] | None, typer.Option(help="Place in the search. Repeat for more.")] = None,
    delay_s: Annotated[float, typer.Option("--delay", min=0, help="Seconds between two requests.")] = DELAY_S,
    folder: Annotated[Path | None, typer.Option("--dir", help="Folder of the site files (ARB_SITES_DIR).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON; asks nothing.")] = False,
) -> None:
    """Add a shop by its address: about ten polite requests, then its record for a yes or no.

    robots.txt is read first and obeyed. Writes KEY.toml, the saved pages and their expected record; nothing on no.

    Example:

      arb site add https://shop.example/kettles --class public_unspecified

      arb site add "https://market.example/s?q=kettle&near=Ghent" --keyword kettle --location Ghent
    """
    from arb_pipelines.scraping.learning.site_folder import key_for
    from arb_pipelines.scraping.site_fields import KEY_PATTERN

    settings = Settings()
    folder = folder or settings.sites_dir
    key = key or key_for(url)
    if not KEY_PATTERN.fullmatch(key):
        raise refuse("add", f"--key '{key}': give lower-case letters, digits, dot, dash or underscore, at most 100")
    if (folder / f"{key}.toml").exists():
        raise refuse("add", f"{folder / f'{key}.toml'} exists already: choose another --key, or remove that file first")
    draft, values, site = look_at(settings, url, key, site_class, delay_s, (keyword or [], location or []))
    pages = saved_pages(draft, site)
    if as_json:
        typer.echo(json.dumps(findings(draft, values, pages), ensure_ascii=False))
    else:
        show(draft, site, pages)
    if not yes and (as_json or not typer.confirm("Is this record right? Write the site's files", err=True)):
        typer.echo("nothing was written; `arb site fix` can correct a field once the site is added", err=True)
        return
    write(folder, key, draft, values, pages)


def look_at(
    settings: Settings, url: str, key: str, site_class: SiteClass, delay_s: float, words: tuple[list[str], list[str]]
) -> tuple[SiteDraft, dict[str, Any], Site]:
    """Return what a look at the shop found, the fields to declare, and the site that they make.

    Raises:
        typer.Exit: the shop cannot be read or declared; one line says why.
    """
    from arb_pipelines.scraping.learning.fetching import FetchError
    from arb_pipelines.scraping.learning.survey import SurveyError, survey_site
    from arb_pipelines.scraping.site_fields import SiteError, build_site

    try:
        search = search_fields(url, *words)
        with polite_client(settings, delay_s) as client:
            draft = survey_site(search.pop("first_url", url), client)
        values = declared_values(draft, key, site_class, url, search)
        return draft, values, build_site(values)
    except (FetchError, SurveyError, SiteError) as error:
        raise refuse("add", error) from error


def search_fields(url: str, keywords: list[str], locations: list[str]) -> dict[str, Any]:
    """Return the fields of a site that is searched, and as `first_url` its first search; none without a keyword.

    Raises:
        SiteError: the address does not hold the first keyword or location, or a location is given without a keyword.
    """
    from arb_pipelines.scraping.learning.search_template import template_of
    from arb_pipelines.scraping.site_fields import SiteError
    from arb_pipelines.scraping.spiders.search import Search

    if not keywords:
        if locations:
            raise SiteError("--location needs a --keyword: a place alone is no search")
        return {}
    template = template_of(url, keywords[0], locations[0] if locations else None)
    first = Search(template, keywords[0], locations[0] if locations else "")
    fields = {"search_url": template, "keywords": keywords, "locations": locations, "first_url": first.url}
    return {name: value for name, value in fields.items() if value}


def declared_values(
    draft: SiteDraft, key: str, site_class: SiteClass, url: str, search: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of the declaration, those that equal the default left out."""
    currencies = {page.reading.product.currency for page in draft.pages}
    values: dict[str, Any] = {
        "key": key,
        "name": draft.name,
        "url": draft.url,
        "site_class": site_class.value,
        "shape": draft.shape.value,
        "start_urls": draft.start_urls or [url],
        "rendering": draft.rendering.value,
        "pages_per_visit": PAGES_A_VISIT if draft.shape is SiteShape.LISTING else 1,
    }
    if draft.shape is SiteShape.LISTING or search:
        values["product_url_pattern"] = draft.product_url_pattern
    if search:
        del values["start_urls"]
        values |= {"shape": SiteShape.SEARCH.value, "pages_per_visit": PAGES_A_VISIT, **search}
    if len(currencies) == 1 and (currency := currencies.pop()):
        values["currency"] = currency
    return values


def saved_pages(draft: SiteDraft, site: Site) -> list[SavedPage]:
    """Return the pages that are kept, each with the record that the declaration reads off it."""
    from arb_pipelines.scraping.learning.site_folder import SavedPage, read_record, record_of

    kept = []
    for number, page in enumerate(draft.pages, 1):
        saved = SavedPage(f"page-{number}.html.gz", page.url, page.html, {})
        kept.append(SavedPage(saved.file, saved.url, saved.html, record_of(read_record(saved, site))))
    return kept


def findings(draft: SiteDraft, values: dict[str, Any], pages: list[SavedPage]) -> dict[str, Any]:
    """Return what was found as one JSON object."""
    return {
        "site": values,
        "platform": draft.platform.value,
        "product_url_pattern": draft.product_url_pattern,
        "notes": draft.notes,
        "records": [{"url": page.url, **page.expected} for page in pages],
    }


def show(draft: SiteDraft, site: Site, pages: list[SavedPage]) -> None:
    """Print the declaration's main points and the record of each page, with where each value was found."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{escape(site.name)}[/]  {escape(site.url)}  system: {draft.platform.value}")
    console.print(f"shape: {site.shape.value}, rendering: {site.rendering.value}, starts: {len(site.start_urls)}")
    console.print(f"product addresses: {escape(draft.product_url_pattern or 'unknown')}", highlight=False)
    for note in draft.notes:
        console.print(f"- {escape(note)}", highlight=False)
    table = Table("field", *(f"page {number}" for number in range(1, len(pages) + 1)), "read from")
    evidence = draft.pages[0].reading.product.evidence if draft.pages else {}
    names = [name for name in (pages[0].expected if pages else {}) if any(page.expected[name] for page in pages)]
    for name in names:
        origin = evidence[name][0].method if evidence.get(name) else ""
        table.add_row(name, *(escape((page.expected[name] or "-")[:60]) for page in pages), origin)
    console.print(table)
    if site.rendering is Rendering.BROWSER:
        console.print("Without a browser nothing can be read here, so no price can be shown to you now.")
    console.print(f"class: {site.site_class.value} - {CLASS_MEANING[site.site_class]}", highlight=False)
    if not site.site_class.may_fetch:
        console.print(
            "Read the shop's terms, then set site_class in the file, or add it with --class public_unspecified, "
            "permitted or api_licensed.",
            highlight=False,
        )


def write(folder: Path, key: str, draft: SiteDraft, values: dict[str, Any], pages: list[SavedPage]) -> None:
    """Write pages, expected records and the declaration, and say where."""
    from arb_pipelines.scraping.learning.site_folder import save_declaration, save_pages, site_text

    remarks = [
        f"Added by `arb site add`; shop system: {draft.platform.value}.",
        f"site_class {values['site_class']}: {CLASS_MEANING[SiteClass(values['site_class'])]}.",
    ]
    try:
        save_pages(folder, key, pages)
        path = save_declaration(folder, key, site_text(values, remarks))
    except OSError as error:
        raise refuse("add", f"{folder}: cannot be written ({error.strerror}): check its owner and space") from error
    typer.echo(f"written: {path} and {len(pages)} saved page(s) in {folder / key}", err=True)
