"""From a plain mapping (a TOML table, a JSON object) to a checked `Site`.

What belongs here: one reader a field and the sentences that say how to mend a bad value. Where the mapping
comes from is no matter here: `registry.py` reads files, `crawl_spec.py` reads the spec of a shard.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from arb_pipelines.domain.site import Rendering, Site, SiteClass, SiteShape

EnumT = TypeVar("EnumT", bound=StrEnum)

KEY_PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
MAX_PAGES_PER_VISIT = 10_000
MAX_SEARCH_PAGES = 20
SEARCH_PLACES = ("keyword", "location", "page")
# Shops whose terms allow reading by their API only; their pages are never requested.
FORBIDDEN_HOSTS = ("amazon", "ebay", "facebook")
_XPATH_START = re.compile(r"[/(]|(?:string|normalize-space|substring-after|substring-before|translate|concat)\(")
_SECOND_LEVEL = frozenset({"co", "com", "net", "org"})


class SiteError(ValueError):
    """A site declaration that cannot be used; the message says what is wrong and how to mend it."""


def is_forbidden_host(host: str) -> bool:
    """Return whether `host` belongs to a shop that may only be read through its API.

    `shop.amazon.co.uk` does, `ebay.example.com` does not: the registered name decides.
    """
    labels = host.lower().rstrip(".").split(".")
    if len(labels) >= 3 and labels[-2] in _SECOND_LEVEL and labels[-3] in FORBIDDEN_HOSTS:
        return True
    return len(labels) >= 2 and labels[-2] in FORBIDDEN_HOSTS


def build_site(values: Mapping[str, Any], default_key: str = "") -> Site:
    """Return the `Site` that `values` declares; `default_key` stands in for a missing `key`.

    Relative `start_urls` are joined to `url`; without any, `url` itself is the start.

    Raises:
        SiteError: an unknown or missing field, a bad value, or a shop that may not be read this way.
    """
    given = {"key": default_key, **values} if default_key else dict(values)
    unknown = [name for name in given if name not in _READERS]
    if unknown:
        raise SiteError(_unknown_field(unknown[0]))
    missing = [name for name in _REQUIRED if name not in given]
    if missing:
        raise SiteError(f"field '{missing[0]}' is missing: add a line `{missing[0]} = \"...\"`")
    read = {name: _READERS[name](name, value) for name, value in given.items()}
    read["start_urls"] = _start_urls(read["url"], read.get("start_urls", ()))
    if read.get("search_url"):
        read["search_url"] = _search_url(read["url"], read["search_url"])
    site = Site(**read)
    if fault := _search_fault(site):
        raise SiteError(fault)
    return site


def _search_url(base: str, template: str) -> str:
    """Return the template of a search as a full address; it may be given relative to the site's own."""
    unknown = [name for name in re.findall(r"\{([^}]*)\}", template) if name not in SEARCH_PLACES]
    if unknown or "{keyword}" not in template:
        raise _bad("search_url", template, "an address with {keyword}, and {location} and {page} where they belong")
    full = urljoin(base, template)
    _url("search_url", re.sub(r"\{\w+\}", "1", full))
    return full


def _search_fault(site: Site) -> str | None:
    """Return what a site of shape "search" lacks, None when it lacks nothing or has another shape."""
    if site.shape is not SiteShape.SEARCH:
        return None
    if site.search_url is None:
        return 'shape "search" needs a search_url: add `search_url = "/search?q={keyword}"`'
    if not site.keywords:
        return 'shape "search" needs keywords: add `keywords = ["..."]`'
    if "{location}" in site.search_url and not site.locations:
        return 'search_url has {location}: add `locations = ["..."]` or take it out'
    return None


