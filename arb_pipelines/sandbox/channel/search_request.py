"""What a search of the selling channel asks for.

What belongs here: reading the query of the two searches (sold items, offered items) and paging over a result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from arb_pipelines.sandbox.catalogue import Product
from arb_pipelines.sandbox.channel.errors import ChannelError
from arb_pipelines.sandbox.timeline import parse_utc

T = TypeVar("T")

DEFAULT_LIMIT = 50
MOST_LIMIT = 200
MOST_RESULTS = 10_000
_FILTER = re.compile(r"(\w+):(\[[^\]]*\]|\{[^}]*\}|[^,]+)(?:,|$)")
_SORTS = {"", "price", "-price"}


@dataclass(frozen=True, slots=True)
class SearchErrors:
    """The error numbers of one search."""

    domain: str
    nothing_asked: int
    offset: int
    limit: int
    too_deep: int
    sort: int
    filter_value: int

    def refuse(self, error_id: int, message: str) -> ChannelError:
        """Return the refusal with this number."""
        return ChannelError(400, error_id, self.domain, message)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search: which products, which of their sales or offers, which page of the result."""

    words: tuple[str, ...]
    all_words: bool
    gtin: str
    epid: str
    category_ids: frozenset[str]
    filters: Mapping[str, str]
    limit: int
    offset: int
    sort: str
    query: Mapping[str, str] = field(default_factory=dict)

    def wants(self, product: Product) -> bool:
        """Return whether the search means this product."""
        if self.gtin and self.gtin != product.gtin:
            return False
        if self.epid and self.epid != product.epid:
            return False
        if self.category_ids and product.category_id not in self.category_ids:
            return False
        return not self.words or self._names(product)

    def _names(self, product: Product) -> bool:
        title = f"{product.title} {product.brand}".casefold()
        hits = [word in title for word in self.words]
        return all(hits) if self.all_words else any(hits)

    def values(self, name: str) -> frozenset[str]:
        """Return the values of a set filter `name:{a|b}`; empty when it was not given."""
        text = self.filters.get(name, "")
        return frozenset(text.strip("{}").split("|")) if text else frozenset()


def read_search(query: Mapping[str, str], errors: SearchErrors) -> SearchRequest:
    """Read a search.

    Raises:
        ChannelError: nothing is searched for, or a parameter is out of its range.
    """
    words, all_words = _words(query.get("q", ""))
    request = SearchRequest(
        words=words,
        all_words=all_words,
        gtin=query.get("gtin", ""),
        epid=query.get("epid", ""),
        category_ids=frozenset(filter(None, query.get("category_ids", "").split(","))),
        filters=read_filters(query.get("filter", "")),
        limit=_whole(query, "limit", DEFAULT_LIMIT, errors.limit, errors),
        offset=_whole(query, "offset", 0, errors.offset, errors),
        sort=query.get("sort", ""),
        query=dict(query),
    )
    if not (request.words or request.gtin or request.epid or request.category_ids):
        message = "The call must have a valid 'q', 'category_ids', 'epid' or 'gtin' query parameter."
        raise errors.refuse(errors.nothing_asked, message)
    if not 1 <= request.limit <= MOST_LIMIT:
        raise errors.refuse(errors.limit, f"The 'limit' value should be between 1 and {MOST_LIMIT} (inclusive).")
    if request.offset >= MOST_RESULTS:
        raise errors.refuse(errors.too_deep, f"The 'offset' value must be less than {MOST_RESULTS}.")
    if request.sort not in _SORTS:
        raise errors.refuse(errors.sort, "The 'sort' value is invalid.")
    return request


def read_filters(text: str) -> dict[str, str]:
    """Return the filters of `name:[a..b],name:{a|b},name:value` by name; what does not fit is left out."""
    return {match[1]: match[2] for match in _FILTER.finditer(text)}


def read_range(text: str) -> tuple[datetime | None, datetime | None]:
    """Return start and end of `[start..end]`; either may be missing.

    Raises:
        ValueError: not a range, or not a time.
    """
    if not (text.startswith("[") and text.endswith("]")):
        raise ValueError(f"not a range: {text!r}")
    start, separator, end = text[1:-1].partition("..")
    if not separator:
        raise ValueError(f"not a range: {text!r}")
    return (parse_utc(start) if start else None, parse_utc(end) if end else None)


def page_of(
    results: Sequence[T], limit: int, offset: int, url: str, query: Mapping[str, str]
) -> tuple[Sequence[T], dict[str, Any]]:
    """Return one page of `results` and the envelope that leads to the others."""

    def link(start: int) -> str:
        return f"{url}?{urlencode({**query, 'limit': limit, 'offset': start})}"

    envelope: dict[str, Any] = {"href": link(offset), "total": len(results), "limit": limit, "offset": offset}
    if offset + limit < len(results):
        envelope["next"] = link(offset + limit)
    if offset > 0:
        envelope["prev"] = link(max(0, offset - limit))
    return results[offset : offset + limit], envelope


def _words(text: str) -> tuple[tuple[str, ...], bool]:
    """Return the key words; a comma between them asks for all, a blank for any."""
    words = tuple(word.casefold() for word in re.split(r"[,\s]+", text.strip()) if word)
    return words, "," in text


def _whole(query: Mapping[str, str], name: str, default: int, error_id: int, errors: SearchErrors) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise errors.refuse(error_id, f"The '{name}' value must be a whole number that is not negative.")
    return int(text)
