"""Putting a page together: the templates, what every page shows, and what was just said.

What belongs here: rendering. Every value is escaped by the templates, because titles and reasons are scraped text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from arb_pipelines.api.access import csrf_token
from arb_pipelines.api.context import context_of
from arb_pipelines.api.desk.wording import word_ago, word_bytes, word_percent, word_time
from arb_pipelines.domain.access import Act, Principal
from arb_pipelines.domain.spend_limit import Action, ActionState

FOLDER = Path(__file__).parent
PAGES = (
    ("/desk", "Opportunities"),
    ("/desk/refusals", "Refusals"),
    ("/desk/positions", "Positions"),
    ("/desk/listings", "Listings"),
    ("/desk/money", "Money"),
    ("/desk/sites", "Sites"),
    ("/desk/messages", "Messages"),
    ("/desk/switches", "Switches"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence above a page: `css` is `good`, `bad` or empty."""

    text: str
    css: str = ""


@cache
def templates() -> Environment:
    """Return the templates; every one escapes, and a name that is not given is an error, not an empty place."""
    loader = FileSystemLoader(FOLDER / "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"ago": word_ago, "at": word_time, "percent": word_percent, "bytes": word_bytes}
    return environment


def show(
    request: Request, name: str, who: Principal, values: dict[str, Any], *, said: Said | None = None, status: int = 200
) -> HTMLResponse:
    """Return a page for somebody who is logged in.

    Args:
        request: what was asked.
        name: the template without its ending.
        who: who is asking.
        values: what the template shows besides what every page shows.
        said: a sentence above it.
        status: the HTTP status.
    """
    context = context_of(request)
    switches = [(action, context.books.switches.state_of(action)) for action in Action]
    shared = {
        "request": request,
        "principal": who,
        "may": {"approve": who.may(Act.APPROVE), "halt": who.may(Act.HALT), "resume": who.may(Act.RESUME)},
        "csrf": csrf_token(request),
        "mode": context.settings.mode.value,
        "halted": [action.value for action, state in switches if state is not ActionState.ACTIVE],
        "pages": PAGES,
        "here": request.url.path,
        "now": context.clock.now(),
        "said": said,
    }
    return HTMLResponse(templates().get_template(f"{name}.html").render(shared | values), status)


def show_sign_in(then: str, said: Said | None = None, status: int = 200) -> HTMLResponse:
    """Return the page that asks for name and password."""
    return HTMLResponse(templates().get_template("sign_in.html").render(next=then, said=said), status)