def _unknown_field(name: str) -> str:
    near = difflib.get_close_matches(name, _READERS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known fields: {', '.join(_READERS)}"
    return f"unknown field '{name}': {hint}"


def _bad(name: str, value: object, wanted: str) -> SiteError:
    shown = repr(value)
    return SiteError(f"field '{name}' is {shown[:80]}: give {wanted}")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _bad(name, value, "a text in quotes")
    return value.strip()


def _optional_text(name: str, value: object) -> str | None:
    return None if value is None else _text(name, value)


def _key(name: str, value: object) -> str:
    if not isinstance(value, str) or not KEY_PATTERN.fullmatch(value):
        raise _bad(name, value, "lower-case letters, digits, dot, dash or underscore, at most 100")
    return value


def _url(name: str, value: object) -> str:
    text = _text(name, value)
    try:
        parts = urlsplit(text)
        plausible = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        plausible = False
    if not plausible:
        raise _bad(name, value, "a full address that starts with https:// or http://")
    if is_forbidden_host(parts.hostname or ""):
        raise SiteError(
            f"forbidden: pages of {parts.hostname} may not be fetched; use the marketplace's API adapter "
            "and remove this file"
        )
    return text


def _start_urls(base: str, urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return `urls` as full addresses; a plain path needs no second check, its host is the site's."""
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{parts.netloc}"
    return tuple(
        origin + url if url[0] == "/" and url[:2] != "//" else _url("start_urls", urljoin(base, url))
        for url in urls or (base,)
    )


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) and v.strip() for v in value):
        raise _bad(name, value, 'a list of texts, e.g. ["/p/1", "/p/2"]')
    return tuple(v.strip() for v in value)


def _pattern(name: str, value: object) -> str | None:
    if value is None:
        return None
    text = _text(name, value)
    try:
        re.compile(text)
    except re.error as error:
        raise _bad(name, value, f"a regular expression ({error})") from error
    return text


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def read(name: str, value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise _bad(name, value, f"a whole number from {low} to {high}")
        return value

    return read


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 86_400:
        raise _bad(name, value, "seconds from 0 to 86400")
    return float(value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _bad(name, value, "true or false")
    return value


def _currency(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{3}", value):
        raise _bad(name, value, 'an ISO 4217 code such as "USD"')
    return value


def _rate(name: str, value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        rate = Decimal("NaN")
    if isinstance(value, bool) or not rate.is_finite() or not 0 <= rate < 1:
        raise _bad(name, value, 'a share below 1, e.g. "0.0825" for 8.25 %')
    return rate


def _one_of(enum: type[EnumT]) -> Callable[[str, object], EnumT]:
    def read(name: str, value: object) -> EnumT:
        if not isinstance(value, str) or value not in list(enum):
            raise _bad(name, value, "one of " + ", ".join(f'"{member.value}"' for member in enum))
        return enum(value)

    return read


@lru_cache(maxsize=4096)
def _selector_fault(selector: str) -> str | None:
    import cssselect
    from lxml import etree

    try:
        if is_xpath(selector):
            etree.XPath(selector)
        else:
            cssselect.parse(selector)
    except (cssselect.SelectorSyntaxError, etree.XPathSyntaxError) as error:
        return str(error)
    return None


def is_xpath(selector: str) -> bool:
    """Return whether a selector is an XPath: it begins with a slash, a bracket or one of XPath's text functions."""
    return _XPATH_START.match(selector) is not None


def _selectors(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _bad(name, value, "a table [selectors] with one CSS selector or XPath a field")
    for field_name, selector in value.items():
        if not isinstance(selector, str) or not selector.strip():
            raise _bad(f"{name}.{field_name}", selector, "a CSS selector or an XPath in quotes")
        if fault := _selector_fault(selector):
            raise _bad(f"{name}.{field_name}", selector, f"a CSS selector or an XPath ({fault})")
    return dict(value)


_READERS: dict[str, Callable[[str, object], Any]] = {
    "key": _key,
    "name": _text,
    "url": _url,
    "site_class": _one_of(SiteClass),
    "shape": _one_of(SiteShape),
    "start_urls": _texts,
    "product_url_pattern": _pattern,
    "search_url": _optional_text,
    "keywords": _texts,
    "locations": _texts,
    "search_pages": _whole(1, MAX_SEARCH_PAGES),
    "rendering": _one_of(Rendering),
    "pages_per_visit": _whole(1, MAX_PAGES_PER_VISIT),
    "delay_s": _seconds,
    "interval_s": _whole(1, 31_536_000),
    "currency": _currency,
    "tax_rate": _rate,
    "tax_recoverable": _flag,
    "buyer": _text,
    "selectors": _selectors,
    "enabled": _flag,
}
_REQUIRED = tuple(f.name for f in fields(Site) if f.default is MISSING and f.default_factory is MISSING)
