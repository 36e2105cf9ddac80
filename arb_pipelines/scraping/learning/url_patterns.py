"""The forms of a shop's addresses: which links are alike, which form the product pages have, how lists go on.

What belongs here: reading addresses, never fetching them. Whether a form really leads to products is found out by
`survey.py`, which looks at a few of its pages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log2
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from arb_pipelines.scraping.extraction.document import Element
from arb_pipelines.scraping.learning.platforms import RULES, Platform
from arb_pipelines.scraping.learning.site_folder import bare_host
from arb_pipelines.scraping.spiders.listing import PRODUCT_PATH

_OTHER_PAGES = re.compile(
    r"/(?:cart|basket|account|login|signin|register|wishlist|checkout|blogs?|news|magazine|about(?:-us)?|contact(?:-us)?|"
    r"help|faqs?|terms|privacy|imprint|impressum|agb|shipping|returns?|careers|press|search|tags?|pages|policies|"
    r"authors?|feed|wp-json|wp-content|wp-admin|cdn-cgi)(?:[/.?]|$)",
    re.IGNORECASE,
)
_LIST_FOLDERS = re.compile(
    r"/(?:product-)?(?:category|categories|collections?|department|brands?|c|kategorie[n]?)/", re.IGNORECASE
)
_LISTS = re.compile(
    r"/(?:collections?|categor(?:y|ies)|product-category|shop|catalog(?:ue)?|products?|all|store|department|c|"
    r"kategorie[n]?|sortiment|boutique|tienda)(?:[/.?-]|$)",
    re.IGNORECASE,
)
_FILES = re.compile(r"\.(?:jpe?g|png|gif|svg|webp|css|js|pdf|zip|xml|ico|mp4)$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"(?:[?&](?:page|p|pg|paged|pagenumber|seite)=|/page/)(\d+)", re.IGNORECASE)
_ID_KEYS = re.compile(r"(?:^|_)(?:id|sku|product|item|artikel|pid|prod)", re.IGNORECASE)
FEWEST_LINKS_OF_A_LIST = 2  # when its address says that it is one
FEWEST_LINKS = 3  # a list with fewer products is hard to tell from a page that mentions some


@dataclass(slots=True)
class UrlGroup:
    """Addresses of one form, and how much speaks for product pages."""

    form: tuple[str, ...]
    urls: list[str] = field(default_factory=list)
    score: float = 0.0


def links_of(root: Element, base: str) -> list[str]:
    """Return the pages on the same host that a page links to, each once, without fragments."""
    host = bare_host(base)
    seen: dict[str, None] = {}
    for href in root.xpath("//a/@href"):
        try:
            url = urldefrag(urljoin(base, href.strip())).url
            if bare_host(url) == host and url.startswith("http") and not _FILES.search(urlsplit(url).path):
                seen[url] = None
        except ValueError:
            continue
    return list(seen)


def rank_groups(urls: Iterable[str], platform: Platform) -> list[UrlGroup]:
    """Return the addresses by form, those most like product pages first."""
    groups: dict[tuple[str, ...], UrlGroup] = {}
    for url in urls:
        form = form_of(url)
        if form and not _OTHER_PAGES.search(urlsplit(url).path):
            groups.setdefault(form, UrlGroup(form)).urls.append(url)
    for group in groups.values():
        group.score = _score(group, platform)
    return sorted((g for g in groups.values() if g.score > 0), key=lambda g: -g.score)


def form_of(url: str) -> tuple[str, ...]:
    """Return the form of an address: fixed folders as they are, the last step and numbers by their kind.

    `/p/blue-kettle-12.html` is `("p", "<slug-n>.html")`; the front page has no form.
    """
    parts = urlsplit(url)
    steps = [step for step in parts.path.split("/") if step]
    keys = sorted(name for name, value in parse_qsl(parts.query) if _ID_KEYS.search(name))
    if not steps and not keys:
        return ()
    named = tuple(f"?{key}" for key in keys)
    if keys:
        return (*steps, *named)
    return (*(_kind(step) if _is_variable(step) else step for step in steps[:-1]), _kind(steps[-1]))


def _is_variable(step: str) -> bool:
    return step.isdigit() or step.count("-") >= 2 or re.search(r"\d{4}", step) is not None


def _kind(step: str) -> str:
    stem, dot, ending = step.rpartition(".")
    stem, ending = (stem, f".{ending}") if dot and ending.isalpha() and len(ending) <= 5 else (step, "")
    if stem.isdigit():
        return f"<n>{ending}"
    if re.fullmatch(r".*[-_]\d{2,}|\d{2,}[-_].*", stem):
        return f"<slug-n>{ending}"
    return f"<slug>{ending}"


def _score(group: UrlGroup, platform: Platform) -> float:
    sample = group.urls[0]
    path = urlsplit(sample).path
    own = RULES[platform].product_path if platform in RULES else None
    score = log2(1 + min(len(group.urls), 256)) / 2
    score += 5.0 if own and re.search(own, path) else 0.0
    score += 3.0 if PRODUCT_PATH.search(path + "/") or any(step.startswith("?") for step in group.form) else 0.0
    score += 1.0 if group.form[-1].startswith(("<slug-n>", "<n>")) else 0.0
    score += 0.5 if "." in group.form[-1] else 0.0
    score += 0.5 * min(2, max(url.rsplit("/", 1)[-1].count("-") for url in group.urls[:20]) / 2)
    is_page_number = any(_PAGE_NUMBER.search(url) for url in group.urls[:3])
    return (
        score - (4.0 if _OTHER_PAGES.search(path) and not (own and re.search(own, path)) else 0.0) - 3 * is_page_number
    )


def induce_pattern(products: Sequence[str], others: Sequence[str]) -> str:
    """Return a regular expression that fits all `products`, as loose as `others` (pages that are none) allow."""
    split = [[s for s in urlsplit(url).path.split("/") if s] for url in products]
    keys = [sorted(n for n, _ in parse_qsl(urlsplit(url).query) if _ID_KEYS.search(n)) for url in products]
    if keys[0] and all(key == keys[0] for key in keys):
        last = re.escape(split[0][-1]) if split[0] else ""
        return f"/{last}\\?(?:.*&)?{re.escape(keys[0][0])}="
    loose = _folder_pattern(split)
    if loose and not any(re.search(loose, url) for url in others):
        return loose
    return _step_pattern(split)


def _folder_pattern(split: Sequence[list[str]]) -> str | None:
    """Return the fixed folder before the last step (`/p/`), where products and nothing else may live."""
    folders = {steps[-2] if len(steps) > 1 else "" for steps in split}
    folder = next(iter(folders)) if len(folders) == 1 else ""
    fits = folder and not _is_variable(folder) and (len(split) > 1 or PRODUCT_PATH.search(f"/{folder}/"))
    return f"/{re.escape(folder)}/[^/?#]+" if fits else None


def _step_pattern(split: Sequence[list[str]]) -> str:
    """Return a pattern of the whole path, step by step."""
    if len({len(steps) for steps in split}) > 1:
        return f"/{_step_of([steps[-1] for steps in split])}/?(?:[?#]|$)"
    columns = [list(column) for column in zip(*split, strict=True)]
    steps = [re.escape(c[0]) if len(set(c)) == 1 and len(c) > 1 else _step_of(c) for c in columns[:-1]]
    return "://[^/]+/" + "/".join([*steps, _step_of(columns[-1])]) + "/?(?:[?#]|$)"


def _step_of(values: Sequence[str]) -> str:
    kinds = {_kind(value) for value in values}
    endings = {kind[kind.index(">") + 1 :] for kind in kinds}
    ending = re.escape(next(iter(endings))) if len(endings) == 1 else ""
    starts = {kind[: kind.index(">") + 1] for kind in kinds}
    if starts == {"<n>"}:
        return r"\d+" + ending
    if starts == {"<slug-n>"}:
        is_last = all(re.search(r"[-_]\d+(?:\.\w+)?$", value) for value in values)
        return (r"[^/?#]*[-_]\d+" if is_last else r"\d+[-_][^/?#]*") + ending
    return "[^/?#]+" + ending


def is_list_address(url: str) -> bool:
    """Return whether an address says that it is a list (`/collections/...`, `/shop`)."""
    return _LISTS.search(urlsplit(url).path) is not None


def is_product_address(url: str) -> bool:
    """Return whether an address has a folder in which shops keep their products (`/p/...`)."""
    return PRODUCT_PATH.search(urlsplit(url).path + "/") is not None


def listing_candidates(links: Sequence[str], pattern: str, platform: Platform) -> list[str]:
    """Return links that may be lists of products, the likeliest first."""
    own = RULES[platform].listing_path if platform in RULES else None

    def likeliness(url: str) -> int:
        path = urlsplit(url).path
        return 2 * bool(own and re.search(own, path)) + bool(_LISTS.search(path)) - 2 * bool(urlsplit(url).query)

    found = [
        url
        for url in links
        if not (pattern and re.search(pattern, url)) and not _OTHER_PAGES.search(urlsplit(url).path)
    ]
    return sorted((url for url in found if likeliness(url) >= 0), key=lambda url: (-likeliness(url), len(url)))


def further_pages(root: Element, url: str, most: int) -> tuple[list[str], bool]:
    """Return up to `most` further pages of a list, and whether it names its next page by rel=next."""
    is_named = bool(root.xpath("(//link|//a)[contains(concat(' ', @rel, ' '), ' next ')]/@href"))
    path = urlsplit(url).path.rstrip("/")
    pages: dict[int, str] = defaultdict(str)
    for link in links_of(root, url):
        number = _PAGE_NUMBER.search(link)
        if number and urlsplit(link).path.startswith(path) and int(number.group(1)) > 1:
            pages.setdefault(int(number.group(1)), link)
    return [pages[number] for number in sorted(pages)][:most], is_named
