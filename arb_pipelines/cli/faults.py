"""What is said of an error that no command foresaw: one line, which shows no secret.

What belongs here: the words and the exit status of such an error. A command says its own errors itself.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

# What they were given stays off the screen.
SECRET_SETTINGS = (
    "ARB_PROXY_URLS",
    "ARB_DATABASE_URL",
    "ARB_RAW_STORE_URL",
    "ARB_CELERY_BROKER_URL",
    "ARB_CELERY_BACKEND_URL",
    "ARB_VAULT_SECRET_ID",
)
SECRET_WORDS = {"KEY", "LOGINS", "PASSWORD", "SECRET", "TOKEN"}
LONGEST_LINE = 400


def describe_error(error: Exception) -> tuple[list[str], int]:
    """Return the lines to print and the exit status: 2 for what the caller can mend, 1 for a fault of ours."""
    from pydantic import ValidationError

    from arb_pipelines.adapters.secrets.port import SecretError

    if isinstance(error, ValidationError) and error.title == "Settings":
        return _setting_lines(error), 2
    if isinstance(error, SecretError):
        return [f"arb: {error}"], 2
    if isinstance(error, OSError) and error.strerror:
        where = f" {error.filename}" if error.filename else ""
        return [f"arb: cannot use{where}: {error.strerror}" if where else f"arb: {error.strerror}"], 2
    if isinstance(error, ModuleNotFoundError):
        return [f"arb: the package {error.name!r} is not installed; `pip install 'arb-pipelines[all]'` brings it"], 2
    return [f"arb: {_first_line(error)} (`arb --traceback COMMAND ...` shows where)"], 1


def _first_line(error: Exception) -> str:
    from arb_pipelines.domain.redaction import PROCESS

    words = PROCESS.scrub(str(error)).strip().splitlines()
    said = f"{type(error).__name__}: {words[0]}" if words else type(error).__name__
    return said if len(said) <= LONGEST_LINE else said[:LONGEST_LINE] + "..."


def _setting_lines(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        name = "ARB_" + "_".join(str(part) for part in fault["loc"]).upper()
        # Of a part of a setting, or of all together, the input may be an account with its secrets.
        is_shown = len(fault["loc"]) == 1 and name not in SECRET_SETTINGS and not isinstance(fault["input"], dict)
        got = f" (got {fault['input']!r})" if is_shown and not SECRET_WORDS & set(name.split("_")) else ""
        lines.append(f"arb: setting {name}: {fault['msg']}{got}")
    return lines


def survive_odd_letters() -> None:
    """Let letters that the terminal's encoding lacks become `?`: a title with an accent must not end a command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def forget_closed_pipe() -> None:
    """Write out what is left; when the reader (`| head`) has gone, say nothing of it at the interpreter's end."""
    import os

    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
