"""HTTP only to addresses that were judged: a name is resolved once, and the connection goes to what was judged.

What belongs here: the transport. Which addresses are allowed is told by the caller (`scraping/net_guard.py` has the
rule). A check before an ordinary request would not do: DNS may answer the second question differently.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

import httpx

Resolve = Callable[[str, int], Sequence[str]]
Refuse = Callable[[str], str | None]


class AddressRefusedError(httpx.UnsupportedProtocol):
    """The name leads to an address that may not be connected to; nothing was sent."""


def resolve_name(host: str, port: int) -> list[str]:
    """Return the addresses of a host name.

    Raises:
        OSError: there is none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class PinnedTransport(httpx.BaseTransport):
    """Sends to the first address of a host if every one of them is allowed."""

    def __init__(
        self, refuse: Refuse, resolve: Resolve = resolve_name, inner: httpx.BaseTransport | None = None
    ) -> None:
        """Keep the rule.

        Args:
            refuse: why an address (text of an IP) may not be connected to, None when it may.
            resolve: the addresses of a host and port.
            inner: what connects; replaced in tests.
        """
        self._refuse, self._resolve = refuse, resolve
        self._inner = inner or httpx.HTTPTransport()

    def send_pinned(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the certificate is still judged by the name.

        Raises:
            AddressRefusedError: an address is not allowed.
            httpx.ConnectError: the name has no address.
        """
        host = request.url.host
        try:
            addresses = self._resolve(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        except OSError as error:
            raise httpx.ConnectError(f"{host} has no address", request=request) from error
        reasons = [reason for address in addresses if (reason := self._refuse(address))]
        if reasons or not addresses:
            raise AddressRefusedError(f"{host} may not be connected to: {reasons[0] if reasons else 'no address'}")
        extensions = {**request.extensions, "sni_hostname": host}
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=addresses[0].split("%", 1)[0]),
            headers=request.headers,  # Host among them
            stream=request.stream,
            extensions=extensions,
        )
        return self._inner.handle_request(pinned)

    handle_request = send_pinned  # httpx calls it so

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
