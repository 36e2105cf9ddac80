"""The hostile endpoints by name: what each sends, and how a visit to it should end.

What belongs here: the table. A visit's expected end is its one reason code, or None where the page can be read and
its price (12.50 USD) must come out right in spite of everything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from arb_pipelines.sandbox.hostile import bombs, pages, wire

# A program that listens on this machine and is no shop: a debugger, a dashboard, the metadata of a cloud.
OTHER_PROGRAM = "http://127.0.0.1:9/"
Wire = Callable[[str], AsyncIterator[bytes]]  # a request's path and query to the answer, byte for byte


@dataclass(frozen=True, slots=True)
class Attack:
    """One endpoint. `is_listing` where the attack is on the reader of lists (`/products`), else of pages (`/p/1`)."""

    send: Wire
    reason: str | None
    is_listing: bool = False


def _page(make: Callable[[], str | bytes], content_type: str | None = wire.HTML, *headers: str) -> Wire:
    return lambda path: wire.answer(make(), content_type, "200 OK", *headers)


def _redirect(to: str) -> Wire:
    return lambda path: wire.redirect(to)


def _redirect_loop(path: str) -> AsyncIterator[bytes]:
    return wire.redirect(f"{urlsplit(path).path}?turn={_number(path, 'turn') + 1}")


def _endless_listing(path: str) -> AsyncIterator[bytes]:
    if not path.startswith("/products"):
        return wire.answer("gone", status="404 Not Found")
    return wire.answer(pages.endless_listing(_number(path, "page")))


def _number(path: str, name: str) -> int:
    text = parse_qs(urlsplit(path).query).get(name, ["0"])[0]
    return int(text) if text.isdigit() and len(text) < 9 else 0


def _utf16() -> bytes:
    return pages.honest_page().encode("utf-16-le")


_COOKIES = tuple(f"Set-Cookie: c{number}={'x' * 40}; Path=/" for number in range(400))
_LENGTH_LIE = wire.head("HTTP/1.1 200 OK", f"Content-Type: {wire.HTML}", "Content-Length: -1") + b"<h1>x</h1>"
_HALF_A_PAGE = wire.head("HTTP/1.1 200 OK", f"Content-Type: {wire.HTML}", "Content-Length: 9000") + b"<h1>Half a p"

ATTACKS: Mapping[str, Attack] = {
    "gzip_bomb": Attack(lambda path: wire.streamed(bombs.gzip_bomb(), "Content-Encoding: gzip"), "too_large"),
    "brotli_bomb": Attack(lambda path: wire.streamed(bombs.brotli_bomb(), "Content-Encoding: br"), "too_large"),
    "huge_body": Attack(lambda path: wire.streamed(bombs.flood(), f"Content-Length: {bombs.GIBIBYTE}"), "too_large"),
    "endless_chunks": Attack(
        lambda path: wire.streamed(bombs.chunked(bombs.flood(None)), "Transfer-Encoding: chunked"), "too_large"
    ),
    "dripped_body": Attack(lambda path: wire.streamed(wire.dripped(b"<p>" * 9000), "Content-Length: 27000"), "timeout"),
    "dripped_headers": Attack(lambda path: wire.dripped(b"HTTP/1.1 200 OK\r\nContent-Type: text/html"), "timeout"),
    "hang": Attack(lambda path: wire.silence(), "timeout"),
    "redirect_loop": Attack(_redirect_loop, "redirect_loop"),
    "redirect_to_file": Attack(_redirect("file:///etc/passwd"), "bad_redirect"),
    "redirect_to_data": Attack(_redirect("data:text/html,<h1>Kettle</h1><b>$1.00</b>"), "bad_redirect"),
    "redirect_to_loopback": Attack(_redirect(OTHER_PROGRAM), "ssrf_private_address"),
    "meta_refresh_to_file": Attack(_page(pages.meta_refresh), "empty_shell"),
    "endless_pagination": Attack(_endless_listing, "http_404", is_listing=True),
    "nested_divs": Attack(_page(pages.nested_divs), "too_many_elements"),
    "many_links": Attack(_page(pages.many_links), "too_many_elements", is_listing=True),
    "huge_attribute": Attack(_page(pages.huge_attribute), "too_large"),
    "many_entities": Attack(_page(pages.many_entities), "too_large"),
    "deep_json": Attack(_page(pages.deep_json), None),
    "billion_laughs": Attack(_page(pages.billion_laughs, "application/xml"), "empty_shell"),
    "external_entity": Attack(_page(pages.external_entity, "application/xml"), "empty_shell"),
    "many_cookies": Attack(_page(pages.honest_page, wire.HTML, *_COOKIES), None),
    "huge_headers": Attack(lambda path: wire.huge_headers(), "too_large"),
    "bad_status_line": Attack(lambda path: wire.raw(b"SPQR 2oo maybe\r\n\r\n<h1>x</h1>"), "bad_response"),
    "truncated_body": Attack(lambda path: wire.raw(_HALF_A_PAGE), "truncated"),
    "negative_length": Attack(lambda path: wire.raw(_LENGTH_LIE), "bad_response"),
    "mislabelled_utf16": Attack(_page(_utf16), None),
    "nul_bytes": Attack(_page(pages.with_nuls), None),
    "no_content_type": Attack(_page(pages.honest_page, None), None),
    "endless_retry_after": Attack(
        lambda path: wire.answer("later", wire.HTML, "429 Too Many Requests", "Retry-After: 1000000000"), "http_429"
    ),
    "prices_of_others": Attack(_page(pages.foreign_prices), "no_offers"),
    "instructions": Attack(_page(pages.instructions), None),
}
