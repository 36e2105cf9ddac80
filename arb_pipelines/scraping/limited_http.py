"""Scrapy's plain HTTP with a limit on the head of an answer, and with the reason when an address was refused.

What belongs here: what `DOWNLOAD_MAXSIZE` leaves open. It counts bodies only, so a server that sends headers without
end fills the memory until the request times out.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Response
from twisted.python.failure import Failure

from arb_pipelines.scraping.resolver import GuardedResolver, RefusedAddressError

MAX_HEAD_BYTES = 512 * 1024  # 400 cookies are 20 kB; browsers stop at 256 kB
_READING_HEAD = ("STATUS", "HEADER")


class HeadTooLargeError(Exception):
    """An answer's status line and headers are longer than `MAX_HEAD_BYTES`."""


class LimitedHttpHandler(HTTP11DownloadHandler):
    """The download handler for http and https."""

    lazy = True

    def __init__(self, crawler: Any) -> None:
        """Put the limit on every connection that the pool will open."""
        super().__init__(crawler)
        base: Any = self._pool._factory

        class LimitedFactory(base):
            def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
                return limit_head(super().buildProtocol(addr))

        self._pool._factory = LimitedFactory

    async def download_request(self, request: Request) -> Response:
        """Return the response; a name that the resolver refused is told from one that does not exist."""
        try:
            return await super().download_request(request)
        except CannotResolveHostError as error:
            refusal = GuardedResolver.refused.get(urlsplit(request.url).hostname or "")
            if refusal:
                raise RefusedAddressError(refusal) from error
            raise


def limit_head(protocol: Any) -> Any:
    """Return `protocol` (an HTTP/1.1 client), which now breaks off an answer whose head is too long."""
    pass_on = protocol.dataReceived
    counted: tuple[object, int] = (None, 0)

    def receive(data: bytes) -> None:
        nonlocal counted
        parser = protocol._parser
        if parser is not None and parser.state in _READING_HEAD:
            counted = (parser, len(data) + (counted[1] if counted[0] is parser else 0))
            if counted[1] > MAX_HEAD_BYTES:
                protocol._giveUp(Failure(HeadTooLargeError(f"more than {MAX_HEAD_BYTES} bytes of headers")))
                return
        pass_on(data)

    protocol.dataReceived = receive
    return protocol
