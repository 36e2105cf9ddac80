"""Which addresses a crawl may connect to.

What belongs here: the rule for URLs and for IP addresses, with our own table of refused ranges, because
`ipaddress.is_global` lets 6to4, NAT64 and other wrapped private addresses pass. `resolver.py` applies it to
what DNS answers, `middlewares/guard.py` to every request and redirect.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from arb_pipelines.scraping.site_fields import is_forbidden_host

_REFUSED_V4 = tuple(
    ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_V6 = ip_network("2000::/3")
_REFUSED_V6 = tuple(ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_WEB_PORTS = (None, 80, 443)


def refusal_of_address(address: str, allow_loopback: bool = False) -> str | None:
    """Return why a connection to `address` (an IP) is refused, or None when it is allowed.

    With `allow_loopback` 127.0.0.0/8 and ::1 are allowed besides the public addresses (the sandbox).
    """
    try:
        ip = ip_address(address.split("%", 1)[0])
    except ValueError:
        return "ssrf_not_an_address"
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if allow_loopback and ip.is_loopback:
        return None
    return "ssrf_private_address" if _is_refused(ip) else None


def _is_refused(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return any(ip in net for net in _REFUSED_V4)
    # 6to4 (2002::/16) and Teredo (2001::/23) wrap an IPv4 address; NAT64 lies outside 2000::/3.
    return ip not in _GLOBAL_V6 or any(ip in net for net in _REFUSED_V6)


def refusal_of_url(url: str, allow_loopback: bool = False) -> str | None:
    """Return why `url` may not be requested (a reason code), or None.

    Only http(s) to public hosts on ports 80 and 443; with `allow_loopback` also loopback on any port. A host
    name is judged again when DNS has answered, see `resolver.py`.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "bad_url"
    if parts.scheme not in ("http", "https") or not host:
        return "bad_url"
    if is_forbidden_host(host):
        return "forbidden_host"
    address = _literal_address(host)
    is_loopback = host == "localhost" or (address is not None and ip_address(address).is_loopback)
    if is_loopback:
        return None if allow_loopback else "ssrf_private_address"
    if address is not None and (refusal := refusal_of_address(address)):
        return refusal
    return None if port in _WEB_PORTS else "ssrf_port"


def _literal_address(host: str) -> str | None:
    """Return the IP that `host` spells, also in the forms `getaddrinfo` takes (`2130706433`, `0x7f.1`)."""
    plain = host.strip("[]").split("%", 1)[0]
    try:
        return str(ip_address(plain))
    except ValueError:
        pass
    try:
        folded = plain.encode("idna").decode("ascii")
        return socket.inet_ntoa(socket.inet_aton(folded))
    except (OSError, UnicodeError):
        return None
