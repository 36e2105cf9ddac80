"""Where the servers of the sandbox listen: always loopback, one address a shop, one port for all.

What belongs here: numbering and binding of addresses. Some systems have 127.0.0.1 only; there every shop gets a
port of its own, counted up from the channel's.
"""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

CHANNEL_HOST = "127.0.0.1"
SHOPS_AN_OCTET = 250
MAX_SHOPS = 2000  # 127.0.1.1 to 127.0.8.250; 127.0.9.x belongs to the replay of saved pages
BACKLOG = 512
FREE_PORT_ATTEMPTS = 20
SPARE_FILES = 2048


class PortTakenError(OSError):
    """The port cannot be bound; the message says which address and how to go on."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address and port of the sandbox."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The base address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"


Bound = tuple[Endpoint, socket.socket | None]  # None: nothing listens there


def shop_host(number: int) -> str:
    """Return the loopback address of shop `number` (from 1 to `MAX_SHOPS`)."""
    return f"127.0.{1 + (number - 1) // SHOPS_AN_OCTET}.{1 + (number - 1) % SHOPS_AN_OCTET}"


def has_loopback_range() -> bool:
    """Return whether this system answers on all of 127.0.0.0/8, not just on 127.0.0.1."""
    with socket.socket() as probe:
        try:
            probe.bind((shop_host(1), 0))
        except OSError:
            return False
    return True


def endpoints(shops: int, port: int, *, one_host: bool) -> list[Endpoint]:
    """Return the channel's endpoint and then those of the shops.

    Raises:
        ValueError: more shops than there are addresses or ports.
    """
    if not 1 <= shops <= MAX_SHOPS:
        raise ValueError(f"the sandbox has room for 1 to {MAX_SHOPS} shops, not {shops}")
    if one_host:
        if port + shops > 65_535:
            raise ValueError(f"{shops} shops need the ports after {port}: choose a port below {65_535 - shops}")
        return [Endpoint(CHANNEL_HOST, port + number) for number in range(shops + 1)]
    return [Endpoint(CHANNEL_HOST, port)] + [Endpoint(shop_host(n), port) for n in range(1, shops + 1)]


def bind_shops(shops: int, port: int, unbound: frozenset[int], *, one_host: bool) -> list[Bound]:
    """Listen for the channel and then the shops; shops whose number is in `unbound` get no socket.

    Raises:
        PortTakenError: an address is in use.
    """
    return bind_endpoints(lambda chosen: endpoints(shops, chosen, one_host=one_host), port, shops, unbound)


def bind_endpoints(
    make: Callable[[int], list[Endpoint]], port: int, count: int, unbound: frozenset[int] = frozenset()
) -> list[Bound]:
    """Listen on each of the `count` endpoints that `make` gives for a port, but those at positions `unbound`.

    Port 0 takes a port that is free on all of them.

    Raises:
        PortTakenError: an address is in use.
    """
    _allow_open_files(count)
    for chosen in _candidate_ports(port):
        try:
            return _bind_each(make(chosen), unbound)
        except PortTakenError:
            if port != 0:
                raise
    raise PortTakenError(f"no free port found in {FREE_PORT_ATTEMPTS} attempts: give one with --port")


def _candidate_ports(port: int) -> Iterator[int]:
    if port != 0:
        yield port
        return
    for _ in range(FREE_PORT_ATTEMPTS):
        with socket.socket() as probe:
            probe.bind((CHANNEL_HOST, 0))
            free = probe.getsockname()[1]
        yield free


def _bind_each(wanted: list[Endpoint], unbound: frozenset[int]) -> list[Bound]:
    bound: list[Bound] = []
    try:
        for number, endpoint in enumerate(wanted):
            bound.append((endpoint, None if number in unbound else listening_socket(endpoint)))
    except OSError:
        for _, opened in bound:
            if opened is not None:
                opened.close()
        raise
    return bound


def listening_socket(endpoint: Endpoint) -> socket.socket:
    """Return a non-blocking socket bound to `endpoint`.

    Raises:
        PortTakenError: the address is in use.
    """
    opened = socket.socket()
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((endpoint.host, endpoint.port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTakenError(
                f"{endpoint.host}:{endpoint.port} cannot be used ({error.strerror}): stop the program that "
                "listens there, or choose another port with --port"
            ) from error
        raise
    opened.setblocking(False)
    return opened


def _allow_open_files(shops: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = shops + SPARE_FILES
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard < 0 else min(needed, hard), hard))
