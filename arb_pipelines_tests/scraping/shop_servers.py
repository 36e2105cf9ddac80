"""Tiny shops on loopback, each on a free port, that note who asked for what and when.

What belongs here: the server and the ways in which shops behave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]
Behaviour = Callable[..., Answer]  # called with the path, and the headers when it has `wants_headers`


@dataclass
class Shop:
    """One running shop: its address, the requests it got as (path, user agent, time), how many at once."""

    url: str
    requests: list[tuple[str, str, float]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def paths(self) -> list[str]:
        return [path for path, *_ in self.requests]


def page(price: str = "$12.50", name: str = "Blue Kettle") -> bytes:
    """Return a product page without markup, as plain as a shop's page can be."""
    text = "Made for every day. " * 30
    return (
        f"<html><head><title>{name} | Shop</title></head><body><h1>{name}</h1><div class='price'>{price}</div>"
        f"<button>Add to cart</button><p>{text}</p></body></html>"
    ).encode()


def html(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Return an HTML answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "text/html; charset=utf-8", **named}, body


def selling(path: str) -> Answer:
    """A shop with a listing of five products and no robots.txt."""
    if path == "/products":
        links = "".join(f"<a href='/p/{number}'>Kettle {number}</a>" for number in range(1, 6))
        return html(f"<html><body><h1>All</h1>{links}<a href='/about'>About</a></body></html>".encode())
    if path.startswith("/p/"):
        return html(page(name=f"Kettle {path[3:]}"))
    return html(b"none", 404)


def with_robots(text: str, status: int = 200) -> Behaviour:
    """A selling shop with this robots.txt."""
    return lambda path: (status, {}, text.encode()) if path == "/robots.txt" else selling(path)


def always(answer: Answer) -> Behaviour:
    """A shop that allows robots and gives everybody else the same answer."""
    return lambda path: html(b"", 404) if path == "/robots.txt" else answer


def redirecting(to: Callable[[str], str]) -> Behaviour:
    """A shop that sends everybody on."""
    return lambda path: html(b"", 404) if path == "/robots.txt" else html(b"", 302, Location=to(path))


@contextmanager
def open_shop(behaviour: Behaviour) -> Iterator[Shop]:
    """Run one shop for the length of a block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    shop = Shop(f"http://127.0.0.1:{server.server_address[1]}")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with shop.lock:
                shop.requests.append((self.path, self.headers.get("User-Agent", ""), time.monotonic()))
                shop.at_once += 1
                shop.most_at_once = max(shop.most_at_once, shop.at_once)
            try:
                told = (self.path, self.headers) if getattr(behaviour, "wants_headers", False) else (self.path,)
                status, headers, body = behaviour(*told)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with shop.lock:
                    shop.at_once -= 1

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server.RequestHandlerClass = Handler
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


@contextmanager
def open_shops(behaviours: dict[str, Behaviour]) -> Iterator[dict[str, Shop]]:
    """Run several shops for the length of a block."""
    with ExitStack() as stack:
        yield {key: stack.enter_context(open_shop(behaviour)) for key, behaviour in behaviours.items()}
