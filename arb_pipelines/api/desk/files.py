"""The desk's style, its script and htmx, which the package django-htmx carries in its wheel."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from arb_pipelines.api.problems import ProblemError

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).parent / "static"
TYPES = {"desk.css": "text/css", "desk.js": "text/javascript", "htmx.js": "text/javascript"}
CACHED = {"Cache-Control": "public, max-age=3600"}


@cache
def htmx_file() -> Path:
    """Return where htmx lies; found without importing Django.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = find_spec("django_htmx")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("django-htmx is not installed: install arb-pipelines[api]")
    return Path(spec.submodule_search_locations[0]) / "static" / "django_htmx" / "htmx-2.min.js"


@router.get("/static/{name}")
def static_file(name: str) -> FileResponse:
    """Return one of the few files that pages load."""
    if name not in TYPES:
        raise ProblemError(404, "not_found", "no such file")
    path = htmx_file() if name == "htmx.js" else FOLDER / name
    return FileResponse(path, media_type=TYPES[name], headers=CACHED)
