"""Coming and going: the page that asks who you are, and the end of a session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from arb_pipelines.api.access import log_in, log_out, require, set_session
from arb_pipelines.api.desk.showing import Said, show_sign_in
from arb_pipelines.api.problems import ProblemError
from arb_pipelines.domain.access import Role

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=1024)]


@router.get("/login")
def ask(next: Annotated[str, Query(max_length=2048)] = "/desk") -> HTMLResponse:
    """Ask for name and password."""
    return show_sign_in(local_path(next))


@router.post("/login")
def sign_in(request: Request, name: Text = "", password: Text = "", next: Text = "/desk") -> Response:
    """Begin a session, or say no in the same words whatever was wrong."""
    then = local_path(next)
    try:
        token = log_in(request, name.strip(), password)
    except ProblemError as error:
        return show_sign_in(then, Said(f"Too many tries: {error.detail}.", "bad"), error.status)
    if token is None:
        return show_sign_in(then, Said("Name and password do not fit.", "bad"), 401)
    answer = RedirectResponse(then, 303)
    set_session(request, answer, token)
    return answer


@router.post("/logout", dependencies=[Depends(require(Role.VIEWER))])
def sign_out(request: Request) -> RedirectResponse:
    """End the session."""
    answer = RedirectResponse("/login", 303)
    log_out(request, answer)
    return answer


def local_path(path: str) -> str:
    """Return a path of ours, `/desk` for anything that could lead elsewhere."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain else "/desk"
