"""Which addresses a crawl may connect to.

What belongs here: the rule for URLs and for IP addresses, with our own tables, because `ipaddress.is_global` lets
6to4, NAT64 and other wrapped private addresses pass (8 of 25 measured). `resolver.py` and `egress_proxy.py` apply it
to what DNS answers and connect to the very address that was judged; `middlewares/guard.py` applies it to every
request and redirect.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.site_fields import is_forbidden_host

Origin = tuple[str, int]  # host as it is spelled, port

PRIVATE = "ssrf_private_address"
WRONG_PORT = "ssrf_port"
BAD_URL = "bad_url"
FORBIDDEN_HOST = "forbidden_host"

_REFUSED_V4 = tuple(
    ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_V6 = ip_network("2000::/3")
# 6to4 (2002::/16) and Teredo (in 2001::/23) wrap an IPv4 address and are no longer routed: refused as a whole.
_REFUSED_V6 = tuple(ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64 = ip_network("64:ff9b::/96")  # how a machine without IPv4 reaches IPv4: the wrapped address decides
_ISATAP = (0x00005EFE, 0x02005EFE)  # the upper half of an interface id that ends in an IPv4 address
# The sandbox: its channel and one-host worlds, its shops (127.0.1.x to 127.0.8.x), the replay (127.0.9.x).
_SANDBOX = tuple(
    ip_network(net)
    for net in ("127.0.0.1/32", "127.0.1.0/24", "127.0.2.0/23", "127.0.4.0/22", "127.0.8.0/23", "::1/128")
)
_WEB_PORTS = (80, 443)


def refusal_of_address(address: str, allow_loopback: bool = False) -> str | None:
    """Return why a connection to `address` (an IP) is refused, or None when it is allowed.

    With `allow_loopback` the loopback ranges of the sandbox are allowed besides the public addresses.
    """
    try:
        ip = ip_address(address.split("%", 1)[0])
    except ValueError:
        return "ssrf_not_an_address"
    if allow_loopback and any(ip in net for net in _SANDBOX):
        return None
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return refusal_of_address(str(ip.ipv4_mapped), allow_loopback)
        return PRIVATE if _is_refused_v6(ip) else None
    return PRIVATE if _is_refused_v4(ip) else None


def _is_refused_v4(ip: IPv4Address) -> bool:
    return any(ip in net for net in _REFUSED_V4)


def _is_refused_v6(ip: IPv6Address) -> bool:
    number = int(ip)
    wrapped = IPv4Address(number & 0xFFFFFFFF)
    if ip in _NAT64:
        return _is_refused_v4(wrapped)
    if ip not in _GLOBAL_V6 or any(ip in net for net in _REFUSED_V6):
        return True
    return (number >> 32) & 0xFFFFFFFF in _ISATAP and _is_refused_v4(wrapped)


def refusal_of_url(url: str, allow_loopback: bool = False, own: Collection[Origin] | None = None) -> str | None:
    """Return why `url` may not be requested (a reason code), or None.

    Only http(s) to public hosts on ports 80 and 443. With `allow_loopback` also the sandbox's loopback ranges, on
    any port; `own` narrows that to the origins that the site itself declares (`declared_loopback`), so that a page
    of one shop leads neither to another shop nor to a program that listens on this machine. A host name is judged
    again when DNS has answered.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https"):
        return BAD_URL
    return refusal_of_host(parts.hostname or "", _port_of(parts), allow_loopback, own)


def refusal_of_host(
    host: str, port: int, allow_loopback: bool = False, own: Collection[Origin] | None = None
) -> str | None:
    """Return why `host` (a name or a literal address) on `port` may not be connected to, as `refusal_of_url`."""
    if not host:
        return BAD_URL
    if is_forbidden_host(host):
        return FORBIDDEN_HOST
    address = literal_address(host)
    if is_local_name(host) or (address is not None and ip_address(address).is_loopback):
        if own is not None and (host, port) not in own:
            return PRIVATE
        return refusal_of_address(address or "127.0.0.1", allow_loopback)
    if address is not None and (refusal := refusal_of_address(address)):
        return refusal
    return None if port in _WEB_PORTS else WRONG_PORT


def refusal_of_answer(name: str, address: str, allow_loopback: bool = False) -> str | None:
    """Return why `address`, which DNS gave for `name`, may not be connected to, or None.

    Loopback is for literal addresses and `localhost`: a name out of DNS that leads there is an attack (rebinding).
    """
    is_local = is_local_name(name) or literal_address(name) is not None
    return refusal_of_address(address, allow_loopback and is_local)


def declared_loopback(site: Site) -> frozenset[Origin]:
    """Return the loopback origins that the declaration of `site` names: what the sandbox exception covers."""
    origins: set[Origin] = set()
    for url in (site.url, *site.start_urls):
        parts = _split(url)
        if parts is not None and parts.hostname is not None:
            origins.add((parts.hostname, _port_of(parts)))
    return frozenset(origin for origin in origins if _is_loopback(origin[0]))


def is_local_name(host: str) -> bool:
    """Return whether `host` is a name of this machine, whatever DNS says (RFC 6761)."""
    plain = host.rstrip(".").lower()
    return plain == "localhost" or plain.endswith(".localhost")


def literal_address(host: str) -> str | None:
    """Return the IP that `host` spells, also in the forms `getaddrinfo` takes (`2130706433`, `0x7f.1`)."""
    plain = host.strip("[]").split("%", 1)[0].rstrip(".")
    try:
        return str(ip_address(plain))
    except ValueError:
        pass
    try:
        folded = plain.encode("idna").decode("ascii")
        return socket.inet_ntoa(socket.inet_aton(folded))
    except (OSError, UnicodeError):
        return None


def _is_loopback(host: str) -> bool:
    address = literal_address(host)
    return is_local_name(host) or (address is not None and ip_address(address).is_loopback)


def _split(url: str) -> SplitResult | None:
    """Return the parts of `url`; None when it has none, or when two programs would read its host differently."""
    try:
        parts = urlsplit(url)
        is_plain = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_plain and not set(parts.netloc) & set('\\<>"%^`{|} \t') else None


def _port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)
