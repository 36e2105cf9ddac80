"""`arb serve`: the API, the live feed and the desk, on loopback unless told otherwise.

What belongs here: what must hold before a port is opened. The application is `api/app.py`.
"""

from __future__ import annotations

import ipaddress
import logging
from importlib import import_module
from typing import Annotated

import typer

from arb_pipelines.domain.access import Role, User
from arb_pipelines.domain.structured_log import write_json_lines
from arb_pipelines.settings import Settings

Host = Annotated[str | None, typer.Option(help="Address to listen on (default: ARB_API_HOST).")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one (default: ARB_API_PORT).")]


def serve(host: Host = None, port: Port = None) -> None:
    """Serve the API, the live feed and the desk until stopped.

    On loopback it starts at once. On any other address it starts only with an active admin, with ARB_API_PUBLIC_URL,
    and behind a proxy that adds TLS (ARB_API_BEHIND_TLS), because keys and sessions must not cross a network in clear.

    Example:

      arb serve --port 8400
    """
    from arb_pipelines.adapters.sql.books import open_books

    changes = {"api_host": host, "api_port": port}
    settings = Settings().model_copy(update={name: value for name, value in changes.items() if value is not None})
    books = open_books(settings.books_url, mode=settings.mode.value)
    try:
        books.migrate()
        users = books.access.load_users()
        fault = why_not(settings, users)
        if fault is not None:
            typer.echo(f"serve: {fault}", err=True)
            raise typer.Exit(2)
        if not any(user.disabled_at is None for user in users):
            typer.echo("serve: nobody can log in yet; add yourself with: arb user add NAME --role admin", err=True)
        run(settings)
    finally:
        books.close()


def why_not(settings: Settings, users: list[User]) -> str | None:
    """Return why the API must not be opened at this address, or None."""
    if is_loopback(settings.api_host):
        return None
    where = f"{settings.api_host} can be reached from other machines"
    if not any(user.role is Role.ADMIN and user.disabled_at is None for user in users):
        return f"{where}: first add an admin with `arb user add NAME --role admin`"
    if not settings.api_behind_tls:
        return f"{where}: put a proxy with TLS in front and set ARB_API_BEHIND_TLS=true, or listen on 127.0.0.1"
    if not (settings.api_public_url or "").startswith("https://"):
        return f"{where}: set ARB_API_PUBLIC_URL to the https address that people open"
    return None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address; a name that is none we know counts as public."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def run(settings: Settings) -> None:
    """Serve in the foreground; says where, then one line a fault."""
    try:
        import uvicorn

        api = import_module("arb_pipelines.api.app")  # the floor's other room: named, not known
    except ModuleNotFoundError as error:
        typer.echo(f"serve: {error.name} is missing: install arb-pipelines[api]", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"serve: http://{settings.api_host}:{settings.api_port} (stop with Ctrl-C)", err=True)
    is_json = settings.log_format == "json"
    if is_json:
        write_json_lines(level=logging.WARNING)
    uvicorn.run(
        api.build_app(settings),
        log_config=None if is_json else uvicorn.config.LOGGING_CONFIG,
        host=settings.api_host,
        port=settings.api_port,
        log_level="warning",
        server_header=False,
        proxy_headers=settings.api_behind_tls,
        ws_max_size=65_536,
        ws="websockets-sansio",  # its send waits for a slow client, so nothing piles up in the server
    )
